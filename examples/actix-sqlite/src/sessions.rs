//! The pages on which users see and end their sessions, and administrators those of a user.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{Data, Form, Html, Path};
use example_accounts::{
    Account, AccountPage, Accounts, AdminPage, Layout, SessionsPage, audit_ended_by, render, session_rows,
};
use login_actix::{CurrentUser, Login, LoginManager, UserLoader};
use serde::Deserialize;

use crate::pages::{Answer, see};

#[derive(Deserialize)]
pub(crate) struct SessionForm {
    id: String,
}

pub(crate) async fn sessions(login: Login<Account>) -> Answer<Html> {
    let sessions = session_rows(login.sessions().await?);
    Ok(Html::new(render(&SessionsPage { layout: Layout::of(&login).await?, sessions })?))
}

pub(crate) async fn end_session(login: Login<Account>, Form(session): Form<SessionForm>) -> Answer<HttpResponse> {
    example_accounts::end_session(&login, &session.id).await?;
    Ok(see("/sessions"))
}

pub(crate) async fn end_other_sessions(login: Login<Account>) -> Answer<HttpResponse> {
    login.end_other_sessions().await?;
    login.flash("You are logged out everywhere else.")?;
    Ok(see("/sessions"))
}

pub(crate) async fn log_out_everywhere(login: Login<Account>) -> Answer<HttpResponse> {
    login.end_all_sessions().await?;
    login.flash("You are logged out on every device.")?;
    Ok(see("/"))
}

pub(crate) async fn admin(login: Login<Account>, accounts: Data<Accounts>) -> Answer<Html> {
    let accounts = accounts.all().await?;
    Ok(Html::new(render(&AdminPage { layout: Layout::of(&login).await?, accounts })?))
}

/// The sessions of others are reached by the manager.
pub(crate) async fn account(
    login: Login<Account>,
    manager: Data<LoginManager<Account>>,
    accounts: Data<Accounts>,
    id: Path<i64>,
) -> Answer<HttpResponse> {
    let Some(account) = accounts.load_user(*id).await? else { return Ok(HttpResponse::NotFound().finish()) };
    let sessions = session_rows(manager.sessions_of(&id).await?);
    let page = render(&AccountPage { layout: Layout::of(&login).await?, account, sessions })?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(page))
}

pub(crate) async fn end_sessions_of(
    login: Login<Account>,
    CurrentUser(me): CurrentUser<Account>,
    manager: Data<LoginManager<Account>>,
    accounts: Data<Accounts>,
    id: Path<i64>,
) -> Answer<HttpResponse> {
    let Some(account) = accounts.load_user(*id).await? else { return Ok(HttpResponse::NotFound().finish()) };
    let ended = manager.end_sessions_of(&id).await?;
    audit_ended_by(&me, &account, ended);
    login.flash("This user is logged out everywhere.")?;
    Ok(see(&format!("/admin/{id}")))
}
