//! The login manager for Rocket.

use login_core::adapter::AdapterManager;
use login_core::{Refusal, Request, SecretKey, User};
use rocket::response::Response;

use crate::fairing::LoginFairing;

/// The central object of the library (Flask-Login's `LoginManager`).
///
/// Make one when the server starts, and attach its [`fairing`](Self::fairing). It is cheap to
/// clone, and clones are the same manager. You can attach several managers if their user
/// types and their cookie names are different.
pub struct LoginManager<U: User>(AdapterManager<U, Response<'static>>);

login_core::adapter::manager!(LoginManager);

impl<U: User> LoginManager<U> {
    /// Starts the configuration. Call settings of the [`LoginManagerBuilder`], and then
    /// [`build`](LoginManagerBuilder::build) with the user loader.
    pub fn builder(key: SecretKey) -> LoginManagerBuilder<U> {
        LoginManagerBuilder::new(key, login_system::system_clock, login_system::system_entropy)
    }

    /// The fairing for everything that uses logins:
    /// `rocket::build().attach(login.fairing())`. If a route has a guard of this crate and
    /// the fairing is missing, the launch is aborted.
    #[must_use = "attach it"]
    pub fn fairing(&self) -> LoginFairing<U> {
        LoginFairing::new(self.0.clone())
    }

    /// Sets the response if no user is logged in (Flask-Login's `unauthorized_handler`).
    /// Then no message is flashed, and `next` is not stored. Fairings and clones that were
    /// made before do not have it.
    #[must_use]
    pub fn unauthorized_handler(self, handler: impl Fn(&Request) -> Response<'static> + Send + Sync + 'static) -> Self {
        Self(self.0.with_handler(Refusal::Unauthorized, handler))
    }

    /// Sets the response if the login is not fresh (Flask-Login's `needs_refresh_handler`).
    /// Fairings and clones that were made before do not have it.
    #[must_use]
    pub fn needs_refresh_handler(
        self,
        handler: impl Fn(&Request) -> Response<'static> + Send + Sync + 'static,
    ) -> Self {
        Self(self.0.with_handler(Refusal::NeedsRefresh, handler))
    }
}
