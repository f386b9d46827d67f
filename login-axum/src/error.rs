//! The rejections of the extractors.

use std::error::Error as StdError;
use std::fmt;

use axum::response::{IntoResponse, Response};
use login_core::adapter::{Answer, Denied, log_error_once};
use login_core::{LoadError, Refusal, User};

use crate::head::Head;
use crate::mounted::Mounted;
use crate::response;

/// Why an extractor of this crate rejected a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginRejection {
    /// The route has no [`layer`](crate::LoginManager::layer) for this user type around it.
    /// The response is a 500 that says so.
    MissingLayer {
        /// The name of the user type.
        user: &'static str,
    },
    /// The guard is below the layer of another manager with the same user type. The response
    /// is a 500 that says so.
    AnotherLayer {
        /// The name of the user type.
        user: &'static str,
    },
    /// The application's loader failed. The response is a 500 without the cause.
    Load(LoadError),
    /// No user is logged in, the login is not fresh enough, or the user lacks a permission. The
    /// response is a redirect, a 401, a 403, or that of the application's own handler. Listeners are notified, and the message
    /// and `next` stored, when this is converted to a response.
    Refused(RefusedRequest),
}

/// A refusal. Converting the rejection to a response refuses the request.
pub struct RefusedRequest {
    refusal: Refusal,
    respond: Box<dyn FnOnce() -> Response + Send + Sync>,
}

impl RefusedRequest {
    /// Why the request is refused.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }
}

impl fmt::Debug for RefusedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefusedRequest({:?})", self.refusal)
    }
}

impl LoginRejection {
    pub(crate) fn missing_layer<U: User>() -> Self {
        Self::MissingLayer { user: std::any::type_name::<U>() }.logged()
    }

    pub(crate) fn another_layer<U: User>() -> Self {
        Self::AnotherLayer { user: std::any::type_name::<U>() }.logged()
    }

    fn logged(self) -> Self {
        log_error_once(&self.to_string());
        self
    }

    pub(crate) fn denied<'r, U: User>(denied: Denied, mounted: &Mounted<U>, head: impl Into<Head<'r>>) -> Self {
        match denied {
            // The answer depends on the whole request.
            Denied::Failed(error) => Self::Load(mounted.access(head).answerable(error)),
            Denied::Refused(refusal) => {
                let (login, mounted) = (mounted.access(head), mounted.clone());
                let respond = Box::new(move || mounted.refuse(None, &login, refusal));
                Self::Refused(RefusedRequest { refusal, respond })
            }
        }
    }
}

impl fmt::Display for LoginRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLayer { user } => {
                write!(
                    f,
                    "no login layer for `{user}` around this: add `.layer(login.layer())` to the router, after its routes and its guards"
                )
            }
            Self::AnotherLayer { user } => write!(
                f,
                "the login layer around this guard is of another manager for `{user}`: add `.layer(login.layer())` of the manager that made the guard, and give each manager its own user type"
            ),
            Self::Load(error) => error.fmt(f),
            Self::Refused(refused) => refused.refusal.fmt(f),
        }
    }
}

impl StdError for LoginRejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::MissingLayer { .. } | Self::AnotherLayer { .. } | Self::Refused(_) => None,
        }
    }
}

impl IntoResponse for LoginRejection {
    fn into_response(self) -> Response {
        match self {
            Self::MissingLayer { .. } | Self::AnotherLayer { .. } => {
                response::from_answer(Answer::text(500, self.to_string()))
            }
            Self::Load(error) => response::from_answer(error.answer()),
            Self::Refused(refused) => (refused.respond)(),
        }
    }
}
