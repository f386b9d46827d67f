//! Addresses: where a redirect may lead, and the login view's address.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a query value may hold unescaped (Python's `quote_plus`).
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b' ');

/// What a Location header cannot hold.
const LOCATION: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Name and value of each pair, decoded; a value that is not UTF-8 is an error
/// that holds what is left of it.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (String, Result<String, String>)> + '_ {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name).unwrap_or_else(|lossy| lossy), decode(value))
    })
}

fn decode(text: &str) -> Result<String, String> {
    let text = text.replace('+', " ");
    let bytes = percent_decode_str(&text);
    match bytes.clone().decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(bytes.decode_utf8_lossy().into_owned()),
    }
}

fn encode_into(text: &str, query: &mut String) {
    query.push_str(&utf8_percent_encode(text, QUERY_VALUE).to_string().replace(' ', "+"));
}

/// Scheme, authority and the rest of an address, as far as they are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts<'u> {
    pub(crate) scheme: Option<&'u str>,
    pub(crate) authority: Option<&'u str>,
    pub(crate) path: &'u str,
    pub(crate) query: Option<&'u str>,
    pub(crate) fragment: Option<&'u str>,
}

pub(crate) fn split(url: &str) -> Parts<'_> {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(u, f)| (u, Some(f)));
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, _)) if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            (Some(scheme), url.get(scheme.len() + 1..).unwrap_or_default())
        }
        _ => (None, url),
    };
    let (authority, rest) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, rest) = rest.split_at(end);
            (Some(authority), rest)
        }
        None => (None, rest),
    };
    let (path, query) = rest.split_once('?').map_or((rest, None), |(p, q)| (p, Some(q)));
    Parts { scheme, authority, path, query, fragment }
}

/// Whether a view's address is one: a path, or a whole `http(s)` address.
pub(crate) fn is_view(url: &str) -> bool {
    let parts = split(url);
    let has_no_break = url.bytes().all(|b| b > b' ' && b != 0x7f && b != b'\\');
    has_no_break
        && match (parts.scheme, parts.authority) {
            (None, None) => parts.path.starts_with('/'),
            (Some("http" | "https"), Some(authority)) => !authority.is_empty(),
            _ => false,
        }
}

/// This site, as the request addressed it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'o> {
    pub(crate) scheme: &'o str,
    pub(crate) host: &'o str,
}

impl<'o> Origin<'o> {
    pub(crate) fn new(scheme: &'o str, host: &'o str) -> Self {
        Self { scheme, host: without_default_port(scheme, host) }
    }

    fn is(&self, parts: &Parts<'_>) -> bool {
        let host = parts.authority.map(|authority| without_default_port(self.scheme, authority));
        parts.scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(self.scheme))
            && host.is_none_or(|host| host.eq_ignore_ascii_case(self.host))
    }
}

/// The port that a scheme has anyway says nothing (RFC 3986, 6.2.3).
fn without_default_port<'h>(scheme: &str, host: &'h str) -> &'h str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}

/// Whether a redirect to `url` stays on this site, whatever the browser makes of it.
///
/// It does where `url` is a path that begins with exactly one slash, or a whole
/// address of the request's own scheme and host. Backslashes and control
/// characters are refused anywhere: browsers read the one as a slash and drop
/// some of the others.
pub(crate) fn stays_here(url: &str, here: Origin<'_>) -> bool {
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

/// An address as a Location header can hold it, percent-escapes kept as they are.
pub(crate) fn to_location(url: &str) -> String {
    utf8_percent_encode(url, LOCATION).to_string()
}

/// What `next` says: the path of the refused request where the view is on this
/// site, else its whole address, if the request named its host.
pub(crate) fn next_param(view: &str, here: Origin<'_>, target: &str) -> String {
    if here.host.is_empty() || here.is(&split(view)) {
        target.to_owned()
    } else {
        format!("{}://{}{target}", here.scheme, here.host)
    }
}

/// The login view's address with another host where one is forced, and with
/// `next` in its query.
pub(crate) fn login_url(view: &str, forced_host: Option<&str>, next: Option<&str>) -> String {
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

/// The query with `next` set, in place of any that it had; values of one name
/// stand together, as Python's `parse_qs` and `urlencode` leave them.
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

/// Whether `path` is the prefix or lies below it.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Origin<'_> = Origin { scheme: "https", host: "example.com:8443" };

    #[test]
    fn only_letters_and_digits_are_a_scheme() {
        for (url, scheme) in [
            ("https://a/b", Some("https")),
            ("://a/b", None),
            ("/in?u=http://a/b", None),
            ("a b://c", None),
            ("a:b", None),
        ] {
            assert_eq!(split(url).scheme, scheme, "{url}");
        }
        assert!(is_view("/in?u=http://a.example/") && !is_view("://a.example/"));
    }

    #[test]
    fn only_this_site_is_this_site() {
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
            assert!(stays_here(good, HERE), "{good}");
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
            assert!(!stays_here(bad, HERE), "{bad}");
        }
    }

    #[test]
    fn a_location_keeps_escapes_and_escapes_the_rest() {
        assert_eq!(to_location("/a%20b c?é=<x>"), "/a%20b%20c?%C3%A9=%3Cx%3E");
    }

    #[test]
    fn next_is_encoded_once_and_replaces_an_older_one() {
        assert_eq!(
            login_url("/in?lang=eo&next=old&lang=en#form", None, Some("/r?a=1&b=%26%20x +~")),
            "/in?lang=eo&lang=en&next=%2Fr%3Fa%3D1%26b%3D%2526%2520x+%2B~#form"
        );
        assert_eq!(login_url("/in?a", None, Some("/")), "/in?a=&next=%2F");
        assert_eq!(login_url("/in", Some("new.example.com"), None), "//new.example.com/in");
        assert_eq!(
            login_url("https://old.example.com", Some("new.example.com"), Some("/")),
            "https://new.example.com?next=%2F"
        );
    }

    #[test]
    fn next_is_a_path_where_the_view_is_here() {
        assert_eq!(next_param("/in", HERE, "/x?y"), "/x?y");
        assert_eq!(next_param("https://example.com:8443/in", HERE, "/x"), "/x");
        assert_eq!(next_param("http://example.com:8443/in", HERE, "/x"), "https://example.com:8443/x");
        assert_eq!(next_param("https://sso.example.com/in", HERE, "/x"), "https://example.com:8443/x");
        assert_eq!(next_param("https://sso.example.com/in", Origin::new("http", ""), "/x"), "/x");
    }

    #[test]
    fn a_default_port_is_none() {
        for (scheme, host, url, is_here) in [
            ("http", "example.com:80", "http://example.com/x", true),
            ("http", "example.com", "http://example.com:80/x", true),
            ("https", "example.com:443", "https://example.com/x", true),
            ("https", "example.com:80", "https://example.com/x", false),
            ("http", "example.com:443", "http://example.com/x", false),
            ("http", "example.com", "http://example.com:8080/x", false),
            ("http", "[::1]:80", "http://[::1]/x", true),
        ] {
            assert_eq!(stays_here(url, Origin::new(scheme, host)), is_here, "{host} {url}");
        }
    }

    #[test]
    fn views_are_paths_or_whole_addresses() {
        assert!(is_view("/in") && is_view("https://a/in?x#y") && is_view("http://a"));
        for bad in ["", "in", "//a/in", "https:///in", "ftp://a/in", "/in\n", "/a b", "\\in", "javascript://a"] {
            assert!(!is_view(bad), "{bad}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        assert!(is_below("/admin", "/admin") && is_below("/admin/x", "/admin/") && is_below("/x", "/"));
        assert!(!is_below("/administrator", "/admin") && !is_below("/", "/admin"));
    }
}
