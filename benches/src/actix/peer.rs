//! actix-identity with actix-session's cookie store, set up as in its guide.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::Key;
use actix_web::dev::Service;
use actix_web::http::header::SET_COOKIE;
use actix_web::test::init_service;
use actix_web::{App, HttpMessage as _, HttpRequest, HttpResponse, web};

use super::{hello, request};
use crate::meter::Meter;
use crate::users::{KEY, NUMBER, cookies, find, pair};

pub fn sessions(private: bool) -> SessionMiddleware<CookieSessionStore> {
    let security = if private { CookieContentSecurity::Private } else { CookieContentSecurity::Signed };
    SessionMiddleware::builder(CookieSessionStore::default(), Key::from(KEY.as_bytes()))
        .cookie_content_security(security)
        .cookie_secure(false)
        .build()
}

async fn log_in_handler(request: HttpRequest) -> HttpResponse {
    Identity::login(&request.extensions(), NUMBER.to_string()).expect("a login");
    HttpResponse::NoContent().finish()
}

/// The Cookie header of a browser that logged in.
pub async fn login_cookie(private: bool) -> String {
    let app = App::new().route("/", web::post().to(log_in_handler));
    let app = init_service(app.wrap(IdentityMiddleware::default()).wrap(sessions(private))).await;
    let response = app.call(request("POST", "")).await.expect("a response");
    let line = response.headers().get(SET_COOKIE).expect("a session cookie");
    cookies(&pair(line.to_str().expect("ASCII")))
}

pub fn private_page(app: &mut web::ServiceConfig) {
    let page = async |identity: Identity| {
        let user = identity.id().ok().and_then(|id| id.parse().ok()).and_then(find);
        assert_eq!(user.expect("a user").name(), "user 412");
        "hello"
    };
    app.route("/", web::get().to(page));
}

macro_rules! play {
    ($meter:expr, $private:expr, $app:expr, $method:expr, $cookies:expr, $status:expr) => {
        repeat!($meter, $app.wrap(IdentityMiddleware::default()).wrap(sessions($private)), $method, $cookies, $status)
    };
}

pub async fn mounted(meter: &mut Meter, private: bool) {
    let cookies = login_cookie(private).await;
    play!(meter, private, App::new().configure(hello), "GET", &cookies, 200);
}

pub async fn anonymous(meter: &mut Meter, private: bool) {
    let page = async |identity: Option<Identity>| {
        assert!(identity.is_none());
        "hello"
    };
    play!(meter, private, App::new().route("/", web::get().to(page)), "GET", &cookies(""), 200);
}

pub async fn logged_in(meter: &mut Meter, private: bool) {
    let cookies = login_cookie(private).await;
    play!(meter, private, App::new().configure(private_page), "GET", &cookies, 200);
}

pub async fn log_in(meter: &mut Meter, private: bool) {
    play!(meter, private, App::new().route("/", web::post().to(log_in_handler)), "POST", &cookies(""), 204);
}

pub async fn log_out(meter: &mut Meter, private: bool) {
    let handler = async |identity: Identity| {
        identity.logout();
        HttpResponse::NoContent().finish()
    };
    let cookies = login_cookie(private).await;
    play!(meter, private, App::new().route("/", web::post().to(handler)), "POST", &cookies, 204);
}
