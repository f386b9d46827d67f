//! A session store that fails: the response is a 5xx, never anonymous and never logged in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use common::account;
use common::site::{Browser, REMEMBER, SESSION, Site};
use common::store::{READS, WRITES, WatchedStore};
use login_core::LoginError;

const ALL: &[&str] =
    &["insert", "find", "update", "touch", "remove", "remove_version", "of_user", "remove_of_user", "remove_ended"];

fn site() -> (Site, WatchedStore) {
    let store = WatchedStore::default();
    (Site::on(store.clone(), store.records.clone(), |builder| builder), store)
}

#[tokio::test]
async fn a_request_asks_the_store_once_and_only_if_it_looks() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    assert_eq!(store.calls(), ["insert", "remove_ended"]);
    let request_login = site.manager.begin();
    request_login.finish_with_store(200).await;
    assert_eq!(store.calls(), [] as [&str; 0]);
    site.visit(&mut browser, async |login| {
        let (one, two) = (login.user(), login.user());
        assert!(one.await.unwrap().is_some() && two.await.unwrap().is_some());
        login.load().await.unwrap();
        login.get::<u32>("cart").unwrap();
        assert!(login.login_remembered().await.unwrap());
    })
    .await;
    assert_eq!(store.calls(), ["find"]);
    site.visit(&mut Browser::default(), async |login| login.user().await.map(|_| ()).unwrap()).await;
    assert_eq!(store.calls(), [] as [&str; 0], "a visitor has no record");
    let mut forged = browser.clone();
    forged.cookies.values_mut().for_each(|value| value.replace_range(..2, "BB"));
    assert_eq!(site.who(&mut forged).await, None);
    assert_eq!(store.calls(), [] as [&str; 0], "a forged cookie costs no read");
    browser.close();
    site.who(&mut browser).await;
    assert_eq!(store.calls(), ["find", "update"]);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_a_failure() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    let before = browser.clone();
    for closes in [false, true] {
        store.fail(READS);
        if closes {
            browser.close();
        }
        let (seen, parts) = site
            .visit_with(&mut browser, 200, async |login| {
                let user = login.user().await;
                let again = login.load().await;
                let data = login.get::<u32>("cart");
                let change = login.insert("cart", &1);
                let user_id = account("1");
                let log_in = login.log_in(user_id).await;
                [user.is_err(), again.is_err(), data.is_err(), change.is_err(), log_in.is_err()]
            })
            .await;
        assert_eq!(seen, [true; 5]);
        assert_eq!(parts.replacement(200).map(|answer| answer.status()), Some(500));
        assert!(parts.set_cookies.is_empty());
        assert_eq!(site.events().last().map(String::as_str), Some("load_failed"));
        store.fail(&[]);
        browser = before.clone();
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_a_failure_without_cookies() {
    let (site, store) = site();
    let mut browser = Browser::default();
    store.fail(WRITES);
    let user = account("1");
    let (_, parts) = site.visit_with(&mut browser, 200, async |login| login.log_in(user).await.unwrap()).await;
    assert_eq!(parts.replacement(200).map(|answer| answer.status()), Some(500));
    assert!(parts.set_cookies.is_empty());
    store.fail(&[]);
    site.log_in(&mut browser, "1", false).await;
    let before = browser.clone();
    store.fail(WRITES);
    let user = account("1");
    let (saved, parts) = site
        .visit_with(&mut browser, 200, async |login| {
            login.confirm(&user).await.unwrap();
            login.save().await
        })
        .await;
    assert!(matches!(saved, Err(LoginError::Load(_))), "{saved:?}");
    assert!(parts.failure.is_some() && parts.set_cookies.is_empty());
    store.fail(&[]);
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"));
    assert_eq!(before.cookies, browser.cookies);
}

#[tokio::test]
async fn a_new_login_that_cannot_end_the_old_one_is_undone() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    for (method, user) in [(&["remove"], "2"), (&["remove_version"], "1")] {
        store.fail(method);
        let user = account(user);
        let (_, parts) = site.visit_with(&mut browser, 200, async |login| login.log_in(user).await.unwrap()).await;
        assert!(parts.failure.is_some() && parts.set_cookies.is_empty(), "{method:?}");
        store.fail(&[]);
        assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"), "the old login stays");
    }
}

#[tokio::test]
async fn a_logout_holds_in_the_browser_even_if_the_store_fails() {
    for failing in [READS, WRITES] {
        let (site, store) = site();
        let mut browser = Browser::default();
        site.log_in(&mut browser, "1", true).await;
        store.fail(failing);
        let (logged_out, parts) = site.visit_with(&mut browser, 200, async |login| login.log_out().await).await;
        assert!(matches!(logged_out, Err(LoginError::Load(_))));
        assert_eq!(parts.replacement(200).map(|answer| answer.status()), Some(500));
        assert_eq!(parts.set_cookies.iter().filter(|line| line.contains("Max-Age=0")).count(), 2);
        // Without a read the record is removed all the same.
        assert_eq!(site.store.is_empty(), failing == READS, "{failing:?}");
    }
}

#[tokio::test]
async fn a_touch_that_fails_does_not_matter() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    site.advance(60);
    store.calls();
    store.fail(&["touch", "remove_ended"]);
    let (user, parts) = site.visit_with(&mut browser, 200, async |login| login.user().await.unwrap()).await;
    assert_eq!((store.calls(), user.is_some(), parts.failure), (vec!["find", "touch"], true, None));
    site.log_in(&mut browser, "1", false).await;
    assert_eq!(site.who(&mut browser).await.as_deref(), Some("1"), "nor does a cleanup");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_a_failure() {
    use login_store::SessionStore as _;

    let (site, _) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    let mut record = site.store.records().remove(0);
    record.body = b"{}".to_vec();
    assert_eq!(site.store.update(&record).await.unwrap(), login_store::Versioned::Done);
    let (user, parts) = site.visit_with(&mut browser, 200, async |login| login.user().await).await;
    assert!(user.is_err() && parts.failure.is_some());
    assert!(browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(REMEMBER));
}

#[tokio::test]
async fn lists_and_ends_fail_with_the_store() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    let id = site.store.records()[0].id;
    site.visit(&mut browser, async |login| {
        assert!(login.user().await.unwrap().is_some());
        store.fail(ALL);
        assert!(matches!(login.sessions().await, Err(LoginError::Load(_))));
        assert!(matches!(login.end_other_sessions().await, Err(LoginError::Load(_))));
        assert!(matches!(login.recheck().await, Err(LoginError::Load(_))));
        assert!(matches!(login.end_session(id).await, Err(LoginError::Load(_))));
    })
    .await;
    assert!(matches!(site.manager.sessions_of(&"1".to_owned()).await, Err(LoginError::Load(_))));
    assert!(matches!(site.manager.end_sessions_of(&"1".to_owned()).await, Err(LoginError::Load(_))));
}

#[tokio::test]
async fn a_save_that_no_one_waits_for_is_a_failure() {
    use login_core::adapter::{StoreCall, StoreStep};
    use login_store::SessionStore as _;

    let (site, _) = site();
    let mut browser = Browser::default();
    let user = account("1");
    let (_, parts) = site
        .visit_with(&mut browser, 200, async |login| {
            login.log_in(user).await.unwrap();
            // The store does what it is asked for, and the answer does not arrive.
            let StoreStep::Ask(StoreCall::Insert { record, .. }) = login.save_steps() else { panic!("no login") };
            site.store.insert(&record).await.unwrap();
            assert!(matches!(login.save().await, Err(LoginError::Load(_))), "nor is it saved twice at once");
        })
        .await;
    assert_eq!(parts.replacement(200).map(|answer| answer.status()), Some(500));
    assert!(parts.set_cookies.is_empty() && site.store.is_empty(), "the new login is removed");
}

#[tokio::test]
async fn a_save_of_a_change_that_no_one_waits_for_is_a_failure() {
    use login_core::adapter::StoreStep;

    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    store.calls();
    let (_, parts) = site
        .visit_with(&mut browser, 200, async |login| {
            login.insert("cart", &1).unwrap();
            assert!(matches!(login.save_steps(), StoreStep::Ask(_)), "the handler stops here");
        })
        .await;
    assert_eq!(parts.replacement(200).map(|answer| answer.status()), Some(500));
    assert_eq!(store.calls(), ["find"], "the change could be made twice");
}

#[tokio::test]
async fn a_save_is_no_reason_for_a_conflict() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    store.calls();
    site.visit(&mut browser, async |login| {
        login.insert("cart", &1).unwrap();
        login.save().await.unwrap();
        login.insert("cart", &2).unwrap();
    })
    .await;
    assert_eq!(store.calls(), ["find", "update", "update"]);
}

#[tokio::test]
async fn a_session_that_others_change_each_time_is_given_up() {
    use login_core::adapter::{StoreCall, StoreStep};
    use login_store::{SessionStore as _, Versioned};

    let (site, _) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", false).await;
    let request_login = site.manager.begin();
    let login = request_login.access(|| browser.request());
    login.load().await.unwrap();
    login.insert("cart", &1).unwrap();
    let mut step = request_login.finish_steps(200);
    let mut updates = 0;
    let parts = loop {
        step = match step {
            StoreStep::Ask(StoreCall::Update { token, .. }) => {
                updates += 1;
                assert!(updates < 1000, "it does not end");
                token.answer(Ok::<_, std::io::Error>(Versioned::Conflict))
            }
            StoreStep::Ask(StoreCall::Find { id, token }) => token.answer(site.store.find(id).await),
            StoreStep::Ask(call) => panic!("{call:?}"),
            StoreStep::Done(parts) => break parts,
        };
    };
    assert_eq!((updates, parts.replacement(200).map(|answer| answer.status())), (65, Some(503)));
    assert!(parts.set_cookies.is_empty());
}

#[tokio::test]
async fn a_theft_that_cannot_be_ended_is_a_failure() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    browser.close();
    let mut thief = browser.clone();
    for _ in 0..2 {
        site.who(&mut thief).await;
    }
    site.advance(61);
    store.fail(&["remove"]);
    let (user, parts) = site.visit_with(&mut browser, 200, async |login| login.user().await).await;
    assert!(user.is_err() && parts.failure.is_some(), "the thief is still logged in");
    store.fail(&[]);
    assert_eq!(site.who(&mut browser).await, None);
    assert!(site.store.is_empty());
}

#[tokio::test]
async fn a_write_that_fails_is_answered_in_the_clients_own_kind() {
    let (site, store) = site();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "1", true).await;
    browser.close();
    store.fail(&["update"]);
    let request = browser.request().with_header("accept", b"application/json");
    let request_login = site.manager.begin();
    let login = request_login.access(|| request);
    assert!(login.user().await.unwrap().is_some());
    let parts = request_login.finish_with_store(200).await;
    assert!(parts.failure.is_some_and(|answer| answer.is_json()));
}

#[tokio::test]
async fn an_insertion_whose_answer_is_lost_is_undone() {
    use login_core::adapter::{StoreCall, StoreStep};
    use login_store::SessionStore as _;

    let (site, _) = site();
    let request_login = site.manager.begin();
    let login = request_login.access(|| Browser::default().request());
    login.log_in(account("1")).await.unwrap();
    let StoreStep::Ask(StoreCall::Insert { record, token }) = request_login.finish_steps(200) else {
        panic!("no login")
    };
    site.store.insert(&record).await.unwrap();
    let mut step = token.answer(Err("the connection broke"));
    let parts = loop {
        step = match step {
            StoreStep::Ask(StoreCall::Find { id, token }) => token.answer(site.store.find(id).await),
            StoreStep::Ask(StoreCall::Remove { id, token }) => token.answer(site.store.remove(id).await),
            StoreStep::Ask(call) => panic!("{call:?}"),
            StoreStep::Done(parts) => break parts,
        }
    };
    assert!(parts.failure.is_some() && parts.set_cookies.is_empty() && site.store.is_empty());
}

#[tokio::test]
async fn a_saved_login_is_removed_if_a_later_write_fails() {
    for method in [&["update"], &["insert"]] {
        let (site, store) = site();
        site.visit_with(&mut Browser::default(), 200, async |login| {
            login.log_in(account("1")).await.unwrap();
            login.save().await.unwrap();
            store.fail(method);
            login.insert("cart", &1).unwrap();
            if *method == ["insert"] {
                login.log_in(account("1")).await.unwrap();
            }
        })
        .await;
        assert!(site.store.is_empty(), "no one has its cookie: {method:?}");
    }
}
