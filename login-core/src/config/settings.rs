//! The settings of a login manager, and the checks that `build` makes.

use crate::answer::Kind;
use crate::clock::LAST_SECOND;
use crate::config::cookie::CookieSettings;
use crate::config::error::ConfigError;
use crate::request::client::Proxies;
use crate::request::host::{self, Host};
use crate::request::kind;
use crate::request::url;
use crate::request::view::Request;

/// What happens when a session is used by another client than the one that it was made
/// for (Flask-Login's `SESSION_PROTECTION`). A client is identified by its address and its
/// user agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionProtection {
    /// Nothing happens.
    Off,
    /// The login is no longer fresh. This is the default.
    #[default]
    Basic,
    /// The login ends, and the remember cookie is deleted. A login in a permanent session
    /// is only no longer fresh.
    Strong,
}

/// Translates a message before it is flashed.
pub(crate) type Localizer = Box<dyn Fn(&str) -> String + Send + Sync>;

/// A message that is flashed when a guard refuses a request.
pub(crate) struct Message {
    /// If it is empty, nothing is flashed.
    pub(crate) text: String,
    pub(crate) category: String,
}

impl Message {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), category: "message".to_owned() }
    }
}

/// Every setting except the keys, which are part of the cookie format.
pub(crate) struct Config {
    pub(crate) session_cookie: CookieSettings,
    pub(crate) remember_cookie: CookieSettings,
    /// Seconds.
    pub(crate) session_lifetime: u64,
    /// Seconds. `None`: sessions have no idle timeout.
    pub(crate) idle_timeout: Option<u64>,
    /// Seconds. `None`: the default.
    pub(crate) login_lifetime: Option<u64>,
    /// Seconds.
    pub(crate) remember_duration: u64,
    pub(crate) refresh_each_request: bool,
    pub(crate) protection: SessionProtection,
    pub(crate) proxies: Proxies,
    pub(crate) login_view: Option<String>,
    pub(crate) refresh_view: Option<String>,
    /// Pairs of path prefix and view, longest prefix first.
    pub(crate) login_views: Vec<(String, String)>,
    pub(crate) login_message: Message,
    pub(crate) needs_refresh_message: Message,
    pub(crate) localizer: Option<Localizer>,
    pub(crate) session_for_next: bool,
    pub(crate) forced_host: Option<String>,
    /// The path that a proxy strips, without a slash at its end. Usually empty.
    pub(crate) base_path: String,
    /// Requests below these paths are answered as a program's.
    pub(crate) json_prefixes: Vec<String>,
    /// The challenge of a 401, if the application chose one.
    pub(crate) challenge: Option<String>,
    /// Seconds.
    pub(crate) fresh_max_age: Option<u64>,
    pub(crate) accepts_cross_site: bool,
    /// Whether the request loader is asked before the session.
    pub(crate) request_loader_first: bool,
    /// Whether the request loader gets the form that a request posts.
    pub(crate) reads_forms: bool,
    pub(crate) clears_site_data: bool,
    pub(crate) trusted_origins: Vec<String>,
    /// How many sessions a user may have, with a session store.
    pub(crate) max_sessions: Option<usize>,
    /// Whether a remember cookie that was used twice ends all logins of its user.
    pub(crate) ends_all_on_reuse: bool,
}

/// A year in seconds.
const YEAR: u64 = 365 * 24 * 60 * 60;

/// How long browsers keep a cookie at most, in seconds: 400 days (RFC 6265bis, 5.5).
pub(crate) const LONGEST_COOKIE: u64 = 400 * 24 * 60 * 60;

/// The cookie names of Flask and Flask-Login.
pub(crate) const FLASK_SESSION: &str = "session";
pub(crate) const FLASK_REMEMBER: &str = "remember_token";

impl Default for Config {
    fn default() -> Self {
        Self {
            session_cookie: CookieSettings::new("__Host-session"),
            remember_cookie: CookieSettings::new("__Host-remember_token"),
            session_lifetime: 31 * 24 * 60 * 60,
            idle_timeout: None,
            login_lifetime: None,
            remember_duration: YEAR,
            refresh_each_request: false,
            protection: SessionProtection::default(),
            proxies: Proxies::default(),
            login_view: None,
            refresh_view: None,
            login_views: Vec::new(),
            login_message: Message::new("Please log in to access this page."),
            needs_refresh_message: Message::new("Please reauthenticate to access this page."),
            localizer: None,
            session_for_next: false,
            forced_host: None,
            base_path: String::new(),
            json_prefixes: Vec::new(),
            challenge: None,
            fresh_max_age: None,
            accepts_cross_site: false,
            request_loader_first: false,
            reads_forms: false,
            clears_site_data: false,
            trusted_origins: Vec::new(),
            max_sessions: None,
            ends_all_on_reuse: false,
        }
    }
}

impl Config {
    /// Checks all settings, and sorts the login views.
    pub(crate) fn check(&mut self, now: u64) -> Result<(), ConfigError> {
        self.session_cookie.check()?;
        self.remember_cookie.check()?;
        if *self.session_cookie.name == *self.remember_cookie.name {
            return Err(ConfigError::SameCookieNames(self.session_cookie.name.to_string()));
        }
        let address = |setting: &'static str, value: &str, is_good: bool| {
            if is_good { Ok(()) } else { Err(ConfigError::Address { setting, value: value.to_owned() }) }
        };
        for (setting, view) in [("login_view", &self.login_view), ("refresh_view", &self.refresh_view)] {
            view.as_deref().map_or(Ok(()), |view| address(setting, view, url::is_view(view)))?;
        }
        let is_prefix = |prefix: &str| prefix.starts_with('/') && !prefix.contains(['?', '#']);
        for (prefix, view) in &self.login_views {
            address("login_view_below prefix", prefix, is_prefix(prefix))?;
            address("login_view_below", view, url::is_view(view))?;
        }
        self.login_views.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.trim_end_matches('/').len()));
        for prefix in &self.json_prefixes {
            address("json_below", prefix, is_prefix(prefix))?;
        }
        let is_base = self.base_path.is_empty() || (url::is_view(&self.base_path) && is_prefix(&self.base_path));
        address("base_path", &self.base_path, is_base)?;
        self.base_path.truncate(self.base_path.trim_end_matches('/').len());
        if let Some(host) = &self.forced_host {
            address("force_host", host, Host::parse("https", host).is_some())?;
        }
        for origin in &self.trusted_origins {
            address("trusted_origin", origin, host::is_origin(origin))?;
        }
        if self.max_sessions == Some(0) {
            return Err(ConfigError::NoSessions);
        }
        if self.proxies.forwarded_host && self.proxies.trusted == 0 {
            return Err(ConfigError::ForwardedHostWithoutProxies);
        }
        if let Some(challenge) = self.challenge.as_deref().filter(|challenge| !is_challenge(challenge)) {
            return Err(ConfigError::Challenge(challenge.to_owned()));
        }
        for (setting, seconds) in [
            ("session_lifetime", Some(self.session_lifetime)),
            ("idle_timeout", self.idle_timeout),
            ("login_lifetime", self.login_lifetime),
            ("remember_duration", Some(self.remember_duration)),
            ("fresh_login_max_age", self.fresh_max_age),
        ] {
            if seconds.is_some_and(|seconds| seconds == 0 || now.saturating_add(seconds) > LAST_SECOND) {
                return Err(ConfigError::Duration { setting });
            }
        }
        Ok(())
    }

    /// Checks that no setting is made that needs a request loader.
    pub(crate) fn check_without_request_loader(&self) -> Result<(), ConfigError> {
        for (setting, is_set) in
            [("request_loader_first", self.request_loader_first), ("request_loader_reads_forms", self.reads_forms)]
        {
            if is_set {
                return Err(ConfigError::WithoutRequestLoader { setting });
            }
        }
        Ok(())
    }

    /// Checks that no setting is made that needs a session store, and that at least one session is
    /// allowed.
    pub(crate) fn check_without_store(&self) -> Result<(), ConfigError> {
        for (setting, is_set) in
            [("max_sessions", self.max_sessions.is_some()), ("end_all_on_theft", self.ends_all_on_reuse)]
        {
            if is_set {
                return Err(ConfigError::WithoutSessionStore { setting });
            }
        }
        Ok(())
    }

    /// Checks that no setting is made that Flask's cookies cannot have.
    pub(crate) fn check_flask(&self, has_store: bool) -> Result<(), ConfigError> {
        if has_store {
            return Err(ConfigError::FlaskWithSessionStore);
        }
        for (setting, seconds) in [("idle_timeout", self.idle_timeout), ("login_lifetime", self.login_lifetime)] {
            if seconds.is_some() {
                return Err(ConfigError::NotInFlask { setting });
            }
        }
        Ok(())
    }

    /// How long a session is valid after it was written, in seconds.
    pub(crate) fn session_age(&self) -> u64 {
        self.idle_timeout.unwrap_or(self.session_lifetime)
    }

    /// How long a login is valid after it was made, in seconds (native format).
    pub(crate) fn login_age(&self) -> u64 {
        self.login_lifetime.unwrap_or(YEAR)
    }

    /// The kind of answer that a request can use.
    pub(crate) fn kind(&self, request: &Request) -> Kind {
        let kind = kind::of(request);
        let is_below = || self.json_prefixes.iter().any(|prefix| url::is_below(request.path(), prefix));
        if !matches!(kind, Kind::Grpc(_)) && is_below() { Kind::Json } else { kind }
    }

    /// The login view for a request with this path: that of the longest matching prefix, or
    /// the general one.
    pub(crate) fn login_view_for(&self, path: &str) -> Option<&str> {
        let below = self.login_views.iter().find(|(prefix, _)| url::is_below(path, prefix));
        below.map(|(_, view)| view).or(self.login_view.as_ref()).map(String::as_str)
    }
}

/// Whether a text can be the value of a WWW-Authenticate header.
fn is_challenge(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(|b| matches!(b, b' '..=b'~'))
}
