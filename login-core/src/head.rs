//! A request as a framework has it.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::request::Request;

/// A framework's own request, from which the core takes what it needs when it needs it.
///
/// An adapter implements it once; a server of its own makes a [`Request`] instead.
pub trait RequestHead {
    /// The method, as sent.
    fn method(&self) -> &str;

    /// Path and query, as the client sent them, whatever routing has made of them since.
    fn target(&self) -> Cow<'_, str>;

    /// Shows all header lines, those of one name in their order.
    fn headers(&self, show: impl FnMut(&str, &[u8]));

    /// Shows the values of the header lines of one name, which is in lower case, in
    /// their order.
    fn lines(&self, name: &'static str, show: impl FnMut(&[u8]));

    /// The host that was asked for where it does not stand in a Host header, as in HTTP/2.
    fn authority(&self) -> Option<Cow<'_, str>>;

    /// The address of the connection's other end, where it is known.
    fn peer(&self) -> Option<IpAddr>;

    /// Whether the connection is HTTPS.
    fn is_https(&self) -> bool;
}

/// Room for the headers that a browser sends, in bytes; to count them takes longer
/// than to make more room for the few that need it.
const USUAL_HEADERS: usize = 1024;

/// The headers that tell who sends a request.
const CLIENT: [&str; 2] = ["cookie", "user-agent"];

/// Room for these.
const USUAL_CLIENT: usize = 512;

impl Request {
    /// All of a request.
    #[must_use]
    pub fn of(head: &impl RequestHead) -> Self {
        let mut request = Self::with_capacity(head.method(), &head.target(), USUAL_HEADERS);
        let mut has_host = false;
        head.headers(|name, value| {
            has_host |= name.eq_ignore_ascii_case("host");
            request.push_header(name, value);
        });
        if let Some(authority) = head.authority().filter(|_| !has_host) {
            request.push_header("host", authority.as_bytes());
        }
        if head.is_https() {
            request = request.over_https();
        }
        request.at(head.peer())
    }

    /// What tells who sends a request, and no more: cookies, user agent and address,
    /// and where proxies are trusted what they say.
    pub(crate) fn of_client(head: &impl RequestHead, has_proxies: bool) -> Self {
        let mut request = Self::with_capacity("", "", USUAL_CLIENT);
        for name in CLIENT.into_iter().chain(has_proxies.then_some("x-forwarded-for")) {
            head.lines(name, |value| request.push_header(name, value));
        }
        request.at(head.peer())
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

        fn headers(&self, mut show: impl FnMut(&str, &[u8])) {
            self.headers.iter().for_each(|(name, value)| show(name, value));
        }

        fn lines(&self, name: &'static str, mut show: impl FnMut(&[u8])) {
            self.headers(|each, value| {
                if each.eq_ignore_ascii_case(name) {
                    show(value)
                }
            });
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
    fn a_whole_view_has_all_of_a_request() {
        let headers: Vec<(_, &[u8])> = vec![("Cookie", b"a=1"), ("x-key", b"k")];
        let request = Request::of(&Plain { headers: headers.clone(), authority: Some("example.com") });
        assert_eq!((request.method(), request.target()), ("PUT", "/a?b"));
        assert_eq!((request.header("x-key"), request.header("host")), (Some("k"), Some("example.com")));
        assert!(request.is_https());
        assert_eq!(request.peer(), Some([10, 0, 0, 1].into()));
        let named = [headers, vec![("Host", b"other.example")]].concat();
        let request = Request::of(&Plain { headers: named, authority: Some("example.com") });
        assert_eq!(request.header_lines("host").collect::<Vec<_>>(), [b"other.example"]);
    }

    #[test]
    fn the_view_of_a_client_tells_it_apart_and_no_more() {
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
        assert_eq!(names(Request::of_client(&head, false)), ["cookie", "cookie", "user-agent"]);
        assert_eq!(names(Request::of_client(&head, true)), ["cookie", "cookie", "user-agent", "x-forwarded-for"]);
        assert_eq!(Request::of_client(&head, false).peer(), Some([10, 0, 0, 1].into()));
    }
}
