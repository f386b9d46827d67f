//! Session protection: a session is bound to a client, which is an address and a user agent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use common::{Builder, Manager, Notified, access_with, account, both, cookies, flask, native, reserved, run};
use login_core::adapter::Requirement;
use login_core::{Login, Refusal, Request, SessionProtection};

/// What a client sends. Clients with the same `is` count as the same client.
struct Client {
    agents: &'static [&'static str],
    address: Option<&'static str>,
    is: &'static str,
}

const fn client(agents: &'static [&'static str], address: Option<&'static str>, is: &'static str) -> Client {
    Client { agents, address, is }
}

const CLIENTS: [Client; 12] = [
    client(&[], None, "unknown"),
    client(&[""], None, "empty agent"),
    client(&["None"], None, "agent None"),
    client(&["one"], None, "agent one"),
    client(&["one"], Some("10.0.0.1"), "agent one at 10.0.0.1"),
    client(&["one"], Some("::ffff:10.0.0.1"), "agent one at 10.0.0.1"),
    client(&["one"], Some("10.0.0.2"), "agent one at 10.0.0.2"),
    client(&["one"], Some("2001:db8::1"), "agent one at 2001:db8::1"),
    client(&["one", "two", "three"], None, "three agents"),
    client(&["one,two,three"], None, "three agents"),
    client(&["one", "two"], None, "two agents"),
    client(&["two", "one"], None, "two agents, the other way round"),
];

fn request(client: &Client, cookie: &str) -> Request {
    let mut request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
    for agent in client.agents {
        request.push_header("User-Agent", agent.as_bytes());
    }
    match client.address {
        Some(address) => request.with_peer(address.parse().unwrap()),
        None => request,
    }
}

fn logged_in(manager: &Manager, client: &Client) -> String {
    let (request_login, login) = access_with(manager, request(client, ""));
    login.log_in(account("1")).now().unwrap();
    cookies(&request_login)
}

fn is_fresh(login: &Login<common::Account>) -> bool {
    assert!(run(login).is_some());
    login.check(Requirement::FreshLogin).is_ok()
}

#[test]
fn a_login_is_fresh_only_for_the_client_that_made_it() {
    for manager in both(|b| b) {
        for maker in &CLIENTS {
            let cookie = logged_in(&manager, maker);
            for user in &CLIENTS {
                let (_, login) = access_with(&manager, request(user, &cookie));
                assert_eq!(is_fresh(&login), maker.is == user.is, "made by {}, sent by {}", maker.is, user.is);
            }
        }
    }
}

#[test]
fn a_test_login_is_bound_to_the_given_client() {
    for manager in both(|b| b) {
        let [cookie, elsewhere] = [[10, 0, 0, 1], [10, 0, 0, 2]]
            .map(|address| manager.test_login(account("1")).user_agent("one").address(address).now().unwrap().header());
        let at = |cookie: &str| is_fresh(&access_with(&manager, request(&CLIENTS[4], cookie)).1);
        assert!(at(&cookie) && !at(&elsewhere));
    }
}

#[test]
fn session_protection_by_mode() {
    for (protection, is_permanent, stays, fresh, cookies_set) in [
        (SessionProtection::Off, false, true, true, 0),
        (SessionProtection::Basic, false, true, false, 1),
        (SessionProtection::Basic, true, true, false, 1),
        (SessionProtection::Strong, false, false, false, 2),
        (SessionProtection::Strong, true, true, false, 1),
    ] {
        let protects = protection != SessionProtection::Off;
        let notified = Notified::default();
        for manager in both(|b| b.session_protection(protection).on_event(notified.listener())) {
            let (request_login, login) = access_with(&manager, request(&CLIENTS[3], ""));
            login.log_in(account("1")).remember(true).now().unwrap();
            login.set_permanent(is_permanent).unwrap();
            let cookie = cookies(&request_login);

            notified.take();
            let (request_login, login) = access_with(&manager, request(&CLIENTS[4], &cookie));
            assert_eq!(run(&login).is_some(), stays, "{protection:?}");
            assert_eq!(login.check(Requirement::FreshLogin).is_ok(), fresh, "{protection:?}");
            assert_eq!(notified.take().contains(&"session_protected"), protects, "{protection:?}");
            let parts = request_login.finish(200);
            let remember = parts.set_cookies.iter().find(|line| line.contains("remember_token="));
            assert_eq!(remember.is_some_and(|line| line.contains("Max-Age=0")), !stays, "{protection:?}");
            assert_eq!((parts.is_private, parts.set_cookies.len()), (stays, cookies_set), "{protection:?}");
        }
    }
}

#[test]
fn a_session_that_is_no_longer_fresh_is_not_written_again() {
    for manager in both(|b| b) {
        let cookie = logged_in(&manager, &CLIENTS[3]);
        let (request_login, login) = access_with(&manager, request(&CLIENTS[4], &cookie));
        assert!(!is_fresh(&login));
        let marked = cookies(&request_login);
        let (request_login, login) = access_with(&manager, request(&CLIENTS[4], &marked));
        assert!(!is_fresh(&login));
        assert!(request_login.finish(200).set_cookies.is_empty());
    }
}

#[test]
fn confirming_binds_the_login_to_the_client_that_confirmed() {
    for manager in both(|b| b) {
        let cookie = logged_in(&manager, &CLIENTS[3]);
        let (request_login, login) = access_with(&manager, request(&CLIENTS[4], &cookie));
        assert!(!is_fresh(&login));
        assert_eq!(login.check(Requirement::FreshLogin), Err(Refusal::NeedsRefresh));
        login.confirm_now(&account("1")).unwrap();
        assert!(is_fresh(&login));
        let confirmed = cookies(&request_login);
        assert!(is_fresh(&access_with(&manager, request(&CLIENTS[4], &confirmed)).1));
        assert!(!is_fresh(&access_with(&manager, request(&CLIENTS[3], &confirmed)).1));
    }
}

#[test]
fn trusted_proxies_report_the_address_of_the_client() {
    let by = |seen: &'static str, cookie: &str| {
        let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
        request.with_header("x-forwarded-for", seen.as_bytes()).with_peer([192, 0, 2, 1].into())
    };
    for proxies in [0, 1] {
        for manager in both(|b| b.trusted_proxies(proxies)) {
            let (request_login, login) = access_with(&manager, by("10.0.0.1", ""));
            login.log_in(account("1")).now().unwrap();
            let cookie = cookies(&request_login);
            for (seen, is_same) in [("10.0.0.1", true), ("6.6.6.6, 10.0.0.1", true), ("10.0.0.2", proxies == 0)] {
                assert_eq!(is_fresh(&access_with(&manager, by(seen, &cookie)).1), is_same, "{seen}");
            }
        }
    }
}

#[test]
fn the_peer_address_is_used_for_protection_without_proxies() {
    let uses = |change: fn(Builder) -> Builder| native(change).begin().uses_peer_address();
    assert!(uses(|b| b));
    assert!(uses(|b| b.session_protection(SessionProtection::Strong)));
    assert!(!uses(|b| b.session_protection(SessionProtection::Off)));
    assert!(!uses(|b| b.trusted_proxies(1)));
    assert!(!uses(|b| b.session_protection(SessionProtection::Off).trusted_proxies(1)));
}

#[test]
fn only_the_flask_format_binds_the_session_of_a_refused_guest() {
    let kept = |manager: &Manager| {
        let (_, login) = access_with(manager, request(&CLIENTS[3], ""));
        login.refuse(Refusal::Unauthorized);
        reserved(&login, "_id")
    };
    let change = |b: Builder| b.login_view("/login").use_session_for_next();
    assert_eq!(kept(&flask(change)).and_then(|id| id.as_str().map(str::len)), Some(128));
    assert_eq!(kept(&native(change)), None);
}
