//! A manager as an adapter keeps it.

use std::sync::Arc;

use crate::adapter::handlers::RefusalHandlers;
use crate::answer::{Answer, Refusal};
use crate::login::handle::Login;
use crate::manager::login_manager::LoginManager;
use crate::request::view::Request;
use crate::user::User;

/// A login manager together with the application's own answers to refused requests, in the
/// adapter's response type `R`.
pub struct AdapterManager<U: User, R> {
    /// The core's manager.
    pub core: LoginManager<U>,
    /// The application's own answers.
    pub handlers: Arc<RefusalHandlers<R>>,
}

impl<U: User, R> Clone for AdapterManager<U, R> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), handlers: Arc::clone(&self.handlers) }
    }
}

impl<U: User, R> std::fmt::Debug for AdapterManager<U, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdapterManager(..)")
    }
}

impl<U: User, R> From<LoginManager<U>> for AdapterManager<U, R> {
    fn from(core: LoginManager<U>) -> Self {
        Self { core, handlers: Arc::default() }
    }
}

impl<U: User, R> AdapterManager<U, R> {
    /// Sets the application's own answer to a refusal. Clones that were made before keep
    /// theirs.
    #[must_use]
    pub fn with_handler(mut self, refusal: Refusal, handler: impl Fn(&Request) -> R + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.handlers).set(refusal, handler);
        self
    }

    /// Refuses a request. `convert` makes a response of the library's answer.
    pub fn refuse(&self, login: &Login<U>, refusal: Refusal, convert: impl FnOnce(Answer) -> R) -> R {
        self.handlers.refuse(login, refusal, convert)
    }
}
