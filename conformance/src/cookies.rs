//! The settings of the two cookies.

use login_core::{CookieSettings, SameSite};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RememberCookie {
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) secure: Option<bool>,
    pub(crate) httponly: Option<bool>,
    pub(crate) samesite: Option<Site>,
    pub(crate) partitioned: Option<bool>,
    pub(crate) duration_seconds: Option<u64>,
    pub(crate) refresh_each_request: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SessionCookie {
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) secure: Option<bool>,
    pub(crate) httponly: Option<bool>,
    pub(crate) samesite: Option<Site>,
    pub(crate) partitioned: Option<bool>,
    pub(crate) lifetime_seconds: Option<u64>,
    pub(crate) idle_timeout_seconds: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) enum Site {
    #[serde(alias = "strict")]
    Strict,
    #[serde(alias = "lax")]
    Lax,
    #[serde(alias = "none")]
    None,
}

impl RememberCookie {
    /// The cookie with these settings.
    pub(crate) fn apply(&self, cookie: CookieSettings) -> CookieSettings {
        let cookie = named(cookie, self.name.as_ref(), self.domain.as_ref(), self.path.as_ref());
        flagged(cookie, self.secure, self.httponly, self.samesite).partitioned(self.partitioned.unwrap_or_default())
    }
}

impl SessionCookie {
    /// The cookie with these settings.
    pub(crate) fn apply(&self, cookie: CookieSettings) -> CookieSettings {
        let cookie = named(cookie, self.name.as_ref(), self.domain.as_ref(), self.path.as_ref());
        flagged(cookie, self.secure, self.httponly, self.samesite).partitioned(self.partitioned.unwrap_or_default())
    }
}

fn named(
    mut cookie: CookieSettings,
    name: Option<&String>,
    domain: Option<&String>,
    path: Option<&String>,
) -> CookieSettings {
    if let Some(name) = name {
        cookie = cookie.name(name);
    }
    if let Some(domain) = domain {
        cookie = cookie.domain(domain);
    }
    if let Some(path) = path {
        cookie = cookie.path(path);
    }
    cookie
}

fn flagged(
    mut cookie: CookieSettings,
    secure: Option<bool>,
    http_only: Option<bool>,
    same_site: Option<Site>,
) -> CookieSettings {
    if let Some(secure) = secure {
        cookie = cookie.secure(secure);
    }
    if let Some(http_only) = http_only {
        cookie = cookie.http_only(http_only);
    }
    match same_site {
        Some(Site::Strict) => cookie.same_site(SameSite::Strict),
        Some(Site::Lax) => cookie.same_site(SameSite::Lax),
        Some(Site::None) => cookie.same_site(SameSite::None),
        None => cookie,
    }
}
