//! The login manager as actix-web applications use it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use login_core::{Adapter, LoginManagerBuilder, Refusal, RefusalHandlers, Request, Requirement, SecretKey, User};

use crate::environment::{system_clock, system_entropy};
use crate::guard::GuardMiddleware;
use crate::middleware::LoginMiddleware;

pub(crate) type Handlers = RefusalHandlers<HttpResponse>;

/// Knows everything about an application's logins (Flask-Login's `LoginManager`).
///
/// Make one before the server, clone it into the closure of `HttpServer::new`, and
/// wrap the application in its [`middleware`](Self::middleware). Two of different
/// user types can be used together, if their cookies have different names.
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

/// Marks the builder that makes actix-web's [`LoginManager`].
#[derive(Debug)]
pub enum Actix {}

impl Adapter for Actix {
    type Manager<U: User> = LoginManager<U>;

    fn adapt<U: User>(core: login_core::LoginManager<U>) -> LoginManager<U> {
        LoginManager { core, handlers: Arc::default() }
    }
}

impl<U: User> LoginManager<U> {
    /// Starts the configuration; `build(loader)` ends it. See [`LoginManagerBuilder`].
    pub fn builder(key: SecretKey) -> LoginManagerBuilder<U, Actix> {
        LoginManagerBuilder::new(key, system_clock, system_entropy)
    }

    /// The middleware that everything with logins must be inside of. Wrap it last,
    /// so that it is the outermost: `App::new()….wrap(login.middleware())`.
    #[must_use = "wrap the application in it"]
    pub fn middleware(&self) -> LoginMiddleware<U> {
        LoginMiddleware::new(self.clone())
    }

    /// Lets only logged-in users through (Flask-Login's `login_required`), around an
    /// app, scope or resource. OPTIONS requests pass.
    #[must_use = "wrap a scope or resource in it"]
    pub fn login_required(&self) -> GuardMiddleware<U> {
        GuardMiddleware::new(Requirement::Login)
    }

    /// Lets only users with a fresh login through (Flask-Login's
    /// `fresh_login_required`). OPTIONS requests pass.
    #[must_use = "wrap a scope or resource in it"]
    pub fn fresh_login_required(&self) -> GuardMiddleware<U> {
        GuardMiddleware::new(Requirement::FreshLogin)
    }

    /// Lets only users through who gave their credentials within this time, in
    /// whole seconds. OPTIONS requests pass. With Flask's cookies no age is known unless
    /// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
    #[must_use = "wrap a scope or resource in it"]
    pub fn fresh_login_required_within(&self, age: Duration) -> GuardMiddleware<U> {
        GuardMiddleware::new(Requirement::FreshLoginWithin(age))
    }

    /// Answers for the library where no one is logged in (Flask-Login's
    /// `unauthorized_handler`). Nothing is flashed then, nor kept as `next`. Set it before
    /// middleware are made: those made before, and clones, do not have it.
    #[must_use]
    pub fn unauthorized_handler(self, handler: impl Fn(&Request) -> HttpResponse + Send + Sync + 'static) -> Self {
        self.with_handler(Refusal::Unauthorized, handler)
    }

    /// Answers for the library where the login is not fresh (Flask-Login's
    /// `needs_refresh_handler`).
    #[must_use]
    pub fn needs_refresh_handler(self, handler: impl Fn(&Request) -> HttpResponse + Send + Sync + 'static) -> Self {
        self.with_handler(Refusal::NeedsRefresh, handler)
    }

    fn with_handler(
        mut self,
        refusal: Refusal,
        handler: impl Fn(&Request) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.handlers).set(refusal, handler);
        self
    }

    pub(crate) fn core(&self) -> &login_core::LoginManager<U> {
        &self.core
    }
}
