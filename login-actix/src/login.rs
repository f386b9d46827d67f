//! The types that a handler uses.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use login_core::adapter::Answer;
use login_core::{Refusal, User};

use crate::mounted::Mounted;
use crate::response;

login_core::adapter::types! {
    response: HttpResponse,
    ///
    /// Prefer it to `Option<CurrentUser<U>>`, which is also `None` if the middleware is
    /// missing.
}

impl<U: User> Login<U> {
    pub(crate) fn new(core: login_core::Login<U>, mounted: Mounted<U>) -> Self {
        Self { core, handlers: mounted.handlers }
    }

    /// Redirects (303) to the page that the client asked for before it was redirected to the
    /// login view, or else to `fallback`. It is the last line of a login handler. See
    /// [`next_url`](login_core::Login::next_url).
    #[must_use = "return it"]
    pub fn redirect_to_next(&self, fallback: &str) -> HttpResponse {
        response::from_answer(Answer::redirect(303, self.core.next_or(fallback)))
    }

    /// Redirects (303) to an address that the client chose, such as a `next` in the form, if it
    /// is on this site, or else to `fallback`. See
    /// [`redirect_target`](login_core::Login::redirect_target).
    #[must_use = "return it"]
    pub fn redirect_to(&self, address: &str, fallback: &str) -> HttpResponse {
        response::from_answer(Answer::redirect(303, self.core.redirect_target(address, fallback)))
    }

    /// Refuses the request like a guard if no user is logged in, for handlers that decide
    /// themselves (Flask-Login's `login_manager.unauthorized()`).
    #[must_use = "return it"]
    pub fn unauthorized(&self) -> HttpResponse {
        self.refuse(Refusal::Unauthorized)
    }

    /// Refuses the request like a guard if the login is not fresh (Flask-Login's
    /// `login_manager.needs_refresh()`).
    #[must_use = "return it"]
    pub fn needs_refresh(&self) -> HttpResponse {
        self.refuse(Refusal::NeedsRefresh)
    }

    /// Refuses the request like a guard if the user lacks a permission: 403.
    #[must_use = "return it"]
    pub fn forbidden(&self) -> HttpResponse {
        self.refuse(Refusal::Forbidden)
    }

    fn refuse(&self, refusal: Refusal) -> HttpResponse {
        self.handlers.refuse(None, &self.core, refusal, response::from_answer)
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        response::status(self.0.answer().status())
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log();
        response::from_answer(self.0.answer())
    }
}
