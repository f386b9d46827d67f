//! Cross-site requests: whether a request that changes something came from here.

use crate::head::RequestHead;
use crate::request::Request;

/// Whether a request was sent by another site's page.
///
/// The check is that of Go's `http.CrossOriginProtection`: GET, HEAD and OPTIONS
/// change nothing and pass, except for a WebSocket's handshake: another site's page can
/// open one with its visitor's cookies, and read what is answered. Else `Sec-Fetch-Site`,
/// which browsers set and pages cannot, must be `same-origin` or `none`; where it is
/// missing, an `Origin` must name the host that was asked. A request with neither does not
/// come from a browser's page. `trusted` origins (`https://app.example.com`) pass.
///
/// This covers what `SameSite=Lax` does not: a login form that another site sends
/// to log its visitor in as someone else, and requests from sibling subdomains.
#[must_use]
pub fn is_cross_site(request: &Request, trusted: &[String]) -> bool {
    is_cross_site_to(request, request.header("host").unwrap_or_default(), trusted)
}

/// The same, for a server that its clients know as this host.
pub(crate) fn is_cross_site_to(request: &Request, host: &str, trusted: &[String]) -> bool {
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

/// Whether a request may be one that [`is_cross_site_to`] does not let pass unseen.
pub(crate) fn is_checked(head: &impl RequestHead) -> bool {
    let mut is_checked = !is_safe(head.method());
    if !is_checked {
        head.lines("upgrade", |line| is_checked |= names_websocket(line));
    }
    is_checked
}

/// Whether requests of this method change nothing.
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
    fn a_websocket_is_opened_by_this_sites_own_pages() {
        let open = |upgrade: &str, name: &str, value: &str| {
            let request = Request::new("GET", "/").with_header("host", b"example.com");
            let request = request.with_header("Upgrade", upgrade.as_bytes()).with_header(name, value.as_bytes());
            is_cross_site(&request, &[])
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
            assert_eq!(is_cross_site(&request, &trusted), cross, "{method} {site:?} {origin:?}");
        }
    }
}
