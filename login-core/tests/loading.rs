//! Loaders of the application, awaited by several tasks at a time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{Account, NOW, Notified, access, access_with, account, builder};
use login_core::{Login, LoginError, LoginManager, Request, RequestLoader, TestClock, UserLoader};

/// A user table. Every number is a user's ID. Loads wait while the table is closed.
#[derive(Clone, Default)]
struct Table {
    loads: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
    /// Wakes the task at once, as a future does that yields, and not when the table opens.
    yields: Arc<AtomicBool>,
    /// The waker of the task that waits until the table opens.
    waker: Arc<Mutex<Option<Waker>>>,
    /// Logs user 2 in during the next load.
    overtakes: Arc<Mutex<Option<Login<Account>>>>,
}

impl UserLoader for Table {
    type User = Account;
    type Error = String;

    async fn load_user(&self, id: String) -> Result<Option<Account>, String> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        if let Some(login) = self.overtakes.lock().unwrap().take() {
            login.log_in(account("2")).now().unwrap();
        }
        poll_fn(|context| {
            if !self.closed.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            if self.yields.load(Ordering::Relaxed) {
                context.waker().wake_by_ref();
            } else {
                *self.waker.lock().unwrap() = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
        if id == "broken" { Err("no table".to_owned()) } else { Ok(id.parse().ok().map(|_: u32| account(&id))) }
    }
}

impl Table {
    fn open(&self) {
        self.closed.store(false, Ordering::Relaxed);
        if let Some(waker) = self.waker.lock().unwrap().take() {
            waker.wake();
        }
    }
}

struct Tokens;

impl RequestLoader for Tokens {
    type User = Account;
    type Error = String;

    async fn load_user_from_request(&self, request: &Request) -> Result<Option<Account>, String> {
        match request.header("authorization") {
            Some("broken") => Err("no tokens".to_owned()),
            token => Ok(token.map(account)),
        }
    }
}

fn manager(table: &Table) -> LoginManager<Account> {
    builder(&TestClock::new(NOW)).build(table.clone()).unwrap()
}

/// A request of a logged-in user whose load waits until the table opens.
fn hanging() -> (Table, Login<Account>) {
    let table = Table::default();
    let manager = manager(&table);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    table.closed.store(true, Ordering::Relaxed);
    let (_, login) = access(&manager, &cookie);
    (table, login)
}

/// Counts how often a task is woken.
#[derive(Default)]
struct WakeCount(AtomicUsize);

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl WakeCount {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, wakes: &Arc<WakeCount>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(wakes))))
}

fn is_found(found: &Poll<Result<Option<Arc<Account>>, login_core::LoginError>>, id: &str) -> bool {
    matches!(found, Poll::Ready(Ok(Some(user))) if user.id == id)
}

#[tokio::test]
async fn the_user_is_loaded_once_per_request() {
    let table = Table::default();
    let manager = manager(&table);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (_, login) = access(&manager, &cookie);
    let (first, second) = (login.user().await.unwrap().unwrap(), login.user().await.unwrap().unwrap());
    assert!(Arc::ptr_eq(&first, &second) && first.id == "1");
    assert_eq!(table.loads.load(Ordering::Relaxed), 1);
    assert!(access(&manager, "").1.user().await.unwrap().is_none());
    assert_eq!(table.loads.load(Ordering::Relaxed), 1, "without a login, nothing is loaded");
}

#[tokio::test]
async fn the_request_loader_runs_if_the_cookies_log_no_user_in() {
    let notified = Notified::default();
    let builder = builder(&TestClock::new(NOW)).on_event(notified.listener()).request_loader(Tokens);
    let manager = builder.build(Table::default()).unwrap();
    let with = |cookie: &str, token: &str| {
        let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
        access_with(&manager, request.with_header("authorization", token.as_bytes())).1
    };
    let cookie = |id: &str| manager.test_login(account(id)).now().unwrap().header();
    for (cookie, token, expected, event) in [
        (String::new(), "token", "token", "loaded_from_request"),
        (cookie("1"), "token", "1", "accessed"),
        (cookie("gone"), "token", "token", "loaded_from_request"),
    ] {
        notified.take();
        let login = with(&cookie, token);
        assert_eq!(login.user().await.unwrap().unwrap().id, expected);
        assert_eq!(notified.take().pop(), Some(event));
        let is_login = expected == "1";
        assert_eq!(login.login_fresh().await.unwrap(), is_login, "a user from the request loader is not fresh");
        let confirmed = login.confirm(&account(expected)).await;
        assert_eq!(confirmed.is_ok(), is_login, "a user from the request loader cannot be confirmed");
    }
    let (_, login) = access(&manager, "");
    assert!(login.user().await.unwrap().is_none());
    let error = with("", "broken").user().await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no tokens");
}

#[tokio::test]
async fn after_a_failed_load_every_method_that_needs_the_user_fails() {
    let manager = manager(&Table::default());
    let cookie = manager.test_login(account("broken")).now().unwrap().header();
    let (request_login, login) = access(&manager, &cookie);
    assert!(login.user().await.is_err() && login.login_fresh().await.is_err());
    assert!(login.login_fresh_within(Duration::MAX).await.is_err() && login.login_remembered().await.is_err());
    let error = login.log_out().await.unwrap_err();
    assert!(matches!(error, LoginError::Load(_)));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no table");
    assert!(matches!(login.confirm(&account("broken")).await, Err(LoginError::Load(_))));
    let parts = request_login.finish(200);
    assert!(parts.failure.is_some());
    assert_eq!(parts.set_cookies.len(), 2, "the logout is made all the same");
    assert!(parts.set_cookies.iter().all(|line| line.contains("Max-Age=0")), "{:?}", parts.set_cookies);
}

#[tokio::test]
async fn a_failed_load_is_answered_in_the_clients_own_kind_by_every_method() {
    let manager = manager(&Table::default());
    let cookie = manager.test_login(account("broken")).now().unwrap().header();
    for (accept, is_json) in [("application/json", true), ("text/html", false)] {
        let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
        let (_, login) = access_with(&manager, request.with_header("accept", accept.as_bytes()));
        let errors = [
            login.user().await.map(|_| ()),
            login.user_including_inactive().await.map(|_| ()),
            login.login_fresh().await.map(|_| ()),
            login.login_remembered().await.map(|_| ()),
            login.confirm(&account("broken")).await,
            login.confirm_now(&account("broken")),
            login.log_out().await,
        ];
        for error in errors {
            let answer = error.unwrap_err().answer();
            assert_eq!((answer.status(), answer.is_json()), (500, is_json), "{accept}");
        }
    }
}

#[tokio::test]
async fn login_fresh_and_login_remembered() {
    let clock = TestClock::new(NOW);
    let manager = builder(&clock).build(Table::default()).unwrap();
    let login = || manager.test_login(account("1"));
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let cookies = [
        (String::new(), false, false, false),
        (login().now().unwrap().header(), true, true, false),
        (login().fresh(false).now().unwrap().header(), false, false, false),
        (login().remembered(week).now().unwrap().header(), true, true, true),
        (login().remembered(week).without_session().now().unwrap().header(), false, false, true),
        (manager.test_login(account("gone")).remembered(week).now().unwrap().header(), false, false, false),
    ];
    for later in [0, 1] {
        clock.advance(Duration::from_secs(later));
        for (cookie, fresh, within, remembered) in &cookies {
            let (_, login) = access(&manager, cookie);
            assert_eq!(login.login_fresh().await.unwrap(), *fresh, "{cookie}");
            assert_eq!(login.login_fresh_within(Duration::ZERO).await.unwrap(), *within && later == 0, "{cookie}");
            assert_eq!(login.login_remembered().await.unwrap(), *remembered, "{cookie}");
            login.log_out().await.unwrap();
            assert!(!login.login_fresh().await.unwrap() && !login.login_remembered().await.unwrap());
        }
    }
}

#[tokio::test]
async fn log_in_and_log_out_can_be_awaited() {
    let notified = Notified::default();
    let manager = builder(&TestClock::new(NOW)).on_event(notified.listener()).build(Table::default()).unwrap();
    let (request_login, login) = access(&manager, "");
    login.log_in(account("1")).remember(true).await.unwrap();
    assert!(!login.login_remembered().await.unwrap(), "the request had no remember cookie");
    let (request_login, login) = access(&manager, &common::cookies(&request_login));
    login.log_out().await.unwrap();
    assert!(login.user().await.unwrap().is_none());
    assert_eq!(notified.take(), ["logged_in", "accessed", "logged_out"]);
    let parts = request_login.finish(200);
    assert_eq!(parts.set_cookies.iter().filter(|line| line.contains("Max-Age=0")).count(), 2);
    assert!(!parts.is_private && parts.vary_cookie);
}

#[test]
fn all_tasks_that_wait_for_a_load_are_woken() {
    let (table, login) = hanging();
    let (mut first, mut second) = (pin!(login.user()), pin!(login.user()));
    let (one, two) = (Arc::new(WakeCount::default()), Arc::new(WakeCount::default()));
    assert!(poll(first.as_mut(), &one).is_pending());
    for _ in 0..2 {
        assert!(poll(second.as_mut(), &two).is_pending());
    }
    assert_eq!((one.count(), two.count()), (0, 0));
    table.open();
    // Both are woken, because the task that polled last may never poll again.
    assert_eq!((one.count(), two.count()), (1, 1), "once, however often it polled");
    assert!(is_found(&poll(first.as_mut(), &one), "1"));
    assert!(is_found(&poll(second.as_mut(), &two), "1"));
    assert_eq!(table.loads.load(Ordering::Relaxed), 1);
}

#[test]
fn a_load_that_wakes_while_it_is_polled_wakes_the_task() {
    let (table, login) = hanging();
    table.yields.store(true, Ordering::Relaxed);
    let mut waiting = pin!(login.user());
    let wakes = Arc::new(WakeCount::default());
    for times in 1..4 {
        assert!(poll(waiting.as_mut(), &wakes).is_pending());
        assert_eq!(wakes.count(), times);
    }
    table.yields.store(false, Ordering::Relaxed);
    assert!(poll(waiting.as_mut(), &wakes).is_pending());
    assert_eq!(wakes.count(), 3, "the load has not woken the task again");
    table.open();
    assert_eq!(wakes.count(), 4);
    assert!(is_found(&poll(waiting, &wakes), "1"));
}

#[test]
fn a_load_continues_if_one_waiting_future_is_dropped() {
    let (table, login) = hanging();
    let (mut first, mut second) = (Box::pin(login.user()), pin!(login.user()));
    let (one, two) = (Arc::new(WakeCount::default()), Arc::new(WakeCount::default()));
    assert!(poll(second.as_mut(), &two).is_pending() && poll(first.as_mut(), &one).is_pending());
    drop(login.user());
    assert!(poll(second.as_mut(), &two).is_pending(), "dropping a future that was never polled has no effect");
    drop(first);
    table.open();
    assert_eq!(two.count(), 1);
    assert!(is_found(&poll(second.as_mut(), &two), "1"));
    assert_eq!(table.loads.load(Ordering::Relaxed), 1);
}

#[test]
fn a_load_that_every_task_dropped_starts_again_and_leaks_nothing() {
    let table = Table::default();
    let manager = manager(&table);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    table.closed.store(true, Ordering::Relaxed);
    let (request_login, login) = access(&manager, &cookie);
    let wakes = Arc::new(WakeCount::default());
    assert!(poll(pin!(login.user()), &wakes).is_pending());
    table.closed.store(false, Ordering::Relaxed);
    assert!(is_found(&poll(pin!(login.user()), &wakes), "1"));
    assert_eq!(table.loads.load(Ordering::Relaxed), 2);

    table.closed.store(true, Ordering::Relaxed);
    let before = Arc::strong_count(&table.loads);
    let (given_up, login_given_up) = access(&manager, &cookie);
    let mut loading = Box::pin(login_given_up.user());
    assert!(poll(loading.as_mut(), &wakes).is_pending());
    drop((given_up, login_given_up, loading, request_login, login, manager));
    *table.waker.lock().unwrap() = None;
    assert_eq!(Arc::strong_count(&table.loads), before - 1, "the manager's table was dropped with it");
}

#[test]
fn a_task_that_stops_polling_does_not_block_the_others() {
    let (table, login) = hanging();
    let wakes = Arc::new(WakeCount::default());
    let mut kept = pin!(login.user());
    assert!(poll(kept.as_mut(), &wakes).is_pending());
    table.closed.store(false, Ordering::Relaxed);
    assert!(matches!(poll(pin!(login.log_out().into_future()), &wakes), Poll::Ready(Ok(()))));
    assert!(matches!(poll(kept, &wakes), Poll::Ready(Ok(None))));
}

#[test]
fn logging_in_wakes_waiting_tasks() {
    let (_, login) = hanging();
    let wakes = Arc::new(WakeCount::default());
    let mut waiting = pin!(login.user());
    assert!(poll(waiting.as_mut(), &wakes).is_pending());
    login.log_in(account("2")).now().unwrap();
    assert_eq!(wakes.count(), 1);
    assert!(is_found(&poll(waiting, &wakes), "2"));
}

#[test]
fn logging_in_during_a_load_ends_it_at_once() {
    let (table, login) = hanging();
    *table.overtakes.lock().unwrap() = Some(login.clone());
    assert!(is_found(&poll(pin!(login.user()), &Arc::new(WakeCount::default())), "2"));
}

#[test]
fn after_a_listener_panics_the_user_can_still_be_resolved() {
    let panics = Arc::new(AtomicBool::new(true));
    let listener = {
        let panics = Arc::clone(&panics);
        move |_: &login_core::Event<'_, Account>| assert!(!panics.swap(false, Ordering::Relaxed), "a listener's bug")
    };
    let manager = builder(&TestClock::new(NOW)).on_event(listener).build(Table::default()).unwrap();
    panics.store(false, Ordering::Relaxed);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    panics.store(true, Ordering::Relaxed);
    let (_, login) = access(&manager, &cookie);
    let wakes = Arc::new(WakeCount::default());
    let first_poll = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(pin!(login.user()), &wakes)));
    assert!(first_poll.is_err());
    assert!(is_found(&poll(pin!(login.user()), &wakes), "1"));
}

#[test]
fn logging_in_during_a_load_discards_its_result() {
    let (table, login) = hanging();
    let mut loading = pin!(login.user());
    let wakes = Arc::new(WakeCount::default());
    assert!(poll(loading.as_mut(), &wakes).is_pending());
    login.log_in(account("2")).now().unwrap();
    assert!(is_found(&poll(pin!(login.user()), &wakes), "2"), "without waiting");
    table.closed.store(false, Ordering::Relaxed);
    assert!(is_found(&poll(loading, &wakes), "2"), "the loaded user is discarded");
}
