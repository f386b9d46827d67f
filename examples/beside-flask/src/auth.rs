//! The blueprint `auth`, moved.

use axum::Router;
use axum::extract::Form;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use login_axum::{CurrentUser, Error, Login, LoginManager};
use serde::Deserialize;

use crate::member::{Member, named};
use crate::page::page;

pub(crate) fn routes(login: &LoginManager<Member>) -> Router {
    Router::new()
        .route("/confirm", get(confirm).post(confirmed))
        .route_layer(login.login_required())
        .route("/login", get(log_in).post(logged_in))
        .route("/logout", post(log_out))
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    #[serde(default)]
    remember: bool,
}

async fn log_in(login: Login<Member>) -> Result<Html<String>, Error> {
    page(
        &login,
        r#"<form method="post"><input name="name"> <label><input type="checkbox" name="remember" value="true">Remember me</label> <button>Log in</button></form>"#,
    )
}

async fn logged_in(login: Login<Member>, Form(form): Form<Credentials>) -> Result<Redirect, Error> {
    // There are no passwords here.
    let Some(member) = named(&form.name) else {
        login.flash("Nobody has this name.")?;
        return Ok(Redirect::to("/login"));
    };
    login.log_in(member).remember(form.remember).await?;
    Ok(login.redirect_to_next("/"))
}

async fn confirm(login: Login<Member>) -> Result<Html<String>, Error> {
    page(&login, r#"<form method="post"><button>It is me</button></form>"#)
}

async fn confirmed(login: Login<Member>, CurrentUser(member): CurrentUser<Member>) -> Result<Redirect, Error> {
    login.confirm(&member).await?;
    Ok(login.redirect_to_next("/"))
}

async fn log_out(login: Login<Member>) -> Result<Redirect, Error> {
    login.log_out().await?;
    Ok(Redirect::to("/"))
}
