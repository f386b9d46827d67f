//! Who sends the request: address, user agent, host, and what is made of them.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use sha2::{Digest as _, Sha512};

use crate::config::Config;
use crate::request::Request;
use crate::url::Origin;

/// The client's address: the connection's, or what the outermost of `proxies`
/// trusted proxies saw. `None` where it is not known.
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

/// The item that the outermost trusted proxy added: the `proxies`th from the right. One
/// that is not UTF-8 is empty: it counts, so that none before it, which anyone can have
/// sent, moves into its place.
fn forwarded<'r>(request: &'r Request, name: &'static str, proxies: usize) -> Option<&'r str> {
    let from_right = proxies.checked_sub(1)?;
    let lines: Vec<&[u8]> = request.header_lines(name).collect();
    let item = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')).nth(from_right)?;
    Some(std::str::from_utf8(item).unwrap_or_default().trim())
}

/// Scheme and host as the client addressed them.
pub(crate) fn origin<'r>(request: &'r Request, config: &Config) -> Origin<'r> {
    let proxies = config.trusted_proxies;
    let https = match forwarded(request, "x-forwarded-proto", proxies) {
        _ if config.https_only => true,
        Some(scheme) => scheme.eq_ignore_ascii_case("https"),
        None => request.is_https(),
    };
    let host = forwarded(request, "x-forwarded-host", proxies).or_else(|| request.header("host"));
    Origin::new(if https { "https" } else { "http" }, host.unwrap_or_default())
}

/// The user agent; several lines are joined as WSGI joins them.
pub(crate) fn user_agent(request: &Request) -> Option<Cow<'_, [u8]>> {
    let (first, others) = request.user_agents()?;
    let mut agent = Cow::Borrowed(first);
    for line in others {
        let joined = agent.to_mut();
        joined.push(b',');
        joined.extend_from_slice(line);
    }
    Some(agent)
}

/// Flask-Login's session identifier: the hex SHA-512 of Python's `repr` of
/// address and user agent, joined by `|`.
pub(crate) fn flask_identifier(address: Option<IpAddr>, user_agent: Option<&[u8]>) -> String {
    let address = address.map(|address| address.to_string());
    // Werkzeug reads headers as Latin-1; Flask-Login writes that text as UTF-8.
    let agent = user_agent.map(|agent| agent.iter().map(|byte| char::from(*byte)).collect::<String>());
    let mut text = String::with_capacity(64 + agent.as_ref().map_or(0, String::len));
    python_repr(address.as_deref(), &mut text);
    text.push('|');
    python_repr(agent.as_deref(), &mut text);
    hex(&Sha512::digest(text))
}

/// Lower-case hexadecimal digits, two for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(nibbles.map(|nibble| char::from_digit(u32::from(nibble), 16).unwrap_or_default()));
    text
}

/// What Python shows of a byte string, or `None`.
fn python_repr(bytes: Option<&str>, out: &mut String) {
    let Some(bytes) = bytes else { return out.push_str("None") };
    let quote = if bytes.contains('\'') && !bytes.contains('"') { '"' } else { '\'' };
    out.push('b');
    out.push(quote);
    for byte in bytes.bytes() {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b' '..=b'~' => {
                let c = char::from(byte);
                if c == quote {
                    out.push('\\');
                }
                out.push(c);
            }
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push(quote);
}

/// Whether `Accept` asks for JSON rather than for a page: `application/json` or
/// `+json` above `text/html`. Wildcards say nothing (RFC 9110, 12.5.1).
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

/// A quality value in thousandths; what is none counts as nothing.
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
        assert_eq!(address(&unreadable, 2), None, "not what the client sent before it");
        let behind = |trusted_proxies| Config { trusted_proxies, ..Config::default() };
        assert_eq!(origin(&unreadable.with_header("host", b"inner"), &behind(1)).host, "");
        assert_eq!(origin(&request, &behind(0)).scheme, "http");
        assert_eq!(origin(&request, &behind(1)).scheme, "http");
        assert_eq!(origin(&request, &behind(2)).scheme, "https");
        assert_eq!(origin(&request, &behind(2)).host, "inner");
        assert_eq!(origin(&request, &Config { https_only: true, ..behind(1) }).scheme, "https");
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

    #[test]
    fn control_characters_are_shown_as_python_shows_them() {
        let mut shown = String::new();
        python_repr(Some("a\t\n\r\\\u{1}'é"), &mut shown);
        assert_eq!(shown, r#"b"a\t\n\r\\\x01'\xc3\xa9""#);
    }
}
