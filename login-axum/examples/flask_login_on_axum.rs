//! The first program in Flask-Login's README, on axum.
//!
//! ```text
//! cargo run -p login-axum --example flask_login_on_axum
//! ```

use std::{borrow::Cow, collections::HashMap, convert::Infallible, error::Error, net::SocketAddr};

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router, serve};
use login_axum::{ConfigError, CurrentUser, Login, LoginManager, Request, User, development_key};

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

async fn form() -> Html<&'static str> {
    Html(
        "<form method='POST'>
          <input type='text' name='email' placeholder='email'>
          <input type='password' name='password' placeholder='password'>
          <input type='submit'>
        </form>",
    )
}

type Fields = Form<HashMap<String, String>>;

async fn log_in(login: Login<Member>, Form(mut form): Fields) -> Result<Response, login_axum::Error> {
    let Some(user) = check(form.remove("email"), form.remove("password")) else {
        return Ok("Bad login".into_response());
    };
    login.log_in(user).await?;
    Ok(Redirect::to("/protected").into_response())
}

async fn protected(user: CurrentUser<Member>) -> String {
    format!("Logged in as: {}", user.email)
}

async fn log_out(login: Login<Member>) -> Result<&'static str, login_axum::Error> {
    login.log_out().await?;
    Ok("Logged out")
}

/// The application.
pub(crate) fn app() -> Result<Router, ConfigError> {
    let login = LoginManager::builder(development_key()) // change this!
        .request_loader(request_loader)
        .request_loader_reads_forms()
        .unauthorized_handler(|_, _| Some((StatusCode::UNAUTHORIZED, "Unauthorized").into_response()))
        .build(user_loader)?;
    Ok(Router::new()
        .route("/login", get(form).post(log_in))
        .route("/protected", get(protected))
        .route("/logout", post(log_out)) // a link must not log anyone out
        .layer(login.layer()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = app()?.into_make_service_with_connect_info::<SocketAddr>();
    Ok(serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
