//! Cookie settings (RFC 6265bis).

use crate::config::error::{ConfigError, CookieProblem};
use crate::request::cookies::CookieName;

/// The largest cookie that browsers accept: bytes of its name and value together.
pub(crate) const MAX_SIZE: usize = 4096;

/// The longest path, in bytes. Browsers ignore a longer attribute (RFC 6265bis, 5.6).
const MAX_PATH: usize = 1024;

/// When a browser sends a cookie with requests that another site's page starts
/// (RFC 6265bis).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when the visitor follows a link to this site.
    Lax,
    /// Always. The cookie must be `Secure`.
    None,
}

impl From<SameSite> for cookie::SameSite {
    fn from(same_site: SameSite) -> Self {
        match same_site {
            SameSite::Strict => Self::Strict,
            SameSite::Lax => Self::Lax,
            SameSite::None => Self::None,
        }
    }
}

/// The name and the attributes of a cookie.
///
/// Defaults: `HttpOnly`, `Secure`, `SameSite=Lax`, path `/`, and no domain, so that the
/// browser sends the cookie to this host only.
#[derive(Debug, Clone)]
#[must_use]
pub struct CookieSettings {
    pub(crate) name: CookieName,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) partitioned: bool,
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
            partitioned: false,
        }
    }

    /// Sets the cookie's name. If it begins with `__Host-`, browsers accept the cookie only
    /// if it is `Secure` and has the path `/` and no domain.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = CookieName::new(name.into());
        self
    }

    /// Sends the cookie to this domain and all its subdomains. A leading dot is ignored.
    /// Default: no domain.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into().trim_start_matches('.').to_owned());
        self
    }

    /// Sends the cookie only with requests to this path and paths below it. Default: `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the cookie is sent over HTTPS only. Default: true.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether the cookie is hidden from scripts. Default: true.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets the `SameSite` attribute. Default: `Lax`. With `Option::None` there is no such
    /// attribute, and each browser applies its own default.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Whether the cookie is a partitioned one (CHIPS): a browser keeps a separate cookie for
    /// each site that embeds a page of this one. Default: false.
    ///
    /// It is for pages in an `iframe` on other sites, where browsers do not send cookies
    /// without it. Such a page needs `SameSite=None` too, and the cross-site check does not
    /// refuse its requests, because they come from a page of this site:
    ///
    /// ```
    /// # use login_core::{LoginManagerBuilder, SameSite, User};
    /// # fn f<U: User>(builder: LoginManagerBuilder<U>) -> LoginManagerBuilder<U> {
    /// builder
    ///     .session_cookie(|cookie| cookie.same_site(SameSite::None).partitioned(true))
    ///     .remember_cookie(|cookie| cookie.same_site(SameSite::None).partitioned(true))
    /// # }
    /// ```
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// The same settings for plain HTTP: neither `Secure` nor `Partitioned`, and without the
    /// prefix `__Host-`.
    pub(crate) fn without_https(mut self) -> Self {
        self.secure = false;
        self.partitioned = false;
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
        } else if (has_prefix("__Http-") || has_prefix("__Host-Http-")) && !(self.secure && self.http_only) {
            CookieProblem::HttpPrefix
        } else if self.partitioned && !self.secure {
            CookieProblem::PartitionedNeedsSecure
        } else if self.name.len() >= MAX_SIZE || self.path.len() > MAX_PATH {
            CookieProblem::TooLong
        } else if self.domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            CookieProblem::Domain
        } else if !self.path.starts_with('/') || !self.path.bytes().all(|b| matches!(b, b' '..=b'~') && b != b';') {
            CookieProblem::Path
        } else {
            return Ok(());
        };
        Err(ConfigError::Cookie { name: self.name.to_string(), problem })
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether this is a domain name (RFC 1035, 2.3.4). Browsers do not match a trailing dot.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    domain.len() <= 253 && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_browsers_reject_are_refused() {
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
        for bad in ["", "example.com.", "a..b", "a b", &"a".repeat(64), &"a.".repeat(1000)] {
            assert_eq!(problem(a().domain(bad)), Some(CookieProblem::Domain), "{bad}");
        }
        assert_eq!(problem(a().secure(false).partitioned(true)), Some(CookieProblem::PartitionedNeedsSecure));
        assert_eq!(problem(a().partitioned(true)), None);
        assert_eq!(problem(a().partitioned(true).without_https()), None);
        for name in ["__Http-a", "__host-http-a"] {
            assert_eq!(problem(a().name(name)), None);
            assert_eq!(problem(a().name(name).http_only(false)), Some(CookieProblem::HttpPrefix));
        }
        assert_eq!(problem(a().name("__Http-a").secure(false)), Some(CookieProblem::HttpPrefix));
        assert_eq!(problem(a().path(format!("/{}", "a".repeat(1024)))), Some(CookieProblem::TooLong));
        assert_eq!(problem(a().name("a".repeat(4095))), None);
        assert_eq!(problem(a().name("a".repeat(4096))), Some(CookieProblem::TooLong));
        assert_eq!(problem(a().domain(".example.com").path("/x").same_site(None)), None);
    }
}
