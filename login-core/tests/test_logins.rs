//! The cookies that `test_login` makes for tests of applications.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot continue fails")]

mod common;

use std::time::Duration;

use common::{Account, Builder, NOW, Notified, access, account, builder};
use login_core::{LoginError, LoginManager, TestClock, TestLoginError};

const HOUR: Duration = Duration::from_secs(3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Finds `1` with the hash `stored`, and fails for `broken`.
async fn find(id: String) -> Result<Option<Account>, &'static str> {
    match &*id {
        "broken" => Err("no table"),
        "1" => Ok(Some(Account { hash: Some("stored".to_owned()), ..account("1") })),
        _ => Ok(None),
    }
}

fn manager(change: impl Fn(Builder) -> Builder) -> LoginManager<Account> {
    change(builder(&TestClock::new(NOW))).build(find).unwrap()
}

fn stored() -> Account {
    Account { hash: Some("stored".to_owned()), ..account("1") }
}

#[tokio::test]
async fn a_test_login_says_what_would_log_no_one_in() {
    let manager = manager(|b| b);
    assert!(manager.test_login(stored()).await.is_ok());
    let error = manager.test_login(account("2")).await.unwrap_err();
    assert!(matches!(error, TestLoginError::UnknownUser), "{error:?}");
    assert!(format!("{error:?}").contains("store the user"), "{error:?}");
    for hash in [None, Some("another".to_owned())] {
        let error = manager.test_login(Account { hash, ..account("1") }).await.unwrap_err();
        assert!(matches!(error, TestLoginError::AuthHashDiffers), "{error:?}");
        assert!(format!("{error:?}").contains("auth_hash"), "{error:?}");
    }
    let error = manager.test_login(account("broken")).await.unwrap_err();
    assert!(matches!(error, TestLoginError::Login(LoginError::Load(_))));
    assert!(format!("{error:?}").contains("no table"), "{error:?}");
    let error = manager.test_login(account(&"x".repeat(5000))).await.unwrap_err();
    assert!(matches!(error, TestLoginError::Login(LoginError::CookieTooLarge { .. })));
    assert!(manager.test_login(account("2")).now().is_ok(), "`now` does not ask the loader");
    let without_loader = builder(&TestClock::new(NOW)).build_without_loader().unwrap();
    let error = without_loader.test_login(stored()).await.unwrap_err();
    assert!(format!("{error:?}").contains("without a loader"), "{error:?}");
}

#[tokio::test]
async fn the_application_hears_only_of_the_login() {
    let notified = Notified::default();
    let manager = manager(|b| b.on_event(notified.listener()));
    manager.test_login(stored()).await.unwrap();
    assert_eq!(notified.take(), ["logged_in"]);
}

#[tokio::test]
async fn an_inactive_user_is_logged_in_too() {
    let inactive =
        |id: String| std::future::ready(Ok::<_, LoginError>(Some(Account { is_active: false, ..account(&id) })));
    let manager = builder(&TestClock::new(NOW)).build(inactive).unwrap();
    let cookies = manager.test_login(Account { is_active: false, ..account("1") }).await.unwrap();
    let (_, login) = access(&manager, &cookies.header());
    assert!(login.user().await.unwrap().is_none() && login.user_including_inactive().await.unwrap().is_some());
}

#[tokio::test]
async fn the_cookies_can_be_of_any_age() {
    for flask in [false, true] {
        let manager = manager(|b| {
            let b = if flask { b.flask_compatible() } else { b };
            b.session_lifetime(HOUR).fresh_login_max_age(HOUR)
        });
        // The age, whether the session is readable, and whether credentials of the last 600 s count.
        for (age, is_logged_in, is_recent) in
            [(0, true, true), (600, true, true), (601, true, false), (3601, false, false)]
        {
            let age = Duration::from_secs(age);
            let login = || {
                let login = manager.test_login(Account { hash: (!flask).then(|| "stored".to_owned()), ..account("1") });
                login.age(age)
            };
            let cookies = if flask { login().now().unwrap() } else { login().await.unwrap() };
            let (_, login) = access(&manager, &cookies.header());
            assert_eq!(login.user().await.unwrap().is_some(), is_logged_in, "{flask} {age:?}");
            assert_eq!(login.login_fresh_within(Duration::from_secs(600)).await.unwrap(), is_recent, "{flask} {age:?}");
        }
    }
    // Older than 1970.
    let cookies = manager(|b| b).test_login(stored()).age(Duration::from_secs(NOW + 9)).now().unwrap();
    let (_, login) = access(&manager(|b| b), &cookies.header());
    assert!(login.user().await.unwrap().is_none());
    let manager = manager(|b| b.login_lifetime(YEAR));
    for (age, is_restored) in [(HOUR - Duration::from_secs(1), true), (HOUR, false)] {
        let cookies = manager.test_login(stored()).remembered(HOUR).without_session().age(age).await.unwrap();
        let (_, login) = access(&manager, &cookies.header());
        assert_eq!(login.user().await.unwrap().is_some(), is_restored, "{age:?}");
    }
}

#[tokio::test]
async fn all_cookies_of_a_login_are_made() {
    let manager = manager(|b| b);
    let login = || manager.test_login(stored());
    let names = |cookies: &login_core::TestCookies| cookies.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let session = login().await.unwrap();
    assert_eq!(names(&session), ["__Host-session"]);
    let both = login().remembered(HOUR).fresh(false).await.unwrap();
    assert_eq!(names(&both), ["__Host-session", "__Host-remember_token"]);
    let remembered = login().remembered(HOUR).without_session().await.unwrap();
    assert_eq!(names(&remembered), ["__Host-remember_token"]);
    for (cookies, fresh, is_remembered) in [(&session, true, false), (&both, false, true), (&remembered, false, true)] {
        let (_, login) = access(&manager, &cookies.header());
        assert_eq!(login.login_fresh().await.unwrap(), fresh);
        assert_eq!(login.login_remembered().await.unwrap(), is_remembered);
        let pairs: Vec<_> = cookies.clone().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs.join("; "), cookies.header());
        assert_eq!(format!("{cookies:?}"), "TestCookies(..)");
    }
}
