//! The login manager for actix-web.

use std::future::Ready;
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpResponse};
use login_core::adapter::{AdapterManager, Requirement};
use login_core::{Refusal, Request, SecretKey, User};

use crate::guard::GuardMiddleware;
use crate::login::Refused;
use crate::login_middleware::{LoginMiddleware, LoginService};

/// The central object of the library (Flask-Login's `LoginManager`).
///
/// Make one before the server starts, clone it into the closure of `HttpServer::new`, and
/// wrap the `App` in its [`middleware`](Self::middleware). It is cheap to clone, and clones
/// are the same manager. You can mount several managers together if their user types and
/// their cookie names are different.
pub struct LoginManager<U: User>(AdapterManager<U, HttpResponse>);

login_core::adapter::manager!(LoginManager, HttpResponse);

impl<U: User> LoginManager<U> {
    /// Starts the configuration. Call settings of the [`LoginManagerBuilder`], and then
    /// [`build`](LoginManagerBuilder::build) with the user loader.
    pub fn builder(key: SecretKey) -> LoginManagerBuilder<U> {
        LoginManagerBuilder::new(key, login_system::system_clock, login_system::system_entropy)
    }

    /// The middleware around everything that uses logins. Wrap the `App` in it last, so that
    /// it is the outermost middleware: `App::new()….wrap(login.middleware())`.
    #[doc(alias = "layer")]
    #[must_use = "wrap the application in it"]
    pub fn middleware(&self) -> LoginMiddleware<U> {
        LoginMiddleware::new(self.0.clone())
    }

    /// A guard that accepts only logged-in users (Flask-Login's `login_required`), for an
    /// app, a scope or a resource: `web::scope("/settings").wrap(login.login_required())`. It
    /// must be inside of the [`middleware`](Self::middleware) of this manager.
    #[must_use = "wrap a scope or resource in it"]
    pub fn login_required(&self) -> GuardMiddleware<U> {
        GuardMiddleware::new(self.0.core.clone(), Requirement::Login)
    }

    /// A guard that accepts only users with a fresh login (Flask-Login's
    /// `fresh_login_required`).
    #[must_use = "wrap a scope or resource in it"]
    pub fn fresh_login_required(&self) -> GuardMiddleware<U> {
        GuardMiddleware::new(self.0.core.clone(), Requirement::FreshLogin)
    }

    /// A guard that accepts only users who entered their credentials within `age`, in whole
    /// seconds. In the flask format it accepts no user unless
    /// [`fresh_login_max_age`](LoginManagerBuilder::fresh_login_max_age) is set, because the
    /// age is unknown.
    #[must_use = "wrap a scope or resource in it"]
    pub fn fresh_login_required_within(&self, age: Duration) -> GuardMiddleware<U> {
        GuardMiddleware::new(self.0.core.clone(), Requirement::FreshLoginWithin(age))
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_>) -> Option<HttpResponse> + Send + Sync + 'static,
    {
        Self(self.0.with_handler(refusal, handler))
    }
}

/// The manager itself is a middleware too: the same as its [`middleware`](LoginManager::middleware).
impl<S, B, U> Transform<S, ServiceRequest> for LoginManager<U>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    U: User,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = LoginService<S, U>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        self.middleware().new_transform(service)
    }
}
