//! What the operator is told by `tracing`, and at which level.

#![cfg(feature = "tracing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Once;
use std::time::Duration;

use common::{account, cookies, flask, letters, look, look_at, native, run};
use login_core::adapter::{Requirement, Step};
use login_core::{LoadError, LoginError, LoginManager, Refusal, Request, SecretKey, User};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// What this test was told, a line an event: level, target, fields.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps every event for the thread that it is of.
struct Told;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Told {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Listens from before the first event on: what no one listens to is not asked again in time.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| tracing::subscriber::set_global_default(Told).unwrap());
}

/// What was told meanwhile.
fn told(during: impl FnOnce()) -> Vec<String> {
    LINES.take();
    during();
    LINES.take()
}

#[test]
fn events_are_told_by_name_and_users_are_not() {
    listen();
    let manager = native(|builder| builder);
    let lines = told(|| look(&manager, "").1.log_in(account("ann")).now().unwrap());
    assert_eq!(lines, [r#"DEBUG login event="logged_in""#]);
}

#[test]
fn a_failure_to_load_is_told_with_its_causes() {
    listen();
    let manager = native(|builder| builder);
    let cookie = manager.test_login(account("1")).cookie_header().unwrap();
    let lines = told(|| {
        let Step::LoadUser(token) = look(&manager, &cookie).1.resolve() else { panic!("someone is logged in") };
        let _ = token.fail("the table is gone");
    });
    assert_eq!(lines[0], r#"DEBUG login event="accessed""#);
    assert_eq!(
        lines[1..],
        ["ERROR login message=the user could not be loaded; the response is a 5xx cause=the table is gone"]
    );
}

#[test]
fn an_error_that_a_handler_returns_is_logged_once() {
    listen();
    let begun = "the response has begun: change the login and the session before you return the response";
    let expected = format!("ERROR login message=a handler could not read or change the login: {begun}");
    assert_eq!(told(|| LoginError::ResponseBegun.log()), [expected]);
    // An inactive user is no failure, and a failed load is logged when it fails.
    let load = LoginError::Load(LoadError::new("the table is gone"));
    assert_eq!(told(|| (LoginError::InactiveUser.log(), load.log()).0), Vec::<String>::new());
}

#[test]
fn a_refusal_for_an_age_that_is_not_known_says_what_to_set() {
    listen();
    let manager = flask(|builder| builder);
    let cookie = manager.test_login(account("1")).cookie_header().unwrap();
    let (_, login) = look(&manager, &cookie);
    run(&login);
    let within = |login: &login_core::Login<_>| login.check(Requirement::FreshLoginWithin(Duration::from_secs(60)));
    let lines = told(|| assert_eq!(within(&login).unwrap_err(), Refusal::NeedsRefresh));
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("WARN login") && lines[0].contains("fresh_login_max_age"), "{lines:?}");

    // One that is not fresh at all, or of a known age, needs no setting.
    let cookie = manager.test_login(account("1")).fresh(false).cookie_header().unwrap();
    let (_, login) = look(&manager, &cookie);
    run(&login);
    assert_eq!(told(|| assert!(within(&login).is_err())), Vec::<String>::new());
    assert_eq!(told(|| assert!(login.check(Requirement::FreshLogin).is_err())), Vec::<String>::new());
}

#[test]
fn what_a_refusal_has_no_room_for_is_told() {
    listen();
    let manager = native(|builder| builder.login_view("/login").login_message("m".repeat(400)));
    let (_, login) = look(&manager, "");
    login.insert("filling", &"x".repeat(2800)).unwrap();
    let lines = told(|| drop(login.refuse(Refusal::Unauthorized)));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].starts_with("WARN login message=the message for a refused request is not flashed: cookie"),
        "{lines:?}"
    );
}

#[test]
fn a_session_without_room_for_a_remembered_login_is_told() {
    listen();
    let manager = native(|builder| builder);
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let remembered = manager.test_login(account("1")).remembered(week).without_session().cookie_header().unwrap();
    for (size, expected) in
        [(2980, "WARN login message=the session cookie has no space for the restored login"), (1, "")]
    {
        let (request_login, login) = look(&manager, "");
        login.insert("filling", &"x".repeat(size)).unwrap();
        let (_, login) = look(&manager, &format!("{}; {remembered}", cookies(&request_login)));
        let mut lines = told(|| assert!(run(&login).is_some()));
        lines.retain(|line| line.starts_with("WARN"));
        assert_eq!(lines.concat(), expected);
    }
}

#[test]
fn a_mark_of_protection_that_is_not_sent_is_told() {
    listen();
    let text = letters(5000);
    let mut seen = [false; 2];
    let names = ["s", "si", "sid"].into_iter().flat_map(|name| (4500..5000).rev().map(move |size| (name, size)));
    for (name, size) in names {
        let manager = flask(|builder| builder.session_cookie(|cookie| cookie.name(name)));
        let (request_login, login) = look(&manager, "");
        login.log_in(account("1")).now().unwrap();
        if login.insert("a", &text[..size]).is_err() {
            continue;
        }
        let request = Request::new("GET", "/").with_header("cookie", cookies(&request_login).as_bytes());
        let (request_login, login) = look_at(&manager, request.with_header("user-agent", b"another"));
        run(&login);
        let mut is_sent = false;
        let lines = told(|| is_sent = !request_login.finish().set_cookies.is_empty());
        let expected = "WARN login message=the session cookie would be too large and is not sent";
        assert_eq!(lines.concat(), if is_sent { "" } else { expected });
        seen[usize::from(is_sent)] = true;
        if seen == [true; 2] {
            break;
        }
    }
    assert_eq!(seen, [true; 2]);
}

#[test]
fn managers_of_two_kinds_of_users_with_one_cookie_are_told_of() {
    struct Shop;
    struct Office;
    impl User for Shop {
        fn id(&self) -> String {
            String::new()
        }
    }
    impl User for Office {
        fn id(&self) -> String {
            String::new()
        }
    }
    fn manager<U: User>(name: &'static str) -> LoginManager<U> {
        let key = SecretKey::from_text(common::KEY).unwrap();
        let builder = LoginManager::builder(key, || 0, |_: &mut [u8]| ()).session_cookie(|cookie| cookie.name(name));
        builder.remember_cookie(|cookie| cookie.name(format!("{name}-remembered"))).build_without_loader().unwrap()
    }
    listen();
    let warned =
        |lines: Vec<String>| lines.into_iter().filter(|line| line.contains("side_by_side")).collect::<Vec<_>>();
    let shop = manager::<Shop>("side_by_side");
    let lines = warned(told(|| drop((manager::<Shop>("side_by_side"), manager::<Office>("apart")))));
    assert_eq!(lines, Vec::<String>::new());
    let lines = warned(told(|| drop(manager::<Office>("side_by_side"))));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN login message=the login managers of `"), "{lines:?}");
    assert!(lines[0].contains("Shop` and `") && lines[0].contains("Office` use the same cookie"), "{lines:?}");
    drop(shop);
    assert_eq!(warned(told(|| drop(manager::<Office>("side_by_side")))), Vec::<String>::new(), "it is gone");
}
