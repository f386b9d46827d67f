//! The rejections of the extractors.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use login_core::adapter::{Answer, Denied, log_error_once};
use login_core::{LoadError, Login as CoreLogin, Refusal, User};

use crate::mounted::Mounted;
use crate::response;

/// Why an extractor of this crate rejected a request.
#[non_exhaustive]
pub enum LoginRejection<U: User> {
    /// The handler has no [`middleware`](crate::LoginManager::middleware) for this user type
    /// around it. The response is a 500 that says so.
    MissingMiddleware,
    /// The guard is inside of the middleware of another manager with the same user type. The
    /// response is a 500 that says so.
    AnotherMiddleware,
    /// The application's loader failed. The response is a 500 without the cause.
    Load(LoadError),
    /// No user is logged in, the login is not fresh enough, or the user lacks a permission. The
    /// response is a redirect, a 401, a 403, or that of the application's own handler. Listeners are notified, and the message
    /// and `next` stored, when this is converted to a response; an `Option` extractor does
    /// not convert it.
    Refused(RefusedRequest<U>),
}

/// A refusal. Converting the rejection to a response refuses the request.
pub struct RefusedRequest<U: User> {
    refusal: Refusal,
    mounted: Mounted<U>,
    login: CoreLogin<U>,
}

impl<U: User> RefusedRequest<U> {
    /// Why the request is refused.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }
}

impl<U: User> LoginRejection<U> {
    pub(crate) fn missing_middleware() -> Self {
        Self::MissingMiddleware.logged()
    }

    pub(crate) fn another_middleware() -> Self {
        Self::AnotherMiddleware.logged()
    }

    fn logged(self) -> Self {
        log_error_once(&self.to_string());
        self
    }

    pub(crate) fn denied(denied: Denied, request: &HttpRequest) -> Self {
        match (denied, Mounted::find(request)) {
            (Denied::Refused(refusal), Some(mounted)) => {
                Self::Refused(RefusedRequest { refusal, login: mounted.access(request), mounted })
            }
            // The answer depends on the whole request.
            (Denied::Failed(error), Some(mounted)) => Self::Load(mounted.access(request).answerable(error)),
            (_, None) => Self::missing_middleware(),
        }
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        self.error_response()
    }
}

impl<U: User> fmt::Debug for LoginRejection<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoginRejection({self})")
    }
}

impl<U: User> fmt::Display for LoginRejection<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingMiddleware => write!(
                f,
                "no login middleware for `{}` around this handler: add `.wrap(login.middleware())` to the App, after every other wrap",
                std::any::type_name::<U>()
            ),
            Self::AnotherMiddleware => write!(
                f,
                "the login middleware around this guard is of another manager for `{}`: add `.wrap(login.middleware())` of the manager that made the guard, and give each manager its own user type",
                std::any::type_name::<U>()
            ),
            Self::Load(error) => error.fmt(f),
            Self::Refused(refused) => refused.refusal.fmt(f),
        }
    }
}

impl<U: User> std::error::Error for LoginRejection<U> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::MissingMiddleware | Self::AnotherMiddleware | Self::Refused(_) => None,
        }
    }
}

impl<U: User> ResponseError for LoginRejection<U> {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::MissingMiddleware | Self::AnotherMiddleware => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Load(error) => response::status(error.answer().status()),
            Self::Refused(refused) => response::status(refused.refusal.status()),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::MissingMiddleware | Self::AnotherMiddleware => {
                response::from_answer(Answer::text(500, self.to_string()))
            }
            Self::Load(error) => response::from_answer(error.answer()),
            Self::Refused(refused) => refused.mounted.refuse(None, &refused.login, refused.refusal),
        }
    }
}
