//! Cross-site requests: whether another site's page sent a request.

use crate::request::head::RequestHead;
use crate::request::view::Request;

/// Whether another site's page sent this request to `host`.
///
/// The rules are those of Go's `http.CrossOriginProtection`:
///
/// 1. GET, HEAD and OPTIONS requests change nothing and are accepted. A WebSocket
///    handshake is a GET that must still be checked: another site's page can open one
///    with its visitor's cookies and read the answers.
/// 2. A request from a `trusted` origin (`https://app.example.com`) is accepted.
/// 3. `Sec-Fetch-Site` must be `same-origin` or `none`. Browsers set it, and pages cannot
///    change it.
/// 4. Without `Sec-Fetch-Site`, `Origin` must name `host`.
/// 5. A request with neither header does not come from a page in a browser.
///
/// This covers what `SameSite=Lax` does not: another site's form that logs its visitor in
/// as someone else, and requests from sibling subdomains.
pub(crate) fn is_cross_site(request: &Request, host: &str, trusted: &[String]) -> bool {
    if is_safe(request.method()) && !request.header_lines("upgrade").any(names_websocket) {
        return false;
    }
    let mut origins = request.header_lines("origin");
    let origin = origins.next();
    let is_trusted =
        origin.is_some_and(|origin| trusted.iter().any(|each| each.as_bytes().eq_ignore_ascii_case(origin)));
    if is_trusted && origins.next().is_none() {
        return false;
    }
    match request.header_lines("sec-fetch-site").next() {
        Some(b"same-origin" | b"none") => false,
        Some(b"") | None => origin.is_some_and(|origin| !names_host(origin, host)),
        Some(_) => true,
    }
}

/// Whether [`is_cross_site`] has anything to check in this request.
pub(crate) fn needs_check(head: &impl RequestHead) -> bool {
    let mut needs_check = !is_safe(head.method());
    if !needs_check {
        head.for_each_line("upgrade", |line| needs_check |= names_websocket(line));
    }
    needs_check
}

/// Whether requests with this method change nothing (RFC 9110, 9.2.1).
fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// Whether a line of an Upgrade header asks for a WebSocket (RFC 6455, 4.1).
fn names_websocket(line: &[u8]) -> bool {
    line.split(|byte| *byte == b',').any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

fn names_host(origin: &[u8], host: &str) -> bool {
    let named = std::str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://"));
    named.is_some_and(|(_, named)| !host.is_empty() && named.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_sites_pages_open_a_websocket() {
        let open = |upgrade: &str, name: &str, value: &str| {
            let request = Request::new("GET", "/").with_header("host", b"example.com");
            let request = request.with_header("Upgrade", upgrade.as_bytes()).with_header(name, value.as_bytes());
            is_cross_site(&request, "example.com", &[])
        };
        for upgrade in ["websocket", "h2c, WebSocket"] {
            assert!(open(upgrade, "origin", "https://evil.com") && open(upgrade, "sec-fetch-site", "cross-site"));
            assert!(!open(upgrade, "origin", "https://example.com") && !open(upgrade, "accept", "*/*"));
        }
        for upgrade in ["h2c", "websocket-not", ""] {
            assert!(!open(upgrade, "origin", "https://evil.com"), "{upgrade}");
        }
    }

    #[test]
    fn the_table_of_cases() {
        let trusted = ["https://app.example.com".to_owned()];
        for (method, site, origin, cross) in [
            ("GET", Some("cross-site"), Some("https://evil.com"), false),
            ("POST", Some("same-origin"), None, false),
            ("POST", Some("none"), None, false),
            ("POST", Some("same-site"), None, true),
            ("POST", Some("cross-site"), None, true),
            ("POST", Some("cross-site"), Some("https://app.example.com"), false),
            ("POST", Some("cross-site"), Some("https://App.Example.com"), false),
            ("POST", Some("x"), None, true),
            ("POST", None, None, false),
            ("POST", None, Some("https://example.com"), false),
            ("POST", None, Some("https://example.com:444"), true),
            ("POST", None, Some("https://evil.com"), true),
            ("POST", None, Some("null"), true),
            ("POST", Some("same-origin"), Some("https://evil.com"), false),
            ("post", Some("cross-site"), None, true),
            ("DELETE", Some("cross-site"), None, true),
        ] {
            let mut request = Request::new(method, "/").with_header("Host", b"example.com");
            for (name, value) in [("Sec-Fetch-Site", site), ("Origin", origin)] {
                if let Some(value) = value {
                    request.push_header(name, value.as_bytes());
                }
            }
            assert_eq!(is_cross_site(&request, "example.com", &trusted), cross, "{method} {site:?} {origin:?}");
        }
    }
}
