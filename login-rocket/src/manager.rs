//! The login manager as Rocket applications use it.

use std::ops::Deref;
use std::sync::Arc;

use login_core::{Adapter, LoginManagerBuilder, Refusal, RefusalHandlers, Request, SecretKey, User};
use rocket::response::Response;

use crate::environment::{system_clock, system_entropy};
use crate::fairing::LoginFairing;

/// Knows everything about an application's logins (Flask-Login's `LoginManager`).
///
/// Make one at start-up and attach its [`fairing`](Self::fairing). Cheap to clone;
/// clones are the same manager. Two of different user types can be attached
/// together, if their cookies have different names.
pub struct LoginManager<U: User> {
    core: login_core::LoginManager<U>,
    handlers: Arc<RefusalHandlers<Response<'static>>>,
}

impl<U: User> Clone for LoginManager<U> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), handlers: Arc::clone(&self.handlers) }
    }
}

impl<U: User> std::fmt::Debug for LoginManager<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginManager(..)")
    }
}

impl<U: User> Deref for LoginManager<U> {
    type Target = login_core::LoginManager<U>;

    fn deref(&self) -> &Self::Target {
        &self.core
    }
}

/// Marks the builder that makes Rocket's [`LoginManager`].
#[derive(Debug)]
pub enum RocketAdapter {}

impl Adapter for RocketAdapter {
    type Manager<U: User> = LoginManager<U>;

    fn adapt<U: User>(core: login_core::LoginManager<U>) -> LoginManager<U> {
        LoginManager { core, handlers: Arc::default() }
    }
}

impl<U: User> LoginManager<U> {
    /// Starts the configuration; `build(loader)` ends it. See [`LoginManagerBuilder`].
    pub fn builder(key: SecretKey) -> LoginManagerBuilder<U, RocketAdapter> {
        LoginManagerBuilder::new(key, system_clock, system_entropy)
    }

    /// The fairing that everything with logins needs:
    /// `rocket::build().attach(login.fairing())`. Without it the launch is aborted
    /// where a route has a guard of this crate.
    #[must_use = "attach it"]
    pub fn fairing(&self) -> LoginFairing<U> {
        LoginFairing::new(self.clone())
    }

    /// Answers for the library where no one is logged in (Flask-Login's
    /// `unauthorized_handler`). Nothing is flashed then, nor kept as `next`. Set it before
    /// fairings are made: those made before, and clones, do not have it.
    #[must_use]
    pub fn unauthorized_handler(self, handler: impl Fn(&Request) -> Response<'static> + Send + Sync + 'static) -> Self {
        self.with_handler(Refusal::Unauthorized, handler)
    }

    /// Answers for the library where the login is not fresh (Flask-Login's
    /// `needs_refresh_handler`).
    #[must_use]
    pub fn needs_refresh_handler(
        self,
        handler: impl Fn(&Request) -> Response<'static> + Send + Sync + 'static,
    ) -> Self {
        self.with_handler(Refusal::NeedsRefresh, handler)
    }

    fn with_handler(
        mut self,
        refusal: Refusal,
        handler: impl Fn(&Request) -> Response<'static> + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.handlers).set(refusal, handler);
        self
    }

    pub(crate) fn core(&self) -> &login_core::LoginManager<U> {
        &self.core
    }

    pub(crate) fn refuse(&self, login: &login_core::Login<U>, refusal: Refusal) -> Response<'static> {
        self.handlers.refuse(login, refusal, crate::response::of_answer)
    }
}
