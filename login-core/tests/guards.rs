//! Which users guards accept, and how refused requests are answered.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::time::Duration;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use common::{Account, Notified, access, access_with, account, both, builder, cookies, flask, native, run, run_with};
use login_core::adapter::{Answer, RefusalHandlers, Requirement};
use login_core::{Login, Refusal, Request, TestClock};

const UNAUTHORIZED: Refusal = Refusal::Unauthorized;
const NEEDS_REFRESH: Refusal = Refusal::NeedsRefresh;

fn location(login: &Login<Account>, refusal: Refusal) -> Option<String> {
    let answer = login.refuse(refusal);
    if answer.location().is_none() {
        assert_eq!(answer.status(), 401);
        let challenge = ("www-authenticate", "Cookie realm=\"login\"");
        assert_eq!(answer.headers().collect::<Vec<_>>(), [("content-type", "text/plain; charset=utf-8"), challenge]);
    }
    answer.location().map(str::to_owned)
}

#[test]
fn a_guard_accepts_users_that_meet_its_requirement() {
    let clock = TestClock::new(common::NOW);
    let manager = builder(&clock).build_without_loader().unwrap();
    let login = || manager.test_login(account("1"));
    let fresh = login().now().unwrap().header();
    let stale = login().fresh(false).now().unwrap().header();
    clock.advance(Duration::from_secs(100));
    let within = |seconds| Requirement::FreshLoginWithin(Duration::from_secs(seconds));
    for (cookie, requirement, expected) in [
        ("", Requirement::Login, Err(UNAUTHORIZED)),
        ("", Requirement::FreshLogin, Err(UNAUTHORIZED)),
        (&*stale, Requirement::Login, Ok("1")),
        (&*stale, Requirement::FreshLogin, Err(NEEDS_REFRESH)),
        (&*stale, within(1000), Err(NEEDS_REFRESH)),
        (&*fresh, Requirement::FreshLogin, Ok("1")),
        (&*fresh, within(100), Ok("1")),
        (&*fresh, within(99), Err(NEEDS_REFRESH)),
    ] {
        let (_, login) = access(&manager, cookie);
        run(&login);
        let judged = login.check(requirement).map(|user| user.id.clone());
        assert_eq!(judged.as_deref().map_err(|refusal| *refusal), expected, "{requirement:?}");
    }
}

#[test]
fn a_deactivated_user_counts_as_no_user() {
    for manager in both(|b| b) {
        let cookie = manager.test_login(account("1")).now().unwrap().header();
        let (_, login) = access(&manager, &cookie);
        assert!(run_with(&login, |id| Some(Account { is_active: false, ..account(id) }), None).is_none());
        assert_eq!(login.check(Requirement::Login), Err(UNAUTHORIZED));
        assert!(ready_output(login.user()).unwrap().is_none());
        assert!(ready_output(login.user_including_inactive()).unwrap().is_some());
    }
}

/// The output of a future that is ready at once.
fn ready_output<F: Future + Unpin>(mut future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(&mut future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is not ready"),
    }
}

#[test]
fn refusals_leave_space_in_the_session_for_a_login() {
    let paths = ["/".to_owned(), format!("/{}", "x".repeat(2040)), format!("/{}", "x".repeat(1500))];
    // Each refusal flashes another message.
    let count = Arc::new(AtomicU64::new(0));
    let localize = move |text: &str| format!("{text} {}", count.fetch_add(1, Ordering::Relaxed));
    for manager in both(|b| b.login_view("/login").use_session_for_next().localizer(localize.clone())) {
        let mut cookie = String::new();
        for round in 0..120 {
            let path = &paths[round % paths.len()];
            let (request_login, login) =
                access_with(&manager, Request::new("GET", path).with_header("cookie", cookie.as_bytes()));
            assert!(location(&login, UNAUTHORIZED).is_some());
            let written = cookies(&request_login);
            if !written.is_empty() {
                cookie = written;
            }
        }
        let (request_login, login) = access(&manager, &cookie);
        login.log_in(account(&"1".repeat(100))).now().unwrap();
        assert!(login.next_url().is_some());
        assert!(login.take_flashes().unwrap().len() > 10);
        assert!(run(&access(&manager, &cookies(&request_login)).1).is_some());
    }
}

#[test]
fn refusal_handlers_replace_the_answer_of_the_library() {
    let notified = Notified::default();
    let manager = native(|b| b.login_view("/login").refresh_view("/again").on_event(notified.listener()));
    let convert = |answer: Answer| format!("{answer:?}");
    let handlers = RefusalHandlers::<String>::default();
    let (request_login, login) = access(&manager, "");
    let refuse = |handlers: &RefusalHandlers<String>, refusal| handlers.refuse(None, &login, refusal, convert);
    assert!(refuse(&handlers, UNAUTHORIZED).contains("/login"));
    assert_eq!(login.take_flashes().unwrap().len(), 1);

    let handlers = handlers.with(UNAUTHORIZED, |request, _| Some(format!("no, {}", request.path())));
    assert_eq!(refuse(&handlers, UNAUTHORIZED), "no, /here");
    assert!(refuse(&handlers, NEEDS_REFRESH).contains("/again"));
    login.take_flashes().unwrap();
    let changed = handlers.clone().with(NEEDS_REFRESH, |_, refused| Some(refused.into_response() + "!"));
    assert!(refuse(&changed, NEEDS_REFRESH).ends_with('!'));
    assert_eq!(login.take_flashes().unwrap().len(), 1, "the handler asked for the library's answer");
    let asked = Arc::new(AtomicU64::new(0));
    let made = Arc::clone(&asked);
    let declines = RefusalHandlers::<String>::default().with(NEEDS_REFRESH, |_, refused| {
        let _ = refused.into_response();
        None
    });
    let count = |answer: Answer| {
        made.fetch_add(1, Ordering::Relaxed);
        format!("{answer:?}")
    };
    assert!(declines.refuse(None, &login, NEEDS_REFRESH, count).contains("/again"));
    assert_eq!(login.take_flashes().unwrap().len(), 1, "a handler that asks and declines flashes no second message");

    let handlers = handlers.with(NEEDS_REFRESH, |_, _| Some("not now".to_owned()));
    notified.take();
    assert_eq!(refuse(&handlers.clone(), UNAUTHORIZED), "no, /here");
    assert_eq!(refuse(&handlers, NEEDS_REFRESH), "not now");
    assert_eq!(notified.take(), ["unauthorized", "needs_refresh"], "listeners are notified all the same");
    assert!(login.take_flashes().unwrap().is_empty(), "with a handler, no message is flashed");
    drop(request_login);
}

#[test]
fn json_clients_get_problem_details_and_no_flash() {
    let manager = native(|b| b.login_view("/login"));
    let request = Request::new("GET", "/").with_header("Accept", b"application/json");
    let (request_login, login) = access_with(&manager, request);
    for (refusal, detail) in [(UNAUTHORIZED, "log in first"), (NEEDS_REFRESH, "log in again first")] {
        let answer = login.refuse(refusal);
        assert_eq!(answer.status(), 401);
        let challenge = ("www-authenticate", "Cookie realm=\"login\"");
        assert_eq!(answer.headers().collect::<Vec<_>>(), [("content-type", "application/problem+json"), challenge]);
        let problem: serde_json::Value = serde_json::from_str(answer.body()).unwrap();
        assert_eq!((problem["status"].as_u64(), problem["detail"].as_str()), (Some(401), Some(detail)));
    }
    assert!(request_login.finish(200).set_cookies.is_empty());
}

#[test]
fn the_longest_matching_prefix_has_the_login_view() {
    let manager = native(|b| {
        let b = b.login_view("/in").refresh_view("/again?a=b");
        b.login_view_below("/admin", "/admin/in").login_view_below("/admin/root/", "https://sso.example/in")
    });
    let here = "http%3A%2F%2Fsite.example";
    for (path, expected) in [
        ("/", "/in?next=%2F".to_owned()),
        ("/administrator?x", "/in?next=%2Fadministrator%3Fx".to_owned()),
        ("/admin", "/admin/in?next=%2Fadmin".to_owned()),
        ("/admin/x", "/admin/in?next=%2Fadmin%2Fx".to_owned()),
        ("/admin/root", format!("https://sso.example/in?next={here}%2Fadmin%2Froot")),
        ("/admin/root/x", format!("https://sso.example/in?next={here}%2Fadmin%2Froot%2Fx")),
    ] {
        let (_, login) = access_with(&manager, Request::new("GET", path).with_header("host", b"site.example"));
        assert_eq!(location(&login, UNAUTHORIZED), Some(expected), "{path}");
        assert!(location(&login, NEEDS_REFRESH).unwrap().starts_with("/again?a=b&next="), "{path}");
    }
    let without = native(|b| b.login_view_below("/admin", "/admin/in"));
    assert_eq!(location(&access(&without, "").1, UNAUTHORIZED), None);
    assert_eq!(location(&access(&without, "").1, NEEDS_REFRESH), None);
}

#[test]
fn a_guarded_login_view_does_not_loop_however_it_is_written() {
    for (base, view, host, target) in [
        ("", "/in", "site.example", "/in?next=%2F"),
        ("", "/in/", "site.example", "/in"),
        ("", "/anmelden-für-alle", "site.example", "/anmelden-f%C3%BCr-alle"),
        ("", "https://site.example/in", "site.example", "/in"),
        ("/shop", "/in", "site.example", "/in"),
        ("/shop", "http://site.example/shop/in", "site.example", "/in"),
        ("", "/?page=in", "site.example", "/?page=in&next=%2F"),
    ] {
        let manager = native(|b| b.login_view(view).base_path(base));
        let (_, login) = access_with(&manager, Request::new("GET", target).with_header("host", host.as_bytes()));
        assert_eq!(login.refuse(UNAUTHORIZED).status(), 401, "{view} {target}");
        let (_, login) = access_with(&manager, Request::new("GET", "/").with_header("host", host.as_bytes()));
        assert_eq!(login.refuse(UNAUTHORIZED).status(), 302, "{view}");
    }
}

#[test]
fn a_post_is_redirected_with_303_to_the_forced_host() {
    let manager = native(|b| b.login_view("/in").force_host("login.example:8443"));
    for (method, expected) in [("GET", 302), ("HEAD", 302), ("POST", 303), ("DELETE", 303)] {
        let (_, login) = access_with(&manager, Request::new(method, "/"));
        let next = if expected == 302 { "?next=%2F" } else { "" };
        let expected = Answer::redirect(expected, format!("//login.example:8443/in{next}"));
        assert_eq!(login.refuse(UNAUTHORIZED), expected, "{method}");
    }
}

#[test]
fn flashed_messages_are_configured_and_localized() {
    let flashed = |manager: &login_core::LoginManager<Account>| {
        let (request_login, login) = access(manager, "");
        login.refuse(UNAUTHORIZED);
        login.refuse(NEEDS_REFRESH);
        let (_, login) = access(manager, &cookies(&request_login));
        let flashes = login.take_flashes().unwrap();
        flashes.into_iter().map(|flash| (flash.category, flash.message)).collect::<Vec<_>>()
    };
    let pair = |category: &str, message: &str| (category.to_owned(), message.to_owned());
    for manager in both(|b| b.login_view("/in").refresh_view("/again")) {
        let expected = [
            pair("message", "Please log in to access this page."),
            pair("message", "Please reauthenticate to access this page."),
        ];
        assert_eq!(flashed(&manager), expected);
    }
    for manager in both(|b| {
        let b = b.login_view("/in").login_message("who").login_message_category("info");
        let b = b.refresh_view("/again").needs_refresh_message("again").needs_refresh_message_category("warning");
        b.localizer(|text| format!("é {text}"))
    }) {
        assert_eq!(flashed(&manager), [pair("info", "é who"), pair("warning", "é again")]);
    }
    for manager in both(|b| b.login_view("/in").login_message("").refresh_view("/again").needs_refresh_message("")) {
        assert_eq!(flashed(&manager), []);
    }
}

#[test]
fn next_in_the_session_is_returned_once_and_is_not_in_the_url() {
    for manager in both(|b| b.login_view("/in").use_session_for_next()) {
        let (request_login, login) = access_with(&manager, Request::new("GET", "/é?a=\u{20ac}"));
        assert_eq!(location(&login, UNAUTHORIZED).as_deref(), Some("/in"));
        login.take_flashes().unwrap();
        let cookie = cookies(&request_login);

        let (request_login, login) = access(&manager, &cookie);
        assert_eq!(login.next_url().as_deref(), Some("/%C3%A9?a=%E2%82%AC"));
        assert_eq!(login.next_url(), None);
        let later = cookies(&request_login);
        assert_ne!(later, cookie, "the removal is written");
        assert_eq!(access(&manager, &later).1.next_url(), None);

        let (request_login, login) = access(&manager, &cookie);
        let _ = request_login.finish(200);
        assert_eq!(login.next_url(), None, "after the response it cannot be removed");
    }
}

#[test]
fn a_flash_has_flasks_format_in_a_flask_session() {
    let (request_login, login) = access(&flask(|b| b), "");
    login.flash_as("info", "Zoë said \"hi\"").unwrap();
    let cookie = cookies(&request_login);
    let payload = cookie.trim_start_matches("session=").split('.').next().unwrap();
    let json = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
    let expected = r#"{"_flashes":[{" t":["info","Zo\u00eb said \"hi\""]}]}"#;
    assert_eq!(String::from_utf8(json).unwrap(), expected);
}
