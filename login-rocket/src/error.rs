//! What goes wrong, as Rocket answers it.

use std::error::Error as StdError;
use std::fmt;

use login_core::{LoadError, LoginError};
use rocket::Request;
use rocket::http::Status;
use rocket::response::{Responder, Result};

/// The error of this crate's guards: each of them is a 500. (That no one is logged
/// in is none: such a guard forwards with 401.)
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LoginRejection {
    /// No [`fairing`](crate::LoginManager::fairing) for this user type is attached.
    /// Sentinels abort the launch before this can happen to a route's own guards.
    MissingFairing {
        /// The user type.
        user: &'static str,
    },
    /// The application's loader failed.
    Load(LoadError),
}

impl fmt::Display for LoginRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingFairing { user } => {
                write!(f, "no login fairing for `{user}`: add `.attach(login.fairing())` to the rocket")
            }
            Self::Load(error) => error.fmt(f),
        }
    }
}

impl StdError for LoginRejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::MissingFairing { .. } => None,
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

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, _: &'r Request<'_>) -> Result<'static> {
        if self.0.is_untold() {
            rocket::error!("a handler could not change or read its login: {}", self.0);
        }
        Err(Status::new(self.0.answer().0))
    }
}
