//! Events: what happens to logins (Flask-Login's signals).

use std::net::IpAddr;
use std::sync::Arc;

use login_store::SessionId;

use crate::error::LoadError;
use crate::login::shared::Shared;
use crate::request::view::Request;
use crate::user::User;

/// Something that happened to a login, and the request in which it happened.
///
/// Add a listener with [`on_event`](crate::LoginManagerBuilder::on_event). Listeners run
/// one after the other on the request's thread, so they should be quick.
///
/// ```
/// # use login_core::{EventKind, LoginManagerBuilder, User};
/// # fn f<U: User>(builder: LoginManagerBuilder<U>) -> LoginManagerBuilder<U> {
/// builder.on_event(|event| match event.kind() {
///     // Quoted, because a client may have sent a line break.
///     EventKind::LoginFailed { name } => {
///         println!("{name:?} could not log in from {:?}", event.address());
///     }
///     _ => println!("{} {} {}", event.name(), event.request().method(), event.request().path()),
/// })
/// # }
/// ```
pub struct Event<'e, U> {
    pub(crate) kind: EventKind<'e, U>,
    pub(crate) request: &'e Request,
    pub(crate) address: Option<IpAddr>,
    pub(crate) origin: SessionOrigin,
}

/// Where the login of a request comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SessionOrigin {
    pub(crate) id: Option<SessionId>,
    /// The position of the key that verified the cookie.
    pub(crate) key: Option<usize>,
}

impl<U: User> Event<'_, U> {
    /// What happened.
    #[must_use]
    pub fn kind(&self) -> &EventKind<'_, U> {
        &self.kind
    }

    /// The name of what happened: that of Flask-Login's signal without `user_`, such as
    /// `logged_in`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// The user, if the event is about one.
    #[must_use]
    pub fn user(&self) -> Option<&Arc<U>> {
        match &self.kind {
            EventKind::LoggedIn { user }
            | EventKind::LoadedFromCookie { user }
            | EventKind::LoadedFromRequest { user }
            | EventKind::LoginConfirmed { user }
            | EventKind::LoginRevoked { user } => Some(user),
            EventKind::LoggedOut { user } | EventKind::NeedsRefresh { user } | EventKind::Forbidden { user } => *user,
            EventKind::LoginFailed { .. }
            | EventKind::Unauthorized
            | EventKind::CrossSiteRefused { .. }
            | EventKind::Accessed
            | EventKind::SessionProtected
            | EventKind::SessionEnded { .. }
            | EventKind::RememberTokenReused { .. }
            | EventKind::LoadFailed { .. } => None,
        }
    }

    /// The request: its method, path and headers. Its client chose what is in it. Headers contain
    /// secrets, so do not log all of them. Posted forms are not in it.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.request
    }

    /// The client's address: that of the connection, or what
    /// [`trusted_proxies`](crate::LoginManagerBuilder::trusted_proxies) say.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The ID of the session: that of the login which begins or ends here, or else of the one that
    /// the request came with. `None` without a login, for a user whom the request loader found, and
    /// in the flask format, whose sessions have no ID.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.origin.id
    }

    /// Which secret key signed the cookie that was read: 0 is the current key, 1 the first
    /// [`fallback_key`](crate::LoginManagerBuilder::fallback_key), and so on. It is the session
    /// cookie, or the remember cookie if there is no login in the session. `None` if the request
    /// has no such cookie, and for a login that begins here.
    ///
    /// While a session works, its remember cookie is not read. So an old key may still be needed
    /// although no event has it any more.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.origin.key
    }
}

/// Only the name: the `Debug` of a user may contain secrets.
impl<U> std::fmt::Debug for Event<'_, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({})", self.kind.name())
    }
}

/// What happened to a login. The names are those of Flask-Login's signals; `LoginFailed`,
/// `Forbidden`, `CrossSiteRefused`, `LoginRevoked` and `LoadFailed` are not in Flask-Login.
#[non_exhaustive]
pub enum EventKind<'e, U> {
    /// A user logged in.
    LoggedIn {
        /// The user.
        user: &'e Arc<U>,
    },
    /// Someone could not log in: a handler called [`failed`](crate::Login::failed).
    LoginFailed {
        /// The name that the client sent. It may be anything, even a password that was entered
        /// in the wrong field.
        name: &'e str,
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
    NeedsRefresh {
        /// The user, if there is one.
        user: Option<&'e Arc<U>>,
    },
    /// A guard refused the request: the user lacks the permission that it requires.
    Forbidden {
        /// The user, if there is one.
        user: Option<&'e Arc<U>>,
    },
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
    /// A session was ended by something else than its own logout: from a list of sessions, by an
    /// administrator, or because its user has too many (with a session store).
    /// [`session_id`](Event::session_id) says which one.
    SessionEnded {
        /// The ID of the session's user, as text.
        user_id: &'e str,
    },
    /// Someone used a remember cookie that its browser had replaced long ago, so two browsers have
    /// it, and one of them stole it. The login has ended (with a session store).
    RememberTokenReused {
        /// The ID of the user whose login it was, as text.
        user_id: &'e str,
    },
    /// The application's loader or its session store failed.
    LoadFailed {
        /// The error. Its source is the loader's own error.
        error: &'e LoadError,
    },
}

impl<U> EventKind<'_, U> {
    /// The event's name: that of Flask-Login's signal without `user_`, such as `logged_in`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::LoginFailed { .. } => "login_failed",
            Self::LoggedOut { .. } => "logged_out",
            Self::LoadedFromCookie { .. } => "loaded_from_cookie",
            Self::LoadedFromRequest { .. } => "loaded_from_request",
            Self::LoginConfirmed { .. } => "login_confirmed",
            Self::Unauthorized => "unauthorized",
            Self::NeedsRefresh { .. } => "needs_refresh",
            Self::Forbidden { .. } => "forbidden",
            Self::CrossSiteRefused { .. } => "cross_site_refused",
            Self::Accessed => "accessed",
            Self::SessionProtected => "session_protected",
            Self::LoginRevoked { .. } => "login_revoked",
            Self::SessionEnded { .. } => "session_ended",
            Self::RememberTokenReused { .. } => "remember_token_reused",
            Self::LoadFailed { .. } => "load_failed",
        }
    }

    /// Writes the event to the log, without the user.
    #[cfg(feature = "tracing")]
    pub(crate) fn log(&self) {
        if let Self::LoadFailed { error } = self {
            let causes = std::iter::successors(std::error::Error::source(*error), |cause| cause.source());
            let cause = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            tracing::error!(target: "login", %cause, "{error}; the response is a 5xx");
        } else if matches!(self, Self::RememberTokenReused { .. }) {
            tracing::warn!(target: "login", event = self.name());
        } else {
            tracing::debug!(target: "login", event = self.name());
        }
    }

    #[cfg(not(feature = "tracing"))]
    pub(crate) fn log(&self) {}
}

/// Only the name: the `Debug` of a user may contain secrets.
impl<U> std::fmt::Debug for EventKind<'_, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EventKind({})", self.name())
    }
}

/// A function that the application adds for events.
pub(crate) type Listener<U> = Box<dyn Fn(&Event<'_, U>) + Send + Sync>;

impl<U: User> Shared<U> {
    /// Notifies the listeners. The state must not be locked, because a listener may use the login.
    pub(crate) fn notify(&self, kind: EventKind<'_, U>) {
        let origin = self.state().origin;
        self.notify_of(kind, origin);
    }

    /// Notifies the listeners of an event that is not about the request's session.
    pub(crate) fn notify_without_session(&self, kind: EventKind<'_, U>) {
        self.notify_of(kind, SessionOrigin::default());
    }

    /// Notifies the listeners that these sessions of a user have ended.
    pub(crate) fn notify_ended(&self, user_id: &str, sessions: &[SessionId]) {
        for id in sessions {
            self.notify_of(EventKind::SessionEnded { user_id }, SessionOrigin { id: Some(*id), key: None });
        }
    }

    fn notify_of(&self, kind: EventKind<'_, U>, origin: SessionOrigin) {
        if self.setup.listeners.is_empty() {
            // Then the whole request may not be there yet.
            return kind.log();
        }
        self.setup.notify(kind, self.request(), origin);
    }
}
