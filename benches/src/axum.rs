//! The cases on axum: bare, our library, axum-login, and axum-extra's signed cookie jar.

use std::future::ready;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use login_axum::{CurrentUser, Login, LoginManager, MaybeUser};
use tower_layer::Layer;
use tower_service::Service;

use crate::meter::Meter;
use crate::users::{self, Account, Wire, ann};

pub mod jar;
pub mod peer;

pub fn request(method: &str, cookies: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in users::HEADERS {
        request = request.header(name, value);
    }
    if !cookies.is_empty() {
        request = request.header("cookie", cookies);
    }
    let address = SocketAddr::from((users::ADDRESS, 51312));
    request.extension(ConnectInfo(address)).body(Body::empty()).expect("a request")
}

/// Sends a request and returns the response.
pub async fn send(router: &mut Router, request: Request<Body>) -> Response<Body> {
    match Service::call(router, request).await {
        Ok(response) => response,
        Err(error) => match error {},
    }
}

async fn repeat(meter: &mut Meter, router: Router, method: &str, cookies: &str, expected: StatusCode) {
    let (router, expected) = match (meter.is_bare, method) {
        (false, _) => (router, expected),
        (true, "POST") => (hello(), StatusCode::NO_CONTENT),
        (true, _) => (hello(), StatusCode::OK),
    };
    // Done once, so that a clone for each request does not build the layers again.
    let mut router: Router = router.with_state(());
    let play = async |request| assert_eq!(send(&mut router, request).await.status(), expected);
    meter.repeat(|| request(method, cookies), play).await;
}

pub fn hello() -> Router {
    Router::new().route("/", get(|| ready("hello")).post(|| ready(StatusCode::NO_CONTENT)))
}

pub async fn bare(meter: &mut Meter) {
    repeat(meter, hello(), "GET", "", StatusCode::OK).await;
}

#[derive(Clone)]
struct Nothing<S>(S);

#[derive(Clone)]
struct NothingLayer;

impl<S> Layer<S> for NothingLayer {
    type Service = Nothing<S>;

    fn layer(&self, inner: S) -> Nothing<S> {
        Nothing(inner)
    }
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}

pub async fn nothing(meter: &mut Meter) {
    let cookies = users::login_cookie(manager(Wire::Native).test_login(ann()), false);
    repeat(meter, hello().layer(NothingLayer), "GET", &cookies, StatusCode::OK).await;
}

pub fn manager(wire: Wire) -> LoginManager<Account> {
    users::configured(LoginManager::builder, wire)
}

pub async fn mounted(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    repeat(meter, hello().layer(login.layer()), "GET", &cookies, StatusCode::OK).await;
}

pub async fn anonymous(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let app = Router::new().route("/", get(async |user: MaybeUser<Account>| assert!(user.0.is_none())));
    repeat(meter, app.layer(login.layer()), "GET", users::OTHER_COOKIES, StatusCode::OK).await;
}

async fn private_page(CurrentUser(user): CurrentUser<Account>) -> &'static str {
    assert_eq!(user.name(), "user 412");
    "hello"
}

/// The guarded page for logged-in users, which extracts the user.
pub fn private(login: &LoginManager<Account>) -> Router {
    Router::new().route("/", get(private_page)).route_layer(login.login_required()).layer(login.layer())
}

pub async fn logged_in(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    repeat(meter, private(&login), "GET", &cookies, StatusCode::OK).await;
}

/// The cookie was made by Flask, which compresses it.
pub async fn logged_in_at_flask(meter: &mut Meter) {
    let login = users::at_flask(LoginManager::builder);
    repeat(meter, private(&login), "GET", &users::cookies(users::FLASK_SESSION), StatusCode::OK).await;
}

/// Guard and login layer are one layer of the router, for which axum boxes the routes once.
pub async fn one_layer(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    let app = Router::new().route("/", get(private_page)).layer((login.layer(), login.login_required()));
    repeat(meter, app, "GET", &cookies, StatusCode::OK).await;
}

/// The extractor is the only guard.
pub async fn extractor(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    repeat(meter, Router::new().route("/", get(private_page)).layer(login.layer()), "GET", &cookies, StatusCode::OK)
        .await;
}

/// The extractor is the only guard, and the login layer is around the whole router.
pub async fn wrapped(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    let router: Router = if meter.is_bare { hello() } else { Router::new().route("/", get(private_page)) };
    let router: Router = router.with_state(());
    if meter.is_bare {
        return repeat(meter, router, "GET", &cookies, StatusCode::OK).await;
    }
    let mut service = login.layer().layer(router);
    let play = async |request| match Service::call(&mut service, request).await {
        Ok(response) => assert_eq!(response.status(), StatusCode::OK),
        Err(error) => match error {},
    };
    meter.repeat(|| request("GET", &cookies), play).await;
}

pub async fn remembered(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), true);
    repeat(meter, private(&login), "GET", &cookies, StatusCode::OK).await;
}

pub async fn log_in(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let handler = async |login: Login<Account>| {
        login.log_in(ann()).await.expect("a login");
        StatusCode::NO_CONTENT
    };
    let app = Router::new().route("/", axum::routing::post(handler)).layer(login.layer());
    repeat(meter, app, "POST", users::OTHER_COOKIES, StatusCode::NO_CONTENT).await;
}

pub async fn log_out(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    let handler = async |login: Login<Account>| {
        login.log_out().await.expect("a logout");
        StatusCode::NO_CONTENT
    };
    let app = Router::new().route("/", axum::routing::post(handler)).layer(login.layer());
    repeat(meter, app, "POST", &cookies, StatusCode::NO_CONTENT).await;
}
