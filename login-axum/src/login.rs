//! The types that a handler uses.

use axum::response::{IntoResponse, Redirect, Response};
use login_core::{Refusal, User};

use crate::mounted::Mounted;
use crate::response;

login_core::adapter::types! {
    response: Response,
    /// `Option<CurrentUser<U>>` does the same.
}

impl<U: User> Login<U> {
    pub(crate) fn new(core: login_core::Login<U>, mounted: &Mounted<U>) -> Self {
        Self { core, handlers: mounted.handlers.clone() }
    }

    /// Redirects (303) to the page that the client asked for before it was redirected to the
    /// login view, or else to `fallback`. It is the last line of a login handler. See
    /// [`next_url`](login_core::Login::next_url).
    #[must_use = "return it"]
    pub fn redirect_to_next(&self, fallback: &str) -> Redirect {
        Redirect::to(&self.core.next_or(fallback))
    }

    /// Redirects (303) to an address that the client chose, such as a `next` in the form, if it
    /// is on this site, or else to `fallback`. See
    /// [`redirect_target`](login_core::Login::redirect_target).
    #[must_use = "return it"]
    pub fn redirect_to(&self, address: &str, fallback: &str) -> Redirect {
        Redirect::to(&self.core.redirect_target(address, fallback))
    }

    /// Refuses the request like a guard if no user is logged in, for handlers that decide
    /// themselves (Flask-Login's `login_manager.unauthorized()`).
    #[must_use = "return it"]
    pub fn unauthorized(&self) -> Response {
        self.refuse(Refusal::Unauthorized)
    }

    /// Refuses the request like a guard if the login is not fresh (Flask-Login's
    /// `login_manager.needs_refresh()`).
    #[must_use = "return it"]
    pub fn needs_refresh(&self) -> Response {
        self.refuse(Refusal::NeedsRefresh)
    }

    /// Refuses the request like a guard if the user lacks a permission: 403.
    #[must_use = "return it"]
    pub fn forbidden(&self) -> Response {
        self.refuse(Refusal::Forbidden)
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        self.handlers.refuse(None, &self.core, refusal, response::from_answer)
    }
}

/// ```
/// use login_axum::{Login, User};
///
/// async fn log_out<U: User>(login: Login<U>) -> Result<&'static str, login_axum::Error> {
///     login.log_out().await?;
///     Ok("bye")
/// }
/// ```
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.0.log();
        response::from_answer(self.0.answer())
    }
}
