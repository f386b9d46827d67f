//! Logins that a remember cookie restores, and the cookies that are written then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::time::Duration;

use common::{
    Account, Builder, KEY, NOW, Notified, access, access_with, account, builder, cookies, native, reserved, run,
    run_with,
};
use login_core::adapter::Requirement;
use login_core::{LoginManager, Request, SecretKey, TestClock, UserLoader};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn with_hash(id: &str, hash: &str) -> Account {
    Account { hash: Some(hash.to_owned()), ..account(id) }
}

#[test]
fn a_revoked_remember_cookie_notifies_listeners_and_is_deleted() {
    let notified = Notified::default();
    let listener = notified.listener();
    let manager = builder(&TestClock::new(NOW)).on_event(listener).build_without_loader().unwrap();
    let cookie = manager.test_login(with_hash("1", "old")).remembered(WEEK).without_session();
    let cookie = cookie.now().unwrap().header();
    for (hash, event, is_found) in [("old", "loaded_from_cookie", true), ("new", "login_revoked", false)] {
        notified.take();
        let (request_login, login) = access(&manager, &cookie);
        assert_eq!(run_with(&login, |id| Some(with_hash(id, hash)), None).is_some(), is_found);
        assert_eq!(notified.take(), ["accessed", event]);
        assert_eq!(request_login.finish(200).set_cookies[0].contains("Max-Age=0"), !is_found);
    }
}

#[test]
fn a_restored_login_that_does_not_fit_lasts_for_one_request() {
    let manager = native(|builder| builder);
    let (request_login, login) = access(&manager, "");
    login.insert("filling", &"x".repeat(2980)).unwrap();
    let filling = cookies(&request_login);
    let remembered = manager.test_login(account("1")).remembered(WEEK).without_session().now().unwrap().header();
    let (request_login, login) = access(&manager, &format!("{filling}; {remembered}"));
    assert_eq!(run(&login).unwrap().id, "1");
    assert_eq!(login.get::<String>("filling").unwrap().unwrap().len(), 2980);
    assert_eq!(reserved(&login, "_user_id"), None, "the session does not change");
    assert!(request_login.finish(200).set_cookies.is_empty(), "a cookie that is too large is not sent");
}

#[test]
fn another_users_remember_cookie_is_refreshed_for_that_user() {
    let refreshing = |builder: Builder| builder.refresh_remember_cookie_each_request();
    let manager = native(refreshing);
    let session = manager.test_login(with_hash("2", "two")).now().unwrap().header();
    let remembered = manager.test_login(with_hash("1", "one")).remembered(WEEK).without_session();
    let remembered = remembered.now().unwrap().header();
    let (request_login, login) = access(&manager, &format!("{session}; {remembered}"));
    let find = |id: &str| Some(with_hash(id, if id == "1" { "one" } else { "two" }));
    assert_eq!(run_with(&login, find, None).unwrap().id, "2");
    let refreshed = cookies(&request_login);
    assert!(refreshed.starts_with("__Host-remember_token="), "{refreshed}");
    let (_, login) = access(&manager, &refreshed);
    assert_eq!(run_with(&login, find, None).unwrap().id, "1");
}

#[test]
fn a_remember_cookie_with_a_long_user_id_is_refreshed() {
    let manager = native(|builder| builder.refresh_remember_cookie_each_request());
    let id = "1".repeat(2000);
    let remembered = manager.test_login(account(&id)).remembered(WEEK).without_session().now().unwrap().header();
    let (request_login, _) = access(&manager, &remembered);
    let (_, login) = access(&manager, &cookies(&request_login));
    assert_eq!(run(&login).unwrap().id, id);
}

#[test]
fn a_revoked_remember_cookie_is_not_refreshed() {
    let manager = native(|builder| builder.refresh_remember_cookie_each_request());
    let remembered = manager.test_login(with_hash("1", "old")).remembered(WEEK).without_session();
    let remembered = remembered.now().unwrap().header();
    for (hash, is_good) in [("old", true), ("new", false)] {
        let session = manager.test_login(with_hash("1", hash)).now().unwrap().header();
        let (request_login, login) = access(&manager, &format!("{session}; {remembered}"));
        assert!(run_with(&login, |id| Some(with_hash(id, hash)), None).is_some());
        let lines = request_login.finish(200).set_cookies;
        let line = lines.iter().find(|line| line.starts_with("__Host-remember_token=")).unwrap();
        assert_eq!(line.contains("Max-Age=0"), !is_good, "{hash}");
    }
}

#[tokio::test]
async fn a_revoked_remember_cookie_does_not_count_as_remembered() {
    struct Changed;
    impl UserLoader for Changed {
        type User = Account;
        type Error = std::convert::Infallible;

        async fn load_user(&self, id: String) -> Result<Option<Account>, Self::Error> {
            Ok(Some(with_hash(&id, "new")))
        }
    }
    let manager = builder(&TestClock::new(NOW)).build(Changed).unwrap();
    let session = manager.test_login(with_hash("1", "new")).now().unwrap().header();
    for (id, hash, expected) in [("1", "new", true), ("1", "old", false), ("2", "its own", true)] {
        let remembered = manager.test_login(with_hash(id, hash)).remembered(WEEK).without_session();
        let (_, login) = access(&manager, &format!("{session}; {}", remembered.now().unwrap().header()));
        assert_eq!(login.login_remembered().await.unwrap(), expected, "{id} {hash}");
    }
}

#[test]
fn a_rewritten_session_is_bound_with_the_current_key() {
    const NEW: &str = "another key of 32 bytes, at least";
    let key = |text: &str| SecretKey::from_text(text).unwrap();
    let of = |text: &str| LoginManager::<Account>::builder(key(text), || NOW, |_: &mut [u8]| ());
    let old = of(KEY).build_without_loader().unwrap();
    let both = of(NEW).fallback_key(key(KEY)).build_without_loader().unwrap();
    let new = of(NEW).build_without_loader().unwrap();
    let request = |cookie: &str| Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
    let cookie = old.test_login(account("1")).address([10, 0, 0, 1]).now().unwrap().header();
    let (request_login, login) = access_with(&both, request(&cookie).with_peer([10, 0, 0, 1].into()));
    login.set_permanent(true).unwrap();
    let cookie = cookies(&request_login);
    for (address, fresh) in [([10, 0, 0, 1], true), ([10, 0, 0, 2], false)] {
        let (_, login) = access_with(&new, request(&cookie).with_peer(address.into()));
        assert!(run(&login).is_some());
        assert_eq!(login.check(Requirement::FreshLogin).is_ok(), fresh, "{address:?}");
    }
}

#[test]
fn reading_a_users_session_makes_the_response_private() {
    let manager = native(|builder| builder);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (request_login, login) = access(&manager, &cookie);
    assert_eq!(login.get::<String>("colour").unwrap(), None);
    assert!(request_login.finish(200).is_private, "the response may contain the user of the session");
    let (request_login, login) = access(&manager, "");
    assert!(run(&login).is_none());
    assert!(!request_login.finish(200).is_private);
}
