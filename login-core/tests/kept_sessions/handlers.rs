//! What the handlers of the application do, whatever the framework.

use std::cell::Cell;

use login_core::{Login, LoginError, SessionInfo};

use super::site::{Account, account};

thread_local! {
    static HANDLED: Cell<u32> = const { Cell::new(0) };
}

/// How often a handler has shown a user in this test, whose handlers all run on its thread.
pub(crate) fn times_shown() -> u32 {
    HANDLED.get()
}

/// The ID of the user, or `none`.
pub(crate) fn shown(user: Option<&Account>) -> String {
    HANDLED.set(HANDLED.get() + 1);
    user.map_or("none".to_owned(), |user| user.0.clone())
}

fn query(login: &Login<Account>, name: &str) -> String {
    login.request().query_value(name).unwrap()
}

pub(crate) async fn name(login: &Login<Account>) -> Result<String, LoginError> {
    Ok(shown(login.user().await?.as_deref()))
}

/// A login that a remember cookie restores has its data once the user is loaded.
pub(crate) async fn data(login: &Login<Account>) -> Result<String, LoginError> {
    shown(login.user().await?.as_deref());
    Ok(login.get("colour")?.unwrap_or_else(|| "none".to_owned()))
}

pub(crate) fn put(login: &Login<Account>) -> Result<&'static str, LoginError> {
    login.insert("colour", &query(login, "value"))?;
    Ok("put")
}

pub(crate) async fn log_in(login: &Login<Account>) -> Result<(), LoginError> {
    login.log_in(account(&query(login, "user"))).remember(true).await
}

pub(crate) async fn log_out(login: &Login<Account>) -> Result<&'static str, LoginError> {
    login.log_out().await?;
    Ok("bye")
}

pub(crate) async fn confirm(login: &Login<Account>) -> Result<&'static str, LoginError> {
    let user = login.user().await?.ok_or(LoginError::NotLoggedIn)?;
    login.confirm(&user).await?;
    Ok("confirmed")
}

pub(crate) async fn visit(login: &Login<Account>) -> Result<String, LoginError> {
    login.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
    login.save().await?;
    Ok(login.get::<u32>("visits")?.unwrap_or_default().to_string())
}

pub(crate) async fn sessions(login: &Login<Account>) -> Result<String, LoginError> {
    let line = |session: &SessionInfo| {
        let whose = if session.is_current { "this" } else { "other" };
        let is_remembered = if session.is_remembered { "remembered" } else { "short" };
        format!("{} {whose} {is_remembered}\n", session.id)
    };
    Ok(login.sessions().await?.iter().map(line).collect())
}

pub(crate) async fn end(login: &Login<Account>) -> Result<String, LoginError> {
    Ok(login.end_session(query(login, "id").parse().unwrap()).await?.to_string())
}

pub(crate) async fn end_others(login: &Login<Account>) -> Result<String, LoginError> {
    Ok(login.end_other_sessions().await?.to_string())
}

pub(crate) async fn end_all(login: &Login<Account>) -> Result<String, LoginError> {
    Ok(login.end_all_sessions().await?.to_string())
}
