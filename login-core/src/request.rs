//! A view of the request that no framework has a part in.

use std::net::IpAddr;

use crate::cookie_header::{self, CookieName};

/// What the library looks at in a request: method, target, headers, peer address.
///
/// The adapters make one when something first looks at the login; a server of
/// its own makes it by hand:
///
/// ```
/// use login_core::Request;
/// let request = Request::new("GET", "/settings?tab=mail")
///     .with_header("host", b"example.com")
///     .with_header("cookie", b"session=abc")
///     .with_peer([127, 0, 0, 1].into());
/// assert_eq!(request.path(), "/settings");
/// ```
///
/// Its `Debug` shows method and path only: headers hold secrets.
#[derive(Clone)]
pub struct Request {
    /// Method, target, then each header: name size, value size (4 bytes each), name, value.
    buffer: Vec<u8>,
    method: usize,
    target: usize,
    /// The two headers that almost every look needs, found without a search.
    cookie: Line,
    user_agent: Line,
    https: bool,
    peer: Option<IpAddr>,
}

/// Where the value of a header is that is expected to come once.
#[derive(Debug, Clone, Copy)]
enum Line {
    None,
    /// From and to which byte of the buffer.
    One(usize, usize),
    Several,
}

impl Request {
    /// A request without headers. `target` is path and query as the client sent them.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self::with_capacity(method, target, 512)
    }

    /// As [`new`](Self::new), with room for headers of this many bytes in all,
    /// names, values and 8 bytes for each.
    #[must_use]
    pub fn with_capacity(method: &str, target: &str, headers: usize) -> Self {
        let mut buffer = Vec::with_capacity(method.len() + target.len() + headers);
        buffer.extend_from_slice(method.as_bytes());
        buffer.extend_from_slice(target.as_bytes());
        Self { buffer, method: method.len(), target: target.len(), ..Self::empty() }
    }

    /// Nothing.
    pub(crate) const fn empty() -> Self {
        let (cookie, user_agent) = (Line::None, Line::None);
        Self { buffer: Vec::new(), method: 0, target: 0, cookie, user_agent, https: false, peer: None }
    }

    /// Adds a header line. The order of lines is kept.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &[u8]) -> Self {
        self.push_header(name, value);
        self
    }

    /// Adds a header line. The order of lines is kept.
    pub fn push_header(&mut self, name: &str, value: &[u8]) {
        // A line of four gigabytes does not reach a server.
        if let (Ok(name_size), Ok(value_size)) = (u32::try_from(name.len()), u32::try_from(value.len())) {
            self.buffer.reserve(8 + name.len() + value.len());
            self.buffer.extend_from_slice(&(u64::from(name_size) << 32 | u64::from(value_size)).to_be_bytes());
            self.buffer.extend_from_slice(name.as_bytes());
            let from = self.buffer.len();
            self.buffer.extend_from_slice(value);
            if let Some(line) = self.known_line_mut(name) {
                *line = match line {
                    Line::None => Line::One(from, from + value.len()),
                    Line::One(..) | Line::Several => Line::Several,
                };
            }
        }
    }

    fn known_line_mut(&mut self, name: &str) -> Option<&mut Line> {
        match name {
            "cookie" => Some(&mut self.cookie),
            "user-agent" => Some(&mut self.user_agent),
            _ if name.eq_ignore_ascii_case("cookie") => Some(&mut self.cookie),
            _ if name.eq_ignore_ascii_case("user-agent") => Some(&mut self.user_agent),
            _ => None,
        }
    }

    /// The address of the connection's other end.
    #[must_use]
    pub fn with_peer(self, peer: IpAddr) -> Self {
        self.at(Some(peer))
    }

    pub(crate) fn at(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer.map(|peer| peer.to_canonical());
        self
    }

    /// Says that the connection is HTTPS; it counts as HTTP otherwise.
    #[must_use]
    pub fn over_https(mut self) -> Self {
        self.https = true;
        self
    }

    /// The method, as sent.
    #[must_use]
    pub fn method(&self) -> &str {
        self.text(0, self.method)
    }

    /// Path and query, as sent.
    #[must_use]
    pub fn target(&self) -> &str {
        self.text(self.method, self.method + self.target)
    }

    /// The path, as sent, still percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = self.target();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// What follows the first `?`, as sent.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.target().split_once('?').map(|(_, query)| query)
    }

    /// The first value of a query parameter, decoded; `None` where there is none
    /// or it is not UTF-8.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        crate::url::query_pairs(self.query()?).find(|(key, _)| key == name)?.1.ok()
    }

    /// The address of the connection's other end, an IPv4-mapped IPv6 one as IPv4.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    /// All header lines, in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines().map(|(name, value)| (std::str::from_utf8(name).unwrap_or_default(), value))
    }

    /// As [`headers`](Self::headers), for comparisons that need no text.
    fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = self.buffer.get(self.method + self.target..).unwrap_or_default();
        std::iter::from_fn(move || {
            let (name, after) = rest.split_first_chunk::<4>()?;
            let (value, after) = after.split_first_chunk::<4>()?;
            let (name, after) = after.split_at_checked(u32::from_be_bytes(*name) as usize)?;
            let (value, after) = after.split_at_checked(u32::from_be_bytes(*value) as usize)?;
            rest = after;
            Some((name, value))
        })
    }

    /// The values of the lines of this name, upper or lower case.
    pub fn header_lines<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r [u8]> {
        self.lines().filter(move |(each, _)| each.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The first line of this name, if it is visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.header_lines(name).next()?;
        std::str::from_utf8(value).ok().filter(|text| text.is_ascii())
    }

    /// The values of the User-Agent lines: the first, and the others.
    pub(crate) fn user_agents(&self) -> Option<(&[u8], impl Iterator<Item = &[u8]>)> {
        let (first, others) = match self.user_agent {
            Line::None => return None,
            Line::One(from, to) => (self.buffer.get(from..to)?, None),
            Line::Several => {
                let mut lines = self.header_lines("user-agent");
                (lines.next()?, Some(lines))
            }
        };
        Some((first, others.into_iter().flatten()))
    }

    /// What `read` makes of the first cookie of this name that it can read. It is shown
    /// the values as they were sent, quotes and all.
    pub(crate) fn find_cookie<T>(&self, name: &CookieName, mut read: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        match self.cookie {
            Line::None => None,
            Line::One(from, to) => cookie_header::find(self.buffer.get(from..to)?, name, read),
            Line::Several => self.header_lines("cookie").find_map(|line| cookie_header::find(line, name, &mut read)),
        }
    }

    /// Whether there is a cookie of this name.
    pub(crate) fn has_cookie(&self, name: &CookieName) -> bool {
        self.find_cookie(name, |_| Some(())).is_some()
    }

    fn text(&self, from: usize, to: usize) -> &str {
        self.buffer.get(from..to).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("method", &self.method()).field("path", &self.path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_their_order() {
        let request = Request::new("POST", "/a%20b?x=%C3%A9+1&x=2&y=%ff")
            .with_header("Cookie", b"a=1; b=2")
            .with_header("X", b"\xff")
            .with_header("cookie", b"a=3");
        assert_eq!(
            (request.method(), request.path(), request.query()),
            ("POST", "/a%20b", Some("x=%C3%A9+1&x=2&y=%ff"))
        );
        let second = |value: &[u8]| (value != b"1").then(|| value.to_vec());
        assert_eq!(request.find_cookie(&CookieName::new("a".to_owned()), second), Some(b"3".to_vec()));
        assert!(!request.has_cookie(&CookieName::new("c".to_owned())));
        let capital = Request::new("GET", "/").with_header("Cookie", b"a=1");
        assert!(capital.has_cookie(&CookieName::new("a".to_owned())));
        assert_eq!(request.query_value("x").as_deref(), Some("é 1"));
        assert_eq!(request.query_value("y"), None);
        assert_eq!(request.header("x"), None);
        assert_eq!(request.headers().count(), 3);
        let shown = format!("{request:?}");
        assert!(shown.contains("/a%20b") && !shown.contains("a=3"), "{shown}");
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_one() {
        let request = Request::new("GET", "/").with_peer("::ffff:10.0.0.1".parse().unwrap());
        assert_eq!(request.peer(), Some([10, 0, 0, 1].into()));
    }

    #[test]
    fn a_header_as_long_as_a_known_one_is_another() {
        let request = Request::new("GET", "/").with_header("accept", b"a=1").with_header("connection", b"close");
        assert!(!request.has_cookie(&CookieName::new("a".to_owned())) && request.user_agents().is_none());
        let request = request.with_header("USER-AGENT", b"x");
        assert_eq!(request.user_agents().map(|(first, others)| (first, others.count())), Some((&b"x"[..], 0)));
        let request = request.with_header("user-agent", b"y");
        assert_eq!(request.user_agents().map(|(first, others)| (first, others.count())), Some((&b"x"[..], 1)));
    }
}
