//! The application. `main.rs` launches it, and the tests send requests to it.

mod error;
mod pages;

use std::io::Cursor;

use example_accounts::{Accounts, CONTENT_SECURITY_POLICY, Settings};
use login_rocket::{ConfigError, LoginManager, development_key};
use rocket::fairing::AdHoc;
use rocket::http::{ContentType, Status};
use rocket::response::content::RawHtml;
use rocket::{Build, Config, Request, Response, Rocket, catch, catchers};

/// The whole application.
///
/// # Errors
/// [`ConfigError`] if the login's configuration is invalid, such as a short key.
pub fn rocket(settings: &Settings, accounts: Accounts) -> Result<Rocket<Build>, ConfigError> {
    let mut login = LoginManager::builder(settings.key.clone().unwrap_or_else(development_key))
        .login_view("/login")
        .refresh_view("/confirm");
    if !settings.is_https {
        login = login.insecure_plain_http();
    }
    let login = login.build(accounts.clone())?;
    let for_browsers = AdHoc::on_response("error pages, content security policy", |_, response| {
        Box::pin(async move {
            with_page(response);
            response.set_raw_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
        })
    });
    Ok(rocket::custom(Config { port: settings.port, ..Config::default() })
        .attach(login.fairing())
        // Last, so that responses of the library have a page and the policy too.
        .attach(for_browsers)
        .manage(accounts)
        .mount("/", pages::routes())
        .register("/", catchers![caught]))
}

/// Replaces Rocket's own error pages.
#[catch(default)]
fn caught(status: Status, _: &Request<'_>) -> (Status, RawHtml<String>) {
    (status, RawHtml(example_accounts::error_page(status.code, None).unwrap_or_default()))
}

/// Adds the page to error responses that no catcher handles: those of the login library.
fn with_page(response: &mut Response<'_>) {
    let kind = response.headers().get_one("Content-Type");
    if let Some(page) = example_accounts::error_page(response.status().code, kind) {
        response.set_header(ContentType::HTML);
        response.set_sized_body(page.len(), Cursor::new(page));
    }
}
