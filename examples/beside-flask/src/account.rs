//! The blueprint `account`, moved.

use axum::Router;
use axum::extract::Form;
use axum::response::{Html, Redirect};
use axum::routing::get;
use login_axum::{CurrentUser, Error, Login, LoginManager};
use serde::{Deserialize, Serialize};

use crate::member::Member;
use crate::page::page;

pub(crate) fn routes(login: &LoginManager<Member>) -> Router {
    let fresh = Router::new().route("/account/close", get(close)).route_layer(login.fresh_login_required());
    Router::new().route("/account", get(show).post(choose_colour)).route_layer(login.login_required()).merge(fresh)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Blue,
    Green,
}

#[derive(Deserialize)]
struct Choice {
    colour: Colour,
}

async fn show(login: Login<Member>, CurrentUser(member): CurrentUser<Member>) -> Result<Html<String>, Error> {
    page(
        &login,
        &format!(
            r#"<p>{}</p>
<form method="post"><button name="colour" value="blue">Blue</button><button name="colour" value="green">Green</button></form>
<p><a href="/account/close">Close</a></p>"#,
            member.name
        ),
    )
}

/// The other side reads the colour and shows the message.
async fn choose_colour(login: Login<Member>, Form(choice): Form<Choice>) -> Result<Redirect, Error> {
    login.insert("colour", &choice.colour)?;
    login.flash("Saved.")?;
    Ok(Redirect::to("/"))
}

async fn close(login: Login<Member>, CurrentUser(member): CurrentUser<Member>) -> Result<Html<String>, Error> {
    page(&login, &format!("<p>Here {} could close the account.</p>", member.name))
}
