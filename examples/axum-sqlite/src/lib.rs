//! The application's routes. `main.rs` serves them, and the tests send requests to them.

mod api;
mod error;
mod pages;
mod sessions;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use example_accounts::{Account, Accounts, Settings, audit, error_body, report_new_devices};
use login_axum::{ConfigError, LoginManager, development_key};

use crate::sessions::Admin;

/// The whole application.
///
/// # Errors
/// [`ConfigError`] if the login's configuration is invalid, such as a short key.
pub fn router(settings: &Settings, accounts: Accounts) -> Result<Router, ConfigError> {
    let mut login = LoginManager::builder(settings.key.clone().unwrap_or_else(development_key))
        .session_store(accounts.session_store())
        .login_view("/login")
        .refresh_view("/confirm")
        .request_loader(accounts.clone())
        // A wrong token is an error, even in a browser that is logged in.
        .request_loader_first()
        .json_below("/api")
        .on_event(audit)
        .on_event(report_new_devices(accounts.clone()));
    if !settings.is_https {
        login = login.insecure_plain_http();
    }
    let login = login.build(accounts.clone())?;
    let admin = Router::new()
        .route("/admin", get(sessions::admin))
        .route("/admin/{id}", get(sessions::account).post(sessions::end_sessions_of))
        .route_layer(login.login_required().only(|account: &Account| account.is_admin))
        .with_state(Admin { manager: login.clone(), accounts: accounts.clone() });
    Ok(Router::new()
        .route("/notes", get(pages::notes).post(pages::add_note))
        .route("/notes/delete", post(pages::delete_note))
        .route("/confirm", get(pages::confirm).post(pages::confirmed))
        .route("/sessions", get(sessions::sessions))
        .route("/sessions/end", post(sessions::end_session))
        .route("/sessions/end-others", post(sessions::end_other_sessions))
        .route("/log-out-everywhere", post(sessions::log_out_everywhere))
        .route("/api/notes", get(api::notes).post(api::add_note))
        .route_layer(login.login_required())
        .merge(admin)
        .route("/settings", get(pages::settings).post(pages::change_email))
        .route("/password", get(pages::password).post(pages::change_password))
        .route("/tokens", post(pages::create_token))
        .route("/tokens/delete", post(pages::delete_tokens))
        .route("/", get(pages::home))
        .route("/sign-up", get(pages::sign_up).post(pages::signed_up))
        .route("/login", get(pages::log_in).post(pages::logged_in))
        .route("/log-out", post(pages::log_out))
        .route("/style.css", get(pages::style))
        .layer(login.layer())
        // Outermost, so that responses of the library have a body and the policy too.
        .layer(from_fn(for_browsers))
        .with_state(accounts))
}

/// Adds the body to an error, and the policy to every response, also to those of the framework
/// and the library.
async fn for_browsers(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
    if let Some(body) = error_body(&path, response.status().as_u16(), kind) {
        *response.body_mut() = Body::from(body.text);
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(body.content_type));
    }
    let policy = HeaderValue::from_static(example_accounts::CONTENT_SECURITY_POLICY);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}
