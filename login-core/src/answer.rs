//! The responses that the library makes itself, and why it refuses a request.

use std::borrow::Cow;
use std::fmt;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No user is logged in (Flask-Login's `unauthorized`).
    Unauthorized,
    /// The login is not fresh, or not fresh enough (Flask-Login's `needs_refresh`).
    NeedsRefresh,
    /// The user lacks the permission that a guard requires with `only`.
    Forbidden,
    /// Another site's page sent the request.
    CrossSite,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "no user is logged in",
            Self::NeedsRefresh => "the login is not fresh",
            Self::Forbidden => "the user does not have the permission",
            Self::CrossSite => "another site's page sent the request",
        })
    }
}

impl Refusal {
    /// The HTTP status of a request that is not redirected: 401 or 403.
    #[must_use]
    pub fn status(self) -> u16 {
        if self.is_unauthorized() { 401 } else { 403 }
    }

    /// What the client reads.
    fn detail(self) -> &'static str {
        match self {
            Self::Unauthorized => "log in first",
            Self::NeedsRefresh => "log in again first",
            Self::Forbidden => "you do not have permission to do this",
            Self::CrossSite => "cross-site request refused",
        }
    }

    fn is_unauthorized(self) -> bool {
        matches!(self, Self::Unauthorized | Self::NeedsRefresh)
    }
}

/// What kind of answer a request can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A browser goes to a page: by a link, an address or a form. It can be redirected.
    Navigation,
    /// A program that prefers JSON.
    Json,
    /// A gRPC client, with the media type of its requests.
    Grpc(&'static str),
    /// Anything else: a `fetch`, an image, a WebSocket handshake, an `EventSource`, htmx.
    Other,
}

const TEXT: &str = "text/plain; charset=utf-8";
const PROBLEM: &str = "application/problem+json";

/// The challenge of a 401, which RFC 9110, 15.5.2 demands. Browsers open no dialogue for it.
pub(crate) const CHALLENGE: &str = r#"Cookie realm="login""#;

/// The challenge if a request loader accepts credentials too.
pub(crate) const BEARER_CHALLENGE: &str = r#"Cookie realm="login", Bearer realm="login""#;

/// The codes of gRPC.
const GRPC_UNAUTHENTICATED: &str = "16";
const GRPC_PERMISSION_DENIED: &str = "7";
const GRPC_INTERNAL: &str = "13";
const GRPC_UNAVAILABLE: &str = "14";

/// A response that the library makes itself: a status, a few headers and a body.
///
/// An adapter turns it into its framework's response type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Cow<'static, str>,
}

impl Answer {
    /// A plain text response.
    #[must_use]
    pub fn text(status: u16, body: impl Into<Cow<'static, str>>) -> Self {
        Self { status, headers: vec![("content-type", TEXT.into())], body: body.into() }
    }

    /// A redirect. `location` must be a valid header value.
    #[must_use]
    pub fn redirect(status: u16, location: String) -> Self {
        Self { status, headers: vec![("location", location.into())], body: Cow::Borrowed("") }
    }

    /// The response when something failed on the server. The cause is in the log only.
    #[must_use]
    pub fn internal_error() -> Self {
        Self::text(500, "internal server error")
    }

    /// The response when the user could not be loaded, for a client of this kind.
    pub(crate) fn load_failed(kind: Kind) -> Self {
        match kind {
            Kind::Grpc(media) => Self::grpc(media, GRPC_INTERNAL, "internal server error"),
            Kind::Json => Self::problem(500, "Internal Server Error", "internal server error"),
            Kind::Navigation | Kind::Other => Self::internal_error(),
        }
    }

    /// The response when too many requests change the same session.
    pub(crate) fn busy(kind: Kind) -> Self {
        let detail = "too many requests at the same time";
        match kind {
            Kind::Grpc(media) => Self::grpc(media, GRPC_UNAVAILABLE, detail),
            Kind::Json => Self::problem(503, "Service Unavailable", detail),
            Kind::Navigation | Kind::Other => Self::text(503, detail),
        }
    }

    /// The response to a refused request that is not redirected: 401 with this challenge, or
    /// 403.
    pub(crate) fn refused(refusal: Refusal, kind: Kind, challenge: &str) -> Self {
        let is_unauthorized = refusal.is_unauthorized();
        let (status, title) = (refusal.status(), if is_unauthorized { "Unauthorized" } else { "Forbidden" });
        let mut answer = match kind {
            Kind::Grpc(media) => {
                let code = if is_unauthorized { GRPC_UNAUTHENTICATED } else { GRPC_PERMISSION_DENIED };
                return Self::grpc(media, code, refusal.detail());
            }
            Kind::Json => Self::problem(status, title, refusal.detail()),
            Kind::Navigation | Kind::Other => Self::text(status, refusal.detail()),
        };
        if is_unauthorized {
            answer.headers.push(("www-authenticate", challenge.to_owned().into()));
        }
        answer
    }

    /// 401 for a handler that needs a login.
    pub(crate) fn unauthorized() -> Self {
        Self::refused(Refusal::Unauthorized, Kind::Other, CHALLENGE)
    }

    /// `application/problem+json` (RFC 9457).
    fn problem(status: u16, title: &str, detail: &str) -> Self {
        let body = format!(r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}"}}"#);
        Self { status, headers: vec![("content-type", PROBLEM.into())], body: body.into() }
    }

    /// A gRPC response without a message: HTTP 200 with the trailers as headers
    /// ("Trailers-Only"). gRPC uses HTTP's status only for errors of HTTP itself.
    fn grpc(media: &'static str, code: &'static str, message: &'static str) -> Self {
        let headers = [("content-type", media), ("grpc-status", code), ("grpc-message", message)];
        let headers = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        Self { status: 200, headers, body: Cow::Borrowed("") }
    }

    /// Whether the body is JSON, for a client that prefers it.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.headers().any(|header| header == ("content-type", PROBLEM))
    }

    /// The HTTP status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers, with lower-case names.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, &**value))
    }

    /// The target of a redirect.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.headers().find(|(name, _)| *name == "location").map(|(_, location)| location)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_answered_in_the_clients_own_kind() {
        let grpc = Kind::Grpc("application/grpc");
        for (refusal, kind, status, content_type, code) in [
            (Refusal::Unauthorized, Kind::Other, 401, TEXT, None),
            (Refusal::NeedsRefresh, Kind::Navigation, 401, TEXT, None),
            (Refusal::Unauthorized, Kind::Json, 401, PROBLEM, None),
            (Refusal::Forbidden, Kind::Navigation, 403, TEXT, None),
            (Refusal::CrossSite, Kind::Json, 403, PROBLEM, None),
            (Refusal::Unauthorized, grpc, 200, "application/grpc", Some("16")),
            (Refusal::NeedsRefresh, grpc, 200, "application/grpc", Some("16")),
            (Refusal::Forbidden, grpc, 200, "application/grpc", Some("7")),
            (Refusal::CrossSite, grpc, 200, "application/grpc", Some("7")),
        ] {
            let answer = Answer::refused(refusal, kind, CHALLENGE);
            let header = |name: &str| answer.headers().find(|(each, _)| *each == name).map(|(_, value)| value);
            assert_eq!((answer.status(), header("content-type")), (status, Some(content_type)), "{refusal:?} {kind:?}");
            assert_eq!(header("grpc-status"), code);
            assert_eq!(header("www-authenticate"), (status == 401).then_some(CHALLENGE));
            assert_eq!((answer.body().is_empty(), answer.location()), (code.is_some(), None));
        }
        let failed = Answer::load_failed(grpc);
        assert!(failed.headers().any(|header| header == ("grpc-status", "13")));
        for (kind, is_json) in [(Kind::Json, true), (Kind::Navigation, false), (Kind::Other, false)] {
            assert_eq!((Answer::load_failed(kind).status(), Answer::load_failed(kind).is_json()), (500, is_json));
        }
        let problem = Answer::refused(Refusal::Forbidden, Kind::Json, CHALLENGE);
        let body: serde_json::Value = serde_json::from_str(problem.body()).unwrap();
        assert_eq!((&body["status"], &body["title"]), (&403.into(), &"Forbidden".into()));
    }
}
