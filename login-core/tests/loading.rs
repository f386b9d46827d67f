//! Loading by the application's own loaders, awaited, many at a time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{Account, Heard, NOW, account, builder, look, look_at};
use login_core::{Login, LoginError, LoginManager, Request, RequestLoader, TestClock, UserLoader};

/// A table in which everyone is whose ID is a number; it answers once the gate is open.
#[derive(Clone, Default)]
struct Table {
    asked: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
    /// Calls at once, as one does that has more to do, and not when the gate is opened.
    yields: Arc<AtomicBool>,
    /// Who is to be called when the gate is opened.
    caller: Arc<Mutex<Option<Waker>>>,
    /// Logs user 2 in while it is asked.
    overtakes: Arc<Mutex<Option<Login<Account>>>>,
}

impl UserLoader for Table {
    type User = Account;
    type Error = String;

    async fn load_user(&self, id: &str) -> Result<Option<Account>, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
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
                *self.caller.lock().unwrap() = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
        if id == "broken" { Err("no table".to_owned()) } else { Ok(id.parse().ok().map(|_: u32| account(id))) }
    }
}

impl Table {
    fn open(&self) {
        self.closed.store(false, Ordering::Relaxed);
        if let Some(waker) = self.caller.lock().unwrap().take() {
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

/// A request of a logged-in user whose load hangs until the table is opened.
fn hanging() -> (Table, Login<Account>) {
    let table = Table::default();
    let manager = manager(&table);
    let cookie = manager.test_login(account("1")).cookie_header().unwrap();
    table.closed.store(true, Ordering::Relaxed);
    let (_, login) = look(&manager, &cookie);
    (table, login)
}

/// Counts how often it is told to go on.
#[derive(Default)]
struct Told(AtomicUsize);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Told {
    fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, told: &Arc<Told>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(told))))
}

fn is_found(found: &Poll<Result<Option<Arc<Account>>, login_core::LoadError>>, id: &str) -> bool {
    matches!(found, Poll::Ready(Ok(Some(user))) if user.id == id)
}

#[tokio::test]
async fn a_user_is_loaded_once_a_request() {
    let table = Table::default();
    let manager = manager(&table);
    let cookie = manager.test_login(account("1")).cookie_header().unwrap();
    let (_, login) = look(&manager, &cookie);
    let (first, second) = (login.user().await.unwrap().unwrap(), login.user().await.unwrap().unwrap());
    assert!(Arc::ptr_eq(&first, &second) && first.id == "1");
    assert_eq!(table.asked.load(Ordering::Relaxed), 1);
    assert!(look(&manager, "").1.user().await.unwrap().is_none());
    assert_eq!(table.asked.load(Ordering::Relaxed), 1, "no one to ask for");
}

#[tokio::test]
async fn the_request_loader_is_asked_where_no_cookie_names_anyone() {
    let heard = Heard::default();
    let builder = builder(&TestClock::new(NOW)).on_event(heard.listener()).request_loader(Tokens);
    let manager = builder.build(Table::default()).unwrap();
    let with = |cookie: &str, token: &str| {
        let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
        look_at(&manager, request.with_header("authorization", token.as_bytes())).1
    };
    let cookie = |id: &str| manager.test_login(account(id)).cookie_header().unwrap();
    for (cookie, token, expected, event) in [
        (String::new(), "token", "token", "loaded_from_request"),
        (cookie("1"), "token", "1", "accessed"),
        (cookie("gone"), "token", "token", "loaded_from_request"),
    ] {
        heard.take();
        let login = with(&cookie, token);
        assert_eq!(login.user().await.unwrap().unwrap().id, expected);
        assert_eq!(heard.take().pop(), Some(event));
        let is_login = expected == "1";
        assert_eq!(login.login_fresh().await.unwrap(), is_login, "a token is no login");
        assert_eq!(login.confirm().unwrap(), is_login, "nor does it confirm a login that is there still");
    }
    let (_, login) = look(&manager, "");
    assert!(login.user().await.unwrap().is_none());
    let error = with("", "broken").user().await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no tokens");
}

#[tokio::test]
async fn a_failure_to_load_is_an_error_of_everything_that_needs_the_user() {
    let manager = manager(&Table::default());
    let cookie = manager.test_login(account("broken")).cookie_header().unwrap();
    let (request_login, login) = look(&manager, &cookie);
    assert!(login.user().await.is_err() && login.login_fresh().await.is_err());
    assert!(login.login_fresh_within(Duration::MAX).await.is_err() && login.login_remembered().await.is_err());
    let error = login.log_out().await.unwrap_err();
    assert!(matches!(error, LoginError::Load(_)));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no table");
    assert!(!login.confirm().unwrap(), "there is no one to confirm");
    assert!(request_login.finish().has_failed);
}

#[tokio::test]
async fn what_a_login_is_can_be_asked() {
    let clock = TestClock::new(NOW);
    let manager = builder(&clock).build(Table::default()).unwrap();
    let login = || manager.test_login(account("1"));
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let cookies = [
        (String::new(), false, false, false),
        (login().cookie_header().unwrap(), true, true, false),
        (login().fresh(false).cookie_header().unwrap(), false, false, false),
        (login().remembered(week).cookie_header().unwrap(), true, true, true),
        (login().remembered(week).without_session().cookie_header().unwrap(), false, false, true),
        (manager.test_login(account("gone")).remembered(week).cookie_header().unwrap(), false, false, false),
    ];
    for later in [0, 1] {
        clock.advance(Duration::from_secs(later));
        for (cookie, fresh, within, remembered) in &cookies {
            let (_, login) = look(&manager, cookie);
            assert_eq!(login.login_fresh().await.unwrap(), *fresh, "{cookie}");
            assert_eq!(login.login_fresh_within(Duration::ZERO).await.unwrap(), *within && later == 0, "{cookie}");
            assert_eq!(login.login_remembered().await.unwrap(), *remembered, "{cookie}");
            login.log_out().await.unwrap();
            assert!(!login.login_fresh().await.unwrap() && !login.login_remembered().await.unwrap());
        }
    }
}

#[tokio::test]
async fn logging_in_and_out_by_awaiting() {
    let heard = Heard::default();
    let manager = builder(&TestClock::new(NOW)).on_event(heard.listener()).build(Table::default()).unwrap();
    let (request_login, login) = look(&manager, "");
    login.log_in(account("1")).remember(true).await.unwrap();
    assert!(!login.login_remembered().await.unwrap(), "the request brought no cookie");
    let (request_login, login) = look(&manager, &common::cookies(&request_login));
    login.log_out().await.unwrap();
    assert!(login.user().await.unwrap().is_none());
    assert_eq!(heard.take(), ["logged_in", "accessed", "logged_out"]);
    let parts = request_login.finish();
    assert_eq!(parts.set_cookies.iter().filter(|line| line.contains("Max-Age=0")).count(), 2);
    assert!(!parts.is_private && parts.vary_cookie);
}

#[test]
fn many_wait_for_one_load_and_all_are_called_when_it_can_go_on() {
    let (table, login) = hanging();
    let (mut first, mut second) = (pin!(login.user()), pin!(login.user()));
    let (one, two) = (Arc::new(Told::default()), Arc::new(Told::default()));
    assert!(poll(first.as_mut(), &one).is_pending());
    for _ in 0..2 {
        assert!(poll(second.as_mut(), &two).is_pending());
    }
    assert_eq!((one.times(), two.times()), (0, 0));
    table.open();
    // Whoever asked last may never go on.
    assert_eq!((one.times(), two.times()), (1, 1), "once, however often it asked");
    assert!(is_found(&poll(first.as_mut(), &one), "1"));
    assert!(is_found(&poll(second.as_mut(), &two), "1"));
    assert_eq!(table.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_load_that_calls_while_it_is_polled_is_heard() {
    let (table, login) = hanging();
    table.yields.store(true, Ordering::Relaxed);
    let mut waiting = pin!(login.user());
    let told = Arc::new(Told::default());
    for times in 1..4 {
        assert!(poll(waiting.as_mut(), &told).is_pending());
        assert_eq!(told.times(), times);
    }
    table.yields.store(false, Ordering::Relaxed);
    assert!(poll(waiting.as_mut(), &told).is_pending());
    assert_eq!(told.times(), 3, "it has not called any more");
    table.open();
    assert_eq!(told.times(), 4);
    assert!(is_found(&poll(waiting, &told), "1"));
}

#[test]
fn where_one_of_those_who_load_is_dropped_the_others_go_on() {
    let (table, login) = hanging();
    let (mut first, mut second) = (Box::pin(login.user()), pin!(login.user()));
    let (one, two) = (Arc::new(Told::default()), Arc::new(Told::default()));
    assert!(poll(second.as_mut(), &two).is_pending() && poll(first.as_mut(), &one).is_pending());
    drop(login.user());
    assert!(poll(second.as_mut(), &two).is_pending(), "who never began gives nothing up");
    drop(first);
    table.open();
    assert_eq!(two.times(), 1);
    assert!(is_found(&poll(second.as_mut(), &two), "1"));
    assert_eq!(table.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_load_that_all_gave_up_begins_anew_and_leaves_nothing_behind() {
    let table = Table::default();
    let manager = manager(&table);
    let cookie = manager.test_login(account("1")).cookie_header().unwrap();
    table.closed.store(true, Ordering::Relaxed);
    let (request_login, login) = look(&manager, &cookie);
    let told = Arc::new(Told::default());
    assert!(poll(pin!(login.user()), &told).is_pending());
    table.closed.store(false, Ordering::Relaxed);
    assert!(is_found(&poll(pin!(login.user()), &told), "1"));
    assert_eq!(table.asked.load(Ordering::Relaxed), 2);

    table.closed.store(true, Ordering::Relaxed);
    let before = Arc::strong_count(&table.asked);
    let (given_up, login_given_up) = look(&manager, &cookie);
    let mut loading = Box::pin(login_given_up.user());
    assert!(poll(loading.as_mut(), &told).is_pending());
    drop((given_up, login_given_up, loading, request_login, login, manager));
    *table.caller.lock().unwrap() = None;
    assert_eq!(Arc::strong_count(&table.asked), before - 1, "the manager's own table is gone with it");
}

#[test]
fn one_who_waits_without_going_on_holds_no_one_up() {
    let (table, login) = hanging();
    let told = Arc::new(Told::default());
    let mut kept = pin!(login.user());
    assert!(poll(kept.as_mut(), &told).is_pending());
    table.closed.store(false, Ordering::Relaxed);
    assert!(matches!(poll(pin!(login.log_out()), &told), Poll::Ready(Ok(()))));
    assert!(matches!(poll(kept, &told), Poll::Ready(Ok(None))));
}

#[test]
fn a_login_calls_those_who_wait() {
    let (_, login) = hanging();
    let told = Arc::new(Told::default());
    let mut waiting = pin!(login.user());
    assert!(poll(waiting.as_mut(), &told).is_pending());
    login.log_in(account("2")).now().unwrap();
    assert_eq!(told.times(), 1);
    assert!(is_found(&poll(waiting, &told), "2"));
}

#[test]
fn a_login_in_the_midst_of_a_load_ends_the_waiting_at_once() {
    let (table, login) = hanging();
    *table.overtakes.lock().unwrap() = Some(login.clone());
    assert!(is_found(&poll(pin!(login.user()), &Arc::new(Told::default())), "2"));
}

#[test]
fn a_listener_that_panics_leaves_the_next_who_asks_a_turn() {
    let panics = Arc::new(AtomicBool::new(true));
    let listener = {
        let panics = Arc::clone(&panics);
        move |_: &login_core::Event<'_, Account>| assert!(!panics.swap(false, Ordering::Relaxed), "a listener's bug")
    };
    let manager = builder(&TestClock::new(NOW)).on_event(listener).build(Table::default()).unwrap();
    panics.store(false, Ordering::Relaxed);
    let cookie = manager.test_login(account("1")).cookie_header().unwrap();
    panics.store(true, Ordering::Relaxed);
    let (_, login) = look(&manager, &cookie);
    let told = Arc::new(Told::default());
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(pin!(login.user()), &told)));
    assert!(asked.is_err());
    assert!(is_found(&poll(pin!(login.user()), &told), "1"));
}

#[test]
fn a_load_that_a_login_overtook_holds_no_one_up() {
    let (table, login) = hanging();
    let mut loading = pin!(login.user());
    let told = Arc::new(Told::default());
    assert!(poll(loading.as_mut(), &told).is_pending());
    login.log_in(account("2")).now().unwrap();
    assert!(is_found(&poll(pin!(login.user()), &told), "2"), "at once");
    table.closed.store(false, Ordering::Relaxed);
    assert!(is_found(&poll(loading, &told), "2"), "what was loaded is discarded");
}
