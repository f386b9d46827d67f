//! What is logged with `tracing`, and at which level.

#![cfg(feature = "tracing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Once;
use std::time::Duration;

use common::{access, access_with, account, cookies, flask, letters, native, run};
use login_core::adapter::{Requirement, Step, log_error_once};
use login_core::{LoadError, LoginError, LoginManager, Refusal, Request, SecretKey, User};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// What this test logged, one line for each event: level, target, fields.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Records every event for the thread that logs it.
struct Recorder;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Recorder {
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

/// Installs the recorder before the first event. `tracing` caches that no subscriber wants an
/// event, so a recorder that is installed later could miss it.
fn install_recorder() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(Recorder).unwrap());
}

/// The lines that are logged during a call.
fn logged(during: impl FnOnce()) -> Vec<String> {
    LINES.take();
    during();
    LINES.take()
}

#[test]
fn events_are_logged_by_name_without_the_user() {
    install_recorder();
    let manager = native(|builder| builder);
    let lines = logged(|| access(&manager, "").1.log_in(account("ann")).now().unwrap());
    assert_eq!(lines, [r#"DEBUG login event="logged_in""#]);
}

#[test]
fn a_failed_load_is_logged_with_its_causes() {
    install_recorder();
    let manager = native(|builder| builder);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let lines = logged(|| {
        let Step::LoadUser { token, .. } = access(&manager, &cookie).1.resolve() else {
            panic!("the session has a login")
        };
        let _ = token.fail("the table is gone");
    });
    assert_eq!(lines[0], r#"DEBUG login event="accessed""#);
    assert_eq!(
        lines[1..],
        ["ERROR login message=the user could not be loaded; the response is a 5xx cause=the table is gone"]
    );
}

#[test]
fn an_error_that_a_handler_returns_is_logged_as_an_error_once() {
    install_recorder();
    let begun = "the response has begun: change the login and the session before you return the response";
    let expected = |level: &str| format!("{level} login message=a handler could not read or change the login: {begun}");
    assert_eq!(logged(|| LoginError::ResponseBegun.log()), [expected("ERROR")]);
    // A client may cause the same error with each request.
    assert_eq!(logged(|| LoginError::ResponseBegun.log()), [expected("DEBUG")]);
    // An inactive user is no failure, and a failed load is logged when it fails.
    let load = LoginError::Load(LoadError::new("the table is gone"));
    assert_eq!(logged(|| (LoginError::InactiveUser.log(), load.log()).0), Vec::<String>::new());
}

#[test]
fn a_mistake_that_each_request_finds_is_logged_once() {
    install_recorder();
    assert_eq!(logged(|| log_error_once("no layer")), ["ERROR login message=no layer"]);
    assert_eq!(logged(|| log_error_once("no layer")), Vec::<String>::new());
    assert_eq!(logged(|| log_error_once("no other layer")).len(), 1);
}

#[test]
fn a_refusal_because_of_an_unknown_age_logs_the_missing_setting() {
    install_recorder();
    let manager = flask(|builder| builder);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (_, login) = access(&manager, &cookie);
    run(&login);
    let within = |login: &login_core::Login<_>| login.check(Requirement::FreshLoginWithin(Duration::from_secs(60)));
    let lines = logged(|| assert_eq!(within(&login).unwrap_err(), Refusal::NeedsRefresh));
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("WARN login") && lines[0].contains("fresh_login_max_age"), "{lines:?}");
    assert_eq!(logged(|| assert!(within(&login).is_err())), Vec::<String>::new(), "it is logged once");

    // A login that is not fresh for another reason, and a guard without an age, need no setting.
    let cookie = manager.test_login(account("1")).fresh(false).now().unwrap().header();
    let (_, login) = access(&manager, &cookie);
    run(&login);
    assert_eq!(logged(|| assert!(within(&login).is_err())), Vec::<String>::new());
    assert_eq!(logged(|| assert!(login.check(Requirement::FreshLogin).is_err())), Vec::<String>::new());
}

#[test]
fn a_message_that_does_not_fit_into_the_session_is_logged() {
    install_recorder();
    let manager = native(|builder| builder.login_view("/login").login_message("m".repeat(400)));
    let (_, login) = access(&manager, "");
    login.insert("filling", &"x".repeat(2800)).unwrap();
    let lines = logged(|| drop(login.refuse(Refusal::Unauthorized)));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].starts_with("WARN login message=the message for a refused request is not flashed: cookie"),
        "{lines:?}"
    );
}

#[test]
fn a_restored_login_that_does_not_fit_into_the_session_is_logged() {
    install_recorder();
    let manager = native(|builder| builder);
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let remembered = manager.test_login(account("1")).remembered(week).without_session().now().unwrap().header();
    for (size, expected) in
        [(2980, "WARN login message=the session cookie has no space for the restored login (logged once)"), (1, "")]
    {
        let (request_login, login) = access(&manager, "");
        login.insert("filling", &"x".repeat(size)).unwrap();
        let (_, login) = access(&manager, &format!("{}; {remembered}", cookies(&request_login)));
        let mut lines = logged(|| assert!(run(&login).is_some()));
        lines.retain(|line| line.starts_with("WARN"));
        assert_eq!(lines.concat(), expected);
    }
}

#[test]
fn a_protection_mark_that_is_not_sent_is_logged() {
    install_recorder();
    let text = letters(5000);
    let mut seen = [false; 2];
    let names = ["s", "si", "sid"].into_iter().flat_map(|name| (4500..5000).rev().map(move |size| (name, size)));
    for (name, size) in names {
        let manager = flask(|builder| builder.session_cookie(|cookie| cookie.name(name)));
        let (request_login, login) = access(&manager, "");
        login.log_in(account("1")).now().unwrap();
        if login.insert("a", &text[..size]).is_err() {
            continue;
        }
        let request = Request::new("GET", "/").with_header("cookie", cookies(&request_login).as_bytes());
        let (request_login, login) = access_with(&manager, request.with_header("user-agent", b"another"));
        run(&login);
        let mut is_sent = false;
        let lines = logged(|| is_sent = !request_login.finish(200).set_cookies.is_empty());
        let expected = "WARN login message=the session cookie would be too large and is not sent (logged once)";
        assert_eq!(lines.concat(), if is_sent { "" } else { expected });
        seen[usize::from(is_sent)] = true;
        if seen == [true; 2] {
            break;
        }
    }
    assert_eq!(seen, [true; 2]);
}

#[test]
fn managers_of_two_user_types_with_the_same_cookie_are_logged() {
    struct Shop;
    struct Office;
    impl User for Shop {
        type Id = String;

        fn id(&self) -> String {
            String::new()
        }

        fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
            std::borrow::Cow::default()
        }
    }
    impl User for Office {
        type Id = String;

        fn id(&self) -> String {
            String::new()
        }

        fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
            std::borrow::Cow::default()
        }
    }
    fn manager<U: User>(name: &'static str) -> LoginManager<U> {
        let key = SecretKey::from_text(common::KEY).unwrap();
        let builder = LoginManager::builder(key, || 0, |_: &mut [u8]| ()).session_cookie(|cookie| cookie.name(name));
        builder.remember_cookie(|cookie| cookie.name(format!("{name}-remembered"))).build_without_loader().unwrap()
    }
    install_recorder();
    let warned =
        |lines: Vec<String>| lines.into_iter().filter(|line| line.contains("side_by_side")).collect::<Vec<_>>();
    let shop = manager::<Shop>("side_by_side");
    let lines = warned(logged(|| drop((manager::<Shop>("side_by_side"), manager::<Office>("apart")))));
    assert_eq!(lines, Vec::<String>::new());
    let lines = warned(logged(|| drop(manager::<Office>("side_by_side"))));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN login message=the login managers of `"), "{lines:?}");
    assert!(lines[0].contains("Shop` and `") && lines[0].contains("Office` use the same cookie"), "{lines:?}");
    drop(shop);
    assert_eq!(
        warned(logged(|| drop(manager::<Office>("side_by_side")))),
        Vec::<String>::new(),
        "the first manager was dropped"
    );
}

#[test]
fn refused_cross_site_requests_are_logged_once_for_each_origin() {
    install_recorder();
    let manager = native(|b| b);
    let refuse = |origin: &str| {
        let request = Request::new("POST", "/").with_header("origin", origin.as_bytes());
        logged(|| assert!(manager.refuse_cross_site(&request).is_some()))
    };
    let is_warned = |lines: &[String]| lines.iter().filter(|line| line.starts_with("WARN login")).count();
    let lines = refuse("https://evil.example");
    assert!(is_warned(&lines) == 1 && lines.iter().any(|line| line.contains("\"https://evil.example\"")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("cross_site_refused")), "it is an event too");
    assert_eq!(is_warned(&refuse("https://evil.example")), 0);
    assert_eq!(is_warned(&refuse("https://other.example")), 1);
    let long = format!("https://{}\n", "é".repeat(200));
    let lines = refuse(&long).join("");
    assert!(lines.len() < 500 && !lines.contains('\n'), "{lines}");
    let warned: usize = (0..100).map(|n| is_warned(&refuse(&format!("https://{n}.example")))).sum();
    assert_eq!(warned, 29, "the log does not grow with each origin");
}

#[test]
fn a_guarded_login_view_is_logged() {
    install_recorder();
    let manager = native(|b| b.login_view("/guarded-login-view"));
    let refuse = || {
        let request = Request::new("GET", "/guarded-login-view?next=%2F");
        logged(|| assert_eq!(access_with(&manager, request).1.refuse(Refusal::Unauthorized).status(), 401))
    };
    let lines = refuse();
    let is_logged =
        |line: &String| line.starts_with("ERROR login") && line.contains("/guarded-login-view is itself guarded");
    assert!(lines.iter().any(is_logged), "{lines:?}");
    assert!(!refuse().iter().any(is_logged), "once");
}

#[test]
fn an_auth_hash_that_is_not_used_is_logged_once() {
    install_recorder();
    let with_hash = || common::Account { hash: Some("hash".to_owned()), ..account("1") };
    for (manager, user, count) in
        [(flask(|b| b), with_hash(), 1), (flask(|b| b), account("1"), 0), (native(|b| b), with_hash(), 0)]
    {
        let lines = logged(|| {
            for _ in 0..3 {
                manager.test_login(user.clone()).now().unwrap();
            }
        });
        let warned = lines.iter().filter(|line| line.starts_with("WARN login") && line.contains("`auth_hash`")).count();
        assert_eq!(warned, count);
    }
    let cookie = flask(|b| b).test_login(account("1")).now().unwrap().header();
    let manager = flask(|b| b);
    let (_, login) = access(&manager, &cookie);
    let lines = logged(|| {
        common::run_with(&login, |_| Some(with_hash()), None);
    });
    assert!(lines.iter().any(|line| line.contains("`auth_hash`")), "a login that Flask made: {lines:?}");
}
