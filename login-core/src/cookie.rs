//! How a cookie is set: its settings and Set-Cookie lines (RFC 6265bis).

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use crate::clock::LAST_SECOND;
use crate::cookie_header::CookieName;
use crate::error::{ConfigError, CookieProblem};

/// The most bytes, name and value together, that browsers keep.
pub(crate) const MAX_SIZE: usize = 4096;

/// To whom a browser gives a cookie on requests from other sites (RFC 6265bis).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// To this site's own requests only.
    Strict,
    /// Also when a link from elsewhere is followed.
    Lax,
    /// Always; needs `Secure`.
    None,
}

/// How a cookie is named and which attributes it is set with.
///
/// By default a cookie is `HttpOnly`, `Secure`, `SameSite=Lax`, for this host
/// alone, for every path.
#[derive(Debug, Clone)]
#[must_use]
pub struct CookieSettings {
    pub(crate) name: CookieName,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
}

impl CookieSettings {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: CookieName::new(name.to_owned()),
            domain: None,
            path: "/".to_owned(),
            secure: true,
            http_only: true,
            same_site: Some(SameSite::Lax),
        }
    }

    /// The cookie's name. One that begins with `__Host-` is for this host alone,
    /// and browsers hold it to that.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = CookieName::new(name.into());
        self
    }

    /// Also sends the cookie to subdomains of this domain. A leading dot means nothing.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into().trim_start_matches('.').to_owned());
        self
    }

    /// Sends the cookie only to paths below this one; `/` by default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the cookie is kept to HTTPS; true by default.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether the cookie is kept from scripts; true by default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// The `SameSite` attribute; `Lax` by default. With `None` (Rust's) it is not sent.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Plain HTTP: no `Secure`, and no name that asks for it.
    pub(crate) fn without_https(mut self) -> Self {
        self.secure = false;
        if let Some(name) = self.name.strip_prefix("__Host-") {
            self.name = CookieName::new(name.to_owned());
        }
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let has_prefix =
            |prefix: &str| self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let problem = if !is_token(&self.name) {
            CookieProblem::Name
        } else if self.same_site == Some(SameSite::None) && !self.secure {
            CookieProblem::SameSiteNoneNeedsSecure
        } else if has_prefix("__Host-") && (!self.secure || self.path != "/" || self.domain.is_some()) {
            CookieProblem::HostPrefix
        } else if has_prefix("__Secure-") && !self.secure {
            CookieProblem::PrefixNeedsSecure
        } else if self.domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            CookieProblem::Domain
        } else if !self.path.starts_with('/') || !self.path.bytes().all(|b| matches!(b, b' '..=b'~') && b != b';') {
            CookieProblem::Path
        } else {
            return Ok(());
        };
        Err(ConfigError::Cookie { name: self.name.to_string(), problem })
    }

    /// A Set-Cookie line. `life` is in seconds; without, the cookie ends with the browser.
    pub(crate) fn set(&self, value: &str, life: Option<u64>, now: u64) -> String {
        let mut line = String::with_capacity(self.name.len() + value.len() + 128);
        line.push_str(&self.name);
        line.push('=');
        line.push_str(value);
        if let Some(seconds) = life {
            line.push_str("; Expires=");
            line.push_str(&http_date(now.saturating_add(seconds)));
            line.push_str("; Max-Age=");
            line.push_str(&seconds.to_string());
        }
        self.attributes(&mut line);
        line
    }

    /// A Set-Cookie line that deletes what [`set`](Self::set) set.
    pub(crate) fn delete(&self) -> String {
        let mut line = format!("{}=; Expires={}; Max-Age=0", &*self.name, http_date(0));
        self.attributes(&mut line);
        line
    }

    fn attributes(&self, line: &mut String) {
        if let Some(domain) = &self.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        line.push_str("; Path=");
        line.push_str(&self.path);
        if self.secure {
            line.push_str("; Secure");
        }
        if self.http_only {
            line.push_str("; HttpOnly");
        }
        line.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
}

fn http_date(seconds: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND)))
}

/// A value as Werkzeug writes it: quoted, with octal escapes, where it must be.
pub(crate) fn quote(value: &str) -> Cow<'_, str> {
    let needs_none = |b: u8| b.is_ascii_alphanumeric() || b"_!#$%&'()*+-./:<=>?@[]^`{|}~".contains(&b);
    if value.bytes().all(needs_none) {
        return Cow::Borrowed(value);
    }
    let mut quoted = String::from("\"");
    for byte in value.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            0..0x20 | b',' | b';' | 0x7f.. => quoted.push_str(&format!("\\{byte:03o}")),
            _ => quoted.push(char::from(byte)),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_browsers_refuse_are_refused() {
        let problem = |settings: CookieSettings| match settings.check() {
            Err(ConfigError::Cookie { problem, .. }) => Some(problem),
            _ => None,
        };
        let host = || CookieSettings::new("__Host-a");
        assert_eq!(problem(host()), None);
        assert_eq!(problem(host().path("/x")), Some(CookieProblem::HostPrefix));
        assert_eq!(problem(host().domain("example.com")), Some(CookieProblem::HostPrefix));
        assert_eq!(problem(host().name("__host-b").secure(false)), Some(CookieProblem::HostPrefix));
        assert_eq!(problem(host().name("__Secure-b").secure(false)), Some(CookieProblem::PrefixNeedsSecure));
        assert_eq!(problem(host().name("")), Some(CookieProblem::Name));
        assert_eq!(problem(host().name("a b")), Some(CookieProblem::Name));
        let a = || CookieSettings::new("a");
        assert_eq!(problem(a().secure(false).same_site(SameSite::None)), Some(CookieProblem::SameSiteNoneNeedsSecure));
        assert_eq!(problem(a().domain("a;b")), Some(CookieProblem::Domain));
        assert_eq!(problem(a().path("x")), Some(CookieProblem::Path));
        assert_eq!(problem(a().path("/x;y")), Some(CookieProblem::Path));
        assert_eq!(problem(a().domain(".example.com").path("/x").same_site(None)), None);
    }

    #[test]
    fn a_deletion_has_the_attributes_of_what_it_deletes() {
        let settings = CookieSettings::new("a").domain(".example.com").path("/x").same_site(SameSite::Strict);
        assert_eq!(
            settings.delete(),
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Domain=example.com; Path=/x; Secure; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            settings.set("v", Some(60), 0),
            "a=v; Expires=Thu, 01 Jan 1970 00:01:00 GMT; Max-Age=60; Domain=example.com; Path=/x; Secure; HttpOnly; SameSite=Strict"
        );
    }
}
