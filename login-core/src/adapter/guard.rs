//! What a guard around routes requires, and of whose login.

use crate::login::guard::Requirement;
use crate::login::request_login::RequestLogin;
use crate::manager::login_manager::LoginManager;
use crate::user::User;

/// What a guard around routes requires, and of whose login.
pub struct Guard<U: User> {
    manager: LoginManager<U>,
    requirement: Requirement,
    allows_options: bool,
}

impl<U: User> Clone for Guard<U> {
    fn clone(&self) -> Self {
        Self { manager: self.manager.clone(), ..*self }
    }
}

impl<U: User> std::fmt::Debug for Guard<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Guard({:?})", self.requirement)
    }
}

impl<U: User> Guard<U> {
    /// A guard that accepts no request without a login of this manager.
    #[must_use]
    pub fn new(manager: LoginManager<U>, requirement: Requirement) -> Self {
        Self { manager, requirement, allows_options: false }
    }

    /// Accepts every OPTIONS request, without a login, as Flask-Login does.
    #[must_use]
    pub fn allow_unauthenticated_options(self) -> Self {
        Self { allows_options: true, ..self }
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
}
