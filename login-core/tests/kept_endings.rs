//! How a login on the server ends, and what becomes of its data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::time::Duration;

use common::site::{Browser, REMEMBER, SESSION, Site};
use common::{Account, account};
use login_core::{LoginError, SessionProtection};

fn site() -> Site {
    Site::new(|builder| builder)
}

/// The lines that delete a cookie.
fn deletions(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.contains("Max-Age=0")).count()
}

#[tokio::test]
async fn basic_protection_is_written_into_the_record() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let mut elsewhere = Browser { agent: Some("Other"), ..browser.clone() };
    site.events();
    let (_, parts) = site.visit_with(&mut elsewhere, 200, async |login| login.user().await.map(|_| ()).unwrap()).await;
    assert_eq!((parts.set_cookies.len(), site.events()), (0, vec!["session_protected".to_owned()]));
    let is_fresh = site.visit(&mut browser, async |login| login.login_fresh().await.unwrap()).await;
    assert!(!is_fresh, "for the own client neither");
}

#[tokio::test]
async fn strong_protection_removes_the_login_even_with_a_5xx() {
    for status in [200, 500] {
        let site = Site::new(|builder| builder.session_protection(SessionProtection::Strong));
        let mut browser = Browser::default();
        site.log_in(&mut browser, "1", true).await;
        let mut elsewhere = Browser { agent: Some("Other"), ..browser.clone() };
        let (user, parts) = site.visit_with(&mut elsewhere, status, async |login| login.user().await.unwrap()).await;
        assert!(user.is_none() && site.store.is_empty(), "{status}");
        assert_eq!((deletions(&parts.set_cookies), parts.failure), (2, None));
        assert_eq!(site.who(&mut browser).await, None);
    }
}

#[tokio::test]
async fn protection_writes_nothing_for_another_sites_page() {
    for protection in [SessionProtection::Basic, SessionProtection::Strong] {
        let site = Site::new(|builder| builder.session_protection(protection));
        let mut browser = Browser::default();
        site.log_in(&mut browser, "1", true).await;
        let records = site.store.records();
        let mut foreign = Browser { agent: Some("Other"), is_foreign: true, ..browser.clone() };
        site.advance(100);
        let (is_fresh, parts) = site
            .visit_with(&mut foreign, 200, async |login| {
                login.user().await.unwrap();
                login.login_fresh().await.unwrap()
            })
            .await;
        assert!(!is_fresh && parts.set_cookies.is_empty());
        assert_eq!(site.store.records(), records, "{protection:?}");
        assert!(site.visit(&mut browser, async |login| login.login_fresh().await.unwrap()).await);
    }
}

#[tokio::test]
async fn another_sites_page_restores_for_its_request_only() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    browser.close();
    let records = site.store.records();
    let mut foreign = Browser { is_foreign: true, ..browser.clone() };
    assert_eq!(site.who(&mut foreign).await.as_deref(), Some("1"));
    assert_eq!((site.store.records(), &foreign.cookies), (records, &browser.cookies));
}

#[tokio::test]
async fn a_new_auth_hash_ends_the_login() {
    for closes in [false, true] {
        for status in [200, 500] {
            let (site, mut browser) = (site(), Browser::default());
            site.log_in(&mut browser, "1", true).await;
            if closes {
                browser.close();
            }
            site.users.lock().unwrap().insert("1".into(), Account { hash: Some("new".into()), ..account("1") });
            site.events();
            let (user, parts) = site.visit_with(&mut browser, status, async |login| login.user().await.unwrap()).await;
            assert!(user.is_none() && site.store.is_empty(), "{closes} {status}");
            assert_eq!(site.events(), ["login_revoked"]);
            assert_eq!((deletions(&parts.set_cookies), browser.cookies.len()), (2 - usize::from(closes), 0));
        }
    }
}

#[tokio::test]
async fn a_user_who_is_deactivated_or_deleted_keeps_the_record() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.users.lock().unwrap().insert("1".into(), Account { is_active: false, ..account("1") });
    let seen = site.visit(&mut browser, async |login| {
        (login.user().await.unwrap().is_some(), login.user_including_inactive().await.unwrap().is_some())
    });
    assert_eq!(seen.await, (false, true));
    site.users.lock().unwrap().remove("1");
    assert_eq!((site.who(&mut browser).await, site.store.len()), (None, 1));
    site.users.lock().unwrap().insert("1".into(), account("1"));
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn an_idle_session_ends_and_a_remembered_login_is_restored() {
    for remembers in [false, true] {
        let site = Site::new(|builder| builder.idle_timeout(Duration::from_secs(600)));
        let mut browser = Browser::default();
        site.log_in(&mut browser, "1", remembers).await;
        site.advance(600);
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
        site.advance(601);
        let before = browser.cookies.clone();
        assert_eq!(site.who(&mut browser).await.is_some(), remembers);
        assert_eq!((before == browser.cookies, site.store.len()), (!remembers, 1), "an idle cookie is not deleted");
    }
}

#[tokio::test]
async fn a_login_ends_at_its_lifetime_however_it_is_used() {
    let lifetime = Duration::from_secs(7200);
    let site = Site::new(|builder| builder.login_lifetime(lifetime).refresh_remember_cookie_each_request());
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    for seconds in [1800, 1800, 1800, 1799] {
        site.advance(seconds);
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    }
    browser.close();
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    site.advance(2);
    assert_eq!(site.who(&mut browser).await, None);
    site.log_in(&mut Browser::default(), "2", false).await;
    assert_eq!(site.store.len(), 1, "a login removes what has ended");
}

#[tokio::test]
async fn data_ends_with_the_login_unless_it_is_kept() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let large = "x".repeat(100_000);
    site.visit(&mut browser, async |login| {
        login.insert("cart", &1).unwrap();
        login.insert("secret", &2).unwrap();
        login.insert("large", &large).unwrap();
    })
    .await;
    let kept = site.visit(&mut browser, async |login| login.get::<String>("large").unwrap()).await;
    assert_eq!(kept.as_ref(), Some(&large), "it is not in the cookie");
    site.visit(&mut browser, async |login| {
        login.flash("bye").unwrap();
        login.log_out().keep(["cart", "large"]).await.unwrap();
    })
    .await;
    assert_eq!((site.store.len(), browser.cookies.len()), (0, 1));
    let left = site.visit(&mut browser, async |login| (login.keys(), login.take_flashes().unwrap().len())).await;
    assert_eq!(left, (vec!["cart".to_owned()], 1), "as far as it fits");
}

#[tokio::test]
async fn a_session_has_a_largest_size() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let error = site.visit(&mut browser, async |login| login.insert("large", &"x".repeat(1 << 20))).await;
    assert!(matches!(error, Err(LoginError::SessionTooLarge { .. })), "{error:?}");
    let user = account(&"x".repeat(1025));
    let error = site.visit(&mut browser, async |login| login.log_in(user).await).await;
    assert!(matches!(error, Err(LoginError::IdTooLong)), "{error:?}");
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_login_over_a_remember_cookie_goes_on_with_its_data() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.visit(&mut browser, async |login| login.insert("cart", &1).unwrap()).await;
    browser.close();
    let before = browser.clone();
    let user = account("1");
    site.visit(&mut browser, async |login| login.log_in(user).await.unwrap()).await;
    let cart = site.visit(&mut browser, async |login| login.get::<u32>("cart").unwrap()).await;
    assert_eq!((cart, site.store.len()), (Some(1), 1));
    assert_ne!(before.cookies[REMEMBER], browser.cookies[REMEMBER]);

    let mut other = before.clone();
    site.log_in(&mut other, "2", false).await;
    assert_eq!((other.cookies.len(), site.store.len()), (1, 2));
    let cart = site.visit(&mut other, async |login| login.get::<u32>("cart").unwrap()).await;
    assert_eq!(cart, None, "that is another user's");
}

#[tokio::test]
async fn theft_can_end_all_logins_of_the_user() {
    let site = Site::new(|builder| builder.end_all_on_theft());
    let [mut browser, mut elsewhere, mut other] = [(); 3].map(|()| Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.log_in(&mut elsewhere, "1", false).await;
    site.log_in(&mut other, "2", false).await;
    browser.close();
    let mut thief = browser.clone();
    site.who(&mut thief).await;
    site.who(&mut thief).await;
    site.advance(61);
    assert_eq!((site.who(&mut browser).await, browser.cookies.len()), (None, 0));
    assert_eq!((site.who(&mut elsewhere).await, site.who(&mut other).await.as_deref()), (None, Some("2")));
}

#[tokio::test]
async fn a_login_of_an_older_key_is_renewed_by_the_current_one() {
    let key = |text: &str| login_core::SecretKey::from_text(text).unwrap();
    let user = || Account { hash: Some("hash".into()), ..account("1") };
    let new = "another key, which is as long as 32 bytes";
    let first = Site::new(|builder| builder.session_protection(SessionProtection::Strong));
    first.users.lock().unwrap().insert("1".into(), user());
    let mut browser = Browser { agent: Some("One"), ..Browser::default() };
    first.visit(&mut browser, async |login| login.log_in(user()).await.unwrap()).await;
    let before = browser.cookies[SESSION].clone();
    let site_with = |current: &str, fallback: Option<&str>| {
        let builder = login_core::LoginManager::builder(key(current), first.clock.clone(), common::site::counting());
        let builder = builder.session_store(first.store.clone()).session_protection(SessionProtection::Strong);
        let builder = fallback.into_iter().fold(builder, |builder, text| builder.fallback_key(key(text)));
        builder.build(move |_: String| async move { Ok::<_, std::io::Error>(Some(user())) }).unwrap()
    };
    let fresh = async |manager: &common::Manager, browser: &mut Browser| {
        let request_login = manager.begin();
        let login = request_login.access(|| browser.request());
        let is_fresh = login.login_fresh().await.unwrap();
        browser.receive(&request_login.finish_with_store(200).await);
        is_fresh
    };
    let both = site_with(new, Some(common::KEY));
    assert!(fresh(&both, &mut browser).await);
    assert_eq!(browser.cookies[SESSION], before, "reading writes nothing");
    first.advance(60);
    assert!(fresh(&both, &mut browser).await);
    assert_ne!(browser.cookies[SESSION], before, "when its use is noted");
    let version = first.store.records()[0].version;
    assert!(fresh(&both, &mut browser).await);
    assert_eq!(first.store.records()[0].version, version, "that is done once");
    assert!(fresh(&site_with(new, None), &mut browser).await, "client and auth hash are known under the new key");
}

#[tokio::test]
async fn without_an_idle_timeout_a_session_lasts_from_its_last_change() {
    for is_permanent in [false, true] {
        let site = Site::new(|builder| builder.session_lifetime(Duration::from_secs(600)));
        let mut browser = Browser::default();
        site.log_in(&mut browser, "1", false).await;
        site.visit(&mut browser, async |login| login.set_permanent(is_permanent).unwrap()).await;
        site.advance(500);
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
        site.advance(101);
        assert_eq!(
            site.who(&mut browser).await.is_some(),
            is_permanent,
            "use counts for a permanent one, as with cookies"
        );
        site.log_in(&mut browser, "1", false).await;
        site.advance(500);
        site.visit(&mut browser, async |login| login.insert("cart", &1).unwrap()).await;
        site.advance(600);
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn logins_of_cookies_are_not_taken_over() {
    let cookies = common::native(|builder| builder);
    let mut browser = Browser::default();
    let old = cookies.test_login(account("1")).remembered(Duration::from_secs(1000)).now().unwrap();
    browser.cookies.extend(old);
    assert_eq!(site().who(&mut browser).await, None);
    let site = site();
    site.visit(&mut browser, async |login| login.flash("log in once more").unwrap()).await;
    let flashes = site.visit(&mut browser, async |login| login.take_flashes().unwrap().len()).await;
    assert_eq!(flashes, 1);
}

#[tokio::test]
async fn a_session_that_is_not_loaded_cannot_be_used() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let request_login = site.manager.begin();
    let login = request_login.access(|| browser.request());
    assert!(matches!(login.get::<u32>("cart"), Err(LoginError::NotLoaded)));
    assert!(matches!(login.insert("cart", &1), Err(LoginError::NotLoaded)));
    assert!(matches!(login.log_in(account("1")).now(), Err(LoginError::NotLoaded)));
    let parts = request_login.finish(200);
    assert_eq!(parts.replacement(200).map(|answer| answer.status()), Some(500), "`finish` would lose the session");
}

#[tokio::test]
async fn a_login_that_was_ended_meanwhile_cannot_be_saved() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let saved = site.visit(&mut browser, async |login| {
        login.insert("cart", &1).unwrap();
        site.manager.end_sessions_of(&"1".to_owned()).await.unwrap();
        let saved = login.save().await;
        (saved, login.user().await.unwrap())
    });
    let (saved, user) = saved.await;
    assert!(matches!(saved, Err(LoginError::LoginEnded)) && user.is_none(), "{saved:?}");
}

#[tokio::test]
async fn a_login_over_a_remember_cookie_that_is_refused_changes_nothing() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let large = "x".repeat(999_500);
    site.visit(&mut browser, async |login| login.insert("large", &large).unwrap()).await;
    browser.close();
    site.visit(&mut browser, async |login| login.insert("cart", &"x".repeat(1000)).unwrap()).await;
    let before = (site.store.records(), browser.cookies.clone());
    let error = site.visit(&mut browser, async |login| login.log_in(account("1")).await).await;
    assert!(matches!(error, Err(LoginError::SessionTooLarge { .. })), "{error:?}");
    assert_eq!((site.store.records(), browser.cookies.clone()), before);
}

#[tokio::test]
async fn a_theft_deletes_the_session_cookie_too() {
    let site = Site::new(|builder| builder.idle_timeout(Duration::from_secs(300)));
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    let mut thief = browser.clone();
    thief.close();
    site.who(&mut thief).await;
    site.who(&mut thief).await;
    site.advance(301);
    assert_eq!(browser.cookies.len(), 2);
    assert_eq!((site.who(&mut browser).await, browser.cookies.len()), (None, 0));
    assert_eq!(site.events().last().map(String::as_str), Some("remember_token_reused"));
}

#[tokio::test]
async fn a_refreshed_remember_cookie_is_no_change_of_the_session() {
    let site =
        Site::new(|builder| builder.session_lifetime(Duration::from_secs(600)).refresh_remember_cookie_each_request());
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    for seconds in [500, 101] {
        site.advance(seconds);
        site.events();
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    }
    assert_eq!(site.events(), ["loaded_from_cookie"], "the session has ended");
}

async fn login_ended(site: &Site, browser: &mut Browser) -> bool {
    site.visit(browser, async |login| login.login_ended().await.unwrap()).await
}

#[tokio::test]
async fn a_login_that_was_ended_elsewhere_is_reported_once() {
    for remember in [false, true] {
        let (site, mut browser) = (site(), Browser::default());
        assert!(!login_ended(&site, &mut browser).await, "there was none");
        site.log_in(&mut browser, "1", remember).await;
        assert!(!login_ended(&site, &mut browser).await, "it is there");
        if remember {
            browser.close();
        }
        site.manager.end_sessions_of(&"1".to_owned()).await.unwrap();
        assert!(login_ended(&site, &mut browser).await, "remember: {remember}");
        assert!(!login_ended(&site, &mut browser).await, "the cookies are deleted");
    }
}

#[tokio::test]
async fn a_login_that_ends_in_this_request_is_reported_unless_the_handler_logs_out() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.users.lock().unwrap().get_mut("1").unwrap().hash = Some("new".to_owned());
    assert!(login_ended(&site, &mut browser).await, "the auth hash has changed");
    site.log_in(&mut browser, "1", true).await;
    let logged_out = async |login: login_core::Login<Account>| {
        login.log_out().await.unwrap();
        login.login_ended().await.unwrap()
    };
    assert!(!site.visit(&mut browser, logged_out).await);
    assert!(!login_ended(&site, &mut browser).await);
}

#[tokio::test]
async fn a_login_whose_time_is_over_was_not_ended() {
    let site = Site::new(|builder| builder.idle_timeout(Duration::from_secs(300)));
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    site.advance(301);
    assert!(!login_ended(&site, &mut browser).await);
}

#[tokio::test]
async fn a_login_whose_user_is_gone_was_not_ended() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.users.lock().unwrap().clear();
    assert!(!login_ended(&site, &mut browser).await);
}
