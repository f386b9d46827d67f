//! Clients that disconnect: the server stops to poll the request, at any point at which it waits
//! for the store.

use super::site::{Answer, Browser, Sent, Site, poll};
use super::store::WatchedStore;
use super::using::kept;

/// What is left after a client disconnected.
struct Left<S> {
    site: S,
    store: WatchedStore,
    /// The client, which was logged in as 1, with a colour that is red.
    browser: Browser,
    /// Another browser of the same user.
    other: Browser,
    /// The response, if it came before the client disconnected.
    answer: Option<Answer>,
}

/// Lets a client disconnect from a request after one poll, after two, and so on until there is a
/// response. Each time the application is a new one.
async fn disconnect<S: Site>(request: impl Fn(&Browser) -> Sent, check: impl AsyncFn(Left<S>)) {
    for polls in 1.. {
        let (site, store) = kept::<S>().await;
        let mut browser = Browser::logged_in(&site, "1").await;
        let other = Browser::logged_in(&site, "1").await;
        browser.post(&site, "/put?value=red").await;
        store.wait(true);
        let mut answering = site.answer(request(&browser));
        let answer = poll(&mut answering, polls);
        drop(answering);
        store.wait(false);
        let is_answered = answer.is_some();
        check(Left { site, store, browser, other, answer }).await;
        if is_answered {
            assert!(polls > 4, "it was interrupted at {} points only", polls - 1);
            return;
        }
    }
}

pub(crate) async fn a_client_that_disconnects_loses_no_acknowledged_change<S: Site>() {
    let put = |browser: &Browser| browser.request("POST", "/put?value=blue");
    disconnect(put, async |Left { site, browser, answer, .. }: Left<S>| {
        assert_eq!(browser.who(&site).await, "1");
        let data = browser.data(&site).await;
        assert!(data == "blue" || (data == "red" && answer.is_none()), "{data}");
    })
    .await;
}

pub(crate) async fn a_client_that_disconnects_during_a_login_leaves_nothing_half_written<S: Site>() {
    for user in ["1", "2"] {
        let path = format!("/login?user={user}");
        let log_in = |browser: &Browser| browser.request("POST", &path);
        disconnect(log_in, async |Left { site, store, browser, answer, .. }: Left<S>| {
            // The old login is there with all of its data, or it has ended.
            let (who, data) = (browser.who(&site).await, browser.data(&site).await);
            assert!((&*who, &*data) == ("1", "red") || (&*who, &*data) == ("none", "none"), "{who} {data}");
            // The new one counts only with the cookies of the response.
            if let Some(answer) = answer {
                let mut new = browser.clone();
                new.receive(&answer);
                let expected = if user == "1" { "red" } else { "none" };
                assert_eq!((&*new.who(&site).await, &*new.data(&site).await), (user, expected));
                assert_eq!((&*who, store.records.len()), ("none", 2));
            }
            let mut again = browser;
            assert_eq!(again.post(&site, &path).await.status, 303);
            assert_eq!(again.who(&site).await, user);
        })
        .await;
    }
}

pub(crate) async fn a_client_that_disconnects_during_a_logout_is_logged_in_or_out<S: Site>() {
    for (page, left) in [("/logout", 1), ("/end-all", 0)] {
        let log_out = |browser: &Browser| browser.request("POST", page);
        disconnect(log_out, async |Left { site, store, browser, answer, .. }: Left<S>| {
            match &*browser.who(&site).await {
                "1" => assert!(answer.is_none() && browser.data(&site).await == "red"),
                _ => assert_eq!(store.records.len(), left, "{page}"),
            }
        })
        .await;
    }
}

pub(crate) async fn a_logout_is_not_undone_by_a_request_that_was_sent_before<S: Site>() {
    for (method, page) in [("POST", "/put?value=blue"), ("POST", "/visit"), ("POST", "/confirm"), ("GET", "/maybe")] {
        for (polls, is_dropped) in (1..).flat_map(|polls| [(polls, true), (polls, false)]) {
            let (site, store) = kept::<S>().await;
            let browser = Browser::logged_in(&site, "1").await;
            // Without the session cookie, the remember cookie restores the login.
            let mut sender = if page == "/maybe" { browser.clone().closed() } else { browser.clone() };
            store.wait(true);
            let mut answering = site.answer(sender.request(method, page));
            let is_answered = poll(&mut answering, polls).is_some();
            store.wait(false);
            assert_eq!(browser.clone().post(&site, "/logout").await.status, 200);
            if is_answered {
                assert!(polls > 4, "{page}");
                break;
            }
            if !is_dropped {
                sender.receive(&poll(&mut answering, usize::MAX).unwrap());
            }
            drop(answering);
            let (who, copied) = (sender.who(&site).await, browser.who(&site).await);
            assert_eq!((&*who, &*copied, store.records.len()), ("none", "none", 0), "{page} after {polls}");
        }
    }
}

pub(crate) async fn a_client_that_disconnects_while_it_is_restored_is_restored_later<S: Site>() {
    let restore = |browser: &Browser| browser.clone().closed().request("GET", "/current");
    disconnect(restore, async |Left { site, browser, .. }: Left<S>| {
        let mut closed = browser.closed();
        assert_eq!((&*closed.who(&site).await, &*closed.data(&site).await), ("1", "red"));
        assert_eq!(closed.get(&site, "/current").await.body, "1");
        assert_eq!(closed.who(&site).await, "1", "with the new cookies");
    })
    .await;
}

pub(crate) async fn a_client_that_disconnects_while_it_confirms_stays_logged_in<S: Site>() {
    let confirm = |browser: &Browser| browser.request("POST", "/confirm");
    disconnect(confirm, async |Left { site, mut browser, .. }: Left<S>| {
        assert_eq!(browser.get(&site, "/current").await.body, "1");
        assert_eq!((&*browser.who(&site).await, &*browser.data(&site).await), ("1", "red"));
    })
    .await;
}

pub(crate) async fn a_client_that_disconnects_while_it_ends_other_sessions_keeps_its_own<S: Site>() {
    let end_others = |browser: &Browser| browser.request("POST", "/end-others");
    disconnect(end_others, async |Left { site, browser, other, answer, .. }: Left<S>| {
        assert_eq!((&*browser.who(&site).await, &*browser.data(&site).await), ("1", "red"));
        let other = other.who(&site).await;
        assert!(other == "none" || (other == "1" && answer.is_none()), "{other}");
    })
    .await;
}
