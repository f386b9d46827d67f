//! What an application does with sessions that are kept in a store.

use super::site::{Browser, OPEN, REFUSING, SESSION, Site};
use super::store::WatchedStore;

/// An application that keeps its sessions in a store.
pub(crate) async fn kept<S: Site>() -> (S, WatchedStore) {
    let store = WatchedStore::default();
    (S::start(Some(store.clone())).await, store)
}

pub(crate) async fn an_application_is_the_same_with_cookies_and_with_a_store<S: Site>() {
    let (with_store, store) = kept::<S>().await;
    let with_cookies = S::start(None).await;
    let steps = [
        ("GET", "/current", 401, ""),
        ("GET", "/maybe", 200, "none"),
        ("POST", "/login?user=1", 303, ""),
        ("GET", "/current", 200, "1"),
        ("POST", "/put?value=red", 200, "put"),
        ("GET", "/data", 200, "red"),
        ("POST", "/put-error?value=blue", 409, "conflict"),
        ("GET", "/data", 200, "blue"),
        ("POST", "/put-redirect?value=green", 303, ""),
        ("POST", "/put-stream?value=black", 200, "put-put-"),
        ("POST", "/confirm", 200, "confirmed"),
        ("GET", "/data", 200, "black"),
        ("POST", "/login?user=2", 303, ""),
        ("GET", "/current", 200, "2"),
        ("GET", "/data", 200, "none"),
        ("POST", "/logout", 200, "bye"),
        ("GET", "/current", 401, ""),
        ("GET", "/handle", 200, "none"),
    ];
    for site in [&with_cookies, &with_store] {
        let (mut browser, mut before_logout) = (Browser::default(), Browser::default());
        for (method, path, status, body) in steps {
            if path == "/logout" {
                before_logout = browser.clone();
            }
            let answer = browser.send(site, browser.request(method, path)).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            assert!(status == 303 || status == 401 || answer.body == body, "{path}: {answer:?}");
        }
        assert!(browser.0.is_empty(), "{:?}", browser.0);
        let copied = before_logout.who(site).await;
        assert_eq!(copied, if std::ptr::eq(site, &with_store) { "none" } else { "2" }, "a copy of the cookies");
    }
    assert!(store.records.is_empty());
}

pub(crate) async fn every_extractor_and_guard_finds_the_login<S: Site>() {
    let (site, _) = kept::<S>().await;
    let (mut browser, mut visitor) = (Browser::logged_in(&site, "1").await, Browser::default());
    for page in REFUSING.into_iter().chain(OPEN).chain(["/optional", "/all"]) {
        let answer = browser.get(&site, page).await;
        assert_eq!((answer.status, &*answer.body), (200, "1"), "{page}");
    }
    for page in OPEN.into_iter().chain(["/optional"]) {
        let answer = visitor.get(&site, page).await;
        assert_eq!((answer.status, &*answer.body), (200, "none"), "{page}");
    }
    for page in REFUSING.into_iter().chain(["/all"]) {
        assert_eq!(visitor.get(&site, page).await.status, 401, "{page}");
    }
    let mut remembered = browser.closed();
    assert_eq!(remembered.get(&site, "/fresh").await.status, 401, "a remembered login is not fresh");
    assert_eq!(remembered.get(&site, "/current").await.body, "1");
}

pub(crate) async fn a_request_that_looks_at_nothing_asks_the_store_for_nothing<S: Site>() {
    let (site, store) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    store.calls();
    let answer = browser.get(&site, "/plain").await;
    assert_eq!((answer.status, &*answer.body), (200, "plain"));
    assert!(answer.values("vary").is_empty() && answer.values("set-cookie").is_empty(), "{answer:?}");
    assert!(store.calls().is_empty());
    let mut forged = Browser::default();
    forged.0.insert(SESSION.to_owned(), format!("{}A", browser.0[SESSION]));
    for (mut visitor, page) in [(Browser::default(), "/handle"), (forged.clone(), "/handle"), (forged, "/guarded")] {
        visitor.get(&site, page).await;
        assert!(store.calls().is_empty(), "{page}: no cookie can be of a record");
    }
}

pub(crate) async fn a_request_that_reads_asks_the_store_once<S: Site>() {
    let (site, store) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    store.calls();
    for page in REFUSING.into_iter().chain(OPEN).chain(["/optional", "/all", "/data"]) {
        let answer = browser.get(&site, page).await;
        assert_eq!(store.calls(), ["find"], "{page}");
        assert!(answer.values("set-cookie").is_empty(), "{page}");
    }
    browser.post(&site, "/put?value=red").await;
    assert_eq!(store.calls(), ["find", "update"]);
}

pub(crate) async fn sessions_are_listed_and_ended<S: Site>() {
    let (site, _) = kept::<S>().await;
    let one = Browser::logged_in(&site, "1").await;
    let (two, three) = (Browser::logged_in(&site, "1").await, Browser::logged_in(&site, "1").await);
    let mut other = Browser::logged_in(&site, "2").await;
    let sessions = one.sessions(&site).await;
    let shown: Vec<&str> = sessions.iter().map(|(_, rest)| &**rest).collect();
    assert_eq!(shown, ["this remembered", "other remembered", "other remembered"]);
    let end = format!("/end?id={}", sessions[1].0);
    assert_eq!(other.post(&site, &end).await.body, "false", "another user's session is not found");
    assert_eq!(one.clone().post(&site, &end).await.body, "true");
    assert_eq!(one.clone().post(&site, &end).await.body, "false");
    assert_eq!((two.who(&site).await, three.who(&site).await), ("none".to_owned(), "1".to_owned()));
    assert_eq!(one.clone().post(&site, "/end-others").await.body, "1");
    assert_eq!((one.who(&site).await, three.who(&site).await), ("1".to_owned(), "none".to_owned()));
    let four = Browser::logged_in(&site, "1").await;
    let mut browser = one.clone();
    assert_eq!(browser.post(&site, "/end-all").await.body, "2");
    assert!(browser.0.is_empty(), "it is a logout here too");
    assert_eq!((one.who(&site).await, four.who(&site).await), ("none".to_owned(), "none".to_owned()));
    assert_eq!(other.who(&site).await, "2");
    assert_eq!(browser.post(&site, "/end-others").await.status, 401);
}

pub(crate) async fn a_saved_change_is_in_the_store_before_the_response<S: Site>() {
    let (site, _) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    assert_eq!(browser.post(&site, "/visit").await.body, "1");
    assert_eq!(browser.post(&site, "/visit-and-fail").await.status, 500);
    assert_eq!(browser.post(&site, "/visit").await.body, "3", "a failed response does not undo what was saved");
}

pub(crate) async fn a_connection_asks_anew_who_is_logged_in<S: Site>() {
    let (site, store) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    browser.get(&site, "/connect").await;
    let connection = site.connection();
    let who = async || connection.recheck().await.unwrap().map(|user| user.0.clone());
    assert_eq!(who().await.as_deref(), Some("1"));
    store.fail(&["find"]);
    assert!(connection.recheck().await.is_err());
    store.fail(&[]);
    assert_eq!(who().await.as_deref(), Some("1"));
    browser.post(&site, "/logout").await;
    assert_eq!(who().await, None);
}

pub(crate) async fn an_administrator_ends_the_sessions_of_a_user<S: Site>() {
    let (site, _) = kept::<S>().await;
    let (one, two) = (Browser::logged_in(&site, "1").await, Browser::logged_in(&site, "1").await);
    let other = Browser::logged_in(&site, "2").await;
    assert_eq!(site.end_sessions_of("1").await, (2, 0));
    assert_eq!((one.who(&site).await, two.who(&site).await), ("none".to_owned(), "none".to_owned()));
    assert_eq!(other.who(&site).await, "2");
}
