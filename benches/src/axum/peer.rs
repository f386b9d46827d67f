//! axum-login with tower-sessions' memory store, set up as in its guide.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::{get, post};
use axum_login::{AuthManagerLayerBuilder, login_required};
use tower_sessions::{MemoryStore, SessionManagerLayer, SessionStore};

use super::{hello, repeat, request, send};
use crate::meter::Meter;
use crate::users::{Accounts, ann, cookies, pair};

type AuthSession = axum_login::AuthSession<Accounts>;

/// The routes with axum-login's layers.
fn app(routes: Router, store: impl SessionStore + Clone) -> Router {
    let sessions = SessionManagerLayer::new(store).with_secure(false);
    routes
        .route("/login", post(log_in_handler))
        .layer(AuthManagerLayerBuilder::new(Accounts, sessions).build())
        .with_state(())
}

async fn log_in_handler(mut session: AuthSession) -> StatusCode {
    session.login(&ann()).await.expect("a login");
    StatusCode::NO_CONTENT
}

pub fn private() -> Router {
    private_with(MemoryStore::default())
}

pub fn private_with(store: impl SessionStore + Clone) -> Router {
    let page = async |session: AuthSession| {
        assert_eq!(session.user.expect("a user").name(), "user 412");
        "hello"
    };
    app(Router::new().route("/", get(page)).route_layer(login_required!(Accounts, login_url = "/login")), store)
}

/// The Cookie header of a browser that logged in.
pub async fn login_cookie(app: &mut Router) -> String {
    let mut log_in = request("POST", "");
    *log_in.uri_mut() = "/login".parse().expect("a path");
    let response = send(app, log_in).await;
    let line = response.headers().get(header::SET_COOKIE).expect("a session cookie");
    cookies(&pair(line.to_str().expect("ASCII")))
}

pub async fn mounted(meter: &mut Meter) {
    let mut app = app(hello(), MemoryStore::default());
    let cookies = login_cookie(&mut app).await;
    repeat(meter, app, "GET", &cookies, StatusCode::OK).await;
}

pub async fn anonymous(meter: &mut Meter) {
    let app = app(
        Router::new().route("/", get(async |session: AuthSession| assert!(session.user.is_none()))),
        MemoryStore::default(),
    );
    repeat(meter, app, "GET", &cookies(""), StatusCode::OK).await;
}

pub async fn logged_in(meter: &mut Meter) {
    let mut app = private();
    let cookies = login_cookie(&mut app).await;
    repeat(meter, app, "GET", &cookies, StatusCode::OK).await;
}

pub async fn log_in(meter: &mut Meter) {
    let app = app(Router::new().route("/", post(log_in_handler)), MemoryStore::default());
    repeat(meter, app, "POST", &cookies(""), StatusCode::NO_CONTENT).await;
}

/// A session can end only once, so each request logs in before it logs out.
pub async fn log_in_and_out(meter: &mut Meter) {
    let handler = async |mut session: AuthSession| {
        session.login(&ann()).await.expect("a login");
        session.logout().await.expect("a logout");
        StatusCode::NO_CONTENT
    };
    let app = app(Router::new().route("/", post(handler)), MemoryStore::default());
    repeat(meter, app, "POST", &cookies(""), StatusCode::NO_CONTENT).await;
}
