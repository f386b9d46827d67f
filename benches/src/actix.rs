//! The cases on actix-web: bare, our library, and actix-identity with actix-session's cookie
//! store.

use std::future::{Ready, ready};

use actix_http::Request;
use actix_web::dev::{Service, ServiceRequest, Transform};
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpResponse, web};
use login_actix::{CurrentUser, Login, LoginManager, MaybeUser};

use crate::meter::Meter;
use crate::users::{self, Account, Wire, ann};

fn request(method: &str, cookies: &str) -> Request {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = TestRequest::default().method(method).uri("/").peer_addr((users::ADDRESS, 51312).into());
    for (name, value) in users::HEADERS {
        request = request.insert_header((name, value));
    }
    if !cookies.is_empty() {
        request = request.insert_header(("cookie", cookies));
    }
    request.to_request()
}

/// Sends the requests, and checks the status of each response.
macro_rules! repeat {
    ($meter:expr, $app:expr, $method:expr, $cookies:expr, $status:expr) => {
        if $meter.is_bare {
            let status = if $method == "POST" { 204 } else { 200 };
            repeat!(@send $meter, App::new().configure($crate::actix::hello), $method, $cookies, status)
        } else {
            repeat!(@send $meter, $app, $method, $cookies, $status)
        }
    };
    (@send $meter:expr, $app:expr, $method:expr, $cookies:expr, $status:expr) => {{
        let app = init_service($app).await;
        let play = async |request| assert_eq!(app.call(request).await.expect("a response").status(), $status);
        $meter.repeat(|| request($method, $cookies), play).await;
    }};
}

pub mod peer;

pub async fn bare(meter: &mut Meter) {
    repeat!(meter, App::new().configure(hello), "GET", "", 200);
}

pub fn hello(app: &mut web::ServiceConfig) {
    let page = web::resource("/").get(async || "hello").post(async || HttpResponse::NoContent());
    app.service(page);
}

struct Nothing<S> {
    service: S,
}

struct NothingMiddleware;

impl<S: Service<ServiceRequest>> Transform<S, ServiceRequest> for NothingMiddleware {
    type Response = S::Response;
    type Error = S::Error;
    type Transform = Nothing<S>;
    type InitError = ();
    type Future = Ready<Result<Nothing<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Nothing { service }))
    }
}

impl<S: Service<ServiceRequest>> Service<ServiceRequest> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    actix_web::dev::forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> S::Future {
        self.service.call(request)
    }
}

pub async fn nothing(meter: &mut Meter) {
    let cookies = users::login_cookie(manager(Wire::Native).test_login(ann()), false);
    repeat!(meter, App::new().configure(hello).wrap(NothingMiddleware), "GET", &cookies, 200);
}

pub fn manager(wire: Wire) -> LoginManager<Account> {
    users::configured(LoginManager::builder, wire)
}

pub async fn mounted(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    repeat!(meter, App::new().configure(hello).wrap(login.middleware()), "GET", &cookies, 200);
}

pub async fn anonymous(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let page = async |user: MaybeUser<Account>| {
        assert!(user.0.is_none());
        "hello"
    };
    let app = App::new().route("/", web::get().to(page)).wrap(login.middleware());
    repeat!(meter, app, "GET", users::OTHER_COOKIES, 200);
}

async fn private_page(CurrentUser(user): CurrentUser<Account>) -> &'static str {
    assert_eq!(user.name(), "user 412");
    "hello"
}

/// The guarded page for logged-in users, which extracts the user.
pub fn private(app: &mut web::ServiceConfig, login: &LoginManager<Account>) {
    app.service(web::resource("/").wrap(login.login_required()).get(private_page));
}

async fn guarded(meter: &mut Meter, wire: Wire, remembered: bool) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), remembered);
    let app = App::new().configure(|app| private(app, &login)).wrap(login.middleware());
    repeat!(meter, app, "GET", &cookies, 200);
}

pub async fn logged_in(meter: &mut Meter, wire: Wire) {
    guarded(meter, wire, false).await;
}

/// The cookie was made by Flask, which compresses it.
pub async fn logged_in_at_flask(meter: &mut Meter) {
    let login = users::at_flask(LoginManager::builder);
    let app = App::new().configure(|app| private(app, &login)).wrap(login.middleware());
    repeat!(meter, app, "GET", &users::cookies(users::FLASK_SESSION), 200);
}

/// The extractor is the only guard.
pub async fn extractor(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    let app = App::new().route("/", web::get().to(private_page)).wrap(login.middleware());
    repeat!(meter, app, "GET", &cookies, 200);
}

pub async fn remembered(meter: &mut Meter, wire: Wire) {
    guarded(meter, wire, true).await;
}

pub async fn log_in(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let handler = async |login: Login<Account>| {
        login.log_in(ann()).await.expect("a login");
        HttpResponse::NoContent().finish()
    };
    let app = App::new().route("/", web::post().to(handler)).wrap(login.middleware());
    repeat!(meter, app, "POST", users::OTHER_COOKIES, 204);
}

pub async fn log_out(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    let handler = async |login: Login<Account>| {
        login.log_out().await.expect("a logout");
        HttpResponse::NoContent().finish()
    };
    let app = App::new().route("/", web::post().to(handler)).wrap(login.middleware());
    repeat!(meter, app, "POST", &cookies, 204);
}
