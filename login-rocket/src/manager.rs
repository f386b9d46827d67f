//! The login manager for Rocket.

use std::time::Duration;

use login_core::adapter::{AdapterManager, Requirement};
use login_core::{Refusal, Request, SecretKey, User};
use rocket::fairing::{Fairing, Info};
use rocket::response::Response;
use rocket::{Build, Data, Rocket};

use crate::fairing::LoginFairing;
use crate::login::Refused;
use crate::routes::RouteGuard;

/// The central object of the library (Flask-Login's `LoginManager`).
///
/// Make one when the server starts, and attach its [`fairing`](Self::fairing). It is cheap to
/// clone, and clones are the same manager. You can attach several managers if their user
/// types and their cookie names are different.
pub struct LoginManager<U: User>(AdapterManager<U, Response<'static>>);

login_core::adapter::manager!(LoginManager, Response<'static>);

impl<U: User> LoginManager<U> {
    /// Starts the configuration. Call settings of the [`LoginManagerBuilder`], and then
    /// [`build`](LoginManagerBuilder::build) with the user loader.
    pub fn builder(key: SecretKey) -> LoginManagerBuilder<U> {
        LoginManagerBuilder::new(key, login_system::system_clock, login_system::system_entropy)
    }

    /// The fairing for everything that uses logins:
    /// `rocket::build().attach(login.fairing())`. If a route has a guard of this crate as an
    /// argument and the fairing is missing, the launch is aborted. Without the fairing, routes
    /// inside of a [`RouteGuard`] answer 500, and the log says why.
    #[doc(alias = "layer")]
    #[must_use = "attach it"]
    pub fn fairing(&self) -> LoginFairing<U> {
        LoginFairing::new(self.0.clone())
    }

    /// A guard around routes that accepts only logged-in users (Flask-Login's
    /// `login_required`), for everything that is mounted with it:
    /// `rocket.mount("/", login.login_required().routes(routes![settings]))`. For single routes,
    /// use the guards [`CurrentUser`](crate::CurrentUser) and
    /// [`LoginRequired`](crate::LoginRequired).
    #[must_use = "put it around routes"]
    pub fn login_required(&self) -> RouteGuard<U> {
        RouteGuard::new(self.0.core.clone(), Requirement::Login)
    }

    /// Like [`login_required`](Self::login_required), for users with a fresh login
    /// (Flask-Login's `fresh_login_required`).
    #[must_use = "put it around routes"]
    pub fn fresh_login_required(&self) -> RouteGuard<U> {
        RouteGuard::new(self.0.core.clone(), Requirement::FreshLogin)
    }

    /// Like [`login_required`](Self::login_required), for users who entered their credentials
    /// within `age`, in whole seconds. In the flask format it accepts no user unless
    /// [`fresh_login_max_age`](LoginManagerBuilder::fresh_login_max_age) is set, because the
    /// age is unknown.
    #[must_use = "put it around routes"]
    pub fn fresh_login_required_within(&self, age: Duration) -> RouteGuard<U> {
        RouteGuard::new(self.0.core.clone(), Requirement::FreshLoginWithin(age))
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_>) -> Option<Response<'static>> + Send + Sync + 'static,
    {
        Self(self.0.with_handler(refusal, handler))
    }
}

/// The manager itself is a fairing too: the same as its [`fairing`](LoginManager::fairing).
#[rocket::async_trait]
impl<U: User> Fairing for LoginManager<U> {
    fn info(&self) -> Info {
        self.fairing().info()
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        self.fairing().on_ignite(rocket).await
    }

    async fn on_request(&self, request: &mut rocket::Request<'_>, data: &mut Data<'_>) {
        self.fairing().on_request(request, data).await;
    }

    async fn on_response<'r>(&self, request: &'r rocket::Request<'_>, response: &mut Response<'r>) {
        self.fairing().on_response(request, response).await;
    }
}
