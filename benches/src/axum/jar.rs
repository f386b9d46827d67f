//! axum-extra's signed cookie jar. The handlers do the rest of a login.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::{get, post};
use axum_extra::extract::SignedCookieJar;
use axum_extra::extract::cookie::{Cookie, Key};

use super::{repeat, request, send};
use crate::meter::Meter;
use crate::users::{Account, KEY, ann, cookies, find, pair};

fn user(jar: &SignedCookieJar) -> Option<Account> {
    jar.get("user")?.value().parse().ok().and_then(find)
}

async fn log_in_handler(jar: SignedCookieJar) -> (SignedCookieJar, StatusCode) {
    (jar.add(Cookie::new("user", ann().number().to_string())), StatusCode::NO_CONTENT)
}

fn app(routes: Router<Key>) -> Router {
    routes.route("/login", post(log_in_handler)).with_state(Key::from(KEY.as_bytes()))
}

async fn login_cookie(app: &mut Router) -> String {
    let mut log_in = request("POST", "");
    *log_in.uri_mut() = "/login".parse().expect("a path");
    let response = send(app, log_in).await;
    let line = response.headers().get(header::SET_COOKIE).expect("a cookie");
    cookies(&pair(line.to_str().expect("ASCII")))
}

pub async fn anonymous(meter: &mut Meter) {
    let app = app(Router::new().route("/", get(async |jar: SignedCookieJar| assert!(user(&jar).is_none()))));
    repeat(meter, app, "GET", &cookies(""), StatusCode::OK).await;
}

pub async fn logged_in(meter: &mut Meter) {
    let page = async |jar: SignedCookieJar| match user(&jar) {
        Some(user) => {
            assert_eq!(user.name(), "user 412");
            Ok("hello")
        }
        None => Err(StatusCode::UNAUTHORIZED),
    };
    let mut app = app(Router::new().route("/", get(page)));
    let cookies = login_cookie(&mut app).await;
    repeat(meter, app, "GET", &cookies, StatusCode::OK).await;
}

pub async fn log_in(meter: &mut Meter) {
    repeat(meter, app(Router::new().route("/", post(log_in_handler))), "POST", &cookies(""), StatusCode::NO_CONTENT)
        .await;
}

pub async fn log_out(meter: &mut Meter) {
    let log_out = async |jar: SignedCookieJar| (jar.remove(Cookie::from("user")), StatusCode::NO_CONTENT);
    let mut app = app(Router::new().route("/", post(log_out)));
    let cookies = login_cookie(&mut app).await;
    repeat(meter, app, "POST", &cookies, StatusCode::NO_CONTENT).await;
}
