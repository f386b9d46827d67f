//! The client that sent the request: its address, its user agent, the origin it asked
//! for, and whether it prefers JSON.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use crate::request::url::Origin;
use crate::request::view::Request;

/// How requests reach the server.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Proxies {
    /// How many proxies in front of the server are trusted.
    pub(crate) trusted: usize,
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

fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
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
        Some(scheme) => scheme.eq_ignore_ascii_case("https"),
        None => request.is_https(),
    };
    let host = forwarded(request, "x-forwarded-host", proxies.trusted).or_else(|| request.header("host"));
    Origin::new(if https { "https" } else { "http" }, host.unwrap_or_default())
}

/// The largest part of a user agent that identifies a client, in bytes. Hashing it takes time
/// in proportion to this.
const MAX_USER_AGENT: usize = 8 * 1024;

/// The user agent, up to 8 KiB. Several lines are joined with commas, as in WSGI.
pub(crate) fn user_agent(request: &Request) -> Option<Cow<'_, [u8]>> {
    let (first, others) = request.user_agents()?;
    let mut agent = Cow::Borrowed(first.get(..MAX_USER_AGENT).unwrap_or(first));
    for line in others {
        let space = MAX_USER_AGENT.saturating_sub(agent.len() + 1);
        if space == 0 {
            break;
        }
        let joined = agent.to_mut();
        joined.push(b',');
        joined.extend_from_slice(line.get(..space).unwrap_or(line));
    }
    Some(agent)
}

/// Whether the client prefers JSON to a page: `Accept` has `application/json` or `+json`
/// with a higher weight than `text/html`. Wildcards do not count (RFC 9110, 12.5.1).
pub(crate) fn prefers_json(request: &Request) -> bool {
    let (mut json, mut html) = (0, 0);
    for item in
        request.header_lines("accept").filter_map(|line| std::str::from_utf8(line).ok()).flat_map(|l| l.split(','))
    {
        let mut parts = item.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight =
            parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))).map_or(1000, weight);
        if media == "application/json" || media.ends_with("+json") {
            json = json.max(weight);
        } else if media == "text/html" || media == "application/xhtml+xml" {
            html = html.max(weight);
        }
    }
    json > html
}

/// A weight in thousandths. An invalid weight counts as 0.
fn weight(text: &str) -> u32 {
    match text.trim().parse::<f32>() {
        Ok(q) if (0.0..=1.0).contains(&q) => (q * 1000.0) as u32,
        _ => 0,
    }
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
        let behind = |trusted| Proxies { trusted, https_only: false };
        assert_eq!(origin(&unreadable.with_header("host", b"inner"), behind(1)).host, "");
        assert_eq!(origin(&request, behind(0)).scheme, "http");
        assert_eq!(origin(&request, behind(1)).scheme, "http");
        assert_eq!(origin(&request, behind(2)).scheme, "https");
        assert_eq!(origin(&request, behind(2)).host, "inner");
        assert_eq!(origin(&request, Proxies { https_only: true, ..behind(1) }).scheme, "https");
    }

    #[test]
    fn the_user_agent_is_bounded() {
        let long = vec![b'x'; MAX_USER_AGENT + 1];
        let request = get().with_header("user-agent", &long);
        assert_eq!(user_agent(&request).map(|agent| agent.len()), Some(MAX_USER_AGENT));
        let request = get().with_header("user-agent", b"a").with_header("user-agent", &long);
        let request = request.with_header("user-agent", b"b");
        assert_eq!(user_agent(&request).map(|agent| agent.len()), Some(MAX_USER_AGENT));
        let request = get().with_header("user-agent", b"a").with_header("user-agent", b"b");
        assert_eq!(user_agent(&request).as_deref(), Some(&b"a,b"[..]));
    }

    #[test]
    fn json_is_preferred_only_above_html() {
        for (accept, expected) in [
            ("application/json", true),
            ("application/problem+json", true),
            ("application/json, text/html;q=0.9", true),
            ("text/html, application/json", false),
            ("text/html;q=0.5, application/json;q=0.6", true),
            ("*/*", false),
            ("", false),
            ("application/json;q=0", false),
            ("application/json;q=x", false),
            ("text/html, application/json;q=2", false),
            ("image/png, application/json;q=0.5", true),
            ("application/xhtml+xml, application/json", false),
            ("application/json;charset=utf-8; q=0.3 , text/html; q=0.2", true),
        ] {
            assert_eq!(prefers_json(&get().with_header("Accept", accept.as_bytes())), expected, "{accept}");
        }
        assert!(!prefers_json(&get()));
    }
}
