//! Keeps one login from reaching another: data, remember cookies, failed responses, and the
//! application's own code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::mpsc;
use std::time::Duration;

use common::{
    Account, KEY, Manager, NOW, access, access_with, account, both, builder, cookies, flask, native, run, run_with,
};
use login_core::adapter::{Requirement, Step};
use login_core::{Login, LoginError, LoginManager, Refusal, Request, SecretKey, SessionProtection, TestClock, User};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn with_hash(id: &str, hash: &str) -> Account {
    Account { hash: Some(hash.to_owned()), ..account(id) }
}

/// The cookie of this name that a response sets, or an empty text if it deletes it.
fn set(lines: &[String], name: &str) -> Option<String> {
    let line = lines.iter().find(|line| line.split('=').next() == Some(name))?;
    let pair = line.split(';').next().unwrap();
    Some(if line.contains("Max-Age=0") { String::new() } else { pair.to_owned() })
}

fn names(manager: &Manager) -> [&'static str; 2] {
    let is_flask = cookie(manager, "1").starts_with("session");
    if is_flask { ["session", "remember_token"] } else { ["__Host-session", "__Host-remember_token"] }
}

fn cookie(manager: &Manager, id: &str) -> String {
    manager.test_login(account(id)).now().unwrap().header()
}

fn remembered(manager: &Manager, id: &str) -> String {
    manager.test_login(account(id)).remembered(WEEK).without_session().now().unwrap().header()
}

#[test]
fn a_login_drops_the_remember_cookie_of_another_user() {
    for manager in both(|b| b) {
        let [_, name] = names(&manager);
        let (request_login, login) = access(&manager, &remembered(&manager, "1"));
        login.log_in(account("2")).now().unwrap();
        assert_eq!(set(&request_login.finish(200).set_cookies, name).as_deref(), Some(""));
        // The same user's stays, even if the session was another user's.
        let carried = format!("{}; {}", cookie(&manager, "2"), remembered(&manager, "1"));
        let (request_login, login) = access(&manager, &carried);
        login.log_in(account("1")).now().unwrap();
        assert_eq!(set(&request_login.finish(200).set_cookies, name), None);
        // After a logout in the same request it stays deleted.
        let (request_login, login) = access(&manager, &carried);
        login.log_out().now().unwrap();
        login.log_in(with_hash("1", "new")).now().unwrap();
        assert_eq!(set(&request_login.finish(200).set_cookies, name).as_deref(), Some(""));
        // A login that says not to remember deletes it.
        for (remember, expected) in [(None, None), (Some(false), Some(String::new()))] {
            let (request_login, login) = access(&manager, &remembered(&manager, "1"));
            let log_in = login.log_in(account("1"));
            let log_in = if let Some(remember) = remember { log_in.remember(remember) } else { log_in };
            log_in.now().unwrap();
            assert_eq!(set(&request_login.finish(200).set_cookies, name), expected, "{remember:?}");
        }
    }
}

#[test]
fn a_deleted_users_session_does_not_become_another_users() {
    for manager in both(|b| b) {
        let [_, name] = names(&manager);
        let cookie = format!("{}; {}", cookie(&manager, "2"), remembered(&manager, "1"));
        let (request_login, login) = access(&manager, &cookie);
        assert!(run_with(&login, |id| (id == "1").then(|| account(id)), None).is_none());
        assert_eq!(set(&request_login.finish(200).set_cookies, name).as_deref(), Some(""));
    }
}

#[test]
fn a_login_renews_the_auth_hash_of_the_remember_cookie_and_not_its_end() {
    let clock = TestClock::new(NOW);
    let manager = builder(&clock).build_without_loader().unwrap();
    let old = manager.test_login(with_hash("1", "old")).remembered(WEEK).without_session().now().unwrap().header();
    clock.advance(WEEK / 7);
    let (request_login, login) = access(&manager, &old);
    login.log_in(with_hash("1", "new")).now().unwrap();
    let lines = request_login.finish(200).set_cookies;
    let line = lines.iter().find(|line| line.starts_with("__Host-remember_token")).unwrap();
    assert!(line.contains("Max-Age=518400;"), "six days are left: {line}");
    let renewed = set(&lines, "__Host-remember_token").unwrap();
    let restored =
        |cookie: &str| run_with(&access(&manager, cookie).1, |id| Some(with_hash(id, "new")), None).is_some();
    assert!(restored(&renewed) && !restored(&old));
    clock.advance(WEEK / 7 * 6);
    assert!(!restored(&renewed), "it expires when it would have");
}

#[test]
fn data_ends_with_the_login_in_the_native_format() {
    let manager = native(|b| b.login_view("/login").use_session_for_next());
    let (request_login, login) = access(&manager, "");
    login.log_in(account("1")).now().unwrap();
    login.insert("cart", "apple").unwrap();
    login.insert("secret", "x").unwrap();
    login.flash("old").unwrap();
    login.refuse(Refusal::NeedsRefresh);
    login.refuse(Refusal::Unauthorized);
    let cookie = cookies(&request_login);
    type Change = fn(&Login<Account>);
    let changes: [(Change, &[&str]); 4] = [
        (|login| login.log_out().now().unwrap(), &[]),
        (|login| login.log_out().keep(["cart"]).now().unwrap(), &["cart"]),
        (|login| login.log_in(account("2")).now().unwrap(), &[]),
        (|login| login.log_in(account("1")).now().unwrap(), &["cart", "next", "secret"]),
    ];
    for (change, expected) in changes {
        let (request_login, login) = access(&manager, &cookie);
        login.flash("new").unwrap();
        change(&login);
        let (_, login) = access(&manager, &cookies(&request_login));
        assert_eq!(login.keys(), expected);
        let flashes: Vec<_> = login.take_flashes().unwrap().into_iter().map(|flash| flash.message).collect();
        assert_eq!(flashes.last().map(String::as_str), Some("new"), "a message of the same request stays");
        assert_eq!(flashes.len() > 1, expected.len() == 3, "{flashes:?}");
    }
    let (_, login) = access(&manager, &cookie);
    assert!(matches!(login.log_out().keep(["_user_id"]).now(), Err(LoginError::ReservedKey(_))));
}

#[test]
fn data_ends_with_a_login_that_the_library_ends() {
    let manager = native(|b| b.session_protection(SessionProtection::Strong));
    let (request_login, login) = access(&manager, "");
    login.log_in(with_hash("1", "old")).now().unwrap();
    login.insert("secret", "x").unwrap();
    let cookie = cookies(&request_login);
    let (_, login) = access(&manager, &cookie);
    assert!(run_with(&login, |id| Some(with_hash(id, "new")), None).is_none());
    assert_eq!(login.get::<String>("secret").unwrap(), None, "revoked");
    let other = Request::new("GET", "/").with_header("cookie", cookie.as_bytes()).with_header("user-agent", b"other");
    let (request_login, login) = access_with(&manager, other);
    assert_eq!(login.get::<String>("secret").unwrap(), None, "protected when the session is read");
    assert_eq!(set(&request_login.finish(200).set_cookies, "__Host-session").as_deref(), Some(""));
}

#[test]
fn a_session_of_another_client_cannot_be_confirmed() {
    for manager in both(|b| b.session_protection(SessionProtection::Strong)) {
        let cookie = manager.test_login(account("1")).fresh(false).now().unwrap().header();
        let stolen =
            Request::new("GET", "/").with_header("cookie", cookie.as_bytes()).with_header("user-agent", b"thief");
        let (request_login, login) = access_with(&manager, stolen);
        assert!(
            matches!(login.confirm_now(&account("1")), Err(LoginError::NotLoggedIn)),
            "before the user is resolved"
        );
        assert!(run(&login).is_none());
        assert!(matches!(login.confirm_now(&account("1")), Err(LoginError::NotLoggedIn)));
        let [name, _] = names(&manager);
        assert_eq!(set(&request_login.finish(200).set_cookies, name).as_deref(), Some(""));
    }
}

#[test]
fn only_the_user_of_the_login_confirms_it() {
    for manager in both(|b| b) {
        let cookie = manager.test_login(account("1")).fresh(false).now().unwrap().header();
        let (_, login) = access(&manager, &cookie);
        assert!(matches!(login.confirm_now(&account("1")), Err(LoginError::NotLoggedIn)), "not resolved");
        run(&login);
        assert!(matches!(login.confirm_now(&account("2")), Err(LoginError::AnotherUser)));
        assert_eq!(login.check(Requirement::FreshLogin), Err(Refusal::NeedsRefresh));
        login.confirm_now(&account("1")).unwrap();
        assert!(login.check(Requirement::FreshLogin).is_ok());
    }
}

#[test]
fn a_logout_that_carried_either_cookie_deletes_both() {
    for manager in both(|b| b) {
        for sent in [cookie(&manager, "1"), remembered(&manager, "1")] {
            let (request_login, login) = access(&manager, &sent);
            login.log_out().now().unwrap();
            let lines = request_login.finish(200).set_cookies;
            assert_eq!(
                names(&manager).map(|name| set(&lines, name)),
                [Some(String::new()), Some(String::new())],
                "{sent}"
            );
        }
        let (request_login, login) = access(&manager, "");
        login.log_out().now().unwrap();
        assert!(request_login.finish(200).set_cookies.is_empty(), "no cookie was sent");
        let unreadable = format!("{}x", cookie(&manager, "1"));
        let (request_login, login) = access(&manager, &unreadable);
        login.log_out().now().unwrap();
        let [name, _] = names(&manager);
        assert_eq!(
            set(&request_login.finish(200).set_cookies, name).as_deref(),
            Some(""),
            "another server may read it"
        );
    }
}

#[test]
fn a_failed_load_does_not_keep_anyone_logged_in() {
    for manager in both(|b| b) {
        let (request_login, login) = access(&manager, &cookie(&manager, "1"));
        let Step::LoadUser { token, .. } = login.resolve() else { panic!("there is a session") };
        let _ = token.fail("no table");
        assert!(matches!(login.log_out().now(), Err(LoginError::Load(_))));
        let parts = request_login.finish(200);
        assert!(parts.failure.is_some());
        assert_eq!(
            names(&manager).map(|name| set(&parts.set_cookies, name)),
            [Some(String::new()), Some(String::new())]
        );
    }
}

#[test]
fn a_failed_response_logs_no_one_in_and_keeps_no_one_logged_in() {
    type Change = fn(&Login<Account>);
    let changes: [(Change, bool); 5] = [
        (|login| login.insert("a", "b").unwrap(), false),
        (|login| login.log_in(account("1")).remember(true).now().unwrap(), false),
        (|login| login.log_in(account("2")).remember(true).now().unwrap(), false),
        (|login| login.log_out().now().unwrap(), true),
        (
            |login| {
                login.log_out().now().unwrap();
                login.log_in(account("2")).remember(true).now().unwrap();
                login.insert("a", "b").unwrap();
            },
            true,
        ),
    ];
    for manager in both(|b| b.refresh_remember_cookie_each_request()) {
        for (change, ends) in changes {
            let sent = format!("{}; {}", cookie(&manager, "1"), remembered(&manager, "1"));
            let (request_login, login) = access(&manager, &sent);
            change(&login);
            let lines = request_login.finish(503).set_cookies;
            let expected = if ends { Some(String::new()) } else { None };
            assert_eq!(names(&manager).map(|name| set(&lines, name)), [expected.clone(), expected]);
        }
        let (request_login, login) = access(&manager, "");
        login.log_in(account("1")).remember(true).now().unwrap();
        assert_eq!(request_login.finish(499).set_cookies.len(), 2, "only a 5xx has failed");
    }
}

#[test]
fn a_login_that_the_library_ended_stays_ended_in_a_failed_response() {
    for manager in both(|b| b.session_protection(SessionProtection::Strong)) {
        let other = Request::new("GET", "/").with_header("cookie", cookie(&manager, "1").as_bytes());
        let (request_login, _) = access_with(&manager, other.with_header("user-agent", b"other"));
        let [name, _] = names(&manager);
        assert_eq!(set(&request_login.finish(500).set_cookies, name).as_deref(), Some(""), "protected");
    }
    let manager = native(|b| b);
    let logged_in = manager.test_login(with_hash("1", "old")).remembered(WEEK).now().unwrap().header();
    let (request_login, login) = access(&manager, &logged_in);
    assert!(run_with(&login, |id| Some(with_hash(id, "new")), None).is_none());
    let lines = request_login.finish(500).set_cookies;
    assert_eq!(names(&manager).map(|name| set(&lines, name)), [Some(String::new()), Some(String::new())], "revoked");
}

#[test]
fn a_failed_response_leaves_a_visitors_data_alone() {
    for manager in both(|b| b) {
        let (request_login, login) = access(&manager, "");
        login.insert("cart", "apple").unwrap();
        let guest = cookies(&request_login);
        let [name, _] = names(&manager);
        let (request_login, login) = access(&manager, &guest);
        login.log_out().now().unwrap();
        assert_eq!(set(&request_login.finish(500).set_cookies, name), None, "a visitor logs out");
    }
    let manager = native(|b| b);
    let (request_login, login) = access(&manager, "");
    login.insert("cart", "apple").unwrap();
    let revoked = manager.test_login(with_hash("1", "old")).remembered(WEEK).without_session().now().unwrap().header();
    let (request_login, login) = access(&manager, &format!("{}; {revoked}", cookies(&request_login)));
    assert!(run_with(&login, |id| Some(with_hash(id, "new")), None).is_none());
    let lines = request_login.finish(500).set_cookies;
    assert_eq!(set(&lines, "__Host-session"), None, "the remember cookie was revoked");
    assert_eq!(set(&lines, "__Host-remember_token").as_deref(), Some(""));
}

#[test]
fn a_failed_logout_keeps_flasks_other_data() {
    let manager = flask(|b| b);
    let (request_login, login) = access(&manager, "");
    login.log_in(account("1")).now().unwrap();
    login.insert("colour", "red").unwrap();
    let (request_login, login) = access(&manager, &cookies(&request_login));
    login.insert("new", "data").unwrap();
    login.log_out().now().unwrap();
    let session = set(&request_login.finish(500).set_cookies, "session").unwrap();
    let (_, login) = access(&manager, &session);
    assert!(run(&login).is_none());
    assert_eq!(login.keys(), ["colour"]);
}

#[test]
fn refusals_are_bounded_before_compression() {
    let manager = flask(|b| b.login_view("/login").login_message("m".repeat(200)));
    let mut cookie = String::new();
    for _ in 0..60 {
        let (request_login, login) = access(&manager, &cookie);
        login.refuse(Refusal::Unauthorized);
        let new = cookies(&request_login);
        cookie = if new.is_empty() { cookie } else { new };
    }
    let waiting = access(&manager, &cookie).1.take_flashes().unwrap().len();
    assert!((1..18).contains(&waiting), "{waiting} messages of 200 bytes wait");
}

thread_local! {
    static LOGIN: RefCell<Option<Login<Reentrant>>> = const { RefCell::new(None) };
}

/// A user whose own code uses the login. That would never return if the state were locked.
struct Reentrant;

fn use_login() {
    let login = LOGIN.with_borrow(Clone::clone);
    login.into_iter().for_each(|login| drop(login.keys()));
}

impl User for Reentrant {
    type Id = String;

    fn id(&self) -> String {
        use_login();
        "1".to_owned()
    }

    fn is_active(&self) -> bool {
        use_login();
        true
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        use_login();
        b"hash".into()
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        use_login();
    }
}

#[test]
fn the_applications_code_never_runs_while_the_state_is_locked() {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let clock = || {
            use_login();
            NOW
        };
        let entropy = |buffer: &mut [u8]| {
            use_login();
            buffer.fill(5);
        };
        let key = SecretKey::from_text(KEY).unwrap();
        let manager: LoginManager<Reentrant> = LoginManager::builder(key, clock, entropy)
            .refresh_remember_cookie_each_request()
            .login_view("/login")
            .localizer(|text| {
                use_login();
                text.to_owned()
            })
            .on_event(|_| use_login())
            .build_without_loader()
            .unwrap();
        let session = manager.test_login(Reentrant).now().unwrap().header();
        let remembered = manager.test_login(Reentrant).remembered(WEEK).without_session().now().unwrap().header();
        for cookie in [session, remembered] {
            let request_login = manager.begin();
            let login = request_login.access(|| Request::new("GET", "/").with_header("cookie", cookie.as_bytes()));
            LOGIN.set(Some(login.clone()));
            let Step::LoadUser { token, .. } = login.resolve() else { panic!("there is a cookie") };
            assert!(matches!(token.answer(Some(Reentrant)), Step::Done(Ok(Some(_)))));
            assert!(login.check(Requirement::Login).is_ok());
            login.confirm_now(&Reentrant).unwrap();
            login.log_in(Reentrant).remember(true).now().unwrap();
            login.log_in(Reentrant).now().unwrap();
            login.refuse(Refusal::Unauthorized);
            login.log_out().now().unwrap();
            login.log_in(Reentrant).now().unwrap();
            drop(request_login.finish(200));
            LOGIN.set(None);
        }
        done.send(()).unwrap();
    });
    // Only a deadlock takes this long.
    is_done.recv_timeout(Duration::from_secs(60)).expect("the application's code ran while the state was locked");
}
