//! A copy of what the library needs of a request, independent of any framework.

use std::net::IpAddr;
use std::sync::Arc;

use crate::request::cookies::{self, CookieName};

/// A request as the library sees it: method, target, headers and peer address.
///
/// The adapters make one when the login is first accessed. A custom server makes it
/// itself:
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
/// `Debug` shows only the method and the path, because headers contain secrets.
#[derive(Clone)]
pub struct Request {
    /// Method, target, then for each header: size of the name, size of the value (4 bytes
    /// each), name, value.
    buffer: Vec<u8>,
    method: usize,
    target: usize,
    /// The positions of the two headers that almost every access needs.
    cookie: Position,
    user_agent: Position,
    https: bool,
    peer: Option<IpAddr>,
    /// The body, if it is a form and was read.
    pub(crate) form: Option<Arc<Vec<u8>>>,
}

/// The position of a header's value in the buffer.
#[derive(Debug, Clone, Copy)]
enum Position {
    Absent,
    /// The start and the end of the only line.
    One(usize, usize),
    /// There are several lines, which must be searched for.
    Several,
}

impl Request {
    /// A request without headers. `target` is the path and query as the client sent them.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self::with_capacity(method, target, 512)
    }

    /// Like [`new`](Self::new), with space for `headers` bytes of headers. Each header
    /// takes the bytes of its name and value, and 8 more.
    #[must_use]
    pub fn with_capacity(method: &str, target: &str, headers: usize) -> Self {
        let mut buffer = Vec::with_capacity(method.len() + target.len() + headers);
        buffer.extend_from_slice(method.as_bytes());
        buffer.extend_from_slice(target.as_bytes());
        Self { buffer, method: method.len(), target: target.len(), ..Self::empty() }
    }

    /// A request without any content.
    pub(crate) const fn empty() -> Self {
        let (cookie, user_agent) = (Position::Absent, Position::Absent);
        Self { buffer: Vec::new(), method: 0, target: 0, cookie, user_agent, https: false, peer: None, form: None }
    }

    /// Adds a header line after those already added.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &[u8]) -> Self {
        self.push_header(name, value);
        self
    }

    /// Adds a header line after those already added.
    pub fn push_header(&mut self, name: &str, value: &[u8]) {
        // No server accepts a header line of four gigabytes.
        if let (Ok(name_size), Ok(value_size)) = (u32::try_from(name.len()), u32::try_from(value.len())) {
            self.buffer.reserve(8 + name.len() + value.len());
            self.buffer.extend_from_slice(&(u64::from(name_size) << 32 | u64::from(value_size)).to_be_bytes());
            self.buffer.extend_from_slice(name.as_bytes());
            let from = self.buffer.len();
            self.buffer.extend_from_slice(value);
            if let Some(line) = self.position_mut(name) {
                *line = match line {
                    Position::Absent => Position::One(from, from + value.len()),
                    Position::One(..) | Position::Several => Position::Several,
                };
            }
        }
    }

    fn position_mut(&mut self, name: &str) -> Option<&mut Position> {
        match name {
            "cookie" => Some(&mut self.cookie),
            "user-agent" => Some(&mut self.user_agent),
            _ if name.eq_ignore_ascii_case("cookie") => Some(&mut self.cookie),
            _ if name.eq_ignore_ascii_case("user-agent") => Some(&mut self.user_agent),
            _ => None,
        }
    }

    /// Sets the address of the connection's peer.
    #[must_use]
    pub fn with_peer(self, peer: IpAddr) -> Self {
        self.with_optional_peer(Some(peer))
    }

    pub(crate) fn with_optional_peer(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer.map(|peer| peer.to_canonical());
        self
    }

    /// Marks the connection as HTTPS. Default: HTTP.
    #[must_use]
    pub fn over_https(mut self) -> Self {
        self.https = true;
        self
    }

    /// The method as the client sent it.
    #[must_use]
    pub fn method(&self) -> &str {
        self.text(0, self.method)
    }

    /// The path and query as the client sent them.
    #[must_use]
    pub fn target(&self) -> &str {
        self.text(self.method, self.method + self.target)
    }

    /// The path as the client sent it, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = self.target();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// The query as the client sent it: everything after the first `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.target().split_once('?').map(|(_, query)| query)
    }

    /// The address of the connection's peer. An IPv4-mapped IPv6 address is returned as IPv4.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    /// All header lines in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines().map(|(name, value)| (std::str::from_utf8(name).unwrap_or_default(), value))
    }

    /// Like [`headers`](Self::headers), with names as bytes.
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

    /// The values of all lines with this name, which is not case-sensitive.
    pub fn header_lines<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r [u8]> {
        self.lines().filter(move |(each, _)| each.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The value of the first line with this name. `None` if there is none, or if it is
    /// not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.header_lines(name).next()?;
        std::str::from_utf8(value).ok().filter(|text| text.is_ascii())
    }

    /// The values of the User-Agent lines: the first, and the rest.
    pub(crate) fn user_agents(&self) -> Option<(&[u8], impl Iterator<Item = &[u8]>)> {
        let (first, others) = match self.user_agent {
            Position::Absent => return None,
            Position::One(from, to) => (self.buffer.get(from..to)?, None),
            Position::Several => {
                let mut lines = self.header_lines("user-agent");
                (lines.next()?, Some(lines))
            }
        };
        Some((first, others.into_iter().flatten()))
    }

    /// Calls `read` with the value of each cookie with this name, until it returns a
    /// result. The values are as the client sent them, with any quotes.
    pub(crate) fn find_cookie<T>(&self, name: &CookieName, mut read: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        match self.cookie {
            Position::Absent => None,
            Position::One(from, to) => cookies::find(self.buffer.get(from..to)?, name, read),
            Position::Several => self.header_lines("cookie").find_map(|line| cookies::find(line, name, &mut read)),
        }
    }

    /// Whether the request has a cookie with this name.
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
    fn headers_keep_their_order() {
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
    fn only_the_exact_header_name_matches() {
        let request = Request::new("GET", "/").with_header("accept", b"a=1").with_header("connection", b"close");
        assert!(!request.has_cookie(&CookieName::new("a".to_owned())) && request.user_agents().is_none());
        let request = request.with_header("USER-AGENT", b"x");
        assert_eq!(request.user_agents().map(|(first, others)| (first, others.count())), Some((&b"x"[..], 0)));
        let request = request.with_header("user-agent", b"y");
        assert_eq!(request.user_agents().map(|(first, others)| (first, others.count())), Some((&b"x"[..], 1)));
    }
}
