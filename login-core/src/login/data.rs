//! The application's data in the session, and flash messages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::LoginError;
use crate::formats::tagged;
use crate::login::handle::{Limit, Login};
use crate::session::content::{self, FLASHES, Session};
use crate::session::json;
use crate::session::json_text;
use crate::session::transitions;
use crate::user::User;

/// A message for the visitor that is shown once (Flask's `flash`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// The category, for the template. Default: `message`.
    pub category: String,
    /// The text. It is not escaped for HTML.
    pub message: String,
}

/// Session data. It is signed, not encrypted: the visitor can read it. The whole session
/// must fit into one cookie of 4096 bytes. Each of several parallel requests writes the
/// whole cookie, and the browser keeps the last one.
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
            state.session.data.get(key).filter(|_| !content::is_reserved(key)).map(str::to_owned)
        };
        let Some(value) = value else { return Ok(None) };
        let value = if self.0.setup.format.is_flask() {
            serde_json::from_str(&tagged::untag(&value))
        } else {
            serde_json::from_str(&value)
        };
        value.map(Some).map_err(LoginError::Deserialize)
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
        let value = json::to_ascii(&serde_json::to_string(value).map_err(LoginError::Serialize)?);
        let value = if self.0.setup.format.is_flask() { tagged::tag(&value) } else { value };
        if !json_text::is_value(&value) {
            return Err(LoginError::Serialize(serde::ser::Error::custom("the value is nested too deep")));
        }
        self.change(Limit::Application, |session| {
            let mut session = session.clone();
            session.data.set(key, value);
            session
        })
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
        let state = state.for_change()?;
        let removed = state.session.data.remove(key).is_some();
        state.session_changed |= removed;
        Ok(removed)
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
        self.change(Limit::Application, |session| Session { permanent, ..session.clone() })
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
    /// `get_flashed_messages`).
    ///
    /// # Errors
    /// [`LoginError::ResponseBegun`].
    pub fn take_flashes(&self) -> Result<Vec<Flash>, LoginError> {
        let mut state = self.0.state();
        let state = state.for_change()?;
        let Some(flashes) = state.session.data.remove(FLASHES) else { return Ok(Vec::new()) };
        state.session_changed = true;
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
        let session = transitions::flash(&state.session, &item);
        self.check_size(&session, limit)?;
        state.set_session(session);
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
        self.change(limit, |session| transitions::store_next(session, next, binding))
    }

    fn change(&self, limit: Limit, change: impl FnOnce(&Session) -> Session) -> Result<(), LoginError> {
        let mut state = self.0.state();
        let state = state.for_change()?;
        let session = change(&state.session);
        self.check_size(&session, limit)?;
        state.set_session(session);
        Ok(())
    }
}
