//! A request of a framework, from which the core copies what it needs.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::request::view::Request;

/// A framework's own request.
///
/// An adapter implements this trait for its framework's request type. A custom server
/// can make a [`Request`] instead.
pub trait RequestHead {
    /// The method as the client sent it.
    fn method(&self) -> &str;

    /// The path and query as the client sent them, even if routing has changed them since.
    fn target(&self) -> Cow<'_, str>;

    /// Calls `visit` with the name and value of each header line. Lines with the same name
    /// keep their order.
    fn for_each_header(&self, visit: impl FnMut(&str, &[u8]));

    /// The value of each header line with this name, in order. `name` is in lower case.
    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>>;

    /// The host from the request line, which HTTP/2 uses instead of a Host header.
    fn authority(&self) -> Option<Cow<'_, str>>;

    /// The address of the connection's peer, if the framework provides it.
    fn peer(&self) -> Option<IpAddr>;

    /// Whether the connection is HTTPS.
    fn is_https(&self) -> bool;
}

/// Initial space for the headers that a browser usually sends, in bytes. Counting them
/// first would take longer than growing the buffer in the rare case.
const USUAL_HEADERS: usize = 1024;

/// The headers that identify a client.
const CLIENT: [&str; 2] = ["cookie", "user-agent"];

/// Initial space for the headers that identify a client, in bytes.
const USUAL_CLIENT: usize = 512;

impl Request {
    /// Copies a whole request.
    #[must_use]
    pub fn from_head(head: &impl RequestHead) -> Self {
        let mut request = Self::with_capacity(head.method(), &head.target(), USUAL_HEADERS);
        let mut has_host = false;
        head.for_each_header(|name, value| {
            has_host |= name.eq_ignore_ascii_case("host");
            request.push_header(name, value);
        });
        if let Some(authority) = head.authority().filter(|_| !has_host) {
            request.push_header("host", authority.as_bytes());
        }
        if head.is_https() {
            request = request.over_https();
        }
        request.with_optional_peer(head.peer())
    }

    /// Copies only what identifies the client: cookies, user agent and peer address, and
    /// X-Forwarded-For if proxies are trusted. Also the media type of a POST, by which gRPC is
    /// recognized.
    pub(crate) fn client_from(head: &impl RequestHead, has_proxies: bool) -> Self {
        let mut request = Self::with_capacity("", "", USUAL_CLIENT);
        let forwarded = has_proxies.then_some("x-forwarded-for");
        let media = (head.method() == "POST").then_some("content-type");
        for name in CLIENT.into_iter().chain(forwarded).chain(media) {
            head.lines(name).for_each(|value| request.push_header(name, &value));
        }
        request.with_optional_peer(head.peer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain {
        headers: Vec<(&'static str, &'static [u8])>,
        authority: Option<&'static str>,
    }

    impl RequestHead for Plain {
        fn method(&self) -> &str {
            "PUT"
        }

        fn target(&self) -> Cow<'_, str> {
            "/a?b".into()
        }

        fn for_each_header(&self, mut visit: impl FnMut(&str, &[u8])) {
            self.headers.iter().for_each(|(name, value)| visit(name, value));
        }

        fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
            let named = self.headers.iter().filter(move |(each, _)| each.eq_ignore_ascii_case(name));
            named.map(|(_, value)| Cow::Borrowed(*value))
        }

        fn authority(&self) -> Option<Cow<'_, str>> {
            self.authority.map(Cow::from)
        }

        fn peer(&self) -> Option<IpAddr> {
            "::ffff:10.0.0.1".parse().ok()
        }

        fn is_https(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_full_copy_has_the_whole_request() {
        let headers: Vec<(_, &[u8])> = vec![("Cookie", b"a=1"), ("x-key", b"k")];
        let request = Request::from_head(&Plain { headers: headers.clone(), authority: Some("example.com") });
        assert_eq!((request.method(), request.target()), ("PUT", "/a?b"));
        assert_eq!((request.header("x-key"), request.header("host")), (Some("k"), Some("example.com")));
        assert!(request.is_https());
        assert_eq!(request.peer(), Some([10, 0, 0, 1].into()));
        let named = [headers, vec![("Host", b"other.example")]].concat();
        let request = Request::from_head(&Plain { headers: named, authority: Some("example.com") });
        assert_eq!(request.header_lines("host").collect::<Vec<_>>(), [b"other.example"]);
    }

    #[test]
    fn a_client_copy_has_only_what_identifies_the_client() {
        let headers: Vec<(_, &[u8])> = vec![
            ("X-Forwarded-For", b"1.1.1.1"),
            ("X-Forwarded-Proto", b"https"),
            ("accept", b"*/*"),
            ("User-Agent", b"x"),
            ("cookie", b"a=1"),
            ("Cookie", b"b=2"),
        ];
        let head = Plain { headers, authority: None };
        let names = |request: Request| request.headers().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(names(Request::client_from(&head, false)), ["cookie", "cookie", "user-agent"]);
        assert_eq!(names(Request::client_from(&head, true)), ["cookie", "cookie", "user-agent", "x-forwarded-for"]);
        assert_eq!(Request::client_from(&head, false).peer(), Some([10, 0, 0, 1].into()));
    }
}
