//! The users and the events of one conformance server, kept in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use login_core::adapter;
use login_core::{Login, LoginError, Permission, Request, RequestLoader, User, UserLoader};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::faults::Faults;

/// A user.
#[derive(Debug, Clone)]
pub struct Player {
    id: String,
    name: String,
    active: bool,
    auth_hash: Option<String>,
    broken: bool,
}

/// Whether the player is Notch, whom alone `/only` accepts.
#[derive(Debug)]
pub struct IsNotch;

impl Permission<Player> for IsNotch {
    fn allows(player: &Player) -> bool {
        player.id == "1"
    }
}

impl User for Player {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn is_active(&self) -> bool {
        self.active
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.auth_hash.as_deref().unwrap_or_default().as_bytes().into()
    }
}

/// The events that CONTRACT.md knows; the library tells more.
const EVENTS: [&str; 11] = [
    "logged_in",
    "logged_out",
    "loaded_from_cookie",
    "loaded_from_request",
    "login_confirmed",
    "unauthorized",
    "needs_refresh",
    "accessed",
    "session_protected",
    "session_ended",
    "remember_token_reused",
];

/// Users and events; clones are the same world.
#[derive(Debug, Clone)]
pub struct World(Arc<Mutex<Inside>>);

#[derive(Debug)]
struct Inside {
    users: BTreeMap<String, Player>,
    events: Vec<&'static str>,
}

impl Default for World {
    fn default() -> Self {
        let users = [("1", "Notch", true), ("2", "Steve", true), ("3", "Creeper", false), ("佐藤", "Müller", true)];
        let player = |(id, name, active): (&str, &str, bool)| {
            let (id, name) = (id.to_owned(), name.to_owned());
            (id.clone(), Player { id, name, active, auth_hash: None, broken: false })
        };
        Self(Arc::new(Mutex::new(Inside { users: users.into_iter().map(player).collect(), events: Vec::new() })))
    }
}

impl World {
    fn with<T>(&self, work: impl FnOnce(&mut Inside) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The user of this ID.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<Player> {
        self.with(|inside| inside.users.get(id).cloned())
    }

    pub(crate) fn hear(&self, event: &'static str) {
        if EVENTS.contains(&event) {
            self.with(|inside| inside.events.push(event));
        }
    }

    /// Takes the events heard so far.
    #[must_use]
    pub fn take_events(&self) -> Vec<&'static str> {
        self.with(|inside| std::mem::take(&mut inside.events))
    }

    /// Changes a user as `/users` asks; gives the IDs.
    #[must_use]
    pub fn change(&self, query: &UsersQuery) -> Vec<String> {
        self.with(|inside| {
            if flag(query.deleted.as_deref()) {
                inside.users.remove(&query.user);
            } else if let Some(user) = inside.users.get_mut(&query.user) {
                if query.active.is_some() {
                    user.active = flag(query.active.as_deref());
                }
                user.broken |= flag(query.broken.as_deref());
                if query.auth.is_some() {
                    user.auth_hash.clone_from(&query.auth);
                }
            }
            inside.users.keys().cloned().collect()
        })
    }
}

/// The user loader.
#[derive(Debug)]
pub struct Players {
    pub(crate) world: World,
    pub(crate) loads_by_id: bool,
    pub(crate) faults: Faults,
}

impl UserLoader for Players {
    type User = Player;
    type Error = &'static str;

    async fn load_user(&self, id: String) -> Result<Option<Player>, Self::Error> {
        self.faults.strike().await?;
        match self.world.user(&id).filter(|_| self.loads_by_id) {
            Some(user) if user.broken => Err("the user table does not answer"),
            user => Ok(user),
        }
    }
}

/// The request loader: a query parameter, a field of a posted form, or a bearer token.
pub(crate) struct ByRequest(pub(crate) World);

impl RequestLoader for ByRequest {
    type User = Player;
    type Error = std::convert::Infallible;

    async fn load_user_from_request(&self, request: &Request) -> Result<Option<Player>, Self::Error> {
        let given = request.query_value("user_id").or_else(|| request.form_value("user_id"));
        let given = given.or_else(|| request.bearer_token().map(str::to_owned));
        Ok(given.and_then(|id| self.0.user(&id)))
    }
}

/// `1` is true.
#[must_use]
pub fn flag(value: Option<&str>) -> bool {
    value == Some("1")
}

/// The query of `/login`.
#[derive(Debug, Deserialize)]
pub struct LoginQuery {
    user: Option<String>,
    remember: Option<String>,
    duration: Option<String>,
    force: Option<String>,
    fresh: Option<String>,
    permanent: Option<String>,
}

/// The query of `/users`.
#[derive(Debug, Deserialize)]
pub struct UsersQuery {
    /// Whom to change.
    pub user: String,
    /// `1` or `0`.
    pub active: Option<String>,
    /// `1`: remove the user.
    pub deleted: Option<String>,
    /// `1`: loading the user fails from now on.
    pub broken: Option<String>,
    /// The user's auth hash.
    pub auth: Option<String>,
}

/// The query of `/get`.
#[derive(Debug, Deserialize)]
pub struct Key {
    /// What to read.
    pub key: String,
}

/// The query of `/set`.
#[derive(Debug, Deserialize)]
pub struct Pair {
    /// What to write.
    pub key: String,
    /// Its value, a text.
    pub value: String,
}

/// The query of an address as one of the types here, `None` where that lacks what the type
/// must have: the request is a bad one. Of doubled names the first counts, as in Flask.
#[must_use]
pub fn query<T: DeserializeOwned>(target: &str) -> Option<T> {
    let request = Request::new("GET", target);
    let names = ["user", "remember", "duration", "force", "fresh", "permanent", "active", "deleted", "broken", "auth"];
    let names = names.into_iter().chain(["key", "value"]);
    let pairs = names.filter_map(|name| Some((name, request.query_value(name)?)));
    serde_json::to_value(pairs.collect::<BTreeMap<_, _>>()).and_then(serde_json::from_value).ok()
}

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

/// The answer of `/me`.
///
/// # Errors
/// That the user could not be loaded.
pub async fn me_json(login: &Login<Player>, anonymous_name: &str) -> Result<Value, LoginError> {
    let user = login.user_including_inactive().await?;
    Ok(json!({
        "id": user.as_ref().map(|user| user.id()),
        "name": user.as_ref().map_or(anonymous_name, |user| &user.name),
        "is_authenticated": user.as_ref().is_some_and(|user| user.is_authenticated()),
        "is_active": user.as_ref().is_some_and(|user| user.is_active()),
        "is_anonymous": user.is_none(),
        "fresh": login.login_fresh().await?,
        "remembered": login.login_remembered().await?,
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
