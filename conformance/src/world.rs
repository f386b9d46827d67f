//! The users and the events of one conformance server, kept in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use login_core::{Login, Permission, Request, RequestLoader, User, UserLoader};
use serde_json::{Value, json};

use crate::config::Config;
use crate::faults::Faults;
use crate::holds::Holds;
use crate::query::{HoldQuery, UsersQuery, flag, query};
use crate::store::{DumpedRecord, Store, StoreQuery};

/// A user.
#[derive(Debug, Clone)]
pub struct Player {
    pub(crate) id: String,
    pub(crate) name: String,
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

/// Users, events, the session store and the requests that wait. Clones are the same world.
#[derive(Debug, Clone)]
pub struct World {
    inside: Arc<Mutex<Inside>>,
    pub(crate) store: Store,
    holds: Holds,
}

#[derive(Debug)]
struct Inside {
    users: BTreeMap<String, Player>,
    events: Vec<&'static str>,
}

impl Default for Inside {
    fn default() -> Self {
        let users = [("1", "Notch", true), ("2", "Steve", true), ("3", "Creeper", false), ("佐藤", "Müller", true)];
        let player = |(id, name, active): (&str, &str, bool)| {
            let (id, name) = (id.to_owned(), name.to_owned());
            (id.clone(), Player { id, name, active, auth_hash: None, broken: false })
        };
        Self { users: users.into_iter().map(player).collect(), events: Vec::new() }
    }
}

impl World {
    /// The world at the start of a server.
    ///
    /// # Errors
    /// That the file of the session store cannot be used.
    pub async fn new(config: &Config) -> Result<Self, Box<dyn Error>> {
        Ok(Self { inside: Arc::default(), store: config.open_store().await?, holds: Holds::default() })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inside) -> T) -> T {
        work(&mut self.inside.lock().unwrap_or_else(PoisonError::into_inner))
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

    /// Waits until `/release`, if the query has a `hold`. Session and user are loaded before, and a
    /// remembered login is restored. That this failed is found by the handler.
    pub async fn hold(&self, login: &Login<Player>, target: &str) {
        if let Some(HoldQuery { hold }) = query(target) {
            let _ = login.user_including_inactive().await;
            self.holds.wait(hold).await;
        }
    }

    /// The answer of `/held`.
    #[must_use]
    pub fn held_json(&self, query: &HoldQuery) -> Value {
        json!({ "held": self.holds.is_held(&query.hold) })
    }

    /// The answer of `/release`.
    #[must_use]
    pub fn release_json(&self, query: &HoldQuery) -> Value {
        json!({ "released": self.holds.release(&query.hold) })
    }

    /// Lets the session store fail as `/store` asks.
    pub fn fail_store(&self, query: &StoreQuery) {
        self.store.fail(query);
    }

    /// The answer of `/store/dump`.
    ///
    /// # Panics
    /// If the database of the store cannot be read.
    #[allow(clippy::expect_used, reason = "then no scenario can go on")]
    pub async fn dump_store(&self) -> Vec<DumpedRecord> {
        self.store.dump().await.expect("the store can be read")
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
