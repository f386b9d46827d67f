//! What sessions and remember cookies contain, and when they are written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::time::Duration;

use common::{Notified, access, access_with, account, both, cookies, flask, letters, native, reserved, run, run_with};
use login_core::adapter::{Answer, Requirement, ResponseParts};
use login_core::{LoginError, Refusal, Request, User};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_remember_cookie_restores_a_login_that_is_not_fresh() {
    let notified = Notified::default();
    for manager in both(|b| b.on_event(notified.listener())) {
        let cookie = manager.test_login(account("1")).remembered(MINUTE).without_session().now().unwrap().header();
        notified.take();
        let (request_login, login) = access(&manager, &cookie);
        assert_eq!(run(&login).unwrap().id, "1");
        assert_eq!(notified.take(), ["accessed", "loaded_from_cookie"]);
        assert_eq!(login.check(Requirement::FreshLogin), Err(Refusal::NeedsRefresh));
        let (_, login) = access(&manager, &cookies(&request_login));
        assert_eq!(run(&login).unwrap().id, "1");
        assert_eq!(notified.take(), ["accessed"], "the login is in the session now");
        let (_, login) = access(&manager, &cookie);
        assert!(run_with(&login, |_| None, None).is_none());
        assert!(matches!(login.confirm_now(&account("1")), Err(LoginError::NotLoggedIn)));
    }
}

#[test]
fn inserted_data_is_still_written_after_a_logout() {
    for manager in both(|b| b) {
        let (request_login, login) = access(&manager, "");
        login.insert("a", "b").unwrap();
        assert!(!login.remove("none").unwrap());
        login.log_out().now().unwrap();
        assert!(!login.is_permanent());
        login.set_permanent(true).unwrap();
        let (_, login) = access(&manager, &cookies(&request_login));
        assert!(login.is_permanent());
        assert_eq!(login.get::<String>("a").unwrap().as_deref(), Some("b"));
    }
}

#[test]
fn response_parts_are_empty_only_without_any_part() {
    let nothing = ResponseParts::default;
    assert!(nothing().is_empty());
    assert!(!ResponseParts { vary_cookie: true, ..nothing() }.is_empty());
    assert!(!ResponseParts { is_private: true, ..nothing() }.is_empty());
    assert!(!ResponseParts { failure: Some(Answer::internal_error()), ..nothing() }.is_empty());
    assert!(!ResponseParts { set_cookies: vec![String::new()], ..nothing() }.is_empty());
}

#[test]
fn a_refreshed_remember_cookie_keeps_the_duration_of_the_login() {
    for manager in both(|b| b.refresh_remember_cookie_each_request()) {
        let cookie = |id: &str| manager.test_login(account(id)).remembered(MINUTE).now().unwrap().header();
        let refreshed = |cookie: &str, accesses: bool| {
            let request = || Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
            let request_login = manager.begin();
            if accesses {
                request_login.access(request);
            } else {
                request_login.store_request(request);
            }
            let parts = request_login.finish(200);
            assert_eq!(parts.vary_cookie, accesses || !parts.set_cookies.is_empty());
            parts.set_cookies
        };
        for accesses in [false, true] {
            let lines = refreshed(&cookie("1"), accesses);
            assert!(lines.len() == 1 && lines[0].contains("Max-Age=60;"), "{lines:?}");
            assert!(refreshed("", accesses).is_empty());
        }
    }
    let manager = flask(|b| b.refresh_remember_cookie_each_request());
    let cookie = |id: &str| manager.test_login(account(id)).remembered(MINUTE).now().unwrap().header();
    let (one, two) = (cookie("1"), cookie("2"));
    let session = one.split("; ").find(|pair| pair.starts_with("session=")).unwrap();
    let remember = two.split("; ").find(|pair| pair.starts_with("remember_token=")).unwrap();
    let (request_login, _) = access(&manager, &format!("{session}; {remember}"));
    let lines = request_login.finish(200).set_cookies;
    assert!(lines[0].contains("Max-Age=31536000;"), "the duration of another user's login is not used: {lines:?}");
    let manager = native(|b| b);
    let remembered = manager.test_login(account("1")).remembered(MINUTE).now().unwrap().header();
    assert!(access(&manager, &remembered).0.finish(200).set_cookies.is_empty(), "refreshing is off by default");
}

#[test]
fn a_flask_session_stores_the_duration_of_remembered_logins_only() {
    let duration = |remember: bool, manager: &common::Manager| {
        let (_, login) = access(manager, "");
        login.log_in(account("1")).remember(remember).duration(MINUTE).now().unwrap();
        reserved(&login, "_remember_seconds").and_then(|seconds| seconds.as_f64())
    };
    let [native, flask] = both(|b| b);
    assert_eq!((duration(true, &flask), duration(false, &flask)), (Some(60.0), None));
    assert_eq!((duration(true, &native), duration(false, &native)), (None, None));
    let cookie = flask.test_login(account("1")).remembered(MINUTE).now().unwrap().header();
    let session = cookie.split("; ").find(|pair| pair.starts_with("session=")).unwrap();
    for (cookie, left) in [(&*cookie, None), (session, Some(60.0))] {
        let (_, login) = access(&flask, cookie);
        login.log_out().now().unwrap();
        assert_eq!(reserved(&login, "_remember_seconds").and_then(|seconds| seconds.as_f64()), left);
    }
}

#[test]
fn remember_cookies_have_at_most_4096_bytes() {
    let token = native(|b| b).test_login(account("1")).remembered(MINUTE).without_session().now().unwrap().header();
    let length = token.split_once('=').unwrap().1.len();
    for (size, fits) in [(4096, true), (4097, false)] {
        let manager = native(|b| b.remember_cookie(|c| c.name("r".repeat(size - length))));
        let result = access(&manager, "").1.log_in(account("1")).remember(true).now();
        assert_eq!(result.is_ok(), fits);
        assert!(fits || matches!(result, Err(LoginError::CookieTooLarge { size: 4097, .. })));
    }
}

#[test]
fn the_size_of_a_session_is_checked_after_compression() {
    let (_, login) = access(&flask(|b| b), "");
    login.insert("a", &"x".repeat(5000)).unwrap();
}

#[test]
fn log_in_needs_an_active_user_or_force() {
    let manager = native(|b| b);
    for (is_active, force, succeeds) in
        [(true, false, true), (true, true, true), (false, true, true), (false, false, false)]
    {
        let user = common::Account { is_active, ..account("1") };
        let result = access(&manager, "").1.log_in(user).force(force).now();
        assert_eq!(result.is_ok(), succeeds);
        assert!(succeeds || matches!(result, Err(LoginError::InactiveUser)));
    }
}

#[test]
fn users_are_active_and_have_no_auth_hash_by_default() {
    struct Plain;
    impl User for Plain {
        type Id = String;

        fn id(&self) -> String {
            String::new()
        }

        fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
            std::borrow::Cow::default()
        }
    }
    assert!(Plain.is_active() && Plain.is_authenticated() && Plain.auth_hash().is_empty());
    assert!(!common::Account { is_active: false, ..account("1") }.is_authenticated());
}

#[test]
fn removing_a_key_or_next_writes_the_session() {
    for manager in both(|b| b.use_session_for_next().login_view("/login")) {
        let (request_login, login) = access(&manager, "");
        login.insert("colour", "red").unwrap();
        login.refuse(login_core::Refusal::Unauthorized);
        let cookie = cookies(&request_login);
        let rewritten = |change: &dyn Fn(&login_core::Login<common::Account>)| {
            let (request_login, login) = access(&manager, &cookie);
            change(&login);
            access(&manager, &cookies(&request_login)).1.keys()
        };
        let is_there = |keys: &[String], key: &str| keys.iter().any(|each| each == key);
        let keys = rewritten(&|login| assert!(login.remove("colour").unwrap() && !login.remove("none").unwrap()));
        assert!(!is_there(&keys, "colour") && is_there(&keys, "next"));
        let keys = rewritten(&|login| assert_eq!(login.next_url().as_deref(), Some("/here")));
        assert!(is_there(&keys, "colour") && !is_there(&keys, "next"));
        let keys = rewritten(&|login| assert_eq!(login.next_or("/home"), "/here"));
        assert!(!is_there(&keys, "next"));
        let (_, login) = access(&manager, "");
        assert_eq!(login.next_or("/the home"), "/the%20home");
    }
}

#[test]
fn values_that_could_not_be_read_back_are_refused() {
    fn nested(depth: usize) -> serde_json::Value {
        (0..depth).fold(serde_json::Value::Null, |inner, _| vec![inner].into())
    }
    for (is_flask, manager) in [false, true].into_iter().zip(both(|b| b)) {
        let (request_login, login) = access(&manager, "");
        login.insert("deep", &nested(127)).unwrap();
        assert!(matches!(login.insert("deep", &nested(128)), Err(LoginError::Serialize(_))));
        let long = "x".repeat(50_000);
        assert!(matches!(login.insert("long", &long), Err(LoginError::CookieTooLarge { size: 50_000.., .. })));
        assert_eq!(login.insert("long", &long[..40_000]).is_ok(), is_flask, "the flask format compresses it");
        let (_, login) = access(&manager, &cookies(&request_login));
        assert_eq!(login.get::<serde_json::Value>("deep").unwrap(), Some(nested(127)));
        assert_eq!(login.get::<String>("long").unwrap().is_some(), is_flask);
    }
}

/// Protection changes `_fresh` from `true` to `false`, which makes Flask's cookie larger.
#[test]
fn a_protection_mark_that_makes_the_cookie_too_large_is_not_sent() {
    let text = letters(5000);
    let (mut sent, mut kept_back) = (Vec::new(), 0);
    for name in ["s", "si", "sid"] {
        let manager = flask(|b| b.session_cookie(|c| c.name(name)));
        for size in (4500..5000).rev() {
            let (request_login, login) = access(&manager, "");
            login.log_in(account("1")).now().unwrap();
            if login.insert("a", &text[..size]).is_err() {
                continue;
            }
            let cookie = cookies(&request_login);
            if cookie.len() < 4090 {
                break;
            }
            let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
            let (request_login, login) = access_with(&manager, request.with_header("user-agent", b"another"));
            assert!(run(&login).is_some());
            assert_eq!(login.check(Requirement::FreshLogin), Err(Refusal::NeedsRefresh));
            match cookies(&request_login).len() {
                0 => kept_back += 1,
                size => sent.push(size - "=".len()),
            }
        }
    }
    assert_eq!((sent.iter().max(), kept_back > 0), (Some(&4096), true), "{sent:?}");
}
