//! What routes do and answer, without a part of any framework.

use std::collections::BTreeMap;
use std::time::Duration;

use login_core::adapter;
use login_core::{Login, LoginError, User};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::query::{KeepQuery, LoginQuery, flag, query};
use crate::world::{Player, World};

impl LoginQuery {
    /// Logs in as asked: whether that was done, or `None` where the request is a bad one.
    ///
    /// # Errors
    /// What the library says.
    pub fn log_in(&self, login: &Login<Player>, world: &World) -> Result<Option<bool>, LoginError> {
        let Some(user) = self.user.as_deref().and_then(|id| world.user(id)) else { return Ok(None) };
        let mut log_in = login
            .log_in(user)
            .force(flag(self.force.as_deref()))
            .fresh(self.fresh.is_none() || flag(self.fresh.as_deref()));
        if let Some(remember) = self.remember.as_deref().filter(|remember| !remember.is_empty()) {
            log_in = log_in.remember(flag(Some(remember)));
        }
        if let Some(duration) = self.duration.as_deref().filter(|duration| !duration.is_empty()) {
            let Ok(seconds) = duration.parse() else { return Ok(None) };
            log_in = log_in.duration(Duration::from_secs(seconds));
        }
        let done = match log_in.now() {
            Ok(()) => true,
            Err(LoginError::InactiveUser) => false,
            Err(LoginError::Duration) => return Ok(None),
            Err(error) => return Err(error),
        };
        if flag(self.permanent.as_deref()) {
            login.set_permanent(true)?;
        }
        Ok(Some(done))
    }
}

/// Logs out, and keeps the data that the query names.
///
/// # Errors
/// Those of the library.
pub async fn log_out(login: &Login<Player>, target: &str) -> Result<(), LoginError> {
    let keep = query::<KeepQuery>(target).and_then(|query| query.keep);
    login.log_out().keep(keep).await
}

/// The answer of `/me`.
///
/// # Errors
/// That the user could not be loaded.
pub async fn me_json(login: &Login<Player>, anonymous_name: &str) -> Result<Value, LoginError> {
    let user = login.user_including_inactive().await?;
    user_json(login, user.as_deref(), anonymous_name).await
}

/// The answer of `/recheck`.
///
/// # Errors
/// That user or session could not be loaded.
pub async fn recheck_json(login: &Login<Player>, anonymous_name: &str) -> Result<Value, LoginError> {
    let user = login.recheck().await?;
    user_json(login, user.as_deref(), anonymous_name).await
}

async fn user_json(login: &Login<Player>, user: Option<&Player>, anonymous_name: &str) -> Result<Value, LoginError> {
    Ok(json!({
        "id": user.map(User::id),
        "name": user.map_or(anonymous_name, |user| &user.name),
        "is_authenticated": user.is_some_and(User::is_authenticated),
        "is_active": user.is_some_and(User::is_active),
        "is_anonymous": user.is_none(),
        "fresh": user.is_some() && login.login_fresh().await?,
        "remembered": user.is_some() && login.login_remembered().await?,
    }))
}

/// Does what `/confirm` does, as if the session's user had just entered a password: nothing
/// if no user is logged in.
///
/// # Errors
/// Those of the library.
pub async fn confirm(login: &Login<Player>, world: &World) -> Result<(), LoginError> {
    let id = session_json(login).remove("_user_id").and_then(|id| serde_json::from_str::<String>(id.get()).ok());
    let Some(user) = id.and_then(|id| world.user(&id)) else { return Ok(()) };
    match login.confirm(&user).await {
        Err(LoginError::NotLoggedIn) => Ok(()),
        confirmed => confirmed,
    }
}

/// The answer of `/session`: the whole session, keys sorted.
#[must_use]
pub fn session_json(login: &Login<Player>) -> BTreeMap<String, Box<RawValue>> {
    let value = |(key, value)| RawValue::from_string(value).ok().map(|value| (key, value));
    adapter::session_entries(login).into_iter().filter_map(value).collect()
}
