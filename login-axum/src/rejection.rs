//! Why an extractor or guard did not let a request through, as a response.

use std::error::Error as StdError;
use std::fmt;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use login_core::{LoadError, LoginError, Refusal, User};

use crate::layer::Mounted;
use crate::response::{internal_error, plain};

/// Why an extractor of this crate refused a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginRejection {
    /// No [`layer`](crate::LoginManager::layer) for this user type is around the
    /// route: a 500 that says which is missing.
    MissingLayer {
        /// The user type.
        user: &'static str,
    },
    /// The application's loader failed: a 500 that says nothing.
    Load(LoadError),
    /// No one is logged in, or not fresh enough: the redirect, 401 or own handler's
    /// answer that the configuration asks for. The event, the flash and `next` happen
    /// when the response is made of it, and not where a handler makes another.
    Refused(Refused),
}

/// A refusal that is answered when its response is asked for.
pub struct Refused {
    refusal: Refusal,
    answer: Box<dyn FnOnce() -> Response + Send + Sync>,
}

impl Refused {
    pub(crate) fn new<U: User>(refusal: Refusal, mounted: Mounted<U>, login: login_core::Login<U>) -> Self {
        Self { refusal, answer: Box::new(move || mounted.refuse(&login, refusal)) }
    }

    /// What the request is refused for.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused({:?})", self.refusal)
    }
}

impl LoginRejection {
    pub(crate) fn missing_layer<U: User>() -> Self {
        let rejection = Self::MissingLayer { user: std::any::type_name::<U>() };
        #[cfg(feature = "tracing")]
        tracing::error!(target: "login", "{rejection}");
        rejection
    }
}

impl fmt::Display for LoginRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLayer { user } => {
                write!(f, "no login layer for `{user}`: add `.layer(login.layer())` to the router, after its routes")
            }
            Self::Load(error) => error.fmt(f),
            Self::Refused(refused) => refused.refusal.fmt(f),
        }
    }
}

impl StdError for LoginRejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::MissingLayer { .. } | Self::Refused(_) => None,
        }
    }
}

impl From<LoadError> for LoginRejection {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl IntoResponse for LoginRejection {
    fn into_response(self) -> Response {
        match self {
            Self::MissingLayer { .. } => (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response(),
            Self::Load(_) => internal_error(),
            Self::Refused(refused) => (refused.answer)(),
        }
    }
}

/// What a handler can return for any failure of the library: 403 for an inactive
/// user, else a 500 that tells the client nothing and the log what it was.
///
/// ```
/// use login_axum::{Login, User};
///
/// async fn log_out<U: User>(login: Login<U>) -> Result<&'static str, login_axum::Error> {
///     login.log_out().await?;
///     Ok("bye")
/// }
/// ```
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

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        #[cfg(feature = "tracing")]
        if self.0.is_untold() {
            tracing::error!(target: "login", error = %self.0, "a handler could not change or read its login");
        }
        let (status, text) = self.0.answer();
        plain(status, text)
    }
}
