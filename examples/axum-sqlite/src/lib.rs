//! The application's routes; `main.rs` serves them, the tests drive them.

mod error;
mod pages;

use axum::Router;
use axum::routing::{get, post};
use example_accounts::Accounts;
use login_axum::{ConfigError, LoginManager, SecretKey};

/// The whole application.
///
/// # Errors
/// That the login's configuration cannot work, a short key say.
pub fn router(accounts: Accounts, key: SecretKey) -> Result<Router, ConfigError> {
    let login = LoginManager::builder(key)
        // This example speaks plain HTTP on localhost. Behind HTTPS drop this line.
        .insecure_plain_http()
        .login_view("/login")
        .refresh_view("/confirm")
        .refuse_cross_site_requests()
        .build(accounts.clone())?;
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
        .layer(login.layer())
        .with_state(accounts))
}
