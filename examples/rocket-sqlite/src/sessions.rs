//! The pages on which users see and end their sessions, and administrators those of a user.

use example_accounts::{
    Account, AccountPage, Accounts, AdminPage, Layout, SessionsPage, audit_ended_by, render, session_rows,
};
use login_rocket::{Allowed, Login, LoginManager, LoginRequired, Permission, UserLoader};
use rocket::form::{Form, FromForm};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Route, State, get, post, routes};

use crate::pages::{Answer, Html};

struct IsAdmin;

impl Permission<Account> for IsAdmin {
    fn allows(account: &Account) -> bool {
        account.is_admin
    }
}

#[derive(FromForm)]
struct SessionForm {
    id: String,
}

pub(crate) fn routes() -> Vec<Route> {
    routes![sessions, end_session, end_other_sessions, log_out_everywhere, admin, account, end_sessions_of]
}

#[get("/sessions")]
async fn sessions(_guard: LoginRequired<Account>, login: Login<Account>) -> Answer<Html> {
    let sessions = session_rows(login.sessions().await?);
    Ok(RawHtml(render(&SessionsPage { layout: Layout::of(&login).await?, sessions })?))
}

#[post("/sessions/end", data = "<session>")]
async fn end_session(
    _guard: LoginRequired<Account>,
    login: Login<Account>,
    session: Form<SessionForm>,
) -> Answer<Redirect> {
    example_accounts::end_session(&login, &session.id).await?;
    Ok(Redirect::to("/sessions"))
}

#[post("/sessions/end-others")]
async fn end_other_sessions(_guard: LoginRequired<Account>, login: Login<Account>) -> Answer<Redirect> {
    login.end_other_sessions().await?;
    login.flash("You are logged out everywhere else.")?;
    Ok(Redirect::to("/sessions"))
}

#[post("/log-out-everywhere")]
async fn log_out_everywhere(_guard: LoginRequired<Account>, login: Login<Account>) -> Answer<Redirect> {
    login.end_all_sessions().await?;
    login.flash("You are logged out on every device.")?;
    Ok(Redirect::to("/"))
}

#[get("/admin")]
async fn admin(_user: Allowed<Account, IsAdmin>, login: Login<Account>, accounts: &State<Accounts>) -> Answer<Html> {
    let accounts = accounts.all().await?;
    Ok(RawHtml(render(&AdminPage { layout: Layout::of(&login).await?, accounts })?))
}

/// The sessions of others are reached by the manager.
#[get("/admin/<id>")]
async fn account(
    _user: Allowed<Account, IsAdmin>,
    login: Login<Account>,
    manager: &State<LoginManager<Account>>,
    accounts: &State<Accounts>,
    id: i64,
) -> Answer<Result<Html, Status>> {
    let Some(account) = accounts.load_user(id).await? else { return Ok(Err(Status::NotFound)) };
    let sessions = session_rows(manager.sessions_of(&id).await?);
    Ok(Ok(RawHtml(render(&AccountPage { layout: Layout::of(&login).await?, account, sessions })?)))
}

#[post("/admin/<id>")]
async fn end_sessions_of(
    me: Allowed<Account, IsAdmin>,
    login: Login<Account>,
    manager: &State<LoginManager<Account>>,
    accounts: &State<Accounts>,
    id: i64,
) -> Answer<Result<Redirect, Status>> {
    let Some(account) = accounts.load_user(id).await? else { return Ok(Err(Status::NotFound)) };
    let ended = manager.end_sessions_of(&id).await?;
    audit_ended_by(&me, &account, ended);
    login.flash("This user is logged out everywhere.")?;
    Ok(Ok(Redirect::to(format!("/admin/{id}"))))
}
