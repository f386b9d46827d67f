//! The application. `main.rs` launches it, and the tests send requests to it.

mod api;
mod error;
mod pages;
mod sessions;

use std::io::Cursor;

use example_accounts::{Accounts, CONTENT_SECURITY_POLICY, Settings, audit, error_body, report_new_devices};
use login_rocket::{ConfigError, LoginManager, development_key};
use rocket::fairing::AdHoc;
use rocket::http::{ContentType, Status};
use rocket::{Build, Config, Request, Response, Rocket, catch, catchers};

/// The whole application.
///
/// # Errors
/// [`ConfigError`] if the login's configuration is invalid, such as a short key.
pub fn rocket(settings: &Settings, accounts: Accounts) -> Result<Rocket<Build>, ConfigError> {
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
    let for_browsers = AdHoc::on_response("bodies of errors, content security policy", |request, response| {
        Box::pin(async move {
            with_body(request, response);
            response.set_raw_header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
        })
    });
    Ok(rocket::custom(Config { port: settings.port, ..Config::default() })
        .attach(login.fairing())
        // Last, so that responses of the library have a body and the policy too.
        .attach(for_browsers)
        .manage(login)
        .manage(accounts)
        .mount("/", pages::routes())
        .mount("/", sessions::routes())
        .mount("/api", api::routes())
        .register("/", catchers![caught])
        .register("/api", catchers![caught_below_api]))
}

/// A status, and the content type and text of its body.
type Caught = (Status, Option<(ContentType, String)>);

/// Replaces Rocket's own error pages.
#[catch(default)]
fn caught(status: Status, _: &Request<'_>) -> Caught {
    caught_below("/", status)
}

/// Replaces Rocket's own error pages below `/api`.
#[catch(default)]
fn caught_below_api(status: Status, _: &Request<'_>) -> Caught {
    caught_below("/api", status)
}

/// A catcher cannot use the path of the request: the library reroutes a request that another
/// site sent.
fn caught_below(path: &str, status: Status) -> Caught {
    let body = error_body(path, status.code, None);
    (status, body.and_then(|body| Some((ContentType::parse_flexible(body.content_type)?, body.text))))
}

/// Adds the body to error responses that no catcher handles: those of the login library.
fn with_body(request: &Request<'_>, response: &mut Response<'_>) {
    let kind = response.headers().get_one("Content-Type");
    if let Some(body) = error_body(request.uri().path().as_str(), response.status().code, kind) {
        response.set_raw_header("Content-Type", body.content_type);
        response.set_sized_body(body.text.len(), Cursor::new(body.text));
    }
}
