//! The first program in Flask-Login's README, on actix-web.
//!
//! ```text
//! cargo run -p login-actix --example flask_login_on_actix
//! ```

use std::{borrow::Cow, collections::HashMap, convert::Infallible, error::Error};

use actix_web::{App, HttpResponse, HttpServer, Responder, web};
use login_actix::{ConfigError, CurrentUser, Login, LoginManager, Request, User, development_key};

/// Our mock database.
const USERS: [(&str, &str); 1] = [("foo@bar.tld", "secret")];

pub(crate) struct Member {
    email: String,
}

impl User for Member {
    type Id = String;

    fn id(&self) -> String {
        self.email.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default() // the hash of the password, if there is one
    }
}

async fn user_loader(email: String) -> Result<Option<Member>, Infallible> {
    Ok(USERS.iter().any(|(known, _)| *known == email).then_some(Member { email }))
}

async fn request_loader(request: Request) -> Result<Option<Member>, Infallible> {
    Ok(check(request.form_value("email"), request.form_value("password")))
}

fn check(email: Option<String>, password: Option<String>) -> Option<Member> {
    let (email, password) = (email?, password?);
    USERS.contains(&(&email, &password)).then_some(Member { email })
}

async fn form() -> impl Responder {
    web::Html::new(
        "<form method='POST'>
          <input type='text' name='email' placeholder='email'>
          <input type='password' name='password' placeholder='password'>
          <input type='submit'>
        </form>",
    )
}

type Fields = web::Form<HashMap<String, String>>;

async fn log_in(login: Login<Member>, mut form: Fields) -> Result<HttpResponse, login_actix::Error> {
    let Some(user) = check(form.remove("email"), form.remove("password")) else {
        return Ok(HttpResponse::Ok().body("Bad login"));
    };
    login.log_in(user).await?;
    Ok(HttpResponse::SeeOther().insert_header(("location", "/protected")).finish())
}

async fn protected(user: CurrentUser<Member>) -> String {
    format!("Logged in as: {}", user.email)
}

async fn log_out(login: Login<Member>) -> Result<&'static str, login_actix::Error> {
    login.log_out().await?;
    Ok("Logged out")
}

pub(crate) fn login() -> Result<LoginManager<Member>, ConfigError> {
    LoginManager::builder(development_key()) // change this!
        .request_loader(request_loader)
        .request_loader_reads_forms()
        .unauthorized_handler(|_, _| Some(HttpResponse::Unauthorized().body("Unauthorized")))
        .build(user_loader)
}

pub(crate) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .service(web::resource("/login").get(form).post(log_in))
        .route("/protected", web::get().to(protected))
        .route("/logout", web::post().to(log_out)); // a link must not log anyone out
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let login = login()?;
    let app = move || App::new().configure(routes).wrap(login.middleware());
    Ok(HttpServer::new(app).bind(("127.0.0.1", 3000))?.run().await?)
}
