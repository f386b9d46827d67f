//! The application's routes. `main.rs` serves them, and the tests send requests to them.

mod api;
mod error;
mod pages;
mod sessions;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::{DefaultHeaders, ErrorHandlerResponse, ErrorHandlers};
use actix_web::web::{self, Data, get, post};
use actix_web::{App, Error};
use example_accounts::{Account, Accounts, Settings, audit, error_body, report_new_devices};
use login_actix::{ConfigError, LoginManager, development_key};

/// The login manager, built once for all threads of the server.
///
/// # Errors
/// [`ConfigError`] if the configuration is invalid, such as a short key.
pub fn login(settings: &Settings, accounts: Accounts) -> Result<LoginManager<Account>, ConfigError> {
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
    login.build(accounts)
}

/// The whole application.
pub fn app(
    login: LoginManager<Account>,
    accounts: Accounts,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let guarded = |path| web::resource(path).wrap(login.login_required());
    let for_admins = login.login_required().only(|account: &Account| account.is_admin);
    App::new()
        .app_data(Data::new(accounts))
        .app_data(Data::new(login.clone()))
        .service(guarded("/notes").route(get().to(pages::notes)).route(post().to(pages::add_note)))
        .service(guarded("/notes/delete").route(post().to(pages::delete_note)))
        .service(guarded("/confirm").route(get().to(pages::confirm)).route(post().to(pages::confirmed)))
        .service(guarded("/sessions").route(get().to(sessions::sessions)))
        .service(guarded("/sessions/end").route(post().to(sessions::end_session)))
        .service(guarded("/sessions/end-others").route(post().to(sessions::end_other_sessions)))
        .service(guarded("/log-out-everywhere").route(post().to(sessions::log_out_everywhere)))
        .service(guarded("/api/notes").route(get().to(api::notes)).route(post().to(api::add_note)))
        .service(
            web::scope("/admin")
                .wrap(for_admins)
                .route("", get().to(sessions::admin))
                .route("/{id}", get().to(sessions::account))
                .route("/{id}", post().to(sessions::end_sessions_of)),
        )
        .service(web::resource("/settings").route(get().to(pages::settings)).route(post().to(pages::change_email)))
        .service(web::resource("/password").route(get().to(pages::password)).route(post().to(pages::change_password)))
        .service(web::resource("/tokens").route(post().to(pages::create_token)))
        .service(web::resource("/tokens/delete").route(post().to(pages::delete_tokens)))
        .service(web::resource("/").route(get().to(pages::home)))
        .service(web::resource("/sign-up").route(get().to(pages::sign_up)).route(post().to(pages::signed_up)))
        .service(web::resource("/login").route(get().to(pages::log_in)).route(post().to(pages::logged_in)))
        .service(web::resource("/log-out").route(post().to(pages::log_out)))
        .service(web::resource("/style.css").route(get().to(pages::style)))
        .wrap(login.middleware())
        // Outermost, so that responses of the library have a body and the policy too.
        .wrap(ErrorHandlers::new().default_handler(with_body))
        .wrap(DefaultHeaders::new().add((CONTENT_SECURITY_POLICY, example_accounts::CONTENT_SECURITY_POLICY)))
}

/// Adds the body to an error response, also to those of the framework and the library.
fn with_body<B: MessageBody + 'static>(response: ServiceResponse<B>) -> Result<ErrorHandlerResponse<B>, Error> {
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
    let Some(body) = error_body(response.request().path(), response.status().as_u16(), kind) else {
        return Ok(ErrorHandlerResponse::Response(response.map_into_left_body()));
    };
    let mut response = response.map_body(|_, _| body.text).map_into_boxed_body().map_into_right_body();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(body.content_type));
    Ok(ErrorHandlerResponse::Response(response))
}
