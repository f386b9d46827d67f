//! The pages on which users see and end their sessions, and administrators those of a user.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use example_accounts::{
    Account, AccountPage, Accounts, AdminPage, Layout, SessionsPage, audit_ended_by, render, session_rows,
};
use login_axum::{CurrentUser, Login, LoginManager, UserLoader};
use serde::Deserialize;

use crate::pages::Answer;

#[derive(Deserialize)]
pub(crate) struct SessionForm {
    id: String,
}

pub(crate) async fn sessions(login: Login<Account>) -> Answer<Html<String>> {
    let sessions = session_rows(login.sessions().await?);
    Ok(Html(render(&SessionsPage { layout: Layout::of(&login).await?, sessions })?))
}

pub(crate) async fn end_session(login: Login<Account>, Form(session): Form<SessionForm>) -> Answer<Redirect> {
    example_accounts::end_session(&login, &session.id).await?;
    Ok(Redirect::to("/sessions"))
}

pub(crate) async fn end_other_sessions(login: Login<Account>) -> Answer<Redirect> {
    login.end_other_sessions().await?;
    login.flash("You are logged out everywhere else.")?;
    Ok(Redirect::to("/sessions"))
}

pub(crate) async fn log_out_everywhere(login: Login<Account>) -> Answer<Redirect> {
    login.end_all_sessions().await?;
    login.flash("You are logged out on every device.")?;
    Ok(Redirect::to("/"))
}

/// What the pages for administrators need: the sessions of others are reached by the manager.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) manager: LoginManager<Account>,
    pub(crate) accounts: Accounts,
}

pub(crate) async fn admin(login: Login<Account>, State(admin): State<Admin>) -> Answer<Html<String>> {
    let accounts = admin.accounts.all().await?;
    Ok(Html(render(&AdminPage { layout: Layout::of(&login).await?, accounts })?))
}

pub(crate) async fn account(
    login: Login<Account>,
    State(admin): State<Admin>,
    Path(id): Path<i64>,
) -> Answer<Result<Html<String>, StatusCode>> {
    let Some(account) = admin.accounts.load_user(id).await? else { return Ok(Err(StatusCode::NOT_FOUND)) };
    let sessions = session_rows(admin.manager.sessions_of(&id).await?);
    Ok(Ok(Html(render(&AccountPage { layout: Layout::of(&login).await?, account, sessions })?)))
}

pub(crate) async fn end_sessions_of(
    login: Login<Account>,
    CurrentUser(me): CurrentUser<Account>,
    State(admin): State<Admin>,
    Path(id): Path<i64>,
) -> Answer<Result<Redirect, StatusCode>> {
    let Some(account) = admin.accounts.load_user(id).await? else { return Ok(Err(StatusCode::NOT_FOUND)) };
    let ended = admin.manager.end_sessions_of(&id).await?;
    audit_ended_by(&me, &account, ended);
    login.flash("This user is logged out everywhere.")?;
    Ok(Ok(Redirect::to(&format!("/admin/{id}"))))
}
