//! The client that sent the request: its address, its user agent, and the origin it asked
//! for.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::request::cookies::{self, CookieName};
use crate::request::head::RequestHead;
use crate::request::url::Origin;
use crate::request::view::Request;

/// How requests reach the server.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Proxies {
    /// How many proxies in front of the server are trusted.
    pub(crate) trusted: usize,
    /// Whether they are trusted for `X-Forwarded-Host` too.
    pub(crate) forwarded_host: bool,
    /// Whether clients use HTTPS only, whatever the connection says.
    pub(crate) https_only: bool,
}

/// The client's address: that of the connection, or the one that the outermost of
/// `proxies` trusted proxies reports. `None` if it is unknown.
pub(crate) fn address(request: &Request, proxies: usize) -> Option<IpAddr> {
    match forwarded(request, "x-forwarded-for", proxies) {
        Some(text) => parse_address(text),
        None => request.peer(),
    }
}

/// An address as proxies write it: with a port, in brackets, in quotes (RFC 7239, 6), with
/// the zone of a link-local address (RFC 4007, 11), or as an IPv4-mapped IPv6 address. An
/// address does not identify its client better with port and zone, so they are dropped.
fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(address)?
        }
        None => match text.split_once(':') {
            // More than one colon is an IPv6 address, which has no port without brackets.
            Some((address, port)) if is_port(port) => address,
            _ => text,
        },
    };
    let without_zone = address.split_once('%').map_or(address, |(address, _)| address);
    let address: IpAddr = without_zone.parse().ok()?;
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The item that the outermost trusted proxy added: number `proxies` from the right. An
/// item that is not UTF-8 counts as an empty item. If it were skipped, an item that the
/// client may have made up would take its place.
fn forwarded<'r>(request: &'r Request, name: &'static str, proxies: usize) -> Option<&'r str> {
    let from_right = proxies.checked_sub(1)?;
    let lines: Vec<&[u8]> = request.header_lines(name).collect();
    let item = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')).nth(from_right)?;
    Some(std::str::from_utf8(item).unwrap_or_default().trim())
}

/// The scheme and host that the client asked for.
pub(crate) fn origin(request: &Request, proxies: Proxies) -> Origin<'_> {
    let https = match forwarded(request, "x-forwarded-proto", proxies.trusted) {
        _ if proxies.https_only => true,
        // Some proxies name the scheme of a WebSocket.
        Some(scheme) => scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss"),
        None => request.is_https(),
    };
    let proxies = if proxies.forwarded_host { proxies.trusted } else { 0 };
    let host = forwarded(request, "x-forwarded-host", proxies).or_else(|| request.header("host"));
    Origin { scheme: if https { "https" } else { "http" }, host: host.unwrap_or_default() }
}

/// The largest part of a user agent that identifies a client, in bytes. Hashing it takes time
/// in proportion to this.
const MAX_USER_AGENT: usize = 8 * 1024;

/// Whoever sends a request: the copy of a request, or the framework's own one, read in place.
pub(crate) trait Client {
    /// What `read` makes of the first cookie with this name that it can read.
    fn find_cookie<T>(&self, name: &CookieName, read: impl FnMut(&[u8]) -> Option<T>) -> Option<T>;

    /// The address, if so many proxies are trusted.
    fn address(&self, proxies: usize) -> Option<IpAddr>;

    /// The user agent, up to 8 KiB. Several lines are joined with commas, as in WSGI.
    fn user_agent(&self) -> Option<Cow<'_, [u8]>>;

    fn has_cookie(&self, name: &CookieName) -> bool {
        self.find_cookie(name, |_| Some(())).is_some()
    }
}

impl Client for Request {
    fn find_cookie<T>(&self, name: &CookieName, read: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        self.find_cookie(name, read)
    }

    fn address(&self, proxies: usize) -> Option<IpAddr> {
        address(self, proxies)
    }

    fn user_agent(&self) -> Option<Cow<'_, [u8]>> {
        let (first, others) = self.user_agents()?;
        Some(joined(first.into(), others))
    }
}

/// A framework's own request, of a client whose address is that of the connection.
pub(crate) struct InPlace<'h, H>(pub(crate) &'h H);

impl<H: RequestHead> Client for InPlace<'_, H> {
    fn find_cookie<T>(&self, name: &CookieName, mut read: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        self.0.lines("cookie").find_map(|line| cookies::find(&line, name, &mut read))
    }

    fn address(&self, _: usize) -> Option<IpAddr> {
        self.0.peer().map(|peer| peer.to_canonical())
    }

    fn user_agent(&self) -> Option<Cow<'_, [u8]>> {
        let mut lines = self.0.lines("user-agent");
        Some(joined(lines.next()?, lines))
    }
}

fn joined<'a>(first: Cow<'a, [u8]>, others: impl Iterator<Item = impl AsRef<[u8]>>) -> Cow<'a, [u8]> {
    let mut agent = match first {
        Cow::Borrowed(line) => Cow::Borrowed(line.get(..MAX_USER_AGENT).unwrap_or(line)),
        Cow::Owned(mut line) => {
            line.truncate(MAX_USER_AGENT);
            Cow::Owned(line)
        }
    };
    for line in others {
        let line = line.as_ref();
        let space = MAX_USER_AGENT.saturating_sub(agent.len() + 1);
        if space == 0 {
            break;
        }
        let joined = agent.to_mut();
        joined.push(b',');
        joined.extend_from_slice(line.get(..space).unwrap_or(line));
    }
    agent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get() -> Request {
        Request::new("GET", "/")
    }

    #[test]
    fn forwarding_headers_count_only_behind_trusted_proxies() {
        let request = get()
            .with_peer([10, 0, 0, 9].into())
            .with_header("X-Forwarded-For", b"6.6.6.6, 1.1.1.1")
            .with_header("x-forwarded-for", b"[2001:db8::1]:80")
            .with_header("X-Forwarded-Proto", b"https, http")
            .with_header("host", b"inner");
        let at = |proxies| address(&request, proxies).map(|a| a.to_string());
        assert_eq!(at(0).as_deref(), Some("10.0.0.9"));
        assert_eq!(at(1).as_deref(), Some("2001:db8::1"));
        assert_eq!(at(2).as_deref(), Some("1.1.1.1"));
        assert_eq!(at(9).as_deref(), Some("10.0.0.9"));
        let unreadable = get().with_peer([10, 0, 0, 9].into()).with_header("x-forwarded-for", b"1.1.1.1");
        let unreadable =
            unreadable.with_header("x-forwarded-for", b"\xff, 6.6.6.6").with_header("x-forwarded-host", b"\xff");
        assert_eq!(address(&unreadable, 1), Some([6, 6, 6, 6].into()));
        assert_eq!(address(&unreadable, 2), None, "the item before it, which the client may have made up, is not used");
        let behind = |trusted| Proxies { trusted, forwarded_host: true, https_only: false };
        let unreadable = unreadable.with_header("host", b"inner");
        assert_eq!(origin(&unreadable, behind(1)).host, "");
        assert_eq!(origin(&unreadable, Proxies { forwarded_host: false, ..behind(1) }).host, "inner");
        assert_eq!(origin(&request, behind(0)).scheme, "http");
        assert_eq!(origin(&request, behind(1)).scheme, "http");
        assert_eq!(origin(&request, behind(2)).scheme, "https");
        for (proto, scheme) in
            [("HTTPS", "https"), (" https ", "https"), ("wss", "https"), ("ws", "http"), ("", "http")]
        {
            let request = get().with_header("x-forwarded-proto", proto.as_bytes());
            assert_eq!(origin(&request, behind(1)).scheme, scheme, "{proto}");
        }
        assert_eq!(origin(&request, behind(2)).host, "inner");
        assert_eq!(origin(&request, Proxies { https_only: true, ..behind(1) }).scheme, "https");
    }

    #[test]
    fn an_address_is_taken_in_every_form_that_proxies_write() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            (" 192.0.2.1 ", Some("192.0.2.1")),
            ("192.0.2.1:4711", Some("192.0.2.1")),
            ("\"192.0.2.1:4711\"", Some("192.0.2.1")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("\"[2001:db8::1]:4711\"", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[fe80::1%25eth0]:80", Some("fe80::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("[::ffff:192.0.2.1]:80", Some("192.0.2.1")),
            ("", None),
            ("unknown", None),
            ("_hidden", None),
            ("192.0.2.1:", None),
            ("192.0.2.1:http", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]80", None),
            ("192.0.2", None),
        ] {
            let request = get().with_header("x-forwarded-for", text.as_bytes());
            assert_eq!(address(&request, 1).map(|address| address.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_user_agent_is_bounded() {
        let long = vec![b'x'; MAX_USER_AGENT + 1];
        let request = get().with_header("user-agent", &long);
        assert_eq!(request.user_agent().map(|agent| agent.len()), Some(MAX_USER_AGENT));
        let request = get().with_header("user-agent", b"a").with_header("user-agent", &long);
        let request = request.with_header("user-agent", b"b");
        assert_eq!(request.user_agent().map(|agent| agent.len()), Some(MAX_USER_AGENT));
        let request = get().with_header("user-agent", b"a").with_header("user-agent", b"b");
        assert_eq!(request.user_agent().as_deref(), Some(&b"a,b"[..]));
    }
}
