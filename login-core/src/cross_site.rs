//! Cross-site requests: whether a request that changes something came from here.

use crate::request::Request;

/// Whether a request was sent by another site's page.
///
/// The check is that of Go's `http.CrossOriginProtection`: GET, HEAD and OPTIONS
/// change nothing and pass. Else `Sec-Fetch-Site`, which browsers set and pages
/// cannot, must be `same-origin` or `none`; where it is missing, an `Origin` must
/// name the host that was asked. A request with neither does not come from a
/// browser's page. `trusted` origins (`https://app.example.com`) pass.
///
/// This covers what `SameSite=Lax` does not: a login form that another site sends
/// to log its visitor in as someone else, and requests from sibling subdomains.
#[must_use]
pub fn is_cross_site(request: &Request, trusted: &[String]) -> bool {
    is_cross_site_to(request, request.header("host").unwrap_or_default(), trusted)
}

/// The same, for a server that its clients know as this host.
pub(crate) fn is_cross_site_to(request: &Request, host: &str, trusted: &[String]) -> bool {
    if is_safe(request.method()) {
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

/// Whether requests of this method change nothing.
pub(crate) fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

fn names_host(origin: &[u8], host: &str) -> bool {
    let named = std::str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://"));
    named.is_some_and(|(_, named)| !host.is_empty() && named.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

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
