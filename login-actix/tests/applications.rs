//! A small application on actix-web, as its developer writes and tests it: functions as loaders, a
//! request loader that reads forms, and a client that stays logged in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot continue fails")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::to_bytes;
use actix_web::cookie::Cookie;
use actix_web::dev::{Payload, Service};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, ResponseError};
use futures_core::Stream;
use login_actix::{
    CurrentUser, Error, FreshUser, Login, LoginError, LoginManager, LoginManagerBuilder, SecretKey, TestCookies, User,
};

struct Account(i64);

impl User for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.0
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

async fn account(id: i64) -> Result<Option<Account>, Infallible> {
    Ok((id > 0).then_some(Account(id)))
}

/// Finds the user whom the form names, or the token.
async fn by_request(request: login_actix::Request) -> Result<Option<Account>, Infallible> {
    let id = request.form_value("id").or_else(|| request.bearer_token().map(str::to_owned));
    Ok(id.and_then(|id| id.parse().ok()).map(Account))
}

/// The error type of the application, with one `From`.
#[derive(Debug)]
enum AppError {
    Login(Error),
    NoSuchAccount,
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the application's error")
    }
}

impl From<LoginError> for AppError {
    fn from(error: LoginError) -> Self {
        Self::Login(error.into())
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Login(error) => error.status_code(),
            Self::NoSuchAccount => StatusCode::NOT_FOUND,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Login(error) => error.error_response(),
            Self::NoSuchAccount => HttpResponse::NotFound().finish(),
        }
    }
}

async fn log_in(login: Login<Account>) -> Result<HttpResponse, AppError> {
    let id = login.request().query_value("id").and_then(|id| id.parse().ok()).unwrap_or_default();
    let user = account(id).await.unwrap_or_default().ok_or(AppError::NoSuchAccount)?;
    login.log_in(user).remember(true).await?;
    Ok(login.redirect_to_next("/me"))
}

async fn log_out(login: Login<Account>) -> Result<&'static str, AppError> {
    let was = login.user().await?;
    login.log_out().await?;
    Ok(if was.is_some() { "bye" } else { "who?" })
}

async fn own_header(login: Login<Account>) -> Result<HttpResponse, AppError> {
    login.log_out().await?;
    Ok(HttpResponse::Ok().insert_header(("clear-site-data", "\"cookies\"")).finish())
}

type Builder = LoginManagerBuilder<Account>;

fn manager(change: impl FnOnce(Builder) -> Builder) -> LoginManager<Account> {
    let builder = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap());
    change(builder.login_view("/login")).build(account).unwrap()
}

macro_rules! app {
    ($login:expr) => {
        init_service(
            App::new()
                .app_data(web::PayloadConfig::new(1 << 20))
                .route("/me", web::get().to(async |CurrentUser(user): CurrentUser<Account>| user.0.to_string()))
                .route("/recent", web::get().to(async |user: FreshUser<Account, 600>| user.0.0.to_string()))
                .route(
                    "/body",
                    web::post()
                        .to(async |user: CurrentUser<Account>, body: Bytes| format!("{} {}", user.0.0, body.len())),
                )
                .route("/echo", web::post().to(async |body: Bytes| body))
                .route("/login", web::post().to(log_in))
                .route("/logout", web::post().to(log_out))
                .route("/own", web::post().to(own_header))
                .wrap($login.middleware()),
        )
        .await
    };
}

/// The cookies that a client keeps.
#[derive(Default)]
struct Jar(BTreeMap<String, Cookie<'static>>);

impl Jar {
    fn new(cookies: TestCookies) -> Self {
        Self(cookies.into_iter().map(|(name, value)| (name.clone(), Cookie::new(name, value))).collect())
    }
}

/// Sends a request with the cookies of a jar, which keeps those of the response.
macro_rules! send {
    ($app:expr, $jar:expr, $method:ident, $path:expr) => {{
        let request =
            $jar.0.values().fold(TestRequest::$method().uri($path), |request, cookie| request.cookie(cookie.clone()));
        let response = $app.call(request.to_request()).await.unwrap();
        for cookie in response.response().cookies() {
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                $jar.0.remove(cookie.name());
            } else {
                $jar.0.insert(cookie.name().to_owned(), cookie.into_owned());
            }
        }
        let status = response.status().as_u16();
        (status, String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap())
    }};
}

#[actix_web::test]
async fn a_client_that_keeps_cookies_stays_logged_in() {
    for flask in [false, true] {
        let login = manager(|b| if flask { b.flask_compatible() } else { b });
        let app = app!(login);
        let mut jar = Jar::default();
        assert_eq!(send!(app, jar, post, "/login?id=-1").0, 404, "the application's own error");
        assert_eq!(send!(app, jar, get, "/me").0, 302);
        assert_eq!(send!(app, jar, post, "/login?id=7").0, 303);
        assert_eq!(jar.0.len(), 2);
        assert_eq!(send!(app, jar, get, "/me"), (200, "7".to_owned()));
        if !flask {
            // `TestRequest::cookie` encodes the `|` in Flask's remember cookie, unlike a browser.
            jar.0.remove("__Host-session");
            assert_eq!(send!(app, jar, get, "/me"), (200, "7".to_owned()), "the browser was closed");
            assert_eq!(send!(app, jar, get, "/recent").0, 401);
        }
        assert_eq!(send!(app, jar, post, "/logout"), (200, "bye".to_owned()));
        // In the flask format the message of the refusal is still there.
        assert_eq!(jar.0.len(), usize::from(flask));
        assert_eq!(send!(app, jar, post, "/logout"), (200, "who?".to_owned()));
    }
}

#[actix_web::test]
async fn a_test_login_has_all_cookies_of_a_client() {
    let login = manager(|b| b);
    let app = app!(login);
    let hour = std::time::Duration::from_secs(3600);
    let fresh = login.test_login(Account(7)).await.unwrap();
    let old = login.test_login(Account(7)).age(hour).await.unwrap();
    let remembered = login.test_login(Account(7)).remembered(hour).without_session().await.unwrap();
    let expired = login.test_login(Account(7)).remembered(hour).without_session().age(hour).await.unwrap();
    for (cookies, me, recent) in [(fresh, 200, 200), (old, 200, 401), (remembered, 200, 401), (expired, 302, 302)] {
        let mut jar = Jar::new(cookies);
        assert_eq!((send!(app, jar, get, "/me").0, send!(app, jar, get, "/recent").0), (me, recent));
    }
    let error = login.test_login(Account(-1)).await.unwrap_err();
    assert!(format!("{error:?}").contains("user loader"), "{error:?}");
}

#[actix_web::test]
async fn the_manager_itself_is_a_middleware() {
    let login = manager(|b| b);
    let me = web::resource("/me").wrap(login.login_required());
    let me = me.to(async |CurrentUser(user): CurrentUser<Account>| user.0.to_string());
    let app = init_service(App::new().service(me).wrap(login.clone())).await;
    let mut jar = Jar::new(login.test_login(Account(7)).await.unwrap());
    assert_eq!(send!(app, jar, get, "/me"), (200, "7".to_owned()));
}

/// Posts a body, whole or in pieces.
macro_rules! post {
    ($app:expr, $path:expr, $media:expr, $body:expr) => {{
        let request = TestRequest::post().uri($path).insert_header(("content-type", $media));
        let request = request.insert_header(("accept", "application/json")).to_request();
        let response = $app.call(request.replace_payload($body).0).await.unwrap();
        let status = response.status().as_u16();
        (status, String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap())
    }};
}

/// A body that comes two bytes at a time, and may fail. Every other time it is not ready.
struct Pieces {
    rest: Bytes,
    fails_after: usize,
    is_ready: bool,
}

impl Pieces {
    fn payload(body: &str, fails_after: usize) -> Payload {
        let pieces = Self { rest: Bytes::from(body.to_owned()), fails_after, is_ready: false };
        Payload::Stream { payload: Box::pin(pieces) }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.fails_after == 0 {
            return Poll::Ready(Some(Err(PayloadError::Incomplete(None))));
        }
        self.is_ready = !self.is_ready;
        if !self.is_ready {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        self.fails_after -= 1;
        let size = self.rest.len().min(2);
        Poll::Ready(Some(Ok(self.rest.split_to(size))))
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

#[actix_web::test]
async fn the_request_loader_sees_small_forms_and_the_handler_everything() {
    const LIMIT: usize = 64 * 1024;
    let app = app!(manager(|b| b.request_loader(by_request).request_loader_reads_forms()));
    let without = app!(manager(|b| b.request_loader(by_request)));
    let form = |size: usize| format!("id=7&x={}", "x".repeat(size - "id=7&x=".len()));
    for size in [7, 100, LIMIT - 1, LIMIT, LIMIT + 1, 5 * LIMIT] {
        let seen = size <= LIMIT;
        let whole = || Payload::from(Bytes::from(form(size)));
        // In pieces, and without a size in advance.
        let pieces = || Pieces::payload(&form(size), usize::MAX);
        for body in [whole(), pieces()] {
            let (status, text) = post!(app, "/body", FORM, body);
            assert_eq!(status, if seen { 200 } else { 401 }, "{size}");
            if seen {
                assert_eq!(text, format!("7 {size}"));
            }
        }
        for body in [whole(), pieces()] {
            assert_eq!(post!(app, "/echo", FORM, body), (200, form(size)), "{size}");
        }
        assert_eq!(post!(app, "/body", "text/plain", whole()).0, 401, "{size}");
        assert_eq!(post!(without, "/body", FORM, whole()).0, 401, "{size}");
        assert_eq!(post!(without, "/echo", FORM, whole()).1, form(size));
    }
    assert_eq!(post!(app, "/echo", FORM, Payload::None), (200, String::new()));
}

#[actix_web::test]
async fn a_body_that_breaks_off_breaks_off_for_the_handler() {
    let app = app!(manager(|b| b.request_loader(by_request).request_loader_reads_forms()));
    for fails_after in [0, 1, 3] {
        let (status, _) = post!(app, "/echo", FORM, Pieces::payload("id=7&x=y", fails_after));
        assert_eq!(status, 400, "the answer of actix-web's own extractor");
    }
}

#[actix_web::test]
async fn a_token_can_come_first_and_the_response_varies_by_it() {
    for first in [false, true] {
        let login = manager(|b| {
            let b = b.request_loader(by_request);
            if first { b.request_loader_first() } else { b }
        });
        let app = app!(login);
        let cookie = login.test_login(Account(1)).await.unwrap().header();
        let request = TestRequest::get().uri("/me").insert_header(("cookie", cookie));
        let request = request.insert_header(("authorization", "Bearer 2"));
        let response = app.call(request.to_request()).await.unwrap();
        let vary: Vec<_> = response.headers().get_all("vary").map(|vary| vary.to_str().unwrap().to_owned()).collect();
        assert_eq!(vary, [if first { "cookie, authorization" } else { "cookie" }]);
        assert_eq!(to_bytes(response.into_body()).await.unwrap(), if first { "2" } else { "1" });
    }
}

#[actix_web::test]
async fn a_logout_can_clear_the_browsers_cache() {
    for clears in [false, true] {
        let login = manager(|b| if clears { b.clear_site_data() } else { b });
        let app = app!(login);
        let cookie = login.test_login(Account(1)).await.unwrap().header();
        for (path, expected) in [
            ("/logout", if clears { &["\"cache\""][..] } else { &[] }),
            ("/login?id=1", &[]),
            ("/own", &["\"cookies\""]),
        ] {
            let request = TestRequest::post().uri(path).insert_header(("cookie", &*cookie));
            let response = app.call(request.to_request()).await.unwrap();
            let values: Vec<_> = response.headers().get_all("clear-site-data").collect();
            assert_eq!(values, expected, "{path}");
        }
    }
}
