//! Redirects: which of them stay on this site, and the URL of the login view.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::request::url::{Origin, query_pairs, split};

/// The characters that must be escaped in a query value (as in Python's `quote_plus`).
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b' ');

/// The characters that must be escaped in a Location header.
const LOCATION: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Whether a redirect to `url` stays on this site in every browser.
///
/// `url` must be a path that begins with exactly one slash, or a complete URL with the
/// request's own scheme and host. Backslashes and control characters are not allowed:
/// browsers treat a backslash as a slash and remove some control characters.
pub(crate) fn is_same_site(url: &str, here: Origin<'_>) -> bool {
    if url.bytes().any(|b| b < b' ' || b == 0x7f || b == b'\\') {
        return false;
    }
    if url.starts_with('/') {
        return !url.starts_with("//");
    }
    let parts = split(url);
    parts.scheme.is_some()
        && parts.authority.is_some_and(|authority| !authority.is_empty())
        && here.is(&parts)
        && !parts.path.starts_with("//")
}

/// The URL as the value of a Location header. Existing percent-escapes stay as they are.
pub(crate) fn to_location(url: &str) -> String {
    utf8_percent_encode(url, LOCATION).to_string()
}

/// The value of `next`: the target of the refused request if the view is on this site,
/// and its complete URL otherwise. A request without a host has no complete URL.
pub(crate) fn next_param(view: &str, here: Origin<'_>, target: &str) -> String {
    if here.host.is_empty() || here.is(&split(view)) { target.to_owned() } else { here.url_of(target) }
}

/// The URL of the login view, with the forced host and with `next` in its query. A view that
/// is only a path is below `base`.
pub(crate) fn login_url(base: &str, view: &str, forced_host: Option<&str>, next: Option<&str>) -> String {
    let parts = split(view);
    let mut url = String::with_capacity(view.len() + next.map_or(0, |next| next.len() * 2) + 8);
    if let Some(scheme) = parts.scheme {
        url.push_str(scheme);
        url.push(':');
    }
    if let Some(host) = forced_host.or(parts.authority) {
        url.push_str("//");
        url.push_str(host);
    }
    if parts.authority.is_none() {
        url.push_str(base);
    }
    url.push_str(parts.path);
    match next {
        Some(next) => {
            url.push('?');
            with_next(parts.query.unwrap_or_default(), next, &mut url);
        }
        None => {
            if let Some(query) = parts.query {
                url.push('?');
                url.push_str(query);
            }
        }
    }
    if let Some(fragment) = parts.fragment {
        url.push('#');
        url.push_str(fragment);
    }
    url
}

/// The query with `next` set, instead of any `next` that it had. Values with the same
/// name are grouped, as Python's `parse_qs` and `urlencode` do it.
fn with_next(query: &str, next: &str, url: &mut String) {
    let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in query_pairs(query) {
        let value = value.unwrap_or_else(|lossy| lossy);
        match grouped.iter_mut().find(|(each, _)| *each == name) {
            Some((_, values)) => values.push(value),
            None => grouped.push((name, vec![value])),
        }
    }
    match grouped.iter_mut().find(|(name, _)| name == "next") {
        Some((_, values)) => *values = vec![next.to_owned()],
        None => grouped.push(("next".to_owned(), vec![next.to_owned()])),
    }
    let mut encoded = String::new();
    for (name, values) in &grouped {
        for value in values {
            if !encoded.is_empty() {
                encoded.push('&');
            }
            encode_into(name, &mut encoded);
            encoded.push('=');
            encode_into(value, &mut encoded);
        }
    }
    url.push_str(&encoded);
}

fn encode_into(text: &str, query: &mut String) {
    query.push_str(&utf8_percent_encode(text, QUERY_VALUE).to_string().replace(' ', "+"));
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Origin<'_> = Origin { scheme: "https", host: "example.com:8443" };

    #[test]
    fn only_this_site_is_accepted() {
        for good in [
            "/",
            "/a?b=//c",
            "/a//b",
            "/%5Cevil.com",
            "/é",
            "/a b",
            "https://example.com:8443/x",
            "https://EXAMPLE.com:8443",
            "/?u=http://evil.com",
            "/@evil.com",
            "/:80",
        ] {
            assert!(is_same_site(good, HERE), "{good}");
        }
        for bad in [
            "",
            "//evil.com",
            "///evil.com",
            "/\\evil.com",
            "\\/evil.com",
            "\\\\evil.com",
            "http://example.com:8443/",
            "https://evil.com",
            "https://example.com",
            "https://example.com:8443@evil.com/",
            "https://user@example.com:8443/",
            "https:evil.com",
            "https:/evil.com",
            "https:///evil.com",
            "javascript:alert(1)",
            "data:text/html,x",
            " //evil.com",
            "\t//evil.com",
            "/\t/evil.com",
            "/\n/evil.com",
            "/a\r\nSet-Cookie: x",
            "/\u{0}",
            "a",
            "?a",
            "#a",
            "evil.com",
            "..//evil.com",
            "https://example.com:8443.evil.com/",
            "https://example.com:8443\\.evil.com/",
            "ftp://example.com:8443/",
            "/a\u{7f}",
            "https://example.com:8443//evil.com",
        ] {
            assert!(!is_same_site(bad, HERE), "{bad}");
        }
    }

    #[test]
    fn a_location_keeps_escapes_and_escapes_the_rest() {
        assert_eq!(to_location("/a%20b c?é=<x>"), "/a%20b%20c?%C3%A9=%3Cx%3E");
    }

    #[test]
    fn next_is_encoded_once_and_replaces_an_older_one() {
        assert_eq!(
            login_url("", "/in?lang=eo&next=old&lang=en#form", None, Some("/r?a=1&b=%26%20x +~")),
            "/in?lang=eo&lang=en&next=%2Fr%3Fa%3D1%26b%3D%2526%2520x+%2B~#form"
        );
        assert_eq!(login_url("", "/in?a", None, Some("/")), "/in?a=&next=%2F");
        assert_eq!(login_url("", "/in", Some("new.example.com"), None), "//new.example.com/in");
        assert_eq!(login_url("/app", "/in?x", None, Some("/app/r")), "/app/in?x=&next=%2Fapp%2Fr");
        assert_eq!(
            login_url("/app", "https://old.example.com", Some("new.example.com"), Some("/")),
            "https://new.example.com?next=%2F"
        );
    }

    #[test]
    fn next_is_a_path_if_the_view_is_on_this_site() {
        assert_eq!(next_param("/in", HERE, "/x?y"), "/x?y");
        assert_eq!(next_param("https://example.com:8443/in", HERE, "/x"), "/x");
        assert_eq!(next_param("http://example.com:8443/in", HERE, "/x"), "https://example.com:8443/x");
        assert_eq!(next_param("https://sso.example.com/in", HERE, "/x"), "https://example.com:8443/x");
        assert_eq!(next_param("https://sso.example.com/in", Origin { scheme: "http", host: "" }, "/x"), "/x");
    }

    #[test]
    fn a_default_port_is_none() {
        for (scheme, host, url, is_same) in [
            ("http", "example.com:80", "http://example.com/x", true),
            ("http", "example.com", "http://example.com:80/x", true),
            ("https", "example.com:443", "https://example.com/x", true),
            ("https", "example.com:80", "https://example.com/x", false),
            ("http", "example.com:443", "http://example.com/x", false),
            ("http", "example.com", "http://example.com:8080/x", false),
            ("http", "[::1]:80", "http://[::1]/x", true),
        ] {
            assert_eq!(is_same_site(url, Origin { scheme, host }), is_same, "{host} {url}");
        }
    }
}
