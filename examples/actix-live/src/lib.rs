//! The application: the login, the routes and the pages. `main.rs` serves it.

mod live;

use std::borrow::Cow;
use std::convert::Infallible;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Data, Form, Html, get, post};
use actix_web::{App, HttpResponse};
use login_actix::{ConfigError, Error, Login, LoginManager, MemoryStore, User, development_key};
use serde::Deserialize;

pub use crate::live::Live;

/// A user. There are no passwords here: everyone has an account, under any name.
#[derive(Deserialize)]
pub struct Member {
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

/// The login manager, built once for all threads of the server.
///
/// # Errors
/// [`ConfigError`] if the configuration is invalid.
pub fn login() -> Result<LoginManager<Member>, ConfigError> {
    LoginManager::builder(development_key())
        .insecure_plain_http()
        .login_view("/login")
        // Without a store, a connection would not notice that its login was ended elsewhere.
        .session_store(MemoryStore::new())
        .build(load)
}

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The whole application.
pub fn app(
    login: LoginManager<Member>,
    live: Live,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let guarded = |path| web::resource(path).wrap(login.login_required());
    App::new()
        .app_data(Data::new(live))
        .service(guarded("/").route(get().to(|| page(include_str!("../../axum-live/static/room.html")))))
        .service(guarded("/events").route(get().to(live::events)))
        .service(guarded("/socket").route(get().to(live::socket)))
        .service(guarded("/end-others").route(post().to(end_others)))
        .service(
            web::resource("/login")
                .route(get().to(|| page(include_str!("../../axum-live/static/login.html"))))
                .route(post().to(log_in)),
        )
        .route("/log-out", post().to(log_out))
        .route("/live.js", get().to(|| file("text/javascript", include_str!("../../axum-live/static/live.js"))))
        .route("/style.css", get().to(|| file("text/css", include_str!("../../accounts/static/style.css"))))
        .wrap(login.middleware())
        .wrap(DefaultHeaders::new().add((CONTENT_SECURITY_POLICY, POLICY)))
}

async fn log_in(login: Login<Member>, member: Form<Member>) -> Result<HttpResponse, Error> {
    login.log_in(member.into_inner()).await?;
    Ok(login.redirect_to_next("/"))
}

async fn log_out(login: Login<Member>) -> Result<HttpResponse, Error> {
    login.log_out().await?;
    Ok(see("/login"))
}

async fn end_others(login: Login<Member>) -> Result<HttpResponse, Error> {
    login.end_other_sessions().await?;
    Ok(see("/"))
}

fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

async fn page(text: &'static str) -> Html {
    Html::new(text)
}

async fn file(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(kind).body(text)
}
