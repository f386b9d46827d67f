//! How long sessions, logins and remember cookies of the native format are valid.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::time::Duration;

use common::{Builder, Manager, NOW, access, access_with, account, builder, cookies, run};
use login_core::{Request, SessionProtection, TestClock};

const HOUR: u64 = 3600;
const YEAR: u64 = 365 * 24 * HOUR;

fn at(change: impl FnOnce(Builder) -> Builder) -> (TestClock, Manager) {
    let clock = TestClock::new(NOW);
    let manager = change(builder(&clock)).build_without_loader().unwrap();
    (clock, manager)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The cookie with this name after a request that carries `cookie`.
fn after(manager: &Manager, cookie: &str) -> (bool, Vec<String>) {
    let (request_login, login) = access(manager, cookie);
    let is_in = run(&login).is_some();
    (is_in, request_login.finish(200).set_cookies)
}

fn value(line: &str) -> &str {
    line.split(';').next().unwrap()
}

#[test]
fn use_extends_an_idle_timeout() {
    let (clock, manager) = at(|b| b.idle_timeout(seconds(HOUR)));
    let mut cookie = manager.test_login(account("1")).now().unwrap().header();
    let mut written = 0;
    for _ in 0..1000 {
        clock.advance(seconds(60));
        let (is_in, lines) = after(&manager, &cookie);
        assert!(is_in);
        if let Some(line) = lines.first() {
            cookie = value(line).to_owned();
            written += 1;
        }
    }
    assert_eq!(written, 333, "once a twentieth of the timeout, three minutes, has passed");
    clock.advance(seconds(HOUR + 60));
    assert!(!after(&manager, &cookie).0);
}

#[test]
fn without_an_idle_timeout_use_does_not_extend_a_session() {
    let (clock, manager) = at(|b| b.session_lifetime(seconds(HOUR)));
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    clock.advance(seconds(HOUR));
    assert_eq!(after(&manager, &cookie), (true, Vec::new()));
    clock.advance(seconds(1));
    assert!(!after(&manager, &cookie).0);
}

#[test]
fn an_idle_timeout_counts_instead_of_the_session_lifetime() {
    for (idle, is_in) in [(2 * HOUR, true), (HOUR / 2, false)] {
        let (clock, manager) = at(|b| b.session_lifetime(seconds(HOUR)).idle_timeout(seconds(idle)));
        let cookie = manager.test_login(account("1")).now().unwrap().header();
        clock.advance(seconds(HOUR + HOUR / 2));
        assert_eq!(after(&manager, &cookie).0, is_in);
    }
}

#[test]
fn the_data_of_a_visitor_has_an_idle_timeout_too() {
    let (clock, manager) = at(|b| b.idle_timeout(seconds(HOUR)));
    let (request_login, login) = access(&manager, "");
    login.insert("cart", "apple").unwrap();
    let cookie = cookies(&request_login);
    clock.advance(seconds(HOUR / 2));
    let (_, lines) = after(&manager, &cookie);
    assert_eq!(lines.len(), 1);
    clock.advance(seconds(HOUR));
    let cart = |cookie: &str| access(&manager, cookie).1.get::<String>("cart").unwrap();
    assert_eq!((cart(&cookie), cart(value(&lines[0])).as_deref()), (None, Some("apple")));
}

#[test]
fn a_login_ends_after_a_year_however_it_is_used() {
    let (clock, manager) = at(|b| b.idle_timeout(seconds(YEAR)).refresh_remember_cookie_each_request());
    let mut cookie = manager.test_login(account("1")).remembered(seconds(YEAR)).now().unwrap().header();
    for _ in 0..11 {
        clock.advance(seconds(YEAR / 12));
        let (request_login, login) = access(&manager, &cookie);
        let user = run(&login).unwrap();
        // Neither confirmed credentials nor changed data extend it.
        login.confirm_now(&user).unwrap();
        login.insert("a", "b").unwrap();
        cookie = cookies(&request_login);
        assert_eq!(cookie.split("; ").count(), 2, "both cookies are written");
    }
    let only = |name: &str| cookie.split("; ").find(|pair| pair.starts_with(name)).unwrap().to_owned();
    let (session, remembered) = (only("__Host-session"), only("__Host-remember_token"));
    clock.set(NOW + YEAR - 1);
    assert!(after(&manager, &session).0 && after(&manager, &remembered).0);
    let (_, restored) = after(&manager, &remembered);
    let restored = value(restored.iter().find(|line| line.starts_with("__Host-session")).unwrap());
    clock.set(NOW + YEAR + 1);
    for cookie in [&*session, &*remembered, restored] {
        assert!(!after(&manager, cookie).0, "a remember cookie does not begin another year");
    }
}

#[test]
fn a_new_login_begins_another_lifetime() {
    let (clock, manager) = at(|b| b.login_lifetime(seconds(HOUR)));
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    clock.advance(seconds(HOUR / 2));
    let (request_login, login) = access(&manager, &cookie);
    login.log_in(account("1")).now().unwrap();
    let again = cookies(&request_login);
    clock.advance(seconds(HOUR));
    assert!(!after(&manager, &cookie).0 && after(&manager, &again).0);
}

#[test]
fn a_remember_cookie_ends_with_its_login_at_the_latest() {
    let lines = |remember: u64, lifetime: u64| {
        let (_, manager) = at(|b| b.remember_duration(seconds(remember)).login_lifetime(seconds(lifetime)));
        let (request_login, login) = access(&manager, "");
        login.log_in(account("1")).remember(true).now().unwrap();
        request_login.finish(200).set_cookies
    };
    for (remember, lifetime, expected) in
        [(HOUR, YEAR, HOUR), (YEAR, HOUR, HOUR), (9 * YEAR, 9 * YEAR, 400 * 24 * HOUR)]
    {
        let max_age = format!("; Max-Age={expected};");
        assert!(lines(remember, lifetime).iter().any(|line| line.contains(&max_age)), "{remember} {lifetime}");
    }
}

#[test]
fn a_renewed_remember_cookie_ends_with_a_lifetime_that_is_shorter_now() {
    let (_, manager) = at(|b| b);
    let cookie = manager.test_login(account("1")).remembered(seconds(YEAR)).now().unwrap().header();
    let (clock, shorter) = at(|b| b.login_lifetime(seconds(HOUR)));
    clock.advance(seconds(HOUR / 2));
    let (request_login, login) = access(&shorter, &cookie);
    login.log_in(common::Account { hash: Some("a new password".to_owned()), ..account("1") }).now().unwrap();
    let lines = request_login.finish(200).set_cookies;
    let renewed = lines.iter().find(|line| line.starts_with("__Host-remember_token")).unwrap();
    assert!(renewed.contains("; Max-Age=1800;"), "{renewed}");
}

/// With a session cookie that is `SameSite=Strict` and a remember cookie that is `Lax`, a link on
/// another site brings only the second one.
#[test]
fn a_remember_cookie_replaces_no_session_in_answer_to_another_site() {
    let (_, manager) = at(|b| b.login_view("/login"));
    let remembered = manager.test_login(account("1")).remembered(seconds(HOUR)).without_session();
    let cookie = remembered.now().unwrap().header();
    for (site, is_written) in [("cross-site", false), ("same-origin", true)] {
        let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
        let (request_login, login) = access_with(&manager, request.with_header("sec-fetch-site", site.as_bytes()));
        assert_eq!(run(&login).unwrap().id, "1", "the user is logged in");
        login.refuse(login_core::Refusal::NeedsRefresh);
        assert_eq!(request_login.finish(200).set_cookies.len(), usize::from(is_written), "{site}");
    }
}

#[test]
fn protection_writes_nothing_in_answer_to_another_site() {
    for (mode, is_in) in [(SessionProtection::Basic, true), (SessionProtection::Strong, false)] {
        let (_, manager) = at(|b| b.session_protection(mode));
        for permanent in [false, true] {
            let (request_login, login) = access(&manager, "");
            login.log_in(account("1")).now().unwrap();
            login.set_permanent(permanent).unwrap();
            let cookie = cookies(&request_login);
            for (site, written) in [("cross-site", false), ("none", true)] {
                let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
                let request =
                    request.with_header("user-agent", b"another").with_header("sec-fetch-site", site.as_bytes());
                let (request_login, login) = access_with(&manager, request);
                assert_eq!(run(&login).is_some(), is_in || permanent, "{mode:?} {site}");
                assert!(login.check(login_core::adapter::Requirement::FreshLogin).is_err());
                let lines = request_login.finish(200).set_cookies;
                assert_eq!(!lines.is_empty(), written, "{mode:?} {site} {permanent}: {lines:?}");
            }
            assert!(after(&manager, &cookie).0, "the login of the browser is as it was");
        }
    }
}
