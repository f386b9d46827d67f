//! The request loader: before the cookies, and with posted forms.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot continue fails")]

mod common;

use std::convert::Infallible;
use std::time::Duration;

use common::{Account, Builder, NOW, access_with, account, builder};
use login_core::adapter::MAX_FORM;
use login_core::{ConfigError, LoginManager, Request, TestClock};

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
    let (fits, too_large) = (MAX_FORM.to_string(), (MAX_FORM + 1).to_string());
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
        (&[], false),
    ] {
        assert_eq!(reads(&opted_in, headers), expected, "{headers:?}");
        assert!(!reads(&default, headers), "it is opted into");
    }
}
