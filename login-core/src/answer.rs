//! The responses that the library makes itself, and why it refuses a request.

use std::borrow::Cow;
use std::fmt;

/// Why a guard refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No user is logged in (Flask-Login's `unauthorized`).
    Unauthorized,
    /// The login is not fresh, or not fresh enough (Flask-Login's `needs_refresh`).
    NeedsRefresh,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "no user is logged in",
            Self::NeedsRefresh => "the login is not fresh",
        })
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const PROBLEM: &str = "application/problem+json";

/// A response that the library makes itself: a status, a few headers and a body.
///
/// An adapter turns it into its framework's response type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    location: Option<String>,
    content_type: Option<&'static str>,
    body: Cow<'static, str>,
}

impl Answer {
    /// A plain text response.
    #[must_use]
    pub fn text(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self { status, location: None, content_type: Some(TEXT), body: body.into() }
    }

    /// A redirect. `location` must be a valid header value.
    #[must_use]
    pub fn redirect(status: u16, location: String) -> Self {
        Self { status, location: Some(location), content_type: None, body: Cow::Borrowed("") }
    }

    /// The response when something failed on the server. The cause is in the log only.
    #[must_use]
    pub fn internal_error() -> Self {
        Self::text(500, "internal server error")
    }

    /// The response to a request that another site's page sent.
    #[must_use]
    pub fn cross_site() -> Self {
        Self::text(403, "cross-site request refused")
    }

    /// 401 as plain text: no login view is configured.
    pub(crate) fn unauthorized(refusal: Refusal) -> Self {
        Self::text(
            401,
            match refusal {
                Refusal::Unauthorized => "log in first",
                Refusal::NeedsRefresh => "log in again first",
            },
        )
    }

    /// 401 as `application/problem+json` (RFC 9457): the client prefers JSON.
    pub(crate) fn problem(refusal: Refusal) -> Self {
        let body = match refusal {
            Refusal::Unauthorized => {
                r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"log in first"}"#
            }
            Refusal::NeedsRefresh => {
                r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"log in again first"}"#
            }
        };
        Self { content_type: Some(PROBLEM), ..Self::text(401, body) }
    }

    /// The HTTP status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers, with lower-case names.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let location = self.location().map(|location| ("location", location));
        location.into_iter().chain(self.content_type.map(|media| ("content-type", media)))
    }

    /// The target of a redirect.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The body, without a copy.
    #[must_use]
    pub fn into_body(self) -> Cow<'static, str> {
        self.body
    }
}
