//! Cross-site requests: whether another site's page sent a request.

use crate::request::head::RequestHead;
use crate::request::host::is_same_origin;
use crate::request::url::{self, Origin};
use crate::request::view::Request;

/// Whether to refuse this request, because another site's page sent it and it may change
/// something.
///
/// The rules are those of Go's `http.CrossOriginProtection`, with two additions:
///
/// 1. GET, HEAD and OPTIONS requests change nothing and are accepted. (Addition: a WebSocket
///    handshake is a GET that must still be checked. Another site's page can open one with its
///    visitor's cookies and read the answers.)
/// 2. A request from a `trusted` origin (`https://app.example.com`) is accepted.
/// 3. (Addition: so is a request with [credentials of its own](has_own_credentials).)
/// 4. `Sec-Fetch-Site` must be `same-origin` or `none`. Browsers set it, and pages cannot
///    change it.
/// 5. Without `Sec-Fetch-Site`, `Origin` must name the host of this site.
/// 6. A request with neither header does not come from a page in a browser.
///
/// This covers what `SameSite=Lax` does not: another site's form that logs its visitor in
/// as someone else, and requests from sibling subdomains.
pub(crate) fn is_refused(request: &Request, here: Origin<'_>, trusted: &[String]) -> bool {
    if is_safe(request.method()) && !request.header_lines("upgrade").any(names_websocket) {
        return false;
    }
    let is_cross_origin = is_cross_origin(request, here).unwrap_or(false);
    is_cross_origin && !is_trusted(request, trusted) && !has_own_credentials(request)
}

/// Whether another site's page sent this request, by a link too. Browsers that send neither
/// header with a link name the page in `Referer`.
pub(crate) fn is_from_another_site(request: &Request, here: Origin<'_>) -> bool {
    is_cross_origin(request, here).unwrap_or_else(|| {
        let page = request.header("referer").map(url::split);
        let is_elsewhere = |host, page: &url::Parts<'_>| !here.has_host(page.scheme.unwrap_or(here.scheme), host);
        page.is_some_and(|page| page.authority.is_some_and(|host| is_elsewhere(host, &page)))
    })
}

/// Whether `Sec-Fetch-Site` or `Origin` says that a page of another origin sent the request.
/// `None` if neither says anything. Each line of a doubled header counts.
fn is_cross_origin(request: &Request, here: Origin<'_>) -> Option<bool> {
    let mut sites = request.header_lines("sec-fetch-site").filter(|site| !site.is_empty()).peekable();
    if sites.peek().is_some() {
        return Some(!sites.all(|site| matches!(site, b"same-origin" | b"none")));
    }
    let mut origins = request.header_lines("origin").peekable();
    origins.peek()?;
    Some(!origins.all(|origin| names_host(origin, here)))
}

/// The `Origin` of a request, if it is text.
pub(crate) fn origin(request: &Request) -> Option<&str> {
    std::str::from_utf8(request.header_lines("origin").next()?).ok()
}

fn is_trusted(request: &Request, trusted: &[String]) -> bool {
    let is_only = request.header_lines("origin").count() == 1;
    is_only && origin(request).is_some_and(|origin| trusted.iter().any(|each| is_same_origin(each, origin)))
}

/// The schemes of `Authorization` whose credentials a browser sends again by itself, with
/// requests of other sites' pages too.
const SENT_BY_BROWSERS: [&str; 4] = ["basic", "digest", "negotiate", "ntlm"];

/// Whether a request carries credentials that only its sender can have added, such as a bearer
/// token. Another site's page cannot add the header unless the server allows it by CORS.
fn has_own_credentials(request: &Request) -> bool {
    let mut lines = request.header_lines("authorization").peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            let scheme = line.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default();
            !scheme.is_empty() && !SENT_BY_BROWSERS.iter().any(|each| scheme.eq_ignore_ascii_case(each.as_bytes()))
        })
}

/// Whether [`is_refused`] has anything to check in this request.
pub(crate) fn needs_check(head: &impl RequestHead) -> bool {
    let mut needs_check = !is_safe(head.method());
    if !needs_check {
        needs_check = head.lines("upgrade").any(|line| names_websocket(&line));
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

/// Whether an origin is on the host of this site. Its scheme is not compared, because a proxy
/// may hide that this site has HTTPS.
fn names_host(origin: &[u8], here: Origin<'_>) -> bool {
    let named = std::str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://"));
    named.is_some_and(|(scheme, host)| here.has_host(scheme, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Origin<'_> = Origin { scheme: "http", host: "example.com" };

    #[test]
    fn only_this_sites_pages_open_a_websocket() {
        let open = |upgrade: &str, name: &str, value: &str| {
            let request = Request::new("GET", "/").with_header("host", b"example.com");
            let request = request.with_header("Upgrade", upgrade.as_bytes()).with_header(name, value.as_bytes());
            is_refused(&request, HERE, &[])
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
        let trusted = ["https://app.example.com", "app://x"].map(str::to_owned);
        for (method, site, origin, cross) in [
            ("GET", Some("cross-site"), Some("https://evil.com"), false),
            ("POST", Some("same-origin"), None, false),
            ("POST", Some("none"), None, false),
            ("POST", Some("same-site"), None, true),
            ("POST", Some("cross-site"), None, true),
            ("POST", Some("cross-site"), Some("https://app.example.com"), false),
            ("POST", Some("cross-site"), Some("https://App.Example.com"), false),
            ("POST", Some("cross-site"), Some("https://app.example.com:443"), false),
            ("POST", Some("cross-site"), Some("https://app.example.com:444"), true),
            ("POST", Some("cross-site"), Some("http://app.example.com"), true),
            ("POST", Some("cross-site"), Some("app://x"), false),
            ("POST", None, Some("app://y"), true),
            ("POST", Some("x"), None, true),
            ("POST", None, None, false),
            ("POST", None, Some("https://example.com"), false),
            ("POST", None, Some("https://example.com:443"), false),
            ("POST", None, Some("https://EXAMPLE.com"), false),
            ("POST", None, Some("https://example.com."), true),
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
            assert_eq!(is_refused(&request, HERE, &trusted), cross, "{method} {site:?} {origin:?}");
        }
    }

    #[test]
    fn a_request_with_its_own_credentials_is_not_refused() {
        for (authorization, is_refused) in [
            (&["Bearer x"][..], false),
            (&["bearer"], false),
            (&["Token x"], false),
            (&["AWS4-HMAC-SHA256 Credential=x"], false),
            (&["Basic YTpi"], true),
            (&["DIGEST username=x"], true),
            (&["negotiate x"], true),
            (&["NTLM x"], true),
            (&[""], true),
            (&[], true),
            (&["Bearer x", "Basic YTpi"], true),
        ] {
            let request = Request::new("POST", "/").with_header("sec-fetch-site", b"cross-site");
            let request = authorization
                .iter()
                .fold(request, |request, value| request.with_header("Authorization", value.as_bytes()));
            assert_eq!(super::is_refused(&request, HERE, &[]), is_refused, "{authorization:?}");
        }
    }

    #[test]
    fn a_link_on_another_site_comes_from_there() {
        let get =
            |name: &str, value: &[u8]| is_from_another_site(&Request::new("GET", "/").with_header(name, value), HERE);
        assert!(get("sec-fetch-site", b"cross-site") && get("sec-fetch-site", b"same-site") && get("origin", b"null"));
        assert!(!get("sec-fetch-site", b"none") && !get("origin", b"http://example.com") && !get("accept", b"*/*"));
        assert!(get("referer", b"https://evil.com/page") && !get("referer", b"https://example.com/page"));
        let doubled = Request::new("POST", "/").with_header("sec-fetch-site", b"same-origin");
        assert!(is_refused(&doubled.with_header("sec-fetch-site", b"cross-site"), HERE, &[]));
        let referred = Request::new("POST", "/").with_header("referer", b"https://evil.com/page");
        assert!(!is_refused(&referred, HERE, &[]), "a `Referer` refuses nothing");
    }
}
