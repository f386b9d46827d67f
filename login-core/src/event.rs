//! What happens to logins, told to whoever listens (Flask-Login's signals).

use std::sync::Arc;

use crate::error::LoadError;

/// Something that happened to a login. Names are those of Flask-Login's signals, but for
/// `LoginRevoked` and `LoadFailed`, which it has not.
///
/// Listeners are given to
/// [`on_event`](crate::LoginManagerBuilder::on_event), run one after the other on
/// the request's own thread, and should be quick.
#[non_exhaustive]
pub enum Event<'e, U> {
    /// A user logged in.
    LoggedIn {
        /// Who.
        user: &'e Arc<U>,
    },
    /// Someone logged out, or tried to while no one was logged in.
    LoggedOut {
        /// Who, if anyone.
        user: Option<&'e Arc<U>>,
    },
    /// A remember cookie logged a user in again.
    LoadedFromCookie {
        /// Who.
        user: &'e Arc<U>,
    },
    /// The request loader found a user.
    LoadedFromRequest {
        /// Who.
        user: &'e Arc<U>,
    },
    /// The user gave their credentials again; the login is fresh.
    LoginConfirmed {
        /// Who, if the user was loaded before.
        user: Option<&'e Arc<U>>,
    },
    /// A guard refused: no one is logged in.
    Unauthorized,
    /// A guard refused: the login is not fresh.
    NeedsRefresh,
    /// The request's user was asked for; at most once a request.
    Accessed,
    /// A session came from another client than it was made for.
    SessionProtected,
    /// The auth hash has changed since this login was made; it has ended.
    LoginRevoked {
        /// Whose login it was.
        user: &'e Arc<U>,
    },
    /// The application's loader failed.
    LoadFailed {
        /// Why; its source is for the operator alone.
        error: &'e LoadError,
    },
}

impl<U> Event<'_, U> {
    /// The event's name, as Flask-Login's signal without `user_`: `logged_in` and so on.
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
            Self::Accessed => "accessed",
            Self::SessionProtected => "session_protected",
            Self::LoginRevoked { .. } => "login_revoked",
            Self::LoadFailed { .. } => "load_failed",
        }
    }
}

/// Its name alone: a user's own `Debug` may tell too much.
impl<U> std::fmt::Debug for Event<'_, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({})", self.name())
    }
}

/// A listener.
pub(crate) type Listener<U> = Box<dyn Fn(&Event<'_, U>) + Send + Sync>;

/// Writes an event to `tracing`; users are not named there.
#[cfg(feature = "tracing")]
pub(crate) fn trace<U>(event: &Event<'_, U>) {
    if let Event::LoadFailed { error } = event {
        let causes = std::iter::successors(std::error::Error::source(*error), |cause| cause.source());
        let cause = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        tracing::error!(target: "login", %cause, "loading the user failed; the response is a 5xx");
    } else {
        tracing::debug!(target: "login", event = event.name());
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn trace<U>(_: &Event<'_, U>) {}

/// Tells the operator, where `tracing` is on.
#[cfg(feature = "tracing")]
pub(crate) fn warn(message: std::fmt::Arguments<'_>) {
    tracing::warn!(target: "login", "{message}");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn warn(_: std::fmt::Arguments<'_>) {}
