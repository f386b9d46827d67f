//! The application: what is moved is here, and Flask answers everything else. `main.rs` serves it.

mod account;
mod auth;
mod flask;
mod member;
mod page;
mod proxy;

use std::net::SocketAddr;
use std::str::FromStr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use login_axum::{ConfigError, LoginManager, SameSite, SecretKey};

pub use crate::flask::Flask;
use crate::proxy::Proxy;

/// A part of the Flask application that can be moved.
#[derive(Clone, Copy, Debug)]
pub enum Blueprint {
    /// The pages below `/account`.
    Account,
    /// Log in, confirm and log out.
    Auth,
}

impl FromStr for Blueprint {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "account" => Ok(Self::Account),
            "auth" => Ok(Self::Auth),
            _ => Err(format!("there is no blueprint {name:?}: only account and auth")),
        }
    }
}

/// The whole application.
///
/// # Errors
/// [`ConfigError`] if the login's configuration is invalid.
pub fn router(moved: &[Blueprint], key: SecretKey, flask: SocketAddr) -> Result<Router, ConfigError> {
    let login = LoginManager::builder(key)
        .flask_compatible()
        .session_cookie(|cookie| cookie.same_site(SameSite::Lax))
        .remember_cookie(|cookie| cookie.same_site(SameSite::Lax))
        .login_view("/login")
        .refresh_view("/confirm")
        .build(member::find)?;
    let proxy = Proxy::to(flask);
    let moved = moved.iter().fold(Router::new(), |app, blueprint| match blueprint {
        Blueprint::Account => app.merge(account::routes(&login)),
        Blueprint::Auth => app.merge(auth::routes(&login)),
    });
    Ok(moved
        .layer(login.layer())
        // Outside of the layer: what is not moved is answered by Flask alone.
        .fallback(async move |ConnectInfo(client): ConnectInfo<SocketAddr>, request: Request| {
            proxy.pass_on(client.ip(), request).await
        }))
}
