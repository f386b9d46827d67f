//! The errors of the request guards.

use std::error::Error as StdError;
use std::fmt;

use login_core::LoadError;

/// An error of a guard of this crate. The response is a 500. (If no user is logged in, that is
/// no error: the guard forwards with 401.)
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LoginRejection {
    /// No [`fairing`](crate::LoginManager::fairing) for this user type is attached. If a route
    /// has the guard as an argument, the launch is aborted instead.
    MissingFairing {
        /// The name of the user type.
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
