//! Logins that are kept on the server: made, used, confirmed, remembered, ended.

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

fn site() -> Site {
    Site::new(|builder| builder)
}

#[tokio::test]
async fn a_login_is_one_record_with_its_data() {
    let (site, mut browser) = (site(), Browser::default());
    assert_eq!(site.who(&mut browser).await, None);
    site.visit(&mut browser, async |login| login.insert("cart", &1).unwrap()).await;
    assert!(site.store.is_empty() && browser.cookies.contains_key(SESSION), "a visitor has no record");
    site.log_in(&mut browser, "1", false).await;
    assert_eq!(site.store.len(), 1);
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    let cart = site.visit(&mut browser, async |login| login.get::<u32>("cart").unwrap()).await;
    assert_eq!(cart, Some(1), "the visitor's data moved into the record");
}

#[tokio::test]
async fn a_logout_ends_every_copy_of_the_cookie() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let mut thief = browser.clone();
    let (_, parts) = site.visit_with(&mut browser, 200, async |login| login.log_out().await.unwrap()).await;
    assert_eq!(parts.set_cookies.len(), 2, "{:?}", parts.set_cookies);
    assert!(browser.cookies.is_empty() && site.store.is_empty());
    assert_eq!(site.who(&mut thief).await, None);
    assert!(thief.cookies.is_empty(), "cookies without a record are deleted");
}

#[tokio::test]
async fn a_new_login_takes_the_place_of_the_old_ones() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.visit(&mut browser, async |login| login.insert("cart", &1).unwrap()).await;
    let old = browser.clone();
    site.log_in(&mut browser, "1", true).await;
    assert_eq!(site.store.len(), 1);
    assert_ne!(old.cookies, browser.cookies);
    let cart = site.visit(&mut browser, async |login| login.get::<u32>("cart").unwrap()).await;
    assert_eq!(cart, Some(1), "the same user keeps the data");
    assert_eq!(site.who(&mut old.clone()).await, None);
    site.log_in(&mut browser, "2", false).await;
    let cart = site.visit(&mut browser, async |login| login.get::<u32>("cart").unwrap()).await;
    assert_eq!((cart, site.store.len()), (None, 1));
    assert!(!browser.cookies.contains_key(REMEMBER), "the remember cookie was another user's");
}

#[tokio::test]
async fn a_login_of_the_same_user_stays_remembered() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let user = account("1");
    site.visit(&mut browser, async |login| login.log_in(user).await.unwrap()).await;
    browser.close();
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    let user = account("1");
    site.visit(&mut browser, async |login| login.log_in(user).remember(false).await.unwrap()).await;
    assert!(!browser.cookies.contains_key(REMEMBER));
}

#[tokio::test]
async fn a_remember_cookie_restores_the_login_and_is_replaced() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.visit(&mut browser, async |login| login.insert("cart", &1).unwrap()).await;
    browser.close();
    let before = browser.clone();
    site.events();
    let (who, parts) = site
        .visit_with(&mut browser, 200, async |login| {
            let user = login.user().await.unwrap().map(|user| user.id.clone());
            assert!(!login.login_fresh().await.unwrap());
            (user, login.get::<u32>("cart").unwrap())
        })
        .await;
    assert_eq!(who, (Some("1".to_owned()), Some(1)), "the data of the login is there again");
    assert_eq!((parts.set_cookies.len(), site.events()), (2, vec!["loaded_from_cookie".to_owned()]));
    assert_ne!(before.cookies[REMEMBER], browser.cookies[REMEMBER]);
    assert_eq!((site.store.len(), site.who(&mut browser).await.as_deref()), (1, Some("1")));

    // Another tab, or a response that was lost: the old cookie leads to the same new one.
    let mut tab = before.clone();
    assert_eq!(site.who(&mut tab).await.as_deref(), Some("1"));
    assert_eq!(tab.cookies, browser.cookies);
}

#[tokio::test]
async fn a_remember_cookie_that_two_browsers_use_ends_the_login() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    browser.close();
    let mut thief = browser.clone();
    assert_eq!(site.who(&mut thief).await.as_deref(), Some("1"));
    assert_eq!(site.who(&mut thief).await.as_deref(), Some("1"));
    site.advance(60);
    assert_eq!(site.who(&mut browser.clone()).await.as_deref(), Some("1"), "it may be another tab");
    site.advance(1);
    site.events();
    assert_eq!(site.who(&mut browser).await, None);
    assert_eq!(site.events(), ["remember_token_reused"]);
    assert_eq!((site.who(&mut thief).await, site.store.len()), (None, 0));
}

#[tokio::test]
async fn a_thief_who_sends_only_the_session_cookie_is_found_too() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    browser.close();
    let mut thief = browser.clone();
    assert_eq!(site.who(&mut thief).await.as_deref(), Some("1"));
    thief.cookies.remove(REMEMBER);
    assert_eq!(site.who(&mut thief).await.as_deref(), Some("1"));
    site.advance(61);
    assert_eq!(site.who(&mut browser).await, None);
    assert_eq!(site.who(&mut thief).await, None);
}

#[tokio::test]
async fn confirming_replaces_the_session_secret() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let mut thief = browser.clone();
    let user = account("1");
    site.visit(&mut browser, async |login| login.confirm(&user).await.unwrap()).await;
    assert_ne!(browser.cookies, thief.cookies);
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    site.advance(60);
    let before = thief.clone();
    assert_eq!(site.who(&mut thief).await.as_deref(), Some("1"));
    assert_eq!(thief.cookies, browser.cookies, "a tab that was sent before gets the same cookie");
    site.advance(1);
    assert_eq!(site.who(&mut before.clone()).await, None);
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"), "that is no theft");
}

#[tokio::test]
async fn requests_that_overtake_each_other_lose_nothing() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let slow = site.manager.begin();
    let login = slow.access(|| browser.request());
    login.load().await.unwrap();
    login.insert("slow", &1).unwrap();
    login.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).unwrap();
    site.visit(&mut browser, async |login| {
        login.insert("fast", &2).unwrap();
        login.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).unwrap();
    })
    .await;
    let parts = slow.finish_with_store(200).await;
    assert!(parts.failure.is_none() && parts.set_cookies.is_empty());
    let found = site.visit(&mut browser, async |login| {
        (login.get::<u32>("slow").unwrap(), login.get::<u32>("fast").unwrap(), login.get::<u32>("visits").unwrap())
    });
    assert_eq!(found.await, (Some(1), Some(2), Some(2)));
}

#[tokio::test]
async fn a_logout_is_not_undone_by_a_request_that_was_sent_before() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let slow = site.manager.begin();
    let login = slow.access(|| browser.request());
    assert!(login.user().await.unwrap().is_some());
    login.insert("slow", &1).unwrap();
    site.visit(&mut browser, async |login| login.log_out().await.unwrap()).await;
    let parts = slow.finish_with_store(200).await;
    assert!(parts.set_cookies.is_empty() && site.store.is_empty(), "{:?}", parts.set_cookies);
}

#[tokio::test]
async fn reading_writes_nothing_but_now_and_then() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let version = |site: &Site| site.store.records()[0].version;
    let seen = |site: &Site| site.store.records()[0].seen;
    let before = (version(&site), seen(&site));
    site.advance(59);
    site.who(&mut browser).await;
    assert_eq!((version(&site), seen(&site)), before);
    site.advance(1);
    let (_, parts) = site.visit_with(&mut browser, 200, async |login| login.user().await.map(|_| ()).unwrap()).await;
    assert_eq!((version(&site), seen(&site)), (before.0, before.1 + 60_000));
    assert!(parts.set_cookies.is_empty());
}

#[tokio::test]
async fn a_failed_response_logs_no_one_in() {
    let (site, mut browser) = (site(), Browser::default());
    let user = account("1");
    let (_, parts) = site.visit_with(&mut browser, 500, async |login| login.log_in(user).await.unwrap()).await;
    assert!(parts.set_cookies.is_empty() && site.store.is_empty());
    let user = account("1");
    site.visit_with(&mut browser, 500, async |login| {
        login.log_in(user).await.unwrap();
        login.save().await.unwrap();
    })
    .await;
    assert!(site.store.is_empty(), "a login that was saved is removed");
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let site = site();
    let [mut one, mut two, mut other] = [(); 3].map(|()| Browser::default());
    one.agent = Some("One");
    site.log_in(&mut one, "1", true).await;
    site.log_in(&mut two, "1", false).await;
    site.log_in(&mut other, "2", false).await;
    let list = site.visit(&mut two, async |login| login.sessions().await.unwrap()).await;
    let shown: Vec<_> =
        list.iter().map(|each| (each.is_current, each.user_agent.as_deref(), each.is_remembered)).collect();
    assert_eq!(shown, [(false, Some("One"), true), (true, None, false)]);
    let others = site.visit(&mut other, async |login| login.sessions().await.unwrap()).await;
    let id = list[0].id;
    assert!(!site.visit(&mut other, async |login| login.end_session(id).await.unwrap()).await, "another user's");
    site.events();
    assert!(site.visit(&mut two, async |login| login.end_session(id).await.unwrap()).await);
    assert_eq!(site.events(), ["session_ended"]);
    assert!(!site.visit(&mut two, async |login| login.end_session(id).await.unwrap()).await);
    assert_eq!((site.who(&mut one).await, site.who(&mut two).await.as_deref()), (None, Some("1")));
    site.log_in(&mut one, "1", false).await;
    assert_eq!(site.visit(&mut one, async |login| login.end_other_sessions().await.unwrap()).await, 1);
    assert_eq!((site.who(&mut one).await.as_deref(), site.who(&mut two).await), (Some("1"), None));
    site.log_in(&mut two, "1", false).await;
    assert_eq!(site.visit(&mut one, async |login| login.end_all_sessions().await.unwrap()).await, 2);
    assert_eq!((site.who(&mut one).await, site.who(&mut two).await), (None, None));
    assert_eq!(site.manager.sessions_of(&"2".to_owned()).await.unwrap()[0].id, others[0].id);
    assert_eq!(site.manager.end_sessions_of(&"2".to_owned()).await.unwrap(), 1);
    assert_eq!(site.who(&mut other).await, None);
}

#[tokio::test]
async fn the_newest_sessions_stay_within_the_limit() {
    let site = Site::new(|builder| builder.max_sessions(2));
    let mut browsers = [(); 3].map(|()| Browser::default());
    for browser in &mut browsers {
        site.log_in(browser, "1", false).await;
    }
    let [one, two, three] = &mut browsers;
    assert_eq!(
        (site.who(one).await, site.who(two).await.as_deref(), site.who(three).await.as_deref()),
        (None, Some("1"), Some("1"))
    );
}

#[tokio::test]
async fn a_connection_asks_anew_who_is_logged_in() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let request_login = site.manager.begin();
    let login = request_login.access(|| browser.request());
    assert!(login.user().await.unwrap().is_some());
    request_login.finish_with_store(200).await;
    let who = async || login.recheck().await.unwrap().map(|user| user.id.clone());
    assert_eq!(who().await.as_deref(), Some("1"));
    site.users.lock().unwrap().insert("1".to_owned(), Account { is_active: false, ..account("1") });
    assert_eq!(who().await, None);
    site.users.lock().unwrap().insert("1".to_owned(), account("1"));
    assert_eq!(who().await.as_deref(), Some("1"));
    site.visit(&mut browser, async |login| login.log_out().await.unwrap()).await;
    assert_eq!(who().await, None);
}

#[tokio::test]
async fn logins_of_one_second_are_listed_in_their_order() {
    let site = site();
    let agents = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut browsers = agents.map(|agent| Browser { agent: Some(agent), ..Browser::default() });
    for browser in &mut browsers {
        site.log_in(browser, "1", false).await;
    }
    let listed = site.visit(&mut browsers[0], async |login| login.sessions().await.unwrap()).await;
    assert_eq!(listed.iter().map(|each| each.user_agent.as_deref().unwrap()).collect::<Vec<_>>(), agents);
}

#[tokio::test]
async fn of_two_requests_that_replace_the_secrets_one_sends_cookies() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let mut restored = browser.clone();
    restored.close();
    // Both have loaded the login before either writes.
    let (confirming, restoring) = (site.manager.begin(), site.manager.begin());
    let (confirm, restore) = (confirming.access(|| browser.request()), restoring.access(|| restored.request()));
    confirm.confirm(&account("1")).await.unwrap();
    assert!(restore.user().await.unwrap().is_some());
    let confirmed = confirming.finish_with_store(200).await;
    let restored_parts = restoring.finish_with_store(200).await;
    assert_eq!((confirmed.set_cookies.len(), restored_parts.set_cookies.len()), (1, 0));
    // The remember cookie was not replaced either, so a browser that got only one of the two
    // responses is no thief.
    browser.receive(&confirmed);
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    site.advance(100);
    site.events();
    assert_eq!(site.who(&mut restored).await.as_deref(), Some("1"));
    assert_eq!(site.events(), ["loaded_from_cookie"]);
}

#[tokio::test]
async fn a_logout_that_is_not_awaited_is_made_at_the_end() {
    let (site, mut browser) = (site(), Browser::default());
    for status in [200, 500] {
        site.log_in(&mut browser, "1", true).await;
        let request_login = site.manager.begin();
        let login = request_login.access(|| browser.request());
        login.log_out().now().unwrap();
        assert_eq!((site.store.len(), login.user().await.unwrap().is_none()), (1, true));
        login.insert("note", &1).unwrap();
        let parts = request_login.finish_with_store(status).await;
        assert!(site.store.is_empty() && parts.failure.is_none(), "{status}");
        browser.receive(&parts);
        assert_eq!(browser.cookies.len(), usize::from(status == 200), "a visitor's session");
    }
}

#[tokio::test]
async fn a_login_and_a_logout_in_one_request_leave_nothing() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.visit(&mut browser, async |login| {
        login.log_in(account("2")).remember(true).await.unwrap();
        login.save().await.unwrap();
        assert_eq!(login.sessions().await.unwrap().len(), 1);
        login.log_out().await.unwrap();
    })
    .await;
    assert!(site.store.is_empty() && browser.cookies.is_empty(), "{:?}", browser.cookies);
    site.log_in(&mut browser, "1", true).await;
    site.visit(&mut browser, async |login| {
        login.log_out().await.unwrap();
        login.log_in(account("2")).remember(true).await.unwrap();
    })
    .await;
    assert_eq!((site.who(&mut browser).await.as_deref(), site.store.len()), (Some("2"), 1));
    assert!(browser.cookies.contains_key(REMEMBER));
}

#[tokio::test]
async fn what_was_saved_is_not_lost_and_not_written_twice() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", false).await;
    let add = |login: &login_core::Login<Account>| {
        login.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).unwrap();
    };
    site.visit_with(&mut browser, 500, async |login| {
        add(&login);
        login.save().await.unwrap();
        add(&login);
    })
    .await;
    let visits =
        async |browser: &mut Browser| site.visit(browser, async |login| login.get::<u32>("visits").unwrap()).await;
    assert_eq!(visits(&mut browser).await, Some(1), "the second change was that of a failed response");
    site.visit(&mut browser, async |login| {
        add(&login);
        login.save().await.unwrap();
        add(&login);
        login.save().await.unwrap();
        add(&login);
    })
    .await;
    assert_eq!(visits(&mut browser).await, Some(4));
}

#[tokio::test]
async fn a_login_of_this_request_is_asked_for_anew_before_it_is_saved() {
    let (site, browser) = (site(), Browser::default());
    let request_login = site.manager.begin();
    let login = request_login.access(|| browser.request());
    login.log_in(account("1")).await.unwrap();
    let who = async || login.recheck().await.unwrap().map(|user| user.id.clone());
    assert_eq!(who().await.as_deref(), Some("1"));
    site.users.lock().unwrap().remove("1");
    assert_eq!(who().await, None, "the loader is asked");
    site.users.lock().unwrap().insert("1".to_owned(), account("1"));
    request_login.finish_with_store(200).await;
    assert_eq!(who().await.as_deref(), Some("1"));
    site.manager.end_sessions_of(&"1".to_owned()).await.unwrap();
    assert_eq!(who().await, None, "and so is the store, once the login is in it");
}

#[tokio::test]
async fn a_restoration_that_another_request_was_faster_with_brings_nothing_back() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    browser.close();
    site.visit(&mut browser, async |login| login.insert("cart", &1).unwrap()).await;
    // Both restore the login, and both bring the visitor's data. One of them logs in anew.
    let slow = site.manager.begin();
    let login = slow.access(|| browser.request());
    assert!(login.user().await.unwrap().is_some());
    login.log_in(account("1")).await.unwrap();
    let mut fast = browser.clone();
    site.visit(&mut fast, async |login| {
        assert!(login.user().await.unwrap().is_some());
        assert!(login.remove("cart").unwrap());
    })
    .await;
    browser.receive(&slow.finish_with_store(200).await);
    let cart = site.visit(&mut browser, async |login| login.get::<u32>("cart").unwrap()).await;
    assert_eq!((cart, site.store.len()), (None, 1), "it was removed");
}

#[tokio::test]
async fn a_login_is_not_remembered_because_another_user_was() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    site.visit(&mut browser, async |login| login.log_in(account("2")).await.unwrap()).await;
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("2"));
    assert!(!browser.cookies.contains_key(REMEMBER), "it was not asked for");
}

#[tokio::test]
async fn a_login_is_not_remembered_because_of_a_secret_that_was_replaced() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    browser.close();
    let mut old = browser.clone();
    for _ in 0..2 {
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
        browser.close();
    }
    site.visit(&mut old, async |login| login.log_in(account("1")).await.unwrap()).await;
    assert!(!old.cookies.contains_key(REMEMBER), "its cookie could not restore the login either");
}

#[tokio::test]
async fn a_connection_notices_that_time_has_ended_the_login() {
    let site = Site::new(|builder| builder.idle_timeout(Duration::from_secs(300)));
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    let request_login = site.manager.begin();
    let login = request_login.access(|| browser.request());
    assert!(login.user().await.unwrap().is_some());
    request_login.finish_with_store(200).await;
    site.advance(300);
    assert!(login.recheck().await.unwrap().is_some());
    site.advance(1);
    assert!(login.recheck().await.unwrap().is_none(), "it was not used");
}

#[tokio::test]
async fn a_login_made_over_an_idle_one_is_asked_for_anew_before_it_is_saved() {
    let site = Site::new(|builder| builder.idle_timeout(Duration::from_secs(300)));
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    site.advance(301);
    site.visit(&mut browser, async |login| {
        login.log_in(account("1")).await.unwrap();
        assert!(login.recheck().await.unwrap().is_some(), "it was made just now");
    })
    .await;
}

#[tokio::test]
async fn a_login_over_a_cookie_that_has_restored_before_brings_nothing_back() {
    for looks in [false, true] {
        let (site, mut browser) = (site(), Browser::default());
        site.log_in(&mut browser, "1", true).await;
        browser.close();
        site.visit(&mut browser, async |login| login.insert("cart", &1).unwrap()).await;
        let mut slow = browser.clone();
        site.visit(&mut browser, async |login| {
            assert!(login.user().await.unwrap().is_some());
            assert!(login.remove("cart").unwrap());
        })
        .await;
        site.visit(&mut slow, async |login| {
            if looks {
                login.user().await.unwrap();
            }
            login.log_in(account("1")).await.unwrap();
        })
        .await;
        let cart = site.visit(&mut slow, async |login| login.get::<u32>("cart").unwrap()).await;
        assert_eq!(cart, None, "it was removed, looks: {looks}");
    }
}

#[tokio::test]
async fn a_remember_cookie_that_an_older_response_has_set_is_replaced_again() {
    let (site, mut browser) = (site(), Browser::default());
    site.log_in(&mut browser, "1", true).await;
    let (older, older_cookies) = (browser.cookies[REMEMBER].clone(), browser.cookies.clone());
    browser.close();
    assert!(site.who(&mut browser).await.is_some());
    let current = browser.cookies.insert(REMEMBER.to_owned(), older.clone()).unwrap();
    for (agent, is_foreign) in [(Some("Other"), false), (None, true)] {
        let mut other = Browser { agent, is_foreign, ..browser.clone() };
        let (_, parts) = site.visit_with(&mut other, 200, async |login| login.user().await.map(|_| ()).unwrap()).await;
        assert!(parts.set_cookies.is_empty(), "another client, or another site's page: {parts:?}");
    }
    assert!(site.who(&mut browser).await.is_some());
    assert_eq!(browser.cookies[REMEMBER], current);
    let newer = browser.cookies.clone();
    browser.cookies = older_cookies;
    assert!(site.who(&mut browser).await.is_some());
    assert_eq!(browser.cookies, newer, "both were older");
    site.advance(61);
    browser.close();
    assert!(site.who(&mut browser).await.is_some(), "it is no theft");
    // What is older than that is not derived.
    browser.cookies.insert(REMEMBER.to_owned(), older);
    let (_, parts) = site.visit_with(&mut browser, 200, async |login| login.user().await.map(|_| ()).unwrap()).await;
    assert!(parts.set_cookies.is_empty(), "{parts:?}");
}
