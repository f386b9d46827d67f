//! The login manager as axum applications use it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use login_core::{Adapter, LoginManagerBuilder, Refusal, RefusalHandlers, Request, Requirement, SecretKey, User};

use crate::environment::{system_clock, system_entropy};
use crate::guard::GuardLayer;
use crate::layer::LoginLayer;

pub(crate) type Handlers = RefusalHandlers<Response>;

/// Knows everything about an application's logins (Flask-Login's `LoginManager`).
///
/// Make one at start-up, and give the application its [`layer`](Self::layer).
/// Cheap to clone; clones are the same manager. Two of different user types can be
/// mounted together, if their cookies have different names.
pub struct LoginManager<U: User> {
    core: login_core::LoginManager<U>,
    pub(crate) handlers: Arc<Handlers>,
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

/// Marks the builder that makes axum's [`LoginManager`].
#[derive(Debug)]
pub enum Axum {}

impl Adapter for Axum {
    type Manager<U: User> = LoginManager<U>;

    fn adapt<U: User>(core: login_core::LoginManager<U>) -> LoginManager<U> {
        LoginManager { core, handlers: Arc::default() }
    }
}

impl<U: User> LoginManager<U> {
    /// Starts the configuration; `build(loader)` ends it. See [`LoginManagerBuilder`].
    pub fn builder(key: SecretKey) -> LoginManagerBuilder<U, Axum> {
        LoginManagerBuilder::new(key, system_clock, system_entropy)
    }

    /// The layer that every route with logins must be below. Add it last, so that
    /// it is the outermost: `router.layer(login.layer())`.
    #[must_use = "add it to the router"]
    pub fn layer(&self) -> LoginLayer<U> {
        LoginLayer::new(self.clone())
    }

    /// Lets only logged-in users through (Flask-Login's `login_required`):
    /// `router.route_layer(login.login_required())`. OPTIONS requests pass.
    #[must_use = "add it to a router or a route"]
    pub fn login_required(&self) -> GuardLayer<U> {
        GuardLayer::new(Requirement::Login)
    }

    /// Lets only users with a fresh login through (Flask-Login's
    /// `fresh_login_required`). OPTIONS requests pass.
    #[must_use = "add it to a router or a route"]
    pub fn fresh_login_required(&self) -> GuardLayer<U> {
        GuardLayer::new(Requirement::FreshLogin)
    }

    /// Lets only users through who gave their credentials within this time, in
    /// whole seconds. OPTIONS requests pass. With Flask's cookies no age is known unless
    /// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
    #[must_use = "add it to a router or a route"]
    pub fn fresh_login_required_within(&self, age: Duration) -> GuardLayer<U> {
        GuardLayer::new(Requirement::FreshLoginWithin(age))
    }

    /// Answers for the library where no one is logged in (Flask-Login's
    /// `unauthorized_handler`). Nothing is flashed then, nor kept as `next`. Set it before
    /// layers are made: those made before, and clones, do not have it.
    #[must_use]
    pub fn unauthorized_handler<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(&Request) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        let handler = move |request: &Request| handler(request).into_response();
        Arc::make_mut(&mut self.handlers).set(Refusal::Unauthorized, handler);
        self
    }

    /// Answers for the library where the login is not fresh (Flask-Login's
    /// `needs_refresh_handler`).
    #[must_use]
    pub fn needs_refresh_handler<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(&Request) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        let handler = move |request: &Request| handler(request).into_response();
        Arc::make_mut(&mut self.handlers).set(Refusal::NeedsRefresh, handler);
        self
    }

    pub(crate) fn core(&self) -> &login_core::LoginManager<U> {
        &self.core
    }
}
