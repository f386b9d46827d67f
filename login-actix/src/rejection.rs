//! Why an extractor or guard did not let a request through, as a response.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use login_core::{Denied, LoadError, Login as CoreLogin, LoginError, Refusal, User};

use crate::middleware::Mounted;
use crate::response::{internal_error, plain};

/// Why an extractor of this crate refused a request.
#[non_exhaustive]
pub enum LoginRejection<U: User> {
    /// No [`middleware`](crate::LoginManager::middleware) for this user type is
    /// around the handler: a 500 that says which is missing.
    MissingMiddleware,
    /// The application's loader failed: a 500 that says nothing.
    Load(LoadError),
    /// No one is logged in, or not fresh enough. The event, the flash and `next` happen
    /// when the response is made of it, and not where `Option` swallows it.
    Refused(Refused<U>),
}

/// A refusal that is answered when its response is asked for.
pub struct Refused<U: User> {
    pub(crate) refusal: Refusal,
    pub(crate) mounted: Mounted<U>,
    pub(crate) login: CoreLogin<U>,
}

impl<U: User> Refused<U> {
    /// What the request is refused for.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }
}

impl<U: User> LoginRejection<U> {
    pub(crate) fn missing_middleware() -> Self {
        #[cfg(feature = "tracing")]
        tracing::error!(target: "login", "{}", Self::MissingMiddleware);
        Self::MissingMiddleware
    }

    pub(crate) fn of(denied: Denied, request: &HttpRequest) -> Self {
        match (denied, Mounted::of(request)) {
            (Denied::Refused(refusal), Some(mounted)) => {
                Self::Refused(Refused { refusal, login: mounted.look(request), mounted })
            }
            (Denied::Refused(_), None) => Self::missing_middleware(),
            (Denied::Failed(error), _) => Self::Load(error),
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
                "no login middleware for `{}` around this: add `.wrap(login.middleware())` to the App, after every other wrap",
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
            Self::MissingMiddleware | Self::Refused(_) => None,
        }
    }
}

impl<U: User> ResponseError for LoginRejection<U> {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::MissingMiddleware | Self::Load(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(_) => StatusCode::UNAUTHORIZED,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::MissingMiddleware => plain(self.status_code(), self.to_string()),
            Self::Load(_) => internal_error(),
            Self::Refused(refused) => refused.mounted.refuse(&refused.login, refused.refusal),
        }
    }
}

/// What a handler can return for any failure of the library: 403 for an inactive
/// user, else a 500 that tells the client nothing and the log what it was.
#[derive(Debug)]
pub struct Error(LoginError);

impl Error {
    /// What went wrong.
    #[must_use]
    pub fn into_inner(self) -> LoginError {
        self.0
    }
}

impl<E: Into<LoginError>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.answer().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        #[cfg(feature = "tracing")]
        if self.0.is_untold() {
            tracing::error!(target: "login", error = %self.0, "a handler could not change or read its login");
        }
        plain(self.status_code(), self.0.answer().1)
    }
}
