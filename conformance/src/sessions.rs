//! The routes that list and end sessions.

use login_core::{Login, LoginError, LoginManager};
use serde_json::{Value, json};

use crate::query::{SessionQuery, UserQuery};
use crate::world::Player;

/// The result, or another one if no user is logged in.
fn of_user<T>(result: Result<T, LoginError>, of_no_one: T) -> Result<T, LoginError> {
    match result {
        Err(LoginError::NotLoggedIn) => Ok(of_no_one),
        result => result,
    }
}

/// The answer of `/sessions`.
///
/// # Errors
/// That user or sessions could not be loaded.
pub async fn sessions_json(login: &Login<Player>) -> Result<Vec<Value>, LoginError> {
    let sessions = of_user(login.sessions().await, Vec::new())?.into_iter();
    let session = sessions.map(|session| {
        json!({
            "id": session.id.to_string(),
            "current": session.is_current,
            "user_agent": session.user_agent,
            "address": session.address,
            "remembered": session.is_remembered,
        })
    });
    Ok(session.collect())
}

/// Ends a session of the user, for `/sessions/end`.
///
/// # Errors
/// That user or sessions could not be loaded or changed.
pub async fn end_session(login: &Login<Player>, query: &SessionQuery) -> Result<Value, LoginError> {
    // What is no ID is no session's.
    let ended = match query.id.parse() {
        Ok(id) => of_user(login.end_session(id).await, false)?,
        Err(_) => false,
    };
    Ok(json!({ "ended": ended }))
}

/// Ends the other sessions of the user, for `/sessions/end-others`.
///
/// # Errors
/// That user or sessions could not be loaded or changed.
pub async fn end_other_sessions(login: &Login<Player>) -> Result<Value, LoginError> {
    Ok(json!({ "ended": of_user(login.end_other_sessions().await, 0)? }))
}

/// Ends all sessions of a user without a request, for `/sessions/end-all`.
///
/// # Errors
/// That the sessions could not be changed.
pub async fn end_all_sessions(manager: &LoginManager<Player>, query: &UserQuery) -> Result<Value, LoginError> {
    Ok(json!({ "ended": manager.end_sessions_of(&query.user).await? }))
}
