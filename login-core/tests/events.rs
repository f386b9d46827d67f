//! What listeners learn of an event: which request, which client, which session, which key.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot continue fails")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Account, Builder, NOW, access_with, account, cookies};
use login_core::{EventKind, LoginManager, Refusal, Request, SecretKey, TestClock};

/// What a listener saw of an event.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    name: &'static str,
    request: String,
    address: Option<String>,
    session: Option<String>,
    key: Option<usize>,
    user: Option<String>,
}

#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Seen>>>);

impl Listener {
    fn on(&self, builder: Builder) -> Builder {
        let seen = Arc::clone(&self.0);
        builder.on_event(move |event| {
            let request = event.request();
            let agent = request.header("user-agent").unwrap_or_default();
            seen.lock().unwrap().push(Seen {
                name: event.name(),
                request: format!("{} {} {agent}", request.method(), request.target()),
                address: event.address().map(|address| address.to_string()),
                session: event.session_id().map(|id| id.to_string()),
                key: event.key_index(),
                user: event.user().map(|user| user.id.clone()),
            });
        })
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The only event of this name since the last call.
    fn one(&self, name: &str) -> Seen {
        let mut seen: Vec<Seen> = self.take().into_iter().filter(|seen| seen.name == name).collect();
        assert_eq!(seen.len(), 1, "{name}: {seen:?}");
        seen.remove(0)
    }
}

/// A clock and an entropy whose numbers are never the same.
fn builder(key: &str) -> Builder {
    let count = std::sync::atomic::AtomicU8::new(1);
    let random = move |buffer: &mut [u8]| buffer.fill(count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    LoginManager::builder(SecretKey::from_text(key).unwrap(), TestClock::new(NOW), random)
}

const NEW: &str = "the new key of 32 bytes at least";
const OLD: &str = "the old key of 32 bytes at least";

fn request(method: &str, target: &str, cookie: &str) -> Request {
    Request::new(method, target)
        .with_header("cookie", cookie.as_bytes())
        .with_header("user-agent", b"browser")
        .with_header("x-forwarded-for", b"192.0.2.7")
        .with_peer([10, 0, 0, 1].into())
}

fn find(_: String) -> std::future::Ready<Result<Option<Account>, std::io::Error>> {
    std::future::ready(Ok(Some(account("1"))))
}

#[tokio::test]
async fn an_event_tells_of_its_request() {
    let listener = Listener::default();
    let manager = listener.on(builder(NEW)).trusted_proxies(1).build(find).unwrap();
    let (request_login, login) = access_with(&manager, request("POST", "/login?next=%2Fa", ""));
    login.failed("ann");
    let failed = listener.one("login_failed");
    assert_eq!(failed.request, "POST /login?next=%2Fa browser");
    assert_eq!(failed.address.as_deref(), Some("192.0.2.7"), "the client's address, and not the proxy's");
    assert_eq!((failed.session, failed.key, failed.user), (None, None, None));

    login.log_in(account("1")).await.unwrap();
    let logged_in = listener.one("logged_in");
    assert_eq!(logged_in.request, failed.request);
    assert_eq!((logged_in.key, logged_in.user.as_deref()), (None, Some("1")));
    let session = logged_in.session.unwrap();
    assert!(session.len() == 32 && session.bytes().all(|digit| digit.is_ascii_hexdigit()), "{session}");

    let cookie = cookies(&request_login);
    let (_, login) = access_with(&manager, request("GET", "/me", &cookie));
    login.user().await.unwrap();
    let accessed = listener.one("accessed");
    assert_eq!((accessed.session.as_ref(), accessed.key), (Some(&session), Some(0)));
    login.log_out().await.unwrap();
    let logged_out = listener.one("logged_out");
    assert_eq!((logged_out.session.as_ref(), logged_out.key), (Some(&session), Some(0)), "the one that has ended");
    assert_eq!(logged_out.user.as_deref(), Some("1"));
}

#[tokio::test]
async fn an_event_says_which_key_signed_the_cookie() {
    for flask in [false, true] {
        let wire = |builder: Builder| if flask { builder.flask_compatible() } else { builder };
        let listener = Listener::default();
        let fallback = |builder: Builder, key| builder.fallback_key(SecretKey::from_text(key).unwrap());
        let manager = listener.on(fallback(fallback(wire(builder(NEW)), "another, 32 bytes at least too.."), OLD));
        let manager = manager.build(find).unwrap();
        let old = wire(builder(OLD)).build_without_loader().unwrap();
        for (signer, key) in [(&old, 2), (&manager, 0)] {
            let login = signer.test_login(account("1")).address([192, 0, 2, 7]).user_agent("browser");
            let cookies = login.remembered(Duration::from_secs(600)).now().unwrap();
            for (name, value) in cookies.iter() {
                listener.take();
                let (_, login) = access_with(&manager, request("GET", "/", &format!("{name}={value}")));
                assert!(login.user().await.unwrap().is_some());
                let event = if name.contains("remember") { "loaded_from_cookie" } else { "accessed" };
                assert_eq!(listener.one(event).key, Some(key), "{flask} {name}");
            }
        }
        let (_, login) = access_with(&manager, request("GET", "/", "__Host-session=forged; session=forged"));
        assert!(login.user().await.unwrap().is_none());
        assert_eq!(listener.one("accessed").key, None);
    }
}

#[tokio::test]
async fn a_revoked_remember_cookie_is_an_event_with_its_own_key() {
    let listener = Listener::default();
    let manager = listener.on(builder(NEW)).fallback_key(SecretKey::from_text(OLD).unwrap()).build(find).unwrap();
    let old = builder(OLD).build_without_loader().unwrap();
    let changed = Account { hash: Some("old".to_owned()), ..account("1") };
    let remembered = old.test_login(changed).remembered(Duration::from_secs(600)).without_session();
    let remembered = remembered.now().unwrap().header();
    let (request_login, login) = access_with(&manager, request("GET", "/", ""));
    login.insert("colour", &"red").unwrap();
    let visitor = cookies(&request_login);
    for cookie in [remembered.clone(), format!("{visitor}; {remembered}")] {
        listener.take();
        let (_, login) = access_with(&manager, request("GET", "/", &cookie));
        assert!(login.user().await.unwrap().is_none());
        let revoked = listener.one("login_revoked");
        assert_eq!((revoked.key, revoked.session), (Some(1), None), "not that of the visitor's session");
    }
}

#[tokio::test]
async fn a_user_of_the_request_loader_has_no_part_in_the_session() {
    let listener = Listener::default();
    let by_token = |_| std::future::ready(Ok::<_, std::io::Error>(Some(account("2"))));
    let manager = listener.on(builder(NEW)).request_loader(by_token).request_loader_first().build(find).unwrap();
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let session = listener.one("logged_in").session;
    let (_, login) = access_with(&manager, request("POST", "/logout", &cookie));
    assert_eq!(login.user().await.unwrap().unwrap().id, "2");
    let loaded = listener.one("loaded_from_request");
    assert_eq!((loaded.user.as_deref(), loaded.session, loaded.key), (Some("2"), None, None));
    login.log_out().await.unwrap();
    let logged_out = listener.one("logged_out");
    assert_eq!((logged_out.user, logged_out.session), (None, session), "the session of user 1 ends, and not user 2's");
}

#[tokio::test]
async fn a_restored_login_has_a_session_id_of_its_own() {
    let listener = Listener::default();
    let manager = listener.on(builder(NEW)).build(find).unwrap();
    let remembered = manager.test_login(account("1")).remembered(Duration::from_secs(600)).without_session();
    let cookie = remembered.now().unwrap().header();
    let first = listener.one("logged_in").session;
    let (request_login, login) = access_with(&manager, request("GET", "/", &cookie));
    login.user().await.unwrap();
    let restored = listener.one("loaded_from_cookie");
    assert!(restored.session.is_some() && restored.session != first);
    let (_, login) = access_with(&manager, request("GET", "/", &cookies(&request_login)));
    login.user().await.unwrap();
    assert_eq!(listener.one("accessed").session, restored.session);
}

/// A guard copies only what identifies the client, unless someone listens.
#[cfg(feature = "http")]
#[test]
fn an_event_of_a_guard_has_the_whole_request() {
    let listener = Listener::default();
    let manager = listener.on(builder(NEW)).build_without_loader().unwrap();
    let head = http::Request::get("/secret?a=b").header("user-agent", "browser").body(()).unwrap();
    let login = manager.begin().access_user(&login_core::adapter::http::Head::from(&head));
    assert!(common::run(&login).is_none());
    assert_eq!(listener.one("accessed").request, "GET /secret?a=b browser");
}

#[test]
fn refusals_are_events_of_their_request() {
    let listener = Listener::default();
    let manager = listener.on(builder(NEW)).login_view("/login").build_without_loader().unwrap();
    for (refusal, name) in [
        (Refusal::Unauthorized, "unauthorized"),
        (Refusal::NeedsRefresh, "needs_refresh"),
        (Refusal::Forbidden, "forbidden"),
    ] {
        let (_, login) = access_with(&manager, request("GET", "/page", ""));
        let _ = login.refuse(refusal);
        let seen = listener.one(name);
        assert_eq!((&*seen.request, seen.user), ("GET /page browser", None));
        login.log_in(account("7")).now().unwrap();
        let _ = login.refuse(refusal);
        let expected = (refusal != Refusal::Unauthorized).then(|| "7".to_owned());
        assert_eq!(listener.one(name).user, expected, "{name}");
    }
    let foreign = request("POST", "/page", "").with_header("sec-fetch-site", b"cross-site");
    assert!(manager.refuse_cross_site(&foreign).is_some());
    let refused = listener.one("cross_site_refused");
    assert_eq!((&*refused.request, refused.address.as_deref()), ("POST /page browser", Some("10.0.0.1")));
}

#[test]
fn the_name_of_a_failed_login_is_what_the_handler_says() {
    let names: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&names);
    let manager = builder(NEW)
        .on_event(move |event| {
            if let EventKind::LoginFailed { name } = event.kind() {
                heard.lock().unwrap().push((*name).to_owned());
            }
            assert!(!format!("{event:?} {:?}", event.kind()).contains("hunter2"), "the name may be a password");
        })
        .build_without_loader()
        .unwrap();
    let (request_login, login) = access_with(&manager, request("POST", "/login", ""));
    login.failed("hunter2\n佐藤");
    assert_eq!(*names.lock().unwrap(), ["hunter2\n佐藤"]);
    assert!(request_login.finish(200).set_cookies.is_empty(), "it changes nothing");
}
