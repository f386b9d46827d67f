//! The settings of a login manager, and the checks that `build` makes.

use crate::clock::LAST_SECOND;
use crate::config::cookie::CookieSettings;
use crate::config::error::ConfigError;
use crate::request::client::Proxies;
use crate::request::url;

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
    /// Seconds.
    pub(crate) fresh_max_age: Option<u64>,
    pub(crate) refuse_cross_site: bool,
    pub(crate) trusted_origins: Vec<String>,
}

/// The cookie names of Flask and Flask-Login.
pub(crate) const FLASK_SESSION: &str = "session";
pub(crate) const FLASK_REMEMBER: &str = "remember_token";

impl Default for Config {
    fn default() -> Self {
        Self {
            session_cookie: CookieSettings::new("__Host-session"),
            remember_cookie: CookieSettings::new("__Host-remember_token"),
            session_lifetime: 31 * 24 * 60 * 60,
            remember_duration: 365 * 24 * 60 * 60,
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
            fresh_max_age: None,
            refuse_cross_site: false,
            trusted_origins: Vec::new(),
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
        for (prefix, view) in &self.login_views {
            address("login_view_below prefix", prefix, prefix.starts_with('/') && !prefix.contains(['?', '#']))?;
            address("login_view_below", view, url::is_view(view))?;
        }
        self.login_views.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.trim_end_matches('/').len()));
        if let Some(host) = &self.forced_host {
            address("force_host", host, is_host(host))?;
        }
        for origin in &self.trusted_origins {
            let parts = url::split(origin);
            // Browsers leave the default port out of an Origin header (RFC 6454, 6.1).
            let has_default_port = match parts.scheme {
                Some("https") => origin.ends_with(":443"),
                _ => origin.ends_with(":80"),
            };
            let has_more = parts.query.is_some() || parts.fragment.is_some() || has_default_port;
            let is_bare = parts.path.is_empty() && !has_more;
            address("trusted_origin", origin, url::is_view(origin) && parts.authority.is_some() && is_bare)?;
        }
        for (setting, seconds) in [
            ("session_lifetime", Some(self.session_lifetime)),
            ("remember_duration", Some(self.remember_duration)),
            ("fresh_login_max_age", self.fresh_max_age),
        ] {
            if seconds.is_some_and(|seconds| seconds == 0 || now.saturating_add(seconds) > LAST_SECOND) {
                return Err(ConfigError::Duration { setting });
            }
        }
        Ok(())
    }

    /// The login view for a request with this path: that of the longest matching prefix, or
    /// the general one.
    pub(crate) fn login_view_for(&self, path: &str) -> Option<&str> {
        let below = self.login_views.iter().find(|(prefix, _)| url::is_below(path, prefix));
        below.map(|(_, view)| view).or(self.login_view.as_ref()).map(String::as_str)
    }
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
}
