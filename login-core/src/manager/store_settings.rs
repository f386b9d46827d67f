//! The settings of sessions that are kept on the server, as methods of the builder.

use std::sync::Arc;

use login_store::SessionStore;

use crate::manager::builder::{BuiltManager, LoginManagerBuilder};
use crate::store::erased::NoStore;
use crate::user::User;

impl<U: User, M: BuiltManager<U>> LoginManagerBuilder<U, M> {
    /// Keeps the sessions of users who are logged in on the server. Then a logout ends a login for
    /// good, sessions can be listed and ended, parallel requests lose none of each other's changes,
    /// a session may be large, and visitors cannot read it. The session of a visitor who is not
    /// logged in stays in a signed cookie, so that visitors need no store.
    ///
    /// An application changes nothing else. When it begins to use a store, or another one, all
    /// users log in again: old cookies count no more.
    ///
    /// A request that looks at its login asks the store once. It writes only if it changes
    /// something, and once in a minute that the session is used. If the store fails, the response
    /// is a 5xx.
    pub fn session_store(mut self, store: impl SessionStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Keeps sessions in a store that the server itself asks, with the steps that the methods of
    /// [`Login`](crate::Login) and [`RequestLogin`](crate::adapter::RequestLogin) return
    /// ([`StoreStep`](crate::adapter::StoreStep)). For a server that does not await. See
    /// [`session_store`](Self::session_store).
    pub fn session_store_by_steps(self) -> Self {
        self.session_store(NoStore)
    }

    /// How many sessions a user may have at the same time. A new login ends the oldest ones.
    /// Default: any number. Needs a [`session_store`](Self::session_store).
    pub fn max_sessions(mut self, count: usize) -> Self {
        self.config.max_sessions = Some(count);
        self
    }

    /// Ends all sessions of a user if one of their remember cookies was stolen. Default: only the
    /// session of that cookie. Needs a [`session_store`](Self::session_store).
    ///
    /// That it was stolen shows when it is used by two browsers: each use replaces the cookie, and
    /// one of the two comes back with the old one.
    pub fn end_all_on_theft(mut self) -> Self {
        self.config.ends_all_on_reuse = true;
        self
    }
}
