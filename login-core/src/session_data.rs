//! The application's own data in the session, and flashed messages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cookie::MAX_SIZE;
use crate::error::LoginError;
use crate::login::Login;
use crate::session::{self, FLASHES, Session};
use crate::tagged;
use crate::transitions;
use crate::user::User;

/// A message for the visitor, shown once (Flask's `flash`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// What kind of message, for the template; `message` by default.
    pub category: String,
    /// The text. It is not escaped for HTML.
    pub message: String,
}

/// Session data. It is signed, not encrypted: its owner can read it. All of it
/// has to fit into one cookie of 4096 bytes. Parallel requests each write the
/// whole cookie, and the last one wins.
impl<U: User> Login<U> {
    /// The value under this key, if any.
    ///
    /// The login's own keys (`_user_id`, `_fresh`, …) can be read too. With Flask's
    /// format a tuple reads as an array, bytes as their Base64 text, a UUID as hex
    /// digits, a date as its HTTP text.
    ///
    /// # Errors
    /// [`LoginError::Deserialize`] where the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, LoginError> {
        // Copied: the application's own code reads it, which must not run under the lock.
        let json = {
            let state = self.0.state();
            state.session.own_key(key).or_else(|| state.session.data.get(key).map(str::to_owned))
        };
        let Some(json) = json else { return Ok(None) };
        let value = if self.0.manager.0.wire.is_flask() {
            serde_json::from_str(&tagged::untag(&json))
        } else {
            serde_json::from_str(&json)
        };
        value.map(Some).map_err(LoginError::Deserialize)
    }

    /// Sets the value under this key.
    ///
    /// # Errors
    /// [`LoginError::Serialize`], [`LoginError::ReservedKey`] for the login's own
    /// keys, [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`]. Nothing
    /// is changed then.
    pub fn insert<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), LoginError> {
        if session::is_reserved(key) {
            return Err(LoginError::ReservedKey(key.to_owned()));
        }
        let json = crate::json::to_ascii(&serde_json::to_string(value).map_err(LoginError::Serialize)?);
        let json = if self.0.manager.0.wire.is_flask() { tagged::tag(&json) } else { json };
        if !crate::json::is_value(&json) {
            return Err(LoginError::Serialize(serde::ser::Error::custom("it is nested too deep to be read again")));
        }
        self.change(MAX_SIZE, |session| {
            let mut session = session.clone();
            session.data.set(key, json);
            session
        })
    }

    /// Removes the value under this key; says whether there was one.
    ///
    /// # Errors
    /// [`LoginError::ReservedKey`] for the login's own keys,
    /// [`LoginError::ResponseBegun`].
    pub fn remove(&self, key: &str) -> Result<bool, LoginError> {
        if session::is_reserved(key) {
            return Err(LoginError::ReservedKey(key.to_owned()));
        }
        let mut state = self.0.state();
        let state = state.for_change()?;
        let removed = state.session.data.remove(key).is_some();
        state.session_changed |= removed;
        Ok(removed)
    }

    /// The keys of the whole session, the login's own among them, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let state = self.0.state();
        let own = state.session.own_keys().map(str::to_owned);
        let mut keys: Vec<String> = own.chain(state.session.data.keys()).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether the session outlives the browser, by the
    /// [`session_lifetime`](crate::LoginManagerBuilder::session_lifetime) after the
    /// last response that looked at it (Flask's `session.permanent`).
    ///
    /// # Errors
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`].
    pub fn set_permanent(&self, permanent: bool) -> Result<(), LoginError> {
        // Only Flask's sessions tell one that was made not permanent from one that never was.
        let permanent = (permanent || self.0.manager.0.wire.is_flask()).then_some(permanent);
        self.change(MAX_SIZE, |session| Session { permanent, ..session.clone() })
    }

    /// Whether the session is permanent.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.0.state().session.is_permanent()
    }

    /// Flashes a message of the category `message`.
    ///
    /// # Errors
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`].
    pub fn flash(&self, message: &str) -> Result<(), LoginError> {
        self.flash_as("message", message)
    }

    /// Flashes a message of a category.
    ///
    /// # Errors
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`].
    pub fn flash_as(&self, category: &str, message: &str) -> Result<(), LoginError> {
        self.flash_up_to(MAX_SIZE, category, message)
    }

    /// Takes the flashed messages, oldest first (Flask's `get_flashed_messages`).
    ///
    /// # Errors
    /// [`LoginError::ResponseBegun`].
    pub fn take_flashes(&self) -> Result<Vec<Flash>, LoginError> {
        let mut state = self.0.state();
        let state = state.for_change()?;
        let Some(json) = state.session.data.remove(FLASHES) else { return Ok(Vec::new()) };
        state.session_changed = true;
        let flashes: Vec<(String, String)> = serde_json::from_str(&tagged::untag(&json)).unwrap_or_default();
        Ok(flashes.into_iter().map(|(category, message)| Flash { category, message }).collect())
    }

    /// As [`flash_as`](Self::flash_as), where the session's cookie then has no more bytes
    /// than `limit`.
    pub(crate) fn flash_up_to(&self, limit: usize, category: &str, message: &str) -> Result<(), LoginError> {
        let item = self.0.manager.0.wire.flash_item(category, message);
        self.change(limit, |session| transitions::flash(session, &item))
    }

    /// Keeps an address to go on to, where the session's cookie then has no more bytes
    /// than `limit`.
    pub(crate) fn keep_next(&self, limit: usize, next: &str) -> Result<(), LoginError> {
        let manager = &self.0.manager.0;
        // Only Flask-Login binds a session in which no one is logged in.
        let proxies = manager.config.trusted_proxies;
        let client = self.0.request();
        let binding = if manager.wire.is_flask() { manager.wire.bind(client, proxies) } else { None };
        self.change(limit, |session| transitions::keep_next(session, next, binding))
    }

    fn change(&self, limit: usize, change: impl FnOnce(&Session) -> Session) -> Result<(), LoginError> {
        let mut state = self.0.state();
        let state = state.for_change()?;
        let session = change(&state.session);
        self.check_size(&session, limit)?;
        state.set_session(session);
        Ok(())
    }
}
