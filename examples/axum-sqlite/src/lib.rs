//! The application's routes. `main.rs` serves them, and the tests send requests to them.

mod error;
mod pages;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use example_accounts::{Accounts, Settings};
use login_axum::{ConfigError, LoginManager, development_key};

/// The whole application.
///
/// # Errors
/// [`ConfigError`] if the login's configuration is invalid, such as a short key.
pub fn router(settings: &Settings, accounts: Accounts) -> Result<Router, ConfigError> {
    let mut login = LoginManager::builder(settings.key.clone().unwrap_or_else(development_key))
        .login_view("/login")
        .refresh_view("/confirm");
    if !settings.is_https {
        login = login.insecure_plain_http();
    }
    let login = login.build(accounts.clone())?;
    Ok(Router::new()
        .route("/notes", get(pages::notes).post(pages::add_note))
        .route("/notes/delete", post(pages::delete_note))
        .route("/confirm", get(pages::confirm).post(pages::confirmed))
        .route("/log-out-everywhere", post(pages::log_out_everywhere))
        .route_layer(login.login_required())
        .route("/settings", get(pages::settings).post(pages::change_email))
        .route("/", get(pages::home))
        .route("/sign-up", get(pages::sign_up).post(pages::signed_up))
        .route("/login", get(pages::log_in).post(pages::logged_in))
        .route("/log-out", post(pages::log_out))
        .route("/style.css", get(pages::style))
        .layer(login.layer())
        // Outermost, so that responses of the library have a page and the policy too.
        .layer(map_response(for_browsers))
        .with_state(accounts))
}

/// Adds the error page and the policy, also to responses of the framework and the library.
async fn for_browsers(mut response: Response) -> Response {
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
    if let Some(page) = example_accounts::error_page(response.status().as_u16(), kind) {
        *response.body_mut() = Body::from(page);
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
    let policy = HeaderValue::from_static(example_accounts::CONTENT_SECURITY_POLICY);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}
