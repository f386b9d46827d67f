//! Events: what happens to logins (Flask-Login's signals).

use std::sync::Arc;

use crate::error::LoadError;

/// Something that happened to a login. The names are those of Flask-Login's signals;
/// `Forbidden`, `CrossSiteRefused`, `LoginRevoked` and `LoadFailed` are not in Flask-Login.
///
/// Add a listener with [`on_event`](crate::LoginManagerBuilder::on_event). Listeners run
/// one after the other on the request's thread, so they should be quick.
#[non_exhaustive]
pub enum Event<'e, U> {
    /// A user logged in.
    LoggedIn {
        /// The user.
        user: &'e Arc<U>,
    },
    /// A handler logged out, even if no user was logged in.
    LoggedOut {
        /// The user, if there was one.
        user: Option<&'e Arc<U>>,
    },
    /// A remember cookie restored a login.
    LoadedFromCookie {
        /// The user.
        user: &'e Arc<U>,
    },
    /// The request loader found a user.
    LoadedFromRequest {
        /// The user.
        user: &'e Arc<U>,
    },
    /// The user entered their credentials again, and the login is fresh.
    LoginConfirmed {
        /// The user.
        user: &'e Arc<U>,
    },
    /// A guard refused the request: no user is logged in.
    Unauthorized,
    /// A guard refused the request: the login is not fresh.
    NeedsRefresh,
    /// A guard refused the request: the user lacks the permission that it requires.
    Forbidden,
    /// A request was refused because another site's page sent it.
    CrossSiteRefused {
        /// The site, as the browser named it in the request's `Origin`. Whoever sent the request
        /// chose this text.
        origin: Option<&'e str>,
    },
    /// The request's user was accessed for the first time.
    Accessed,
    /// The session was made for another client, and session protection acted.
    SessionProtected,
    /// The login ended because the user's auth hash has changed since it was made.
    LoginRevoked {
        /// The user.
        user: &'e Arc<U>,
    },
    /// The application's loader failed.
    LoadFailed {
        /// The error. Its source is the loader's own error.
        error: &'e LoadError,
    },
}

impl<U> Event<'_, U> {
    /// The event's name: that of Flask-Login's signal without `user_`, such as `logged_in`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::LoggedOut { .. } => "logged_out",
            Self::LoadedFromCookie { .. } => "loaded_from_cookie",
            Self::LoadedFromRequest { .. } => "loaded_from_request",
            Self::LoginConfirmed { .. } => "login_confirmed",
            Self::Unauthorized => "unauthorized",
            Self::NeedsRefresh => "needs_refresh",
            Self::Forbidden => "forbidden",
            Self::CrossSiteRefused { .. } => "cross_site_refused",
            Self::Accessed => "accessed",
            Self::SessionProtected => "session_protected",
            Self::LoginRevoked { .. } => "login_revoked",
            Self::LoadFailed { .. } => "load_failed",
        }
    }

    /// Writes the event to the log, without the user.
    #[cfg(feature = "tracing")]
    pub(crate) fn log(&self) {
        if let Self::LoadFailed { error } = self {
            let causes = std::iter::successors(std::error::Error::source(*error), |cause| cause.source());
            let cause = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            tracing::error!(target: "login", %cause, "the user could not be loaded; the response is a 5xx");
        } else {
            tracing::debug!(target: "login", event = self.name());
        }
    }

    #[cfg(not(feature = "tracing"))]
    pub(crate) fn log(&self) {}
}

/// Only the name: the `Debug` of a user may contain secrets.
impl<U> std::fmt::Debug for Event<'_, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({})", self.name())
    }
}

/// A function that the application adds for events.
pub(crate) type Listener<U> = Box<dyn Fn(&Event<'_, U>) + Send + Sync>;
