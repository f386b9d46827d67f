//! A store that fails, and a response that fails.

use super::handlers::times_shown;
use super::site::{Answer, Browser, OPEN, PUTS, REFUSING, REMEMBER, SESSION, Site};
use super::store::{CAUSE, READS, WRITES};
use super::using::kept;

/// The response says that the server failed, and nothing else: not why, no cookie, and nothing of
/// what a handler answered.
fn assert_failed(page: &str, answer: &Answer) {
    assert_eq!(answer.status, 500, "{page}: {answer:?}");
    assert!(answer.values("set-cookie").is_empty(), "{page}: {answer:?}");
    assert!(answer.values("location").is_empty(), "{page}: {answer:?}");
    let is_empty_handed = !["put", "conflict", "none", CAUSE].iter().any(|text| answer.body.contains(text));
    assert!(is_empty_handed && answer.body != "1", "{page}: {answer:?}");
}

pub(crate) async fn a_store_that_cannot_be_read_is_a_5xx_for_every_extractor_and_guard<S: Site>() {
    let (site, store) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    let mut remembered = browser.clone().closed();
    store.fail(READS);
    let before = times_shown();
    for page in REFUSING.into_iter().chain(OPEN).chain(["/all", "/data"]) {
        assert_failed(page, &browser.get(&site, page).await);
        assert_failed(page, &remembered.get(&site, page).await);
    }
    assert_eq!(times_shown(), before, "no handler ran");
    // With `Option`, actix-web and Rocket call the handler nevertheless.
    assert_failed("/optional", &browser.get(&site, "/optional").await);
    let visitor = Browser::default().get(&site, "/maybe").await;
    assert_eq!((visitor.status, &*visitor.body), (200, "none"), "a visitor needs no store");
    store.fail(&["of_user"]);
    assert_failed("/sessions", &browser.get(&site, "/sessions").await);
    store.fail(&[]);
    assert_eq!((browser.who(&site).await, remembered.who(&site).await), ("1".to_owned(), "1".to_owned()));
}

pub(crate) async fn a_store_that_cannot_be_read_is_answered_in_the_clients_own_kind<S: Site>() {
    let (site, store) = kept::<S>().await;
    let browser = Browser::logged_in(&site, "1").await;
    let json = |method, page: &str| browser.request(method, page).with("accept", "application/json");
    let reading = ["/current", "/maybe", "/handle", "/guarded", "/all"].map(|page| (READS, "GET", page));
    for (fails, method, page) in reading.into_iter().chain([(WRITES, "POST", "/put?value=red")]) {
        store.fail(fails);
        let answer = site.answer(json(method, page)).await;
        assert_failed(page, &answer);
        assert_eq!(answer.values("content-type"), ["application/problem+json"], "{page}");
    }
    store.fail(READS);
    for page in ["/grpc/current", "/grpc/handle"] {
        let call = browser.request("POST", page).with("content-type", "application/grpc");
        let answer = site.answer(call).await;
        assert_eq!((answer.status, answer.values("grpc-status")), (200, vec!["13"]), "{page}");
        assert!(answer.values("set-cookie").is_empty() && answer.body.is_empty(), "{page}: {answer:?}");
    }
}

pub(crate) async fn a_store_that_cannot_be_read_logs_no_one_in<S: Site>() {
    let (site, store) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    store.fail(READS);
    assert_failed("/login", &browser.post(&site, "/login?user=2").await);
    assert_eq!(store.records.len(), 1);
    store.fail(&[]);
    assert_eq!(browser.who(&site).await, "1");
}

pub(crate) async fn a_store_that_cannot_be_written_replaces_every_response<S: Site>() {
    let (site, store) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    store.fail(WRITES);
    for page in PUTS {
        assert_failed(page, &browser.post(&site, &format!("{page}?value=red")).await);
    }
    assert_failed("/confirm", &browser.post(&site, "/confirm").await);
    assert_failed("/visit", &browser.post(&site, "/visit").await);
    assert_failed("/end-others", &browser.post(&site, "/end-others").await);
    for fails in [&["insert"][..], &["remove_version"]] {
        store.fail(fails);
        assert_failed("/login", &browser.post(&site, "/login?user=1").await);
        assert_eq!(store.records.len(), 1, "the new login is not left behind");
    }
    store.fail(&[]);
    assert_eq!((browser.who(&site).await, browser.data(&site).await), ("1".to_owned(), "none".to_owned()));
    store.fail(&["remove_ended", "touch"]);
    assert_eq!(browser.post(&site, "/login?user=1").await.status, 303, "cleaning up may fail");
    assert_eq!(browser.who(&site).await, "1");
}

pub(crate) async fn a_logout_that_cannot_be_written_deletes_both_cookies<S: Site>() {
    let (site, store) = kept::<S>().await;
    for page in ["/logout", "/logout-and-fail", "/end-all"] {
        let mut browser = Browser::logged_in(&site, "1").await;
        store.fail(if page == "/end-all" { &["remove"] } else { WRITES });
        let answer = browser.post(&site, page).await;
        assert_eq!((answer.status, answer.deleted()), (500, vec![SESSION, REMEMBER]), "{page}");
        assert!(browser.0.is_empty() && !answer.body.contains("bye"), "{page}: {answer:?}");
        store.fail(&[]);
    }
    let mut browser = Browser::logged_in(&site, "1").await;
    let copy = browser.clone();
    store.fail(READS);
    let answer = browser.post(&site, "/logout").await;
    assert_eq!((answer.status, answer.deleted()), (500, vec![SESSION, REMEMBER]));
    store.fail(&[]);
    assert_eq!(copy.who(&site).await, "none", "a logout needs no read");
}

pub(crate) async fn a_failed_response_writes_nothing<S: Site>() {
    let (site, store) = kept::<S>().await;
    let mut browser = Browser::logged_in(&site, "1").await;
    browser.post(&site, "/put?value=red").await;
    store.calls();
    for page in ["/put-and-fail?value=blue", "/login-and-fail?user=2"] {
        let answer = browser.post(&site, page).await;
        assert_eq!((answer.status, answer.values("set-cookie").len()), (500, 0), "{page}");
        assert_eq!(store.calls(), ["find"], "{page}");
    }
    let answer = Browser::default().post(&site, "/login-and-fail?user=2").await;
    assert_eq!((answer.status, answer.values("set-cookie").len(), store.calls().len()), (500, 0, 0));
    assert_eq!((browser.who(&site).await, browser.data(&site).await), ("1".to_owned(), "red".to_owned()));
    let copy = browser.clone();
    let answer = browser.post(&site, "/logout-and-fail").await;
    assert_eq!((answer.status, answer.deleted()), (500, vec![SESSION, REMEMBER]), "a logout holds all the same");
    assert_eq!((copy.who(&site).await, store.records.len()), ("none".to_owned(), 0));
}
