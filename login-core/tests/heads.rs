//! Requests of a framework: what guards copy of them, and what handlers can read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::borrow::Cow;
use std::cell::Cell;
use std::net::IpAddr;
use std::time::Duration;

use common::{NOW, account, builder, cookies, native, run};
use login_core::adapter::{AdapterManager, Answer, Mounts, RefusalHandlers, RequestHead, Requirement, Step};
use login_core::{Request, RequestLoader, SessionProtection, TestClock};

#[derive(Default)]
struct Head {
    method: Option<&'static str>,
    lines: Vec<(&'static str, String)>,
    /// How often the whole request was copied.
    copies: Cell<usize>,
}

impl Head {
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.lines.push((name, value.into()));
        self
    }
}

impl RequestHead for Head {
    fn method(&self) -> &str {
        self.method.unwrap_or("GET")
    }

    fn target(&self) -> Cow<'_, str> {
        "/here?a=b".into()
    }

    fn for_each_header(&self, mut visit: impl FnMut(&str, &[u8])) {
        self.copies.set(self.copies.get() + 1);
        self.lines.iter().for_each(|(name, value)| visit(name, value.as_bytes()));
    }

    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let lines = self.lines.iter().filter(move |(each, _)| each.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_bytes().into())
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn peer(&self) -> Option<IpAddr> {
        Some([10, 0, 0, 1].into())
    }

    fn is_https(&self) -> bool {
        false
    }
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[test]
fn a_guard_resolves_the_user_and_checks_the_client() {
    for (proxies, forwarded, fresh) in [(0, "1.1.1.1", true), (1, "10.0.0.1", true), (1, "1.1.1.1", false)] {
        let manager = native(|builder| builder.trusted_proxies(proxies));
        let cookie = manager.test_login(account("1")).address([10, 0, 0, 1]).now().unwrap().header();
        let head = Head::default().with("Cookie", cookie).with("X-Forwarded-For", forwarded);
        let seen = manager.begin().access_user(&head);
        assert_eq!(seen.request().header("x-forwarded-for").is_some(), proxies > 0, "only needed headers are copied");
        let request_login = manager.begin();
        let login = request_login.access_user(&head);
        assert_eq!(run(&login).unwrap().id, "1");
        assert_eq!(login.check(Requirement::FreshLogin).is_ok(), fresh, "{proxies} {forwarded}");
        // A handler that gets the login can read the whole request.
        let login = request_login.access(|| Request::from_head(&head));
        assert_eq!(
            (login.request().target(), login.request().header("x-forwarded-for")),
            ("/here?a=b", Some(forwarded))
        );
        assert!(request_login.finish(200).is_private);
    }
}

#[test]
fn storing_the_client_refreshes_the_remember_cookie_without_an_access() {
    for proxies in [0, 1] {
        let manager = native(|builder| {
            let builder = builder.session_protection(SessionProtection::Strong).trusted_proxies(proxies);
            builder.refresh_remember_cookie_each_request()
        });
        let cookie = manager.test_login(account("1")).remembered(WEEK).without_session().now().unwrap().header();
        let head = Head::default().with("cookie", cookie).with("x-forwarded-for", "1.1.1.1");
        let request_login = manager.begin();
        request_login.store_client(&head);
        assert!(cookies(&request_login).starts_with("__Host-remember_token="));
        // If the login is accessed after the client was stored, the new session is bound to that client.
        let request_login = manager.begin();
        request_login.store_client(&head);
        assert_eq!(run(&request_login.access_user(&head)).unwrap().id, "1");
        let session = cookies(&request_login).replace("__Host-remember_token", "other");
        for forwarded in ["1.1.1.1", "2.2.2.2"] {
            let head = Head::default().with("cookie", &*session).with("x-forwarded-for", forwarded);
            let is_theirs = proxies == 0 || forwarded == "1.1.1.1";
            assert_eq!(run(&manager.begin().access_user(&head)).is_some(), is_theirs, "{proxies} {forwarded}");
        }
    }
}

#[test]
fn only_requests_that_the_cross_site_check_covers_are_copied() {
    let adapted = |core| AdapterManager::<_, u16> { core, handlers: RefusalHandlers::default() };
    let manager = adapted(native(|builder| builder));
    let accepting = adapted(native(|builder| builder.insecure_accept_cross_site_requests()));
    let status = |answer: Answer| answer.status();
    for (method, upgrade, is_copied) in
        [("GET", "", false), ("GET", "h2c", false), ("GET", "websocket", true), ("POST", "", true)]
    {
        for (site, is_cross) in [("cross-site", true), ("same-origin", false)] {
            let head = Head { method: Some(method), ..Head::default() };
            let head = head.with("upgrade", upgrade).with("sec-fetch-site", site);
            let refused = (is_copied && is_cross).then_some(403);
            assert_eq!(manager.refuse_cross_site(&head, status), refused, "{method} {upgrade} {site}");
            assert_eq!(head.copies.get(), usize::from(is_copied), "{method} {upgrade} {site}");
            assert_eq!(accepting.refuse_cross_site(&head, status), None);
        }
    }
    let head = Head::default().with("upgrade", "websocket").with("upgrade", "h2c").with("origin", "https://evil.com");
    assert!(manager.refuse_cross_site(&head, status).is_some(), "all header lines are checked");
}

#[test]
fn with_a_request_loader_a_guard_copies_the_whole_request() {
    struct Tokens;
    impl RequestLoader for Tokens {
        type User = common::Account;
        type Error = std::convert::Infallible;
        async fn load_user_from_request(&self, _: &Request) -> Result<Option<common::Account>, Self::Error> {
            Ok(None)
        }
    }
    let manager = builder(&TestClock::new(NOW)).request_loader(Tokens).build_without_loader().unwrap();
    let login = manager.begin().access_user(&Head::default().with("X-Key", "k"));
    let Step::LoadUserFromRequest(token) = login.resolve() else { panic!("there is a request loader") };
    assert_eq!(token.request().header("x-key"), Some("k"));
}

#[test]
fn debug_of_mounts_lists_the_cookie_names() {
    let mut mounts = Mounts::default();
    mounts.add(&native(|builder| builder)).unwrap();
    assert_eq!(format!("{mounts:?}"), r#"[["__Host-session", "__Host-remember_token"]]"#);
}

#[test]
fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
    for (lines, expected) in [
        (&["Bearer abc.def-1"][..], Some("abc.def-1")),
        (&["bearer abc"], Some("abc")),
        (&["BEARER   abc "], Some("abc")),
        (&["Bearer"], None),
        (&["Bearer "], None),
        (&["Bearer a b"], None),
        (&["Bearerabc"], None),
        (&["Basic YTpi"], None),
        (&["Bearer é"], None),
        (&["Bearer a", "Bearer b"], None),
        (&[], None),
    ] {
        let request = Request::new("GET", "/");
        let request = lines.iter().fold(request, |request, line| request.with_header("Authorization", line.as_bytes()));
        assert_eq!(request.bearer_token(), expected, "{lines:?}");
    }
}
