//! The application's data in the session, and flash messages.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::LoginError;
use crate::formats::tagged;
use crate::login::handle::{Limit, Login};
use crate::login::state::State;
use crate::session::content::{self, FLASHES};
use crate::session::json;
use crate::session::json_text;
use crate::session::transitions::{self, Change, Updater};
use crate::user::User;

/// A message for the visitor that is shown once (Flask's `flash`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// The category, for the template. Default: `message`.
    pub category: String,
    /// The text. It is not escaped for HTML.
    pub message: String,
}

/// Session data. In a cookie it is signed, not encrypted: the visitor can read it. The whole
/// session must fit into one cookie of 4096 bytes. Each of several parallel requests writes the
/// whole cookie, and the browser keeps the last one.
///
/// With a [session store](crate::LoginManagerBuilder::session_store) this holds for visitors only.
/// The data of a user who is logged in is on the server, up to 1,000,000 bytes as JSON, and no
/// request undoes the changes of another: of changes to one key, the last one wins. Extractors load
/// the session. Before that, these methods return [`LoginError::NotLoaded`], and there are no keys.
impl<U: User> Login<U> {
    /// The value under this key, if there is one.
    ///
    /// The reserved keys (`_user_id`, `_fresh`, …) have no value here. In the flask format a
    /// tuple is read as an array, bytes as Base64 text, a UUID as hexadecimal digits, and a
    /// date as its HTTP text.
    ///
    /// # Errors
    /// [`LoginError::Deserialize`] if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, LoginError> {
        // A copy, because deserializing runs the application's code, which must not run
        // while the state is locked.
        let value = {
            let state = self.0.state();
            state.loaded()?;
            state.session.data.get(key).filter(|_| !content::is_reserved(key)).map(str::to_owned)
        };
        value.map(|value| from_json(&value, self.0.setup.format.is_flask())).transpose()
    }

    /// Sets the value under this key.
    ///
    /// # Errors
    /// [`LoginError::Serialize`], [`LoginError::ReservedKey`],
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`]. Then nothing is
    /// changed.
    #[doc(alias = "set")]
    pub fn insert<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), LoginError> {
        if content::is_reserved(key) {
            return Err(LoginError::ReservedKey(key.to_owned()));
        }
        let value = to_json(value, self.0.setup.format.is_flask())?;
        self.change(Limit::Application, Change::Insert(key.to_owned(), value))
    }

    /// Makes a new value of the one under this key. `update` gets the present value, or `None` if
    /// there is none.
    ///
    /// With a session store, no update is lost however many requests change the same value: if
    /// another request was faster, `update` is called again with what that one has written. So it
    /// should do nothing but make the value. If it cannot be made then, because the value has
    /// another type now, the value stays.
    ///
    /// ```
    /// # use login_core::{Login, LoginError, User};
    /// # fn f<U: User>(login: Login<U>) -> Result<(), LoginError> {
    /// login.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of [`get`](Self::get) and [`insert`](Self::insert). Then nothing is changed.
    pub fn update<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        update: impl Fn(Option<T>) -> T + Send + Sync + 'static,
    ) -> Result<(), LoginError> {
        if content::is_reserved(key) {
            return Err(LoginError::ReservedKey(key.to_owned()));
        }
        let is_flask = self.0.setup.format.is_flask();
        let make = Arc::new(move |old: Option<&str>| -> Result<String, LoginError> {
            let old = old.map(|old| from_json(old, is_flask)).transpose()?;
            to_json(&update(old), is_flask)
        });
        loop {
            let old = {
                let mut state = self.0.state();
                state.for_change()?.session.data.get(key).map(str::to_owned)
            };
            // The application's code must not run while the state is locked.
            let value = make(old.as_deref())?;
            let mut state = self.0.state();
            let state = state.for_change()?;
            if state.session.data.get(key) == old.as_deref() {
                let mut session = state.session.clone();
                session.data.set(key, value);
                self.check_size(state, &session, Limit::Application)?;
                let updater: Updater = Arc::new(move |old| make(old).ok());
                state.set_changed(session, Change::Update(key.to_owned(), updater));
                return Ok(());
            }
        }
    }

    /// Removes the value under this key. Returns whether there was one.
    ///
    /// # Errors
    /// [`LoginError::ReservedKey`], [`LoginError::ResponseBegun`].
    pub fn remove(&self, key: &str) -> Result<bool, LoginError> {
        if content::is_reserved(key) {
            return Err(LoginError::ReservedKey(key.to_owned()));
        }
        let mut state = self.0.state();
        Ok(state.for_change()?.change(Change::Remove(key.to_owned())))
    }

    /// The keys of the application's data, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let state = self.0.state();
        let mut keys: Vec<String> = state.session.data.keys().filter(|key| !content::is_reserved(key)).collect();
        keys.sort_unstable();
        keys
    }

    /// Makes the session permanent or not (Flask's `session.permanent`). A permanent session
    /// does not end when the browser is closed. It expires
    /// [`session_lifetime`](crate::LoginManagerBuilder::session_lifetime) after the last
    /// response whose request accessed it, or after the
    /// [`idle_timeout`](crate::LoginManagerBuilder::idle_timeout).
    ///
    /// # Errors
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`].
    pub fn set_permanent(&self, permanent: bool) -> Result<(), LoginError> {
        // Only Flask's format has both "not permanent" and "never set".
        let permanent = (permanent || self.0.setup.format.is_flask()).then_some(permanent);
        self.change(Limit::Application, Change::Permanent(permanent))
    }

    /// Whether the session is permanent.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.0.state().session.is_permanent()
    }

    /// Flashes a message with the category `message`.
    ///
    /// # Errors
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`].
    pub fn flash(&self, message: &str) -> Result<(), LoginError> {
        self.flash_as("message", message)
    }

    /// Flashes a message with a category.
    ///
    /// # Errors
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`].
    pub fn flash_as(&self, category: &str, message: &str) -> Result<(), LoginError> {
        self.flash_up_to(Limit::Application, category, message)
    }

    /// Removes and returns the flashed messages, oldest first (Flask's
    /// `get_flashed_messages`). With a session store, messages that another request flashes
    /// meanwhile stay.
    ///
    /// # Errors
    /// [`LoginError::ResponseBegun`].
    pub fn take_flashes(&self) -> Result<Vec<Flash>, LoginError> {
        let mut state = self.0.state();
        let state = state.for_change()?;
        let Some(flashes) = state.session.data.get(FLASHES).map(str::to_owned) else { return Ok(Vec::new()) };
        let read = json_text::items(&flashes).unwrap_or_default();
        state.change(Change::TakeFlashes(read.into_iter().map(str::to_owned).collect()));
        state.new_flashes = 0;
        let flashes: Vec<(String, String)> = serde_json::from_str(&tagged::untag(&flashes)).unwrap_or_default();
        Ok(flashes.into_iter().map(|(category, message)| Flash { category, message }).collect())
    }

    /// Like [`flash_as`](Self::flash_as), if the session then is within the limit.
    pub(crate) fn flash_up_to(&self, limit: Limit, category: &str, message: &str) -> Result<(), LoginError> {
        let item = self.0.setup.format.flash_item(category, message);
        let mut state = self.0.state();
        let state = state.for_change()?;
        // A refusal repeats itself as often as a client likes, and its message says nothing new.
        if matches!(limit, Limit::Refusal) && transitions::is_waiting(&state.session, &item) {
            return Ok(());
        }
        self.change_in(state, limit, Change::Flash(item))?;
        state.new_flashes += 1;
        Ok(())
    }

    /// Stores `next` in the session, if the session then is within the limit.
    pub(crate) fn store_next(&self, limit: Limit, next: &str) -> Result<(), LoginError> {
        let setup = &self.0.setup;
        // Only Flask-Login binds a session that has no login.
        let client = self.0.request();
        let binding =
            if setup.format.is_flask() { setup.format.bind(client, setup.config.proxies.trusted) } else { None };
        self.change(limit, Change::StoreNext(next.to_owned(), binding))
    }

    fn change(&self, limit: Limit, change: Change) -> Result<(), LoginError> {
        let mut state = self.0.state();
        self.change_in(state.for_change()?, limit, change)
    }

    /// Changes the session, if it then is within the limit.
    pub(crate) fn change_in(&self, state: &mut State<U>, limit: Limit, change: Change) -> Result<(), LoginError> {
        let mut session = state.session.clone();
        change.apply(&mut session);
        self.check_size(state, &session, limit)?;
        state.set_changed(session, change);
        Ok(())
    }
}

/// Reads a value of the session.
fn from_json<T: DeserializeOwned>(json: &str, is_flask: bool) -> Result<T, LoginError> {
    let value = if is_flask { serde_json::from_str(&tagged::untag(json)) } else { serde_json::from_str(json) };
    value.map_err(LoginError::Deserialize)
}

/// The JSON text of a value, as the session contains it.
fn to_json<T: Serialize + ?Sized>(value: &T, is_flask: bool) -> Result<String, LoginError> {
    let json = json::to_ascii(&serde_json::to_string(value).map_err(LoginError::Serialize)?);
    let json = if is_flask { tagged::tag(&json) } else { json };
    if !json_text::is_value(&json) {
        return Err(LoginError::Serialize(serde::ser::Error::custom("the value is nested too deep")));
    }
    Ok(json)
}
