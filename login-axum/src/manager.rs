//! The login manager for axum.

use std::time::Duration;

use axum::response::Response;
use login_core::adapter::{AdapterManager, Requirement};
use login_core::{Refusal, Request, SecretKey, User};
use tower_layer::Layer;

use crate::guard::GuardLayer;
use crate::layer::{LoginLayer, LoginService};
use crate::login::Refused;

/// The central object of the library (Flask-Login's `LoginManager`).
///
/// Make one when the server starts, and add its [`layer`](Self::layer) to the router. It is
/// cheap to clone, and clones are the same manager. You can mount several managers together
/// if their user types and their cookie names are different.
pub struct LoginManager<U: User>(AdapterManager<U, Response>);

login_core::adapter::manager!(LoginManager, Response);

impl<U: User> LoginManager<U> {
    /// Starts the configuration. Call settings of the [`LoginManagerBuilder`], and then
    /// [`build`](LoginManagerBuilder::build) with the user loader.
    pub fn builder(key: SecretKey) -> LoginManagerBuilder<U> {
        LoginManagerBuilder::new(key, login_system::system_clock, login_system::system_entropy)
    }

    /// The layer for all routes that use logins. Add it last, so that it is the outermost
    /// layer: `router.layer(login.layer())`.
    #[doc(alias = "middleware")]
    #[must_use = "add it to the router"]
    pub fn layer(&self) -> LoginLayer<U> {
        LoginLayer::new(self.0.clone())
    }

    /// A guard that accepts only logged-in users (Flask-Login's `login_required`):
    /// `router.route_layer(login.login_required())`. The route must be below the
    /// [`layer`](Self::layer) of this manager.
    #[must_use = "add it to a router or a route"]
    pub fn login_required(&self) -> GuardLayer<U> {
        GuardLayer::new(self.0.core.clone(), Requirement::Login)
    }

    /// A guard that accepts only users with a fresh login (Flask-Login's
    /// `fresh_login_required`).
    #[must_use = "add it to a router or a route"]
    pub fn fresh_login_required(&self) -> GuardLayer<U> {
        GuardLayer::new(self.0.core.clone(), Requirement::FreshLogin)
    }

    /// A guard that accepts only users who entered their credentials within `age`, in whole
    /// seconds. In the flask format it accepts no user unless
    /// [`fresh_login_max_age`](LoginManagerBuilder::fresh_login_max_age) is set, because the
    /// age is unknown.
    #[must_use = "add it to a router or a route"]
    pub fn fresh_login_required_within(&self, age: Duration) -> GuardLayer<U> {
        GuardLayer::new(self.0.core.clone(), Requirement::FreshLoginWithin(age))
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_>) -> Option<Response> + Send + Sync + 'static,
    {
        Self(self.0.with_handler(refusal, handler))
    }
}

/// The manager itself is a layer too: the same as its [`layer`](LoginManager::layer).
impl<S, U: User> Layer<S> for LoginManager<U> {
    type Service = LoginService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        LoginManager::layer(self).layer(inner)
    }
}
