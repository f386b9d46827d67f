//! Requests and responses of the `http` crate (version 1), for servers on hyper and tower.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use http::header::{CACHE_CONTROL, COOKIE, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT, VARY};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Uri};

use crate::adapter::{RequestHead, ResponseParts};

/// The parts of an `http` request that the library needs.
///
/// A server makes it from a [`Request`] or its [`Parts`], and then sets the peer's address,
/// which an `http` request does not have.
#[derive(Debug, Clone, Copy)]
pub struct Head<'r> {
    /// The method.
    pub method: &'r Method,
    /// The URI as the client sent it.
    pub uri: &'r Uri,
    /// The headers.
    pub headers: &'r HeaderMap,
    /// The address of the connection's peer. `None` if it is unknown.
    pub peer: Option<IpAddr>,
}

impl<'r, B> From<&'r Request<B>> for Head<'r> {
    fn from(request: &'r Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers(), peer: None }
    }
}

impl<'r> From<&'r Parts> for Head<'r> {
    fn from(parts: &'r Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers, peer: None }
    }
}

/// The path and query of a URI.
#[must_use]
pub fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

fn lines<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = Cow<'h, [u8]>> {
    // Parsing a name takes as long as finding it.
    let name = match name {
        "cookie" => COOKIE,
        "user-agent" => USER_AGENT,
        name => HeaderName::from_static(name),
    };
    headers.get_all(name).into_iter().map(|value| value.as_bytes().into())
}

/// The host and port of a URI.
#[must_use]
pub fn authority(uri: &Uri) -> Option<&str> {
    uri.authority().map(|authority| authority.as_str())
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        target(self.uri).into()
    }

    fn for_each_header(&self, mut visit: impl FnMut(&str, &[u8])) {
        self.headers.iter().for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
    }

    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        lines(self.headers, name)
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        authority(self.uri).map(Cow::from)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }
}

/// The peer's address is the connection's [`SocketAddr`], if the server has stored it in the
/// request's extensions.
impl RequestHead for Parts {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        target(&self.uri).into()
    }

    fn for_each_header(&self, visit: impl FnMut(&str, &[u8])) {
        Head::from(self).for_each_header(visit);
    }

    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        lines(&self.headers, name)
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        authority(&self.uri).map(Cow::from)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.extensions.get::<SocketAddr>().map(SocketAddr::ip)
    }

    fn is_https(&self) -> bool {
        Head::from(self).is_https()
    }
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const PRIVATE: HeaderValue = HeaderValue::from_static(ResponseParts::PRIVATE);

impl ResponseParts {
    /// Adds the cookies and the cache headers to a response's headers. Before, replace the
    /// response if the user could not be loaded: see [`replacement`](Self::replacement).
    pub fn write_to(&self, headers: &mut HeaderMap) {
        if let Some(missing) = self.missing_vary(headers.get_all(VARY).iter().filter_map(|line| line.to_str().ok())) {
            headers.append(VARY, HeaderValue::from_static(missing));
        }
        if self.clears_site_data {
            headers.entry(CLEAR_SITE_DATA).or_insert(HeaderValue::from_static(Self::CLEAR_SITE_DATA));
        }
        let present = headers.get_all(CACHE_CONTROL).iter().map(|value| value.to_str().unwrap_or_default());
        if self.needs_private(present) {
            headers.insert(CACHE_CONTROL, PRIVATE);
        }
        for line in &self.set_cookies {
            if let Ok(value) = HeaderValue::try_from(line) {
                headers.append(SET_COOKIE, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_parts_have_the_same_head() {
        let request = Request::post("http://example.com:81/a?b")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .extension(SocketAddr::from(([192, 0, 2, 1], 80)))
            .body(())
            .unwrap();
        let parts = request.clone().into_parts().0;
        fn describe(head: &impl RequestHead) -> (String, String, Vec<String>, Option<String>, Option<IpAddr>, bool) {
            let mut lines = Vec::new();
            lines.extend(head.lines("cookie").map(|value| String::from_utf8_lossy(&value).into_owned()));
            head.for_each_header(|name, _| lines.push(name.to_owned()));
            let authority = head.authority().map(Cow::into_owned);
            (head.method().to_owned(), head.target().into_owned(), lines, authority, head.peer(), head.is_https())
        }
        let expected = (
            "POST".to_owned(),
            "/a?b".to_owned(),
            ["a=1", "b=2", "cookie", "cookie"].map(str::to_owned).to_vec(),
            Some("example.com:81".to_owned()),
            Some(IpAddr::from([192, 0, 2, 1])),
            false,
        );
        assert_eq!(describe(&Head { peer: Some([192, 0, 2, 1].into()), ..Head::from(&request) }), expected);
        assert_eq!(describe(&parts), expected);
    }

    #[test]
    fn parts_are_added_to_present_headers() {
        let parts = ResponseParts {
            set_cookies: vec!["a=1".to_owned(), "b=2".to_owned()],
            vary_cookie: true,
            vary_authorization: true,
            clears_site_data: true,
            is_private: true,
            failure: None,
        };
        let mut headers = HeaderMap::new();
        headers.insert(VARY, HeaderValue::from_static("accept"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        headers.insert(SET_COOKIE, HeaderValue::from_static("c=3"));
        parts.write_to(&mut headers);
        let all = |name: HeaderName| headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(all(VARY), ["accept", "cookie, authorization"]);
        assert_eq!(all(CLEAR_SITE_DATA), ["\"cache\""]);
        assert_eq!(all(CACHE_CONTROL), [ResponseParts::PRIVATE]);
        assert_eq!(all(SET_COOKIE), ["c=3", "a=1", "b=2"]);
        let mut untouched = HeaderMap::new();
        ResponseParts::default().write_to(&mut untouched);
        assert!(untouched.is_empty());
    }
}
