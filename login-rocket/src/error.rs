//! The errors of the request guards.

use std::error::Error as StdError;
use std::fmt;

use login_core::LoadError;

/// An error of a guard of this crate. Unless it says otherwise, the response is a 500. (If no user is logged in, that is
/// no error: the guard forwards, and the refusal is answered if no other route answers.)
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LoginRejection {
    /// No [`fairing`](crate::LoginManager::fairing) for this user type is attached. If a route
    /// has the guard as an argument, the launch is aborted instead.
    MissingFairing {
        /// The name of the user type.
        user: &'static str,
    },
    /// The guard around a route is of another manager than the attached fairing.
    AnotherFairing {
        /// The name of the user type.
        user: &'static str,
    },
    /// Another site's page sent the request, and a fairing changed its URI after the login fairing
    /// had refused it. The response is a 403.
    CrossSite,
    /// The application's loader failed.
    Load(LoadError),
}

impl fmt::Display for LoginRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingFairing { user } => {
                write!(f, "no login fairing for `{user}`: add `.attach(login.fairing())` to the rocket")
            }
            Self::AnotherFairing { user } => write!(
                f,
                "the login fairing is of another manager for `{user}` than the guard: attach the fairing of the manager that made the guard, and give each manager its own user type"
            ),
            Self::CrossSite => f.write_str(
                "another site's page sent this request, and a fairing has undone its refusal: attach fairings that change the URI before the login fairing",
            ),
            Self::Load(error) => error.fmt(f),
        }
    }
}

impl StdError for LoginRejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::MissingFairing { .. } | Self::AnotherFairing { .. } | Self::CrossSite => None,
        }
    }
}
