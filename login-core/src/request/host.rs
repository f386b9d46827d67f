//! Hosts and ports, compared as URLs compare them.

use std::net::Ipv6Addr;

/// A host with its port, as in a URL or a Host header.
///
/// Two are equal if a URL with one is the same origin as a URL with the other: case, the
/// scheme's default port, and the zone and spelling of an address do not count (RFC 3986, 6.2;
/// RFC 6874). A trailing dot counts: browsers keep other cookies for such a host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host<'h> {
    name: Name<'h>,
    /// `None` is the default port of the scheme.
    port: Option<u16>,
}

#[derive(Debug, Clone, Copy)]
enum Name<'h> {
    /// A domain name or an IPv4 address.
    Domain(&'h str),
    V6(Ipv6Addr),
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.port == other.port
            && match (self.name, other.name) {
                (Name::Domain(a), Name::Domain(b)) => a.eq_ignore_ascii_case(b),
                (Name::V6(a), Name::V6(b)) => a == b,
                (Name::Domain(_), Name::V6(_)) | (Name::V6(_), Name::Domain(_)) => false,
            }
    }
}

impl<'h> Host<'h> {
    /// The host and port in a URL with this scheme. `None` if `text` is anything else, such as
    /// a host with a user name before it.
    pub(crate) fn parse(scheme: &str, text: &'h str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                let bare = address.split_once('%').map_or(address, |(bare, _)| bare);
                (Name::V6(bare.parse().ok()?), port)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                let (name, port) = text.split_at_checked(end)?;
                let is_domain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
                (Name::Domain(Some(name).filter(|name| is_domain && !name.is_empty())?), port)
            }
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            None => return None,
            Some("") => None,
            // `parse` alone would accept a plus sign, and no one writes zeros before a port.
            Some(digits) if digits.starts_with(|first: char| matches!(first, '1'..='9')) => Some(digits.parse().ok()?),
            Some(_) => return None,
        };
        Some(Self { name, port: port.filter(|port| Some(*port) != default_port(scheme)) })
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("https") || is("wss") {
        Some(443)
    } else if is("http") || is("ws") {
        Some(80)
    } else {
        None
    }
}

/// Whether two texts `scheme://host[:port]` name the same origin.
pub(crate) fn is_same_origin(a: &str, b: &str) -> bool {
    let parts = |origin| {
        let (scheme, host) = str::split_once(origin, "://").filter(|(scheme, _)| is_scheme(scheme))?;
        Host::parse(scheme, host).map(|host| (scheme, host))
    };
    match (parts(a), parts(b)) {
        (Some((scheme_a, host_a)), Some((scheme_b, host_b))) => {
            scheme_a.eq_ignore_ascii_case(scheme_b) && host_a == host_b
        }
        _ => false,
    }
}

/// Whether `text` is an origin: a scheme and a host, with an optional port. The scheme may be
/// one of an application's own (RFC 3986, 3.1).
pub(crate) fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| is_scheme(scheme) && Host::parse(scheme, host).is_some())
}

/// Whether `text` can be a scheme (RFC 3986, 3.1).
pub(crate) fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_as_urls_compare_them() {
        for (scheme, a, b, is_same) in [
            ("http", "example.com:80", "Example.com", true),
            ("https", "example.com:443", "example.com:", true),
            ("https", "example.com.:443", "EXAMPLE.com.", true),
            ("https", "example.com", "example.com.", false),
            ("https", "example.com:80", "example.com", false),
            ("http", "example.com:443", "example.com", false),
            ("http", "example.com:8080", "example.com", false),
            ("http", "[::1]:80", "[0:0:0:0:0:0:0:1]", true),
            ("http", "[fe80::1%25eth0]", "[FE80::1]", true),
            ("http", "[fe80::1%eth0]:81", "[fe80::1]:81", true),
            ("http", "[::1]", "[::2]", false),
            ("http", "127.0.0.1", "127.0.0.1:80", true),
            ("app", "-", "-", true),
            ("app", "x:80", "x", false),
        ] {
            let parse = |text| Host::parse(scheme, text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(parse(a) == parse(b), is_same, "{scheme} {a} {b}");
        }
    }

    #[test]
    fn what_is_no_host_is_none() {
        for bad in [
            "",
            ":80",
            "a b",
            "user@a",
            "a:b",
            "a:65536",
            "a:+80",
            "a:080",
            "a:80:80",
            "[::1",
            "[::1]x",
            "[x]",
            "::1",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a%2e",
            "é.example",
            "a\n",
        ] {
            assert!(Host::parse("http", bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn an_origin_may_have_a_scheme_of_its_own() {
        for good in ["https://a", "http://a:80", "chrome-extension://abc", "app://-", "tauri+x.y://localhost:1"] {
            assert!(is_origin(good) && is_same_origin(good, &good.to_uppercase()), "{good}");
        }
        for bad in
            ["", "a", "null", "https://", "https://a/", "://a", "1a://b", "a b://c", "https://a?x", "https://u@a"]
        {
            assert!(!is_origin(bad) && !is_same_origin(bad, bad), "{bad}");
        }
        assert!(is_same_origin("https://a:443", "https://A") && !is_same_origin("https://a", "http://a"));
        assert!(!is_same_origin("app://x:80", "app://x"));
    }
}
