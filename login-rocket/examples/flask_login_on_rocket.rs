//! The first program in Flask-Login's README, on Rocket.
//!
//! ```text
//! cargo run -p login-rocket --example flask_login_on_rocket
//! ```

use std::{borrow::Cow, collections::HashMap, convert::Infallible, error::Error, io::Cursor};

use login_rocket::{ConfigError, CurrentUser, Login, LoginManager, Request, User, development_key};
use rocket::form::Form;
use rocket::http::Status;
use rocket::response::content::RawHtml;
use rocket::response::{Redirect, Response};
use rocket::{Build, Rocket, get, post, routes};

/// Our mock database.
const USERS: [(&str, &str); 1] = [("foo@bar.tld", "secret")];

struct Member {
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

#[get("/login")]
fn form() -> RawHtml<&'static str> {
    RawHtml(
        "<form method='POST'>
          <input type='text' name='email' placeholder='email'>
          <input type='password' name='password' placeholder='password'>
          <input type='submit'>
        </form>",
    )
}

type Fields = Form<HashMap<String, String>>;

#[post("/login", data = "<form>")]
async fn log_in(login: Login<Member>, mut form: Fields) -> Result<Result<Redirect, &'static str>, login_rocket::Error> {
    let Some(user) = check(form.remove("email"), form.remove("password")) else { return Ok(Err("Bad login")) };
    login.log_in(user).await?;
    Ok(Ok(Redirect::to("/protected")))
}

#[get("/protected")]
fn protected(user: CurrentUser<Member>) -> String {
    format!("Logged in as: {}", user.email)
}

#[post("/logout")] // a link must not log anyone out
async fn log_out(login: Login<Member>) -> Result<&'static str, login_rocket::Error> {
    login.log_out().await?;
    Ok("Logged out")
}

fn unauthorized() -> Response<'static> {
    Response::build().status(Status::Unauthorized).sized_body(12, Cursor::new("Unauthorized")).finalize()
}

pub(crate) fn app() -> Result<Rocket<Build>, ConfigError> {
    let login = LoginManager::builder(development_key()) // change this!
        .request_loader(request_loader)
        .request_loader_reads_forms()
        .unauthorized_handler(|_, _| Some(unauthorized()))
        .build(user_loader)?;
    let routes = routes![form, log_in, protected, log_out];
    Ok(rocket::build().attach(login.fairing()).mount("/", routes))
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    app()?.launch().await?;
    Ok(())
}
