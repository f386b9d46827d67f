//! Errors in the configuration, which stop a program when it starts.

use std::error::Error;
use std::fmt;

/// Why a secret key could not be made. `Debug` is the whole sentence, because a program that
/// cannot start prints it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The environment variable is not set, or is not Unicode.
    NotSet(String),
    /// The key is empty.
    Empty,
}

impl fmt::Display for SecretKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet(name) => write!(
                f,
                "the environment variable {name} is not set: set it to 32 bytes or more of text, such as the output of `openssl rand -hex 32`"
            ),
            Self::Empty => f.write_str(
                "the secret key is empty: use 32 bytes or more, such as the output of `openssl rand -hex 32`",
            ),
        }
    }
}

impl fmt::Debug for SecretKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for SecretKeyError {}

/// A configuration that cannot work. `build` returns it. `Debug` is the whole sentence, because
/// a program that cannot start prints it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A secret key or fallback key has fewer than 32 bytes (native format only).
    ShortKey {
        /// The key's size in bytes.
        length: usize,
    },
    /// A cookie setting that cannot work.
    Cookie {
        /// The cookie's name.
        name: String,
        /// What is wrong with it.
        problem: CookieProblem,
    },
    /// The session cookie and the remember cookie have the same name.
    SameCookieNames(String),
    /// [`flask_compatible`](crate::LoginManagerBuilder::flask_compatible) was called after
    /// a cookie setting, which it would overwrite.
    FlaskAfterCookies,
    /// A login view, path prefix, host or origin is not valid.
    Address {
        /// Which setting.
        setting: &'static str,
        /// The value that was set.
        value: String,
    },
    /// A duration is shorter than one second, or ends after the year 9999.
    Duration {
        /// Which setting.
        setting: &'static str,
    },
    /// [`www_authenticate`](crate::LoginManagerBuilder::www_authenticate) is not a challenge.
    Challenge(String),
    /// This setting has no effect on Flask's cookies.
    NotInFlask {
        /// Which setting.
        setting: &'static str,
    },
    /// [`use_x_forwarded_host`](crate::LoginManagerBuilder::use_x_forwarded_host) has no effect
    /// without [`trusted_proxies`](crate::LoginManagerBuilder::trusted_proxies).
    ForwardedHostWithoutProxies,
    /// This setting has no effect without a
    /// [`request_loader`](crate::LoginManagerBuilder::request_loader).
    WithoutRequestLoader {
        /// Which setting.
        setting: &'static str,
    },
    /// Flask cannot read sessions that are kept in a
    /// [`session_store`](crate::LoginManagerBuilder::session_store).
    FlaskWithSessionStore,
    /// This setting has no effect without a
    /// [`session_store`](crate::LoginManagerBuilder::session_store).
    WithoutSessionStore {
        /// Which setting.
        setting: &'static str,
    },
    /// With [`max_sessions`](crate::LoginManagerBuilder::max_sessions) of zero, nobody could log in.
    NoSessions,
}

/// What is wrong with a cookie's settings (RFC 6265bis).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieProblem {
    /// The name is empty or not a token.
    Name,
    /// `SameSite=None` without `Secure`. Browsers reject such a cookie.
    SameSiteNoneNeedsSecure,
    /// The name begins with `__Secure-`, but the cookie is not `Secure`. Browsers reject it.
    PrefixNeedsSecure,
    /// The name begins with `__Host-`, but the cookie has a domain, has a path other than
    /// `/`, or is not `Secure`. Browsers reject it.
    HostPrefix,
    /// The cookie is `Partitioned`, but not `Secure`. Browsers reject it (CHIPS).
    PartitionedNeedsSecure,
    /// The name begins with `__Http-` or `__Host-Http-`, but the cookie is not `Secure` or not
    /// `HttpOnly`. Browsers reject it.
    HttpPrefix,
    /// The domain is not a valid domain name.
    Domain,
    /// The path does not begin with `/`, or contains `;` or a control character.
    Path,
    /// The path has more than 1024 bytes, and browsers ignore it. Or the name alone has the 4096
    /// bytes that name and value may have together.
    TooLong,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortKey { length } => {
                write!(
                    f,
                    "a secret key has {length} bytes: use 32 bytes or more, such as the output of `openssl rand -hex 32`"
                )
            }
            Self::Cookie { name, problem } => write!(f, "cookie {name:?}: {problem}"),
            Self::SameCookieNames(name) => {
                write!(f, "the session cookie and the remember cookie have the same name {name:?}: rename one of them")
            }
            Self::FlaskAfterCookies => {
                f.write_str("`flask_compatible` overwrites the cookie settings that were made before it: call it first")
            }
            Self::Address { setting, value } => {
                let expected = match *setting {
                    "force_host" => "use a host with an optional port, such as example.com:8443",
                    "trusted_origin" => {
                        "use a scheme and a host with an optional port, and no path, such as https://app.example.com"
                    }
                    "base_path" => "use a path that begins with one slash and has no query, such as /shop",
                    "login_view_below prefix" | "json_below" => "use a path that begins with a slash and has no query",
                    _ => "use a path that begins with one slash, or a complete http(s) URL",
                };
                write!(f, "{setting}: {value:?} is not valid: {expected}")
            }
            Self::Duration { setting } => {
                write!(f, "{setting}: use at least one second, and a duration that ends before the year 10000")
            }
            Self::Challenge(value) => write!(
                f,
                "www_authenticate: {value:?} is not valid: use a challenge (RFC 9110, 11.6.1), such as Bearer realm=\"api\""
            ),
            Self::NotInFlask { setting } => write!(
                f,
                "{setting} has no effect on Flask's cookies, whose lifetimes are Flask's own: remove it, and use `session_lifetime` and `remember_duration`"
            ),
            Self::ForwardedHostWithoutProxies => f.write_str(
                "`use_x_forwarded_host` has no effect without trusted proxies: say with `trusted_proxies` how many there are",
            ),
            Self::WithoutRequestLoader { setting } => {
                write!(f, "`{setting}` has no effect without a request loader: add one with `request_loader`")
            }
            Self::FlaskWithSessionStore => f.write_str(
                "`session_store` does not go with `flask_compatible`, because Flask could not read the sessions: remove one of the two",
            ),
            Self::WithoutSessionStore { setting } => {
                write!(f, "`{setting}` has no effect on sessions in cookies: add a `session_store`")
            }
            Self::NoSessions => f.write_str("`max_sessions` is zero, so nobody could log in: allow at least one"),
        }
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ConfigError {}

impl fmt::Display for CookieProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name must be a token (RFC 9110, 5.6.2), which is not empty",
            Self::SameSiteNoneNeedsSecure => "SameSite=None needs Secure",
            Self::PrefixNeedsSecure => "a name that begins with __Secure- needs Secure",
            Self::HostPrefix => "a name that begins with __Host- needs Secure, the path / and no domain",
            Self::PartitionedNeedsSecure => "a partitioned cookie needs Secure",
            Self::HttpPrefix => "a name that begins with __Http- or __Host-Http- needs Secure and HttpOnly",
            Self::Domain => {
                "the domain must consist of labels of up to 63 letters, digits, hyphens and underscores with dots between them"
            }
            Self::Path => "the path must begin with / and contain no semicolon or control character",
            Self::TooLong => "the path may have at most 1024 bytes, and the name fewer than 4096",
        })
    }
}
