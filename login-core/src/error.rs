//! What can go wrong: the programmer's mistakes, the application's failures.
//!
//! What a client sends is never an error: a cookie that cannot be read is none.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::guard::Answer;

/// The application's loader failed; the response to this request is a 5xx.
///
/// Its text tells nothing about the cause, so that it may reach a client; the
/// cause is its [`source`](Error::source), for the operator's log.
#[derive(Clone)]
pub struct LoadError(Arc<dyn Error + Send + Sync>);

impl LoadError {
    /// Wraps what the application's loader gave.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into().into())
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoadError(..)")
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the user could not be loaded")
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Why a login or a session could not be changed or read.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// [`is_active`](crate::User::is_active) said no, and
    /// [`force`](crate::LogIn::force) was not asked for.
    InactiveUser,
    /// The application's loader failed.
    Load(LoadError),
    /// The change would make a cookie that browsers drop. Nothing was changed.
    CookieTooLarge {
        /// The cookie's name.
        name: String,
        /// Bytes of name and value together, had the change been made.
        size: usize,
        /// The most that browsers keep: 4096 bytes.
        limit: usize,
    },
    /// The remember duration is less than a second, or ends after the year 9999.
    Duration,
    /// The session key is one of the library's own.
    ReservedKey(String),
    /// The value cannot be written as JSON.
    Serialize(serde_json::Error),
    /// The session holds a value under this key, but not one of this type.
    Deserialize(serde_json::Error),
    /// The response's cookies were already written.
    ResponseBegun,
}

impl LoginError {
    /// How a handler that has no other answer tells a client of it: the status, and a
    /// text that keeps the cause to the log. 403 for an inactive user, else 500.
    #[must_use]
    pub fn answer(&self) -> (u16, &'static str) {
        match self {
            Self::InactiveUser => (403, "this account is not active"),
            Self::Load(_)
            | Self::CookieTooLarge { .. }
            | Self::Duration
            | Self::ReservedKey(_)
            | Self::Serialize(_)
            | Self::Deserialize(_)
            | Self::ResponseBegun => (500, Answer::FAILED),
        }
    }

    /// Whether the operator has yet to be told of it: what a loader failed for is in the
    /// log already, and an inactive user is no fault.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        !matches!(self, Self::InactiveUser | Self::Load(_))
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InactiveUser => f.write_str("this user is not active: `force(true)` logs them in regardless"),
            Self::Load(error) => error.fmt(f),
            Self::CookieTooLarge { name, size, limit } => write!(
                f,
                "cookie {name} would be {size} bytes and browsers keep {limit}: keep large data elsewhere, its ID in the session"
            ),
            Self::Duration => f.write_str("a remember duration is at least one second and ends before the year 10000"),
            Self::ReservedKey(key) => write!(f, "session key {key} belongs to the login: choose another"),
            Self::Serialize(_) => f.write_str("the session value cannot be written as JSON"),
            Self::Deserialize(_) => f.write_str("the session value is of another type"),
            Self::ResponseBegun => {
                f.write_str("the response has begun: change the login or session before it is returned")
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
            | Self::Duration
            | Self::ReservedKey(_)
            | Self::ResponseBegun => None,
        }
    }
}

impl From<LoadError> for LoginError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

/// Why there is no secret key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The environment variable is not there, or is not Unicode.
    NotSet(String),
    /// There is nothing in it.
    Empty,
}

impl fmt::Display for SecretKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet(name) => write!(
                f,
                "set the environment variable {name} to text of 32 bytes or more, such as the output of `openssl rand -hex 32`"
            ),
            Self::Empty => f.write_str(
                "the secret key is empty: use 32 bytes or more, such as the output of `openssl rand -hex 32`",
            ),
        }
    }
}

impl Error for SecretKeyError {}

/// A configuration that cannot work, refused when it is built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A secret key (fallbacks included) has fewer than 32 bytes, in the native format.
    ShortKey {
        /// How many bytes it has.
        length: usize,
    },
    /// A cookie setting that cannot work.
    Cookie {
        /// The cookie's name.
        name: String,
        /// What is wrong with it.
        problem: CookieProblem,
    },
    /// The session and the remember cookie have one name.
    SameCookieNames(String),
    /// [`flask_compatible`](crate::LoginManagerBuilder::flask_compatible) came after
    /// settings of the cookies, which it would undo.
    FlaskAfterCookies,
    /// A view, prefix, host or origin that cannot be used.
    Address {
        /// Which setting.
        setting: &'static str,
        /// What was given.
        value: String,
    },
    /// A duration of less than a second, or one that a date cannot hold.
    Duration {
        /// Which setting.
        setting: &'static str,
    },
}

/// Two managers that cannot be mounted together: one's logins would be taken for the other's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountError {
    /// Both have a cookie of this name.
    SharedCookie(String),
    /// Both are of this user type: extractors and guards could not tell whose login is asked
    /// for.
    SharedUser(&'static str),
    /// Both have Flask's format and a secret key in common, fallbacks included: nothing in
    /// a remember cookie of Flask's tells whose it is.
    SharedFlaskKey,
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedCookie(name) => write!(
                f,
                "two login managers that are mounted together both use the cookie {name:?}: give one of them other names, by `session_cookie` and `remember_cookie`"
            ),
            Self::SharedUser(user) => write!(
                f,
                "two login managers of `{user}` are mounted together: give each a user type of its own"
            ),
            Self::SharedFlaskKey => f.write_str(
                "two login managers with Flask's cookies that are mounted together share a secret key: give each its own",
            ),
        }
    }
}

impl Error for MountError {}

/// What is wrong with a cookie's settings (RFC 6265bis).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieProblem {
    /// The name is empty or not a token.
    Name,
    /// `SameSite=None` without `Secure`: browsers drop it.
    SameSiteNoneNeedsSecure,
    /// `__Secure-` without `Secure`: browsers drop it.
    PrefixNeedsSecure,
    /// `__Host-` with a domain, another path than `/`, or without `Secure`.
    HostPrefix,
    /// The domain holds what no domain can.
    Domain,
    /// The path does not begin with `/`, or holds `;` or a control character.
    Path,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortKey { length } => {
                write!(
                    f,
                    "a secret key has {length} bytes: use 32 or more, such as the output of `openssl rand -hex 32`"
                )
            }
            Self::Cookie { name, problem } => write!(f, "cookie {name:?}: {problem}"),
            Self::SameCookieNames(name) => {
                write!(f, "the session and the remember cookie are both named {name:?}: give one another name")
            }
            Self::FlaskAfterCookies => {
                f.write_str("`flask_compatible` undoes the cookies' settings made before it: call it first")
            }
            Self::Address { setting, value } => {
                let expected = match *setting {
                    "force_host" => "a host, with its port if it has one, such as example.com:8443",
                    "trusted_origin" => "scheme and host without a path, such as https://app.example.com",
                    "login_view_below prefix" => "a path that begins with a slash, without a query",
                    _ => "a path that begins with one slash, or a whole http(s) address",
                };
                write!(f, "{setting}: {value:?} cannot be used: give {expected}")
            }
            Self::Duration { setting } => {
                write!(f, "{setting}: give at least one second, and no more than a date holds")
            }
        }
    }
}

impl Error for ConfigError {}

impl fmt::Display for CookieProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name must be a token of RFC 9110 and not empty",
            Self::SameSiteNoneNeedsSecure => "SameSite=None needs Secure",
            Self::PrefixNeedsSecure => "a name that begins with __Secure- needs Secure",
            Self::HostPrefix => "a name that begins with __Host- needs Secure, the path / and no domain",
            Self::Domain => "the domain must be letters, digits, dots and hyphens",
            Self::Path => "the path must begin with / and hold no semicolon or control character",
        })
    }
}
