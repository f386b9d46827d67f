//! URLs, and the parts that they have.

use percent_encoding::percent_decode_str;

use crate::request::host::{Host, is_scheme};

/// The decoded name and value of each pair. A value that is not UTF-8 is an error that
/// contains the value with replacement characters.
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

/// The parts of a URL.
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
        Some((scheme, _)) if is_scheme(scheme) => (Some(scheme), url.get(scheme.len() + 1..).unwrap_or_default()),
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

/// Whether this can be the URL of a view: a path, or a complete `http(s)` URL.
pub(crate) fn is_view(url: &str) -> bool {
    let parts = split(url);
    let has_no_break = url.bytes().all(|b| b > b' ' && b != 0x7f && b != b'\\');
    // A browser removes them, and asks for another path.
    let has_dots = parts.path.split('/').any(|segment| matches!(segment, "." | ".."));
    has_no_break
        && !has_dots
        && match (parts.scheme, parts.authority) {
            (None, None) => parts.path.starts_with('/'),
            (Some(scheme @ ("http" | "https")), Some(authority)) => Host::parse(scheme, authority).is_some(),
            _ => false,
        }
}

/// The origin of this site, as the client asked for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'o> {
    pub(crate) scheme: &'o str,
    pub(crate) host: &'o str,
}

impl Origin<'_> {
    /// The complete URL of a path and query on this site, without the default port.
    pub(crate) fn url_of(&self, target: &str) -> String {
        let port = if self.scheme == "https" { ":443" } else { ":80" };
        format!("{}://{}{target}", self.scheme, self.host.strip_suffix(port).unwrap_or(self.host))
    }

    /// Whether a URL with these parts is on this site. What a URL leaves out is the same.
    pub(crate) fn is(&self, parts: &Parts<'_>) -> bool {
        parts.scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(self.scheme))
            && parts.authority.is_none_or(|authority| self.has_host(self.scheme, authority))
    }

    /// Whether this is the host of this site. `scheme` says what the default port is.
    pub(crate) fn has_host(&self, scheme: &str, host: &str) -> bool {
        Host::parse(scheme, host).is_some_and(|host| Host::parse(scheme, self.host) == Some(host))
    }
}

/// Whether `path` is the prefix itself or a path below it.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_characters_of_a_scheme_are_one() {
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
    fn views_are_paths_or_complete_urls() {
        assert!(is_view("/in") && is_view("https://a/in?x#y") && is_view("http://a"));
        for bad in [
            "",
            "in",
            "//a/in",
            "https:///in",
            "ftp://a/in",
            "/in\n",
            "/a b",
            "\\in",
            "javascript://a",
            "/a/../in",
            "/in/.",
        ] {
            assert!(!is_view(bad), "{bad}");
        }
    }

    #[test]
    fn a_prefix_matches_whole_segments() {
        assert!(is_below("/admin", "/admin") && is_below("/admin/x", "/admin/") && is_below("/x", "/"));
        assert!(!is_below("/administrator", "/admin") && !is_below("/", "/admin"));
    }
}
