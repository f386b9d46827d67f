//! Errors: a mistake in the program, or a failure in the application.
//!
//! What a client sends is never an error. An unreadable cookie counts as no cookie.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::answer::{Answer, Kind};
use crate::log;

/// The application's loader or its session store failed. The response to this request is a 5xx, or
/// for a gRPC client HTTP 200 with `grpc-status` 13.
///
/// Its text does not contain the cause, so it is safe to send to a client. The cause
/// is the error's [`source`](Error::source).
#[derive(Clone)]
pub struct LoadError {
    what: Failed,
    cause: Arc<dyn Error + Send + Sync>,
    /// The kind of answer that the request can use.
    kind: Kind,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    LoadingUser,
    ReadingSession,
    WritingSession,
    /// Too many requests change the same session at the same time.
    Contention,
}

impl LoadError {
    /// Wraps the error of the application's loader.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(Failed::LoadingUser, cause)
    }

    pub(crate) fn of(what: Failed, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { what, cause: cause.into().into(), kind: Kind::Other }
    }

    pub(crate) fn with_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The response: a 500 in the client's own kind, without the cause, or a 503 if too many
    /// requests change the same session.
    #[must_use]
    pub fn answer(&self) -> Answer {
        if self.what == Failed::Contention { Answer::busy(self.kind) } else { Answer::load_failed(self.kind) }
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoadError(..)")
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.what {
            Failed::LoadingUser => "the user could not be loaded",
            Failed::ReadingSession => "the session could not be read from its store",
            Failed::WritingSession => "the session could not be written to its store",
            Failed::Contention => "the session was not written, because too many requests change it at the same time",
        })
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

/// Why a login or a session could not be read or changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// The user is not [active](crate::User::is_active), and
    /// [`force`](crate::LogIn::force) was not set.
    InactiveUser,
    /// The application's loader or its session store failed.
    Load(LoadError),
    /// The cookie would be larger than browsers accept. Nothing was changed.
    CookieTooLarge {
        /// The cookie's name.
        name: String,
        /// The size that the cookie would have: bytes of its name and value together.
        size: usize,
        /// The largest size that browsers accept: 4096 bytes.
        limit: usize,
    },
    /// The text of the user's ID cannot be read back as the same ID. Nothing was changed.
    UnreadableId,
    /// The remember duration is shorter than one second, or ends after the year 9999.
    Duration,
    /// The library itself uses this session key.
    ReservedKey(String),
    /// The value cannot be written as JSON.
    Serialize(serde_json::Error),
    /// The value under this session key has another type.
    Deserialize(serde_json::Error),
    /// A login cannot be confirmed, because the session has none.
    NotLoggedIn,
    /// A login cannot be confirmed by another user.
    AnotherUser,
    /// The response's cookies are already written.
    ResponseBegun,
    /// The session was not loaded from its store.
    NotLoaded,
    /// The login was ended meanwhile, by a logout in another request or by whoever may end it.
    LoginEnded,
    /// The session would be larger than a session store takes. Nothing was changed.
    SessionTooLarge {
        /// The size that the session's data would have, in bytes.
        size: usize,
        /// The largest size: 1,000,000 bytes.
        limit: usize,
    },
    /// The user's ID is longer than a session store takes: 1,024 bytes. Nothing was changed.
    IdTooLong,
    /// There is no session store, so there are no sessions to list or to end.
    NoSessionStore,
}

impl LoginError {
    /// The response for a handler that returns this error: 403 for an inactive user, 401 or
    /// 403 for a login that cannot be confirmed, and 500 otherwise. It does not contain the
    /// cause.
    #[must_use]
    pub fn answer(&self) -> Answer {
        match self {
            Self::InactiveUser => Answer::text(403, "this account is not active"),
            Self::NotLoggedIn | Self::LoginEnded => Answer::unauthorized(),
            Self::AnotherUser => Answer::text(403, "another user is logged in"),
            Self::Load(error) => error.answer(),
            Self::CookieTooLarge { .. }
            | Self::UnreadableId
            | Self::Duration
            | Self::ReservedKey(_)
            | Self::Serialize(_)
            | Self::Deserialize(_)
            | Self::ResponseBegun
            | Self::NotLoaded
            | Self::SessionTooLarge { .. }
            | Self::IdTooLong
            | Self::NoSessionStore => Answer::internal_error(),
        }
    }

    /// Writes this error to the log, for a handler that returns it. A failed load is in
    /// the log already, and what is answered with 401 or 403 is no failure.
    ///
    /// Each kind of error is logged as an error once, and after that for debugging only. A
    /// client may be able to cause it with each request, and must not make the log grow.
    pub fn log(&self) {
        static LOGGED: [AtomicBool; 11] = [const { AtomicBool::new(false) }; 11];
        let kind = match self {
            Self::InactiveUser | Self::NotLoggedIn | Self::AnotherUser | Self::LoginEnded | Self::Load(_) => return,
            Self::CookieTooLarge { .. } => 0,
            Self::Duration => 1,
            Self::ReservedKey(_) => 2,
            Self::Serialize(_) => 3,
            Self::Deserialize(_) => 4,
            Self::ResponseBegun => 5,
            Self::UnreadableId => 6,
            Self::NotLoaded => 7,
            Self::SessionTooLarge { .. } => 8,
            Self::IdTooLong => 9,
            Self::NoSessionStore => 10,
        };
        let is_logged = LOGGED.get(kind).is_some_and(|logged| logged.swap(true, Ordering::Relaxed));
        let message = format_args!("a handler could not read or change the login: {self}");
        if is_logged { log::debug(message) } else { log::error(message) }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InactiveUser => f.write_str("the user is not active; call `force(true)` to log them in anyway"),
            Self::Load(error) => error.fmt(f),
            Self::CookieTooLarge { name, size, limit } => write!(
                f,
                "cookie {name} would have {size} bytes, and browsers accept {limit}: store large data elsewhere and keep its ID in the session"
            ),
            Self::UnreadableId => f.write_str(
                "the user's ID cannot be read back: `FromStr` of its type must accept what its `Display` writes, and make the same ID of it",
            ),
            Self::Duration => {
                f.write_str("the remember duration must be at least one second and end before the year 10000")
            }
            Self::ReservedKey(key) => {
                write!(f, "the session key {key} is reserved for the library: choose another key")
            }
            Self::Serialize(_) => f.write_str("the session value cannot be written as JSON"),
            Self::Deserialize(_) => f.write_str("the session value has another type"),
            Self::NotLoggedIn => f.write_str("no user is logged in, so there is no login to confirm"),
            Self::AnotherUser => f.write_str("the login is another user's: only its own user can confirm it"),
            Self::ResponseBegun => {
                f.write_str("the response has begun: change the login and the session before you return the response")
            }
            Self::NotLoaded => f.write_str(
                "the session is not loaded: await `Login::load`, or run its steps, before you use the session",
            ),
            Self::LoginEnded => f.write_str("the login has ended meanwhile"),
            Self::SessionTooLarge { size, limit } => write!(
                f,
                "the session's data would have {size} bytes, and {limit} are the limit: store large data elsewhere and keep its ID in the session"
            ),
            Self::IdTooLong => f.write_str("the user's ID has more than 1,024 bytes, which a session store does not take"),
            Self::NoSessionStore => {
                f.write_str("sessions are kept in cookies, so the server has none to list or to end: set a `session_store`")
            }
        }
    }
}

impl Error for LoginError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::Serialize(error) | Self::Deserialize(error) => Some(error),
            Self::InactiveUser
            | Self::CookieTooLarge { .. }
            | Self::UnreadableId
            | Self::Duration
            | Self::ReservedKey(_)
            | Self::NotLoggedIn
            | Self::AnotherUser
            | Self::ResponseBegun
            | Self::NotLoaded
            | Self::LoginEnded
            | Self::SessionTooLarge { .. }
            | Self::IdTooLong
            | Self::NoSessionStore => None,
        }
    }
}

impl From<LoadError> for LoginError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}
