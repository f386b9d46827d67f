//! The types that a handler uses.

use login_core::adapter::Answer;
use login_core::{Refusal, User};
use rocket::Request;
use rocket::http::Status;
use rocket::response::{Responder, Response, Result};

use crate::attached::{Cached, Manager};
use crate::response::{self, LoginResponse};

login_core::adapter::types! {
    response: Response<'static>,
    ///
    /// Prefer it to `Option<CurrentUser<U>>`, for which Rocket hides the error of a failed
    /// loader from the handler.
}

impl<U: User> Login<U> {
    pub(crate) fn new(cached: &Cached<U>, manager: &Manager<U>, request: &Request<'_>) -> Self {
        let handlers = match cached.around() {
            Some(guard) => guard.handlers().inside(&manager.handlers),
            None => manager.handlers.clone(),
        };
        Self { core: cached.access(request), handlers }
    }

    /// Redirects (303) to the page that the client asked for before it was redirected to the
    /// login view, or else to `fallback`. It is the last line of a login handler. See
    /// [`next_url`](login_core::Login::next_url).
    #[must_use = "return it"]
    pub fn redirect_to_next(&self, fallback: &str) -> LoginResponse {
        LoginResponse(response::from_answer(Answer::redirect(303, self.core.next_or(fallback))))
    }

    /// Redirects (303) to an address that the client chose, such as a `next` in the form, if it
    /// is on this site, or else to `fallback`. See
    /// [`redirect_target`](login_core::Login::redirect_target).
    #[must_use = "return it"]
    pub fn redirect_to(&self, address: &str, fallback: &str) -> LoginResponse {
        LoginResponse(response::from_answer(Answer::redirect(303, self.core.redirect_target(address, fallback))))
    }

    /// Refuses the request like a guard if no user is logged in, for handlers that decide
    /// themselves (Flask-Login's `login_manager.unauthorized()`). Catchers are not asked, because
    /// the handler answers.
    #[must_use = "return it"]
    pub fn unauthorized(&self) -> LoginResponse {
        self.refuse(Refusal::Unauthorized)
    }

    /// Refuses the request like a guard if the login is not fresh (Flask-Login's
    /// `login_manager.needs_refresh()`).
    #[must_use = "return it"]
    pub fn needs_refresh(&self) -> LoginResponse {
        self.refuse(Refusal::NeedsRefresh)
    }

    /// Refuses the request like a guard if the user lacks a permission: 403. Catchers are not
    /// asked, because the handler answers.
    #[must_use = "return it"]
    pub fn forbidden(&self) -> LoginResponse {
        self.refuse(Refusal::Forbidden)
    }

    fn refuse(&self, refusal: Refusal) -> LoginResponse {
        LoginResponse(self.handlers.refuse(None, &self.core, refusal, response::from_answer))
    }
}

impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, _: &'r Request<'_>) -> Result<'static> {
        self.0.log();
        Err(Status::new(self.0.answer().status()))
    }
}
