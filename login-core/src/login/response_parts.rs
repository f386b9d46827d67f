//! What the login adds to a response.

use crate::answer::Answer;

/// What the login adds to a response. It is empty if the login was not accessed.
///
/// `Debug` shows the number of cookies, not their values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ResponseParts {
    /// The values of the Set-Cookie headers to add. They are ASCII.
    pub set_cookies: Vec<String>,
    /// Whether the response varies by cookie. See [`missing_vary`](Self::missing_vary).
    pub vary_cookie: bool,
    /// Whether it varies by the Authorization header too, because the request loader was asked.
    pub vary_authorization: bool,
    /// Whether the response tells the browser to empty its cache. See
    /// [`CLEAR_SITE_DATA`](Self::CLEAR_SITE_DATA).
    pub clears_site_data: bool,
    /// Whether the response is for one user, so that shared caches must not store it. See
    /// [`needs_private`](Self::needs_private).
    pub is_private: bool,
    /// The response if the user could not be loaded. See [`replacement`](Self::replacement).
    pub failure: Option<Answer>,
}

impl std::fmt::Debug for ResponseParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseParts")
            .field("set_cookies", &self.set_cookies.len())
            .field("vary_cookie", &self.vary_cookie)
            .field("vary_authorization", &self.vary_authorization)
            .field("clears_site_data", &self.clears_site_data)
            .field("is_private", &self.is_private)
            .field("failure", &self.failure.is_some())
            .finish()
    }
}

impl ResponseParts {
    /// Whether the response stays as it is.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.vary_cookie
            && !self.vary_authorization
            && !self.clears_site_data
            && !self.is_private
            && self.failure.is_none()
            && self.set_cookies.is_empty()
    }

    /// What must replace a response with this status, because the user could not be loaded and
    /// the status is not a 5xx. For a gRPC client it is HTTP 200 with `grpc-status` 13.
    #[must_use]
    pub fn replacement(&self, status: u16) -> Option<&Answer> {
        let is_5xx = |status: u16| (500..600).contains(&status);
        self.failure.as_ref().filter(|answer| !(is_5xx(answer.status()) && is_5xx(status)))
    }

    /// The value of the Vary header to add, if any, given the values of the present ones.
    #[must_use]
    pub fn missing_vary<'v>(&self, present: impl IntoIterator<Item = &'v str>) -> Option<&'static str> {
        let (mut cookie, mut authorization) = (self.vary_cookie, self.vary_authorization);
        for name in present.into_iter().flat_map(|line| line.split(',')).map(str::trim) {
            cookie &= name != "*" && !name.eq_ignore_ascii_case("cookie");
            authorization &= name != "*" && !name.eq_ignore_ascii_case("authorization");
        }
        match (cookie, authorization) {
            (true, true) => Some("cookie, authorization"),
            (true, false) => Some("cookie"),
            (false, true) => Some("authorization"),
            (false, false) => None,
        }
    }

    /// The value of the header Clear-Site-Data in the response to a logout, unless the application
    /// has set the header.
    pub const CLEAR_SITE_DATA: &str = "\"cache\"";

    /// The value of Cache-Control for a response that shared caches must not store.
    pub const PRIVATE: &str = "private, no-cache";

    /// Whether to set Cache-Control to [`PRIVATE`](Self::PRIVATE), given the values of the
    /// present Cache-Control headers.
    ///
    /// A response for a user needs it if the application has not set the header. A response
    /// with a login cookie needs it unless the application has already excluded shared
    /// caches with `private` or `no-store` (RFC 9111, 5.2.2). `private` with field names
    /// does not count.
    #[must_use]
    pub fn needs_private<'c>(&self, present: impl IntoIterator<Item = &'c str>) -> bool {
        let mut present = present.into_iter().peekable();
        if self.set_cookies.is_empty() {
            return self.is_private && present.peek().is_none();
        }
        let (mut is_shared, mut is_excluded) = (false, false);
        for directive in present.flat_map(|line| line.split(',')).map(str::trim) {
            let is = |name: &str| directive.eq_ignore_ascii_case(name);
            is_shared |= is("public") || directive.get(..8).is_some_and(|name| name.eq_ignore_ascii_case("s-maxage"));
            is_excluded |= is("private") || is("no-store");
        }
        is_shared || !is_excluded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Kind;

    #[test]
    fn vary_is_added_once() {
        let nothing = ResponseParts::default();
        let accessed = ResponseParts { vary_cookie: true, ..nothing.clone() };
        let asked = ResponseParts { vary_authorization: true, ..accessed.clone() };
        for (parts, present, expected) in [
            (&nothing, None, None),
            (&accessed, None, Some("cookie")),
            (&accessed, Some("Accept, Cookies"), Some("cookie")),
            (&accessed, Some("*"), None),
            (&accessed, Some("Accept, COOKIE"), None),
            (&asked, None, Some("cookie, authorization")),
            (&asked, Some("Cookie"), Some("authorization")),
            (&asked, Some("Authorization"), Some("cookie")),
            (&asked, Some("accept , *"), None),
        ] {
            assert_eq!(parts.missing_vary(present), expected, "{present:?}");
        }
        assert_eq!(asked.missing_vary(["accept", "cookie", "authorization"]), None, "all headers count");
    }

    #[test]
    fn a_failed_load_is_a_5xx() {
        let parts = |kind| ResponseParts { failure: Some(Answer::load_failed(kind)), ..ResponseParts::default() };
        let (failed, grpc) = (parts(Kind::Other), parts(Kind::Grpc("application/grpc")));
        for (status, replaced) in [(200, true), (302, true), (499, true), (500, false), (503, false), (600, true)] {
            assert_eq!(failed.replacement(status).map(Answer::status), replaced.then_some(500), "{status}");
            assert_eq!(grpc.replacement(status).map(Answer::status), Some(200), "{status}");
            assert!(ResponseParts::default().replacement(status).is_none());
        }
    }

    #[test]
    fn shared_caches_are_excluded() {
        let nothing = ResponseParts::default();
        let private = ResponseParts { is_private: true, ..nothing.clone() };
        let cookie = ResponseParts { set_cookies: vec!["a=b".to_owned()], ..nothing.clone() };
        for (parts, present, expected) in [
            (&nothing, None, false),
            (&nothing, Some("public"), false),
            (&private, None, true),
            (&private, Some("public"), false),
            (&private, Some("max-age=60"), false),
            (&cookie, None, true),
            (&cookie, Some("Public, max-age=60"), true),
            (&cookie, Some("max-age=60"), true),
            (&cookie, Some("no-cache, s-maxage=9"), true),
            (&cookie, Some("no-store"), false),
            (&cookie, Some("Private , max-age=60"), false),
            (&cookie, Some("max-age=60,private,S-MaxAge=9"), true),
            (&cookie, Some("private=\"x\""), true),
            (&cookie, Some("no-cache"), true),
        ] {
            assert_eq!(parts.needs_private(present), expected, "{present:?}");
        }
        assert!(!cookie.needs_private(["max-age=60", "no-store"]), "all headers count");
        assert!(!private.needs_private(["", "max-age=60"]));
    }
}
