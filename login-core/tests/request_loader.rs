//! The request loader: before the cookies, and with posted forms.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Account, Builder, NOW, access_with, account, builder};
use login_core::{ConfigError, Event, LoginManager, Request, TestClock};

/// Finds the user whom the token, or the form, names.
async fn by_request(request: Request) -> Result<Option<Account>, &'static str> {
    let name = request.bearer_token().map(str::to_owned).or_else(|| request.form_value("email"));
    match name.as_deref() {
        Some("broken") => Err("no tokens"),
        Some("wrong") | None => Ok(None),
        Some(name) => Ok(Some(account(name))),
    }
}

async fn by_id(id: String) -> Result<Option<Account>, Infallible> {
    Ok((id != "gone").then(|| account(&id)))
}

fn manager(change: impl Fn(Builder) -> Builder) -> LoginManager<Account> {
    change(builder(&TestClock::new(NOW)).request_loader(by_request)).build(by_id).unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn explicit_credentials_come_first_if_the_application_says_so() {
    for first in [false, true] {
        let manager = manager(|b| if first { b.request_loader_first() } else { b });
        let session = |id: &str| manager.test_login(account(id)).now().unwrap().header();
        let remembered = manager.test_login(account("1")).remembered(HOUR).without_session().now().unwrap().header();
        let cases = [
            // Cookies, Authorization, the user, and the user with `request_loader_first`.
            (session("1"), None, Some("1"), Some("1")),
            (session("1"), Some("Bearer 2"), Some("1"), Some("2")),
            (session("1"), Some("Bearer wrong"), Some("1"), None),
            (session("1"), Some("Basic dXNlcg=="), Some("1"), None),
            (remembered.clone(), Some("bearer 2"), Some("1"), Some("2")),
            (remembered.clone(), None, Some("1"), Some("1")),
            (session("gone"), Some("Bearer 2"), Some("2"), Some("2")),
            (String::new(), Some("Bearer 2"), Some("2"), Some("2")),
            (String::new(), Some("Bearer wrong"), None, None),
            (String::new(), None, None, None),
        ];
        for (cookie, authorization, by_default, with_setting) in cases {
            let expected = if first { with_setting } else { by_default };
            let mut request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
            if let Some(value) = authorization {
                request.push_header("authorization", value.as_bytes());
            }
            let (request_login, login) = access_with(&manager, request);
            let user = login.user().await.unwrap();
            assert_eq!(user.as_ref().map(|user| &*user.id), expected, "{first} {cookie} {authorization:?}");
            let is_by_token = authorization.is_some() && expected == Some("2");
            assert_eq!(
                login.login_fresh().await.unwrap(),
                expected.is_some() && !is_by_token && !cookie.contains("rem")
            );
            assert_eq!(
                login.login_remembered().await.unwrap(),
                cookie.contains("rem") && !is_by_token && expected.is_some(),
                "{first} {cookie} {authorization:?}"
            );
            let parts = request_login.finish(200);
            let was_asked = first || !matches!(expected, Some("1"));
            assert_eq!(parts.vary_authorization, was_asked, "{first} {cookie} {authorization:?}");
            let vary = if was_asked { "cookie, authorization" } else { "cookie" };
            assert_eq!(parts.missing_vary(None), Some(vary));
        }
    }
}

#[tokio::test]
async fn a_token_changes_nothing_in_the_session_of_another_user() {
    let manager = manager(Builder::request_loader_first);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let request = || {
        let request = Request::new("POST", "/").with_header("cookie", cookie.as_bytes());
        request.with_header("authorization", b"Bearer 2")
    };
    let (request_login, login) = access_with(&manager, request());
    assert_eq!(login.user().await.unwrap().unwrap().id, "2");
    assert!(login.confirm(&account("2")).await.is_err() && login.confirm(&account("1")).await.is_err());
    assert!(request_login.finish(200).set_cookies.is_empty());
    let (_, login) = access_with(&manager, Request::new("GET", "/").with_header("cookie", cookie.as_bytes()));
    assert_eq!(login.user().await.unwrap().unwrap().id, "1", "the session still has its own user");

    let (request_login, login) = access_with(&manager, request().with_header("authorization", b"x"));
    assert!(login.user().await.unwrap().is_none(), "two sets of credentials are none");
    assert!(request_login.finish(200).set_cookies.is_empty());
}

#[tokio::test]
async fn a_request_loader_that_fails_is_a_5xx_although_a_cookie_has_a_login() {
    let manager = manager(Builder::request_loader_first);
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
    let (request_login, login) = access_with(&manager, request.with_header("authorization", b"Bearer broken"));
    assert!(login.user().await.is_err());
    assert_eq!(request_login.finish(200).replacement(200).unwrap().status(), 500);
}

#[test]
fn settings_without_a_request_loader_are_refused() {
    type Setting = fn(Builder) -> Builder;
    let settings: [(&str, Setting); 2] = [
        ("request_loader_first", Builder::request_loader_first),
        ("request_loader_reads_forms", Builder::request_loader_reads_forms),
    ];
    for (name, set) in settings {
        let built = set(builder(&TestClock::new(NOW))).build(by_id);
        let error = built.expect_err("there is no request loader");
        assert!(matches!(error, ConfigError::WithoutRequestLoader { setting } if setting == name));
        assert!(error.to_string().contains(name) && error.to_string().contains("`request_loader`"), "{error}");
        assert!(set(builder(&TestClock::new(NOW)).request_loader(by_request)).build(by_id).is_ok());
        assert!(set(builder(&TestClock::new(NOW))).request_loader(by_request).build(by_id).is_ok(), "in any order");
    }
}

#[tokio::test]
async fn the_request_loader_reads_a_form_that_the_server_stored() {
    let manager = manager(Builder::request_loader_reads_forms);
    let request_login = manager.begin();
    request_login.store_form("email=ann%40example.com&email=ben");
    let login = request_login.access(|| Request::new("POST", "/"));
    assert_eq!(login.user().await.unwrap().unwrap().id, "ann@example.com");
    let (_, login) = access_with(&manager, Request::new("POST", "/").with_form("email=2"));
    assert_eq!(login.user().await.unwrap().unwrap().id, "2");
    let (_, login) = access_with(&manager, Request::new("POST", "/?email=2"));
    assert!(login.user().await.unwrap().is_none(), "the query is no form");
}

#[tokio::test]
async fn only_the_request_loader_sees_the_form() {
    let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let heard = Arc::clone(&seen);
    let manager = manager(|b| {
        let heard = Arc::clone(&heard);
        let listener =
            move |event: &Event<'_, Account>| heard.lock().unwrap().push(event.request().form_value("email"));
        b.request_loader_reads_forms().on_event(listener)
    });
    let early = manager.begin();
    early.store_form("email=1");
    let late = manager.begin();
    late.store_request(|| Request::new("POST", "/"));
    late.store_form("email=1");
    let whole = manager.begin();
    for (request_login, request) in [
        (early, Request::new("POST", "/")),
        (late, Request::new("POST", "/")),
        (whole, Request::new("POST", "/").with_form("email=1")),
    ] {
        let login = request_login.access(|| request);
        assert_eq!(login.user().await.unwrap().unwrap().id, "1");
        assert_eq!(login.request().form_value("email"), None);
    }
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(Option::is_none), "a listener may log what it gets");
}

#[tokio::test]
async fn the_session_stays_that_of_the_cookie() {
    let manager = manager(Builder::request_loader_first);
    let (request_login, login) = access_with(&manager, Request::new("POST", "/login"));
    login.log_in(account("1")).remember(true).await.unwrap();
    login.insert("draft", &"one").unwrap();
    let cookie = common::cookies(&request_login);
    let with_token = |method: &str| {
        let request = Request::new(method, "/").with_header("cookie", cookie.as_bytes());
        access_with(&manager, request.with_header("authorization", b"Bearer 2"))
    };
    let (request_login, login) = with_token("POST");
    assert_eq!(login.user().await.unwrap().unwrap().id, "2");
    assert_eq!(login.get::<String>("draft").unwrap().as_deref(), Some("one"));
    login.insert("draft", &"two").unwrap();
    let lines = request_login.finish(200).set_cookies;
    assert!(lines.len() == 1 && lines[0].starts_with("__Host-session="), "{lines:?}");
    let (_, login) = access_with(&manager, Request::new("GET", "/").with_header("cookie", lines[0].as_bytes()));
    assert_eq!(login.user().await.unwrap().unwrap().id, "1", "the change is in the session of user 1");

    let (request_login, login) = with_token("POST");
    login.log_in(account("2")).await.unwrap();
    assert_eq!(login.get::<String>("draft").unwrap(), None, "the data of user 1 is not for user 2");
    let lines = request_login.finish(200).set_cookies;
    assert!(lines.iter().any(|line| line.starts_with("__Host-remember_token=;")), "{lines:?}");

    let (request_login, login) = with_token("POST");
    login.log_out().await.unwrap();
    let lines = request_login.finish(200).set_cookies;
    assert_eq!(lines.iter().filter(|line| line.contains("Max-Age=0")).count(), 2, "{lines:?}");
}

#[tokio::test]
async fn a_token_does_not_keep_a_remember_cookie_from_being_refreshed() {
    let manager = manager(|b| b.request_loader_first().refresh_remember_cookie_each_request());
    let remembered = manager.test_login(account("1")).remembered(HOUR).without_session().now().unwrap().header();
    let request = Request::new("GET", "/").with_header("cookie", remembered.as_bytes());
    let (request_login, login) = access_with(&manager, request.with_header("authorization", b"Bearer 2"));
    assert_eq!(login.user().await.unwrap().unwrap().id, "2");
    let lines = request_login.finish(200).set_cookies;
    assert!(lines.len() == 1 && lines[0].starts_with("__Host-remember_token="), "{lines:?}");
    let (_, login) = access_with(&manager, Request::new("GET", "/").with_header("cookie", lines[0].as_bytes()));
    assert_eq!(login.user().await.unwrap().unwrap().id, "1", "it is still user 1's");
}

#[cfg(feature = "http")]
#[test]
fn only_small_url_encoded_bodies_are_read() {
    let reads = |manager: &LoginManager<Account>, headers: &[(&str, &str)]| {
        let request = http::Request::post("/").body(()).unwrap();
        let request = headers.iter().fold(request, |mut request, (name, value)| {
            request
                .headers_mut()
                .append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            request
        });
        manager.reads_form(&login_core::adapter::http::Head::from(&request))
    };
    let (opted_in, default) = (manager(Builder::request_loader_reads_forms), manager(|b| b));
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    let limit = login_core::adapter::MAX_FORM;
    let (fits, too_large) = (limit.to_string(), (limit + 1).to_string());
    for (headers, expected) in [
        (&[FORM][..], true),
        (&[("content-type", "Application/X-WWW-Form-URLencoded; charset=utf-8")], true),
        (&[FORM, ("content-length", &fits)], true),
        (&[FORM, ("content-length", &too_large)], false),
        (&[FORM, ("content-length", "-1")], false),
        (&[FORM, ("content-length", "99999999999999999999999")], false),
        (&[("content-type", "multipart/form-data; boundary=x")], false),
        (&[("content-type", "application/json")], false),
        (&[("content-type", "application/x-www-form-urlencoded-not")], false),
        (&[FORM, ("upgrade", "websocket")], false),
        (&[("content-type", "text/plain"), FORM], false),
        (&[FORM, FORM], false),
        (&[], false),
    ] {
        assert_eq!(reads(&opted_in, headers), expected, "{headers:?}");
        assert!(!reads(&default, headers), "it is opted into");
    }
}
