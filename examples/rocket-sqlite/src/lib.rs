//! The application; `main.rs` launches it, the tests drive it.

mod error;
mod pages;

use example_accounts::{Accounts, CONTENT_SECURITY_POLICY, Settings};
use login_rocket::{ConfigError, LoginManager, development_key};
use rocket::fairing::AdHoc;
use rocket::{Build, Config, Rocket};

/// The whole application.
///
/// # Errors
/// That the login's configuration cannot work, a short key say.
pub fn rocket(settings: &Settings, accounts: Accounts) -> Result<Rocket<Build>, ConfigError> {
    let mut login = LoginManager::builder(settings.key.clone().unwrap_or_else(development_key))
        .login_view("/login")
        .refresh_view("/confirm")
        .refuse_cross_site_requests();
    if !settings.is_https {
        login = login.insecure_plain_http();
    }
    let login = login.build(accounts.clone())?;
    let policy = AdHoc::on_response("content security policy", |_, response| {
        Box::pin(async move {
            response.set_raw_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
        })
    });
    Ok(rocket::custom(Config { port: settings.port, ..Config::default() })
        .attach(login.fairing())
        // Last, so that what the login itself answers has it too.
        .attach(policy)
        .manage(accounts)
        .mount("/", pages::routes()))
}
