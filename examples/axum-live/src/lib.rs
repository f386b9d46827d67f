//! The application: the login, the routes and the pages. `main.rs` serves it.

mod live;

use std::borrow::Cow;
use std::convert::Infallible;

use axum::Router;
use axum::extract::{Form, Request};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use login_axum::{ConfigError, Error, Login, LoginManager, MemoryStore, User, development_key};
use serde::Deserialize;

pub use crate::live::Live;

/// A user. There are no passwords here: everyone has an account, under any name.
#[derive(Deserialize)]
pub(crate) struct Member {
    name: String,
}

impl User for Member {
    type Id = String;

    fn id(&self) -> String {
        self.name.clone()
    }

    /// Empty, because there is no password whose change could end a login.
    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

async fn load(name: String) -> Result<Option<Member>, Infallible> {
    Ok(Some(Member { name }))
}

/// The whole application.
///
/// # Errors
/// [`ConfigError`] if the login's configuration is invalid.
pub fn router(live: Live) -> Result<Router, ConfigError> {
    let login = LoginManager::builder(development_key())
        .insecure_plain_http()
        .login_view("/login")
        // Without a store, a connection would not notice that its login was ended elsewhere.
        .session_store(MemoryStore::new())
        .build(load)?;
    Ok(Router::new()
        .route("/", get(|| async { Html(include_str!("../static/room.html")) }))
        .route("/events", get(live::events))
        .route("/socket", get(live::socket))
        .route("/end-others", post(end_others))
        .route_layer(login.login_required())
        .route("/login", get(|| async { Html(include_str!("../static/login.html")) }).post(log_in))
        .route("/log-out", post(log_out))
        .route("/live.js", get(|| file("text/javascript", include_str!("../static/live.js"))))
        .route("/style.css", get(|| file("text/css", include_str!("../../accounts/static/style.css"))))
        .layer(login.layer())
        .layer(from_fn(with_policy))
        .with_state(live))
}

async fn log_in(login: Login<Member>, Form(member): Form<Member>) -> Result<Redirect, Error> {
    login.log_in(member).await?;
    Ok(login.redirect_to_next("/"))
}

async fn log_out(login: Login<Member>) -> Result<Redirect, Error> {
    login.log_out().await?;
    Ok(Redirect::to("/login"))
}

async fn end_others(login: Login<Member>) -> Result<Redirect, Error> {
    login.end_other_sessions().await?;
    Ok(Redirect::to("/"))
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}

async fn with_policy(request: Request, next: Next) -> Response {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let mut response = next.run(request).await;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
