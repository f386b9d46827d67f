//! What sessions and remember cookies hold, and when they are written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::time::Duration;

use common::{Heard, account, both, cookies, flask, letters, look, look_at, native, run, run_with};
use login_core::adapter::ResponseParts;
use login_core::{LoginError, Request, User};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_remembered_login_comes_back_once_and_is_not_fresh() {
    let heard = Heard::default();
    for manager in both(|b| b.on_event(heard.listener())) {
        let cookie = manager.test_login(account("1")).remembered(MINUTE).without_session().cookie_header().unwrap();
        heard.take();
        let (request_login, login) = look(&manager, &cookie);
        assert_eq!(run(&login).unwrap().id, "1");
        assert_eq!(heard.take(), ["accessed", "loaded_from_cookie"]);
        assert_eq!(login.get::<bool>("_fresh").unwrap(), Some(false));
        let (_, login) = look(&manager, &cookies(&request_login));
        assert_eq!(run(&login).unwrap().id, "1");
        assert_eq!(heard.take(), ["accessed"], "it is in the session now");
        let (_, login) = look(&manager, &cookie);
        assert!(run_with(&login, |_| None, None).is_none() && !login.confirm().unwrap());
    }
}

#[test]
fn what_was_put_in_is_written_whatever_follows() {
    for manager in both(|b| b) {
        let (request_login, login) = look(&manager, "");
        login.insert("a", "b").unwrap();
        assert!(!login.remove("none").unwrap());
        login.log_out_now().unwrap();
        assert!(!login.is_permanent());
        login.set_permanent(true).unwrap();
        let (_, login) = look(&manager, &cookies(&request_login));
        assert!(login.is_permanent());
        assert_eq!(login.get::<String>("a").unwrap().as_deref(), Some("b"));
    }
}

#[test]
fn a_response_carries_what_any_part_asks_for() {
    let nothing = ResponseParts::default;
    assert!(nothing().is_empty());
    assert!(!ResponseParts { vary_cookie: true, ..nothing() }.is_empty());
    assert!(!ResponseParts { is_private: true, ..nothing() }.is_empty());
    assert!(!ResponseParts { has_failed: true, ..nothing() }.is_empty());
    assert!(!ResponseParts { set_cookies: vec![String::new()], ..nothing() }.is_empty());
}

#[test]
fn a_remember_cookie_is_refreshed_for_as_long_as_the_login_asked() {
    for manager in both(|b| b.refresh_remember_cookie_each_request()) {
        let cookie = |id: &str| manager.test_login(account(id)).remembered(MINUTE).cookie_header().unwrap();
        let refreshed = |cookie: &str, looks: bool| {
            let request = || Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
            let request_login = manager.begin();
            if looks {
                request_login.access(request);
            } else {
                request_login.store_request(request);
            }
            let parts = request_login.finish();
            assert_eq!(parts.vary_cookie, looks || !parts.set_cookies.is_empty());
            parts.set_cookies
        };
        for looks in [false, true] {
            let lines = refreshed(&cookie("1"), looks);
            assert!(lines.len() == 1 && lines[0].contains("Max-Age=60;"), "{lines:?}");
            assert!(refreshed("", looks).is_empty());
        }
    }
    let manager = flask(|b| b.refresh_remember_cookie_each_request());
    let cookie = |id: &str| manager.test_login(account(id)).remembered(MINUTE).cookie_header().unwrap();
    let (one, two) = (cookie("1"), cookie("2"));
    let session = one.split("; ").find(|pair| pair.starts_with("session=")).unwrap();
    let remember = two.split("; ").find(|pair| pair.starts_with("remember_token=")).unwrap();
    let (request_login, _) = look(&manager, &format!("{session}; {remember}"));
    let lines = request_login.finish().set_cookies;
    assert!(lines[0].contains("Max-Age=31536000;"), "another's duration says nothing: {lines:?}");
    let manager = native(|b| b);
    let remembered = manager.test_login(account("1")).remembered(MINUTE).cookie_header().unwrap();
    assert!(look(&manager, &remembered).0.finish().set_cookies.is_empty(), "only where that is asked for");
}

#[test]
fn flask_is_told_of_a_duration_only_where_something_is_remembered() {
    let duration = |remember: bool, manager: &common::Manager| {
        let (_, login) = look(manager, "");
        login.log_in(account("1")).remember(remember).duration(MINUTE).now().unwrap();
        login.get::<f64>("_remember_seconds").unwrap()
    };
    let [native, flask] = both(|b| b);
    assert_eq!((duration(true, &flask), duration(false, &flask)), (Some(60.0), None));
    assert_eq!((duration(true, &native), duration(false, &native)), (None, None));
    let cookie = flask.test_login(account("1")).remembered(MINUTE).cookie_header().unwrap();
    let session = cookie.split("; ").find(|pair| pair.starts_with("session=")).unwrap();
    for (cookie, left) in [(&*cookie, None), (session, Some(60.0))] {
        let (_, login) = look(&flask, cookie);
        login.log_out_now().unwrap();
        assert_eq!(login.get::<f64>("_remember_seconds").unwrap(), left);
    }
}

#[test]
fn a_remember_cookie_may_have_4096_bytes_and_no_more() {
    let token = native(|b| b).test_login(account("1")).remembered(MINUTE).without_session().cookie_header().unwrap();
    let length = token.split_once('=').unwrap().1.len();
    for (size, fits) in [(4096, true), (4097, false)] {
        let manager = native(|b| b.remember_cookie(|c| c.name("r".repeat(size - length))));
        let result = look(&manager, "").1.log_in(account("1")).remember(true).now();
        assert_eq!(result.is_ok(), fits);
        assert!(fits || matches!(result, Err(LoginError::CookieTooLarge { size: 4097, .. })));
    }
}

#[test]
fn compression_counts_where_a_session_is_large() {
    let (_, login) = look(&flask(|b| b), "");
    login.insert("a", &"x".repeat(5000)).unwrap();
}

#[test]
fn users_are_logged_in_if_active_or_forced() {
    let manager = native(|b| b);
    for (is_active, force, goes) in
        [(true, false, true), (true, true, true), (false, true, true), (false, false, false)]
    {
        let user = common::Account { is_active, ..account("1") };
        let result = look(&manager, "").1.log_in(user).force(force).now();
        assert_eq!(result.is_ok(), goes);
        assert!(goes || matches!(result, Err(LoginError::InactiveUser)));
    }
}

#[test]
fn a_user_is_active_and_has_no_hash_unless_it_says_so() {
    struct Plain;
    impl User for Plain {
        fn id(&self) -> String {
            String::new()
        }
    }
    assert!(Plain.is_active() && Plain.is_authenticated() && Plain.auth_hash().is_none());
    assert!(!common::Account { is_active: false, ..account("1") }.is_authenticated());
}

#[test]
fn what_is_taken_out_is_written() {
    for manager in both(|b| b.use_session_for_next().login_view("/login")) {
        let (request_login, login) = look(&manager, "");
        login.insert("colour", "red").unwrap();
        login.refuse(login_core::Refusal::Unauthorized);
        let cookie = cookies(&request_login);
        let rewritten = |change: &dyn Fn(&login_core::Login<common::Account>)| {
            let (request_login, login) = look(&manager, &cookie);
            change(&login);
            look(&manager, &cookies(&request_login)).1.keys()
        };
        let is_there = |keys: &[String], key: &str| keys.iter().any(|each| each == key);
        let keys = rewritten(&|login| assert!(login.remove("colour").unwrap() && !login.remove("none").unwrap()));
        assert!(!is_there(&keys, "colour") && is_there(&keys, "next"));
        let keys = rewritten(&|login| assert_eq!(login.next_url().as_deref(), Some("/here")));
        assert!(is_there(&keys, "colour") && !is_there(&keys, "next"));
        let keys = rewritten(&|login| assert_eq!(login.next_or("/home"), "/here"));
        assert!(!is_there(&keys, "next"));
        let (_, login) = look(&manager, "");
        assert_eq!(login.next_or("/the home"), "/the%20home");
    }
}

#[test]
fn what_could_not_be_read_again_is_refused() {
    fn nested(depth: usize) -> serde_json::Value {
        (0..depth).fold(serde_json::Value::Null, |inner, _| vec![inner].into())
    }
    for (is_flask, manager) in [false, true].into_iter().zip(both(|b| b)) {
        let (request_login, login) = look(&manager, "");
        login.insert("deep", &nested(127)).unwrap();
        assert!(matches!(login.insert("deep", &nested(128)), Err(LoginError::Serialize(_))));
        let long = "x".repeat(300_000);
        assert!(matches!(login.insert("long", &long), Err(LoginError::CookieTooLarge { size: 300_000.., .. })));
        assert_eq!(login.insert("long", &long[..200_000]).is_ok(), is_flask, "it can be compressed there");
        let (_, login) = look(&manager, &cookies(&request_login));
        assert_eq!(login.get::<serde_json::Value>("deep").unwrap(), Some(nested(127)));
        assert_eq!(login.get::<String>("long").unwrap().is_some(), is_flask);
    }
}

/// Flask's format writes that a login is no more fresh in one byte more than that it is.
#[test]
fn a_mark_of_protection_that_makes_the_cookie_too_large_is_not_sent() {
    let text = letters(5000);
    let (mut sent, mut kept_back) = (Vec::new(), 0);
    for name in ["s", "si", "sid"] {
        let manager = flask(|b| b.session_cookie(|c| c.name(name)));
        for size in (4500..5000).rev() {
            let (request_login, login) = look(&manager, "");
            login.log_in(account("1")).now().unwrap();
            if login.insert("a", &text[..size]).is_err() {
                continue;
            }
            let cookie = cookies(&request_login);
            if cookie.len() < 4090 {
                break;
            }
            let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
            let (request_login, login) = look_at(&manager, request.with_header("user-agent", b"another"));
            assert!(run(&login).is_some());
            assert_eq!(login.get::<bool>("_fresh").unwrap(), Some(false));
            match cookies(&request_login).len() {
                0 => kept_back += 1,
                size => sent.push(size - "=".len()),
            }
        }
    }
    assert_eq!((sent.iter().max(), kept_back > 0), (Some(&4096), true), "{sent:?}");
}
