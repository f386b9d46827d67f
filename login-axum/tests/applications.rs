//! A small application on axum, as its developer writes and tests it: functions as loaders, a
//! request loader that reads forms, and a client that stays logged in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot continue fails")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use login_axum::{
    CurrentUser, Error, FreshUser, Login, LoginError, LoginManager, LoginManagerBuilder, SecretKey, TestCookies, User,
};
use tower::ServiceExt;

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
async fn by_request(request: login_axum::Request) -> Result<Option<Account>, Infallible> {
    let id = request.form_value("id").or_else(|| request.bearer_token().map(str::to_owned));
    Ok(id.and_then(|id| id.parse().ok()).map(Account))
}

/// The error type of the application, with one `From`.
enum AppError {
    Login(Error),
    NoSuchAccount,
}

impl From<LoginError> for AppError {
    fn from(error: LoginError) -> Self {
        Self::Login(error.into())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> axum::response::Response {
        match self {
            Self::Login(error) => error.into_response(),
            Self::NoSuchAccount => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

async fn log_in(login: Login<Account>) -> Result<Redirect, AppError> {
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

type Builder = LoginManagerBuilder<Account>;

fn app(change: impl FnOnce(Builder) -> Builder) -> (LoginManager<Account>, Router) {
    let builder = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap());
    let login = change(builder.login_view("/login")).build(account).unwrap();
    let router = Router::new()
        .route("/me", get(async |CurrentUser(user): CurrentUser<Account>| user.0.to_string()))
        .route("/recent", get(async |user: FreshUser<Account, 600>| user.0.0.to_string()))
        .route("/body", post(async |user: CurrentUser<Account>, body: Bytes| format!("{} {}", user.0.0, body.len())))
        .route("/echo", post(async |body: Bytes| body))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .layer(login.layer());
    (login, router)
}

#[tokio::test]
async fn the_manager_itself_is_a_layer() {
    let (login, _) = app(|b| b);
    let router = Router::new()
        .route("/me", get(async |CurrentUser(user): CurrentUser<Account>| user.0.to_string()))
        .route_layer(login.login_required())
        .layer(login.clone());
    let mut client = Client::new(&router, Some(login.test_login(Account(7)).await.unwrap()));
    assert_eq!(client.send("GET", "/me").await, (200, "7".to_owned()));
}

/// A client that keeps the cookies of all responses.
struct Client {
    router: Router,
    cookies: BTreeMap<String, String>,
}

impl Client {
    fn new(router: &Router, cookies: Option<TestCookies>) -> Self {
        Self { router: router.clone(), cookies: cookies.into_iter().flatten().collect() }
    }

    async fn send(&mut self, method: &str, path: &str) -> (u16, String) {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(path).header("cookie", cookies.join("; "));
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        text(response).await
    }
}

async fn text(response: Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_client_that_keeps_cookies_stays_logged_in() {
    for flask in [false, true] {
        let (_, router) = app(|b| if flask { b.flask_compatible() } else { b });
        let mut client = Client::new(&router, None);
        assert_eq!(client.send("POST", "/login?id=-1").await.0, 404, "the application's own error");
        assert_eq!(client.send("GET", "/me").await.0, 302);
        assert_eq!(client.send("POST", "/login?id=7").await.0, 303);
        assert_eq!(client.cookies.len(), 2);
        assert_eq!(client.send("GET", "/me").await, (200, "7".to_owned()));
        client.cookies.remove(if flask { "session" } else { "__Host-session" });
        assert_eq!(client.send("GET", "/me").await, (200, "7".to_owned()), "the browser was closed");
        assert_eq!(client.send("GET", "/recent").await.0, 401);
        assert_eq!(client.send("POST", "/logout").await, (200, "bye".to_owned()));
        assert!(client.cookies.is_empty());
        assert_eq!(client.send("POST", "/logout").await, (200, "who?".to_owned()));
    }
}

#[tokio::test]
async fn a_test_login_has_all_cookies_of_a_client() {
    let (login, router) = app(|b| b);
    let hour = std::time::Duration::from_secs(3600);
    let fresh = login.test_login(Account(7)).await.unwrap();
    let old = login.test_login(Account(7)).age(hour).await.unwrap();
    let remembered = login.test_login(Account(7)).remembered(hour).without_session().await.unwrap();
    let expired = login.test_login(Account(7)).remembered(hour).without_session().age(hour).await.unwrap();
    for (cookies, me, recent) in [(fresh, 200, 200), (old, 200, 401), (remembered, 200, 401), (expired, 302, 302)] {
        let mut client = Client::new(&router, Some(cookies));
        assert_eq!((client.send("GET", "/me").await.0, client.send("GET", "/recent").await.0), (me, recent));
    }
    let error = login.test_login(Account(-1)).await.unwrap_err();
    assert!(format!("{error:?}").contains("user loader"), "{error:?}");
}

#[tokio::test]
async fn the_request_loader_sees_small_forms_and_the_handler_everything() {
    const LIMIT: usize = 64 * 1024;
    let (_, router) = app(|b| b.request_loader(by_request).request_loader_reads_forms());
    let (_, without) = app(|b| b.request_loader(by_request));
    let form = |size: usize| format!("id=7&x={}", "x".repeat(size - "id=7&x=".len()));
    let send = async |router: &Router, path: &str, media: &str, body: Body| {
        let request = Request::post(path).header("content-type", media).header("accept", "application/json");
        text(router.clone().oneshot(request.body(body).unwrap()).await.unwrap()).await
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    for size in [7, 100, LIMIT - 1, LIMIT, LIMIT + 1, 5 * LIMIT] {
        let seen = size <= LIMIT;
        let whole = || Body::from(form(size));
        // In pieces, and without a size in advance.
        let pieces = || Body::new(Pieces { rest: form(size).into(), fails_after: usize::MAX });
        for body in [whole(), pieces()] {
            let (status, text) = send(&router, "/body", FORM, body).await;
            assert_eq!(status, if seen { 200 } else { 401 }, "{size}");
            if seen {
                assert_eq!(text, format!("7 {size}"));
            }
        }
        for body in [whole(), pieces()] {
            assert_eq!(send(&router, "/echo", FORM, body).await, (200, form(size)), "{size}");
        }
        assert_eq!(send(&router, "/body", "text/plain", whole()).await.0, 401, "{size}");
        assert_eq!(send(&without, "/body", FORM, whole()).await.0, 401, "{size}");
        assert_eq!(send(&without, "/echo", FORM, whole()).await.1, form(size));
    }
    assert_eq!(send(&router, "/echo", FORM, Body::empty()).await, (200, String::new()));
}

#[tokio::test]
async fn a_body_that_breaks_off_breaks_off_for_the_handler() {
    let (_, router) = app(|b| b.request_loader(by_request).request_loader_reads_forms());
    for fails_after in [0, 1, 3] {
        let body = Body::new(Pieces { rest: "id=7&x=y".into(), fails_after });
        let request = Request::post("/echo").header("content-type", "application/x-www-form-urlencoded");
        let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        assert_eq!(response.status(), 400, "the answer of axum's own extractor");
    }
}

/// A service that may be called only after it said that it is ready, and once.
struct NeedsReady(bool);

impl Clone for NeedsReady {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl tower::Service<Request<Body>> for NeedsReady {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        self.0 = true;
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(std::mem::replace(&mut self.0, false), "it was not ready");
        std::future::ready(Ok(Response::new(request.into_body())))
    }
}

#[tokio::test]
async fn the_service_inside_is_ready_and_gets_the_trailers() {
    use http_body_util::BodyExt as _;
    use tower::Layer as _;
    let (login, _) = app(|b| b.request_loader(by_request).request_loader_reads_forms());
    let service = login.layer().layer(NeedsReady(false));
    let trailers: axum::http::HeaderMap = [("x-sum".parse().unwrap(), "7".parse().unwrap())].into_iter().collect();
    let body =
        http_body_util::Full::new(Bytes::from("id=7")).with_trailers(std::future::ready(Some(Ok(trailers.clone()))));
    let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let response = service.oneshot(request.body(Body::new(body)).unwrap()).await.unwrap();
    let echoed = response.into_body().collect().await.unwrap();
    assert_eq!(echoed.trailers(), Some(&trailers));
    assert_eq!(echoed.to_bytes(), "id=7");
}

/// A body that comes two bytes at a time, and may fail. Every other time it is not ready.
struct Pieces {
    rest: Bytes,
    fails_after: usize,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        use std::task::Poll;
        if self.fails_after == 0 {
            return Poll::Ready(Some(Err(std::io::Error::other("gone"))));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.rest.len() % 4 < 2 && self.fails_after == usize::MAX {
            context.waker().wake_by_ref();
            self.fails_after -= 1;
            return Poll::Pending;
        }
        if self.fails_after < 100 {
            self.fails_after -= 1;
        } else {
            self.fails_after = usize::MAX;
        }
        let size = self.rest.len().min(2);
        Poll::Ready(Some(Ok(http_body::Frame::data(self.rest.split_to(size)))))
    }
}

#[tokio::test]
async fn a_token_can_come_first_and_the_response_varies_by_it() {
    for first in [false, true] {
        let (login, router) = app(|b| {
            let b = b.request_loader(by_request);
            if first { b.request_loader_first() } else { b }
        });
        let cookie = login.test_login(Account(1)).await.unwrap().header();
        let request = Request::get("/me").header("cookie", cookie).header("authorization", "Bearer 2");
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let vary: Vec<_> =
            response.headers().get_all("vary").iter().map(|vary| vary.to_str().unwrap().to_owned()).collect();
        assert_eq!(vary, [if first { "cookie, authorization" } else { "cookie" }]);
        assert_eq!(text(response).await, (200, if first { "2" } else { "1" }.to_owned()));
    }
}

#[tokio::test]
async fn a_logout_can_clear_the_browsers_cache() {
    for clears in [false, true] {
        let (login, router) = app(|b| if clears { b.clear_site_data() } else { b });
        let cookie = login.test_login(Account(1)).await.unwrap().header();
        let send = async |path: &str| {
            let request = Request::post(path).header("cookie", &cookie).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap().headers().get("clear-site-data").cloned()
        };
        let own = Router::new()
            .route(
                "/own",
                post(async |login: Login<Account>| {
                    login.log_out().await?;
                    Ok::<_, Error>([("clear-site-data", "\"cookies\"")])
                }),
            )
            .layer(login.layer());
        let expected = clears.then_some("\"cache\"");
        assert_eq!(send("/logout").await.as_ref().map(|value| value.to_str().unwrap()), expected);
        assert_eq!(send("/login?id=1").await, None, "only a logout");
        let request = Request::post("/own").header("cookie", &cookie).body(Body::empty()).unwrap();
        let response = own.oneshot(request).await.unwrap();
        let values: Vec<_> = response.headers().get_all("clear-site-data").iter().collect();
        assert_eq!(values, ["\"cookies\""], "the application's own header stands");
    }
}
