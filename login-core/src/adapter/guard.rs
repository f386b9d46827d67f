//! What a guard around routes requires, and of whose login.

use std::sync::Arc;

use crate::answer::Refusal;
use crate::login::guard::{Denied, Requirement};
use crate::login::request_login::RequestLogin;
use crate::manager::login_manager::LoginManager;
use crate::manager::refusal_handlers::{RefusalHandlers, Refused};
use crate::request::view::Request;
use crate::user::User;

/// What a guard around routes requires, and of whose login. `R` is the adapter's response type.
pub struct Guard<U: User, R> {
    manager: LoginManager<U>,
    requirement: Requirement,
    permissions: Vec<Predicate<U>>,
    allows_options: bool,
    handlers: RefusalHandlers<R>,
}

type Predicate<U> = Arc<dyn Fn(&U) -> bool + Send + Sync>;

impl<U: User, R> Clone for Guard<U, R> {
    fn clone(&self) -> Self {
        Self {
            manager: self.manager.clone(),
            permissions: self.permissions.clone(),
            handlers: self.handlers.clone(),
            ..*self
        }
    }
}

impl<U: User, R> std::fmt::Debug for Guard<U, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Guard({:?})", self.requirement)
    }
}

impl<U: User, R> Guard<U, R> {
    /// A guard that accepts no request without a login of this manager.
    #[must_use]
    pub fn new(manager: LoginManager<U>, requirement: Requirement) -> Self {
        let handlers = RefusalHandlers::default();
        Self { manager, requirement, permissions: Vec::new(), allows_options: false, handlers }
    }

    /// Accepts every OPTIONS request, without a login, as Flask-Login does.
    #[must_use]
    pub fn allow_unauthenticated_options(self) -> Self {
        Self { allows_options: true, ..self }
    }

    /// Accepts only users of whom `predicate` is true, too.
    #[must_use]
    pub fn only(mut self, predicate: impl Fn(&U) -> bool + Send + Sync + 'static) -> Self {
        self.permissions.push(Arc::new(predicate));
        self
    }

    /// Adds a handler of the application, which is nearer than those of a layer.
    #[must_use]
    pub fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_, R>) -> Option<R> + Send + Sync + 'static,
    {
        Self { handlers: self.handlers.with(refusal, handler), ..self }
    }

    /// Whether to accept every request with this method, without a login.
    #[must_use]
    pub fn exempts(&self, method: &str) -> bool {
        self.allows_options && method == "OPTIONS"
    }

    /// Whether this is a login of the guard's own manager. Another manager may have the same
    /// user type.
    #[must_use]
    pub fn is_for(&self, request_login: &RequestLogin<U>) -> bool {
        self.manager.owns(request_login)
    }

    /// What the guard requires.
    #[must_use]
    pub fn requirement(&self) -> Requirement {
        self.requirement
    }

    /// Decides about a request whose user was asked for with the
    /// [requirement](Self::requirement).
    ///
    /// # Errors
    /// The reason not to accept it: that of `required`, or [`Refusal::Forbidden`] if a predicate
    /// of [`only`](Self::only) is false.
    pub fn check(&self, required: Result<Arc<U>, Denied>) -> Result<(), Denied> {
        let user = required?;
        let is_allowed = self.permissions.iter().all(|is_allowed| is_allowed(&user));
        if is_allowed { Ok(()) } else { Err(Denied::Refused(Refusal::Forbidden)) }
    }

    /// The handlers of this guard.
    #[must_use]
    pub fn handlers(&self) -> &RefusalHandlers<R> {
        &self.handlers
    }
}
