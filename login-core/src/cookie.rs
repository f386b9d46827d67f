//! Reading the Cookie header and writing Set-Cookie lines (RFC 6265bis).

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use memchr::{memchr, memchr2, memmem};

use crate::clock::LAST_SECOND;
use crate::error::{ConfigError, CookieProblem};

/// The most bytes, name and value together, that browsers keep.
pub(crate) const MAX_SIZE: usize = 4096;

/// How many cookies of one name are tried: more are an attempt to cost time.
pub(crate) const MAX_TRIED: usize = 4;

/// To whom a browser gives a cookie on requests from other sites (RFC 6265bis).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// To this site's own requests only.
    Strict,
    /// Also when a link from elsewhere is followed.
    Lax,
    /// Always; needs `Secure`.
    None,
}

/// How a cookie is named and which attributes it is set with.
///
/// By default a cookie is `HttpOnly`, `Secure`, `SameSite=Lax`, for this host
/// alone, for every path.
#[derive(Debug, Clone)]
#[must_use]
pub struct CookieSettings {
    pub(crate) name: String,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
}

impl CookieSettings {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            domain: None,
            path: "/".to_owned(),
            secure: true,
            http_only: true,
            same_site: Some(SameSite::Lax),
        }
    }

    /// The cookie's name. One that begins with `__Host-` is for this host alone,
    /// and browsers hold it to that.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Also sends the cookie to subdomains of this domain. A leading dot means nothing.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into().trim_start_matches('.').to_owned());
        self
    }

    /// Sends the cookie only to paths below this one; `/` by default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the cookie is kept to HTTPS; true by default.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether the cookie is kept from scripts; true by default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// The `SameSite` attribute; `Lax` by default. With `None` (Rust's) it is not sent.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Plain HTTP: no `Secure`, and no name that asks for it.
    pub(crate) fn without_https(mut self) -> Self {
        self.secure = false;
        if let Some(name) = self.name.strip_prefix("__Host-") {
            self.name = name.to_owned();
        }
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let has_prefix =
            |prefix: &str| self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let problem = if !is_token(&self.name) {
            CookieProblem::Name
        } else if self.same_site == Some(SameSite::None) && !self.secure {
            CookieProblem::SameSiteNoneNeedsSecure
        } else if has_prefix("__Host-") && (!self.secure || self.path != "/" || self.domain.is_some()) {
            CookieProblem::HostPrefix
        } else if has_prefix("__Secure-") && !self.secure {
            CookieProblem::PrefixNeedsSecure
        } else if self.domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            CookieProblem::Domain
        } else if !self.path.starts_with('/') || !self.path.bytes().all(|b| matches!(b, b' '..=b'~') && b != b';') {
            CookieProblem::Path
        } else {
            return Ok(());
        };
        Err(ConfigError::Cookie { name: self.name.clone(), problem })
    }

    /// A Set-Cookie line. `life` is in seconds; without, the cookie ends with the browser.
    pub(crate) fn set(&self, value: &str, life: Option<u64>, now: u64) -> String {
        let mut line = String::with_capacity(self.name.len() + value.len() + 128);
        line.push_str(&self.name);
        line.push('=');
        line.push_str(value);
        if let Some(seconds) = life {
            line.push_str("; Expires=");
            line.push_str(&http_date(now.saturating_add(seconds)));
            line.push_str("; Max-Age=");
            line.push_str(&seconds.to_string());
        }
        self.attributes(&mut line);
        line
    }

    /// A Set-Cookie line that deletes what [`set`](Self::set) set.
    pub(crate) fn delete(&self) -> String {
        let mut line = format!("{}=; Expires={}; Max-Age=0", self.name, http_date(0));
        self.attributes(&mut line);
        line
    }

    fn attributes(&self, line: &mut String) {
        if let Some(domain) = &self.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        line.push_str("; Path=");
        line.push_str(&self.path);
        if self.secure {
            line.push_str("; Secure");
        }
        if self.http_only {
            line.push_str("; HttpOnly");
        }
        line.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
}

fn http_date(seconds: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND)))
}

/// The cookies of a Cookie header, name and value as they were sent, quotes
/// included. What is not well formed is passed over, as Werkzeug does it.
pub(crate) fn cookies(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = header;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            match cookie(rest) {
                Some((name, value, after)) => {
                    rest = after;
                    return Some((name, value));
                }
                None => {
                    rest = memchr(b';', rest).and_then(|at| rest.get(at + 1..)).unwrap_or_default();
                }
            }
        }
        None
    })
}

/// From this many bytes on it pays to search a header for a name.
const LONG: usize = 512;

/// The values of the cookies of one name, as [`cookies`] gives them. In a long header
/// without quotes the others are not even parsed.
pub(crate) fn named<'h>(header: &'h [u8], name: &str) -> impl Iterator<Item = &'h [u8]> {
    let is_searched = header.len() >= LONG && memchr(b'"', header).is_none();
    let parsed = (!is_searched).then(|| cookies(header)).into_iter().flatten();
    let found = is_searched.then(|| memmem::find_iter(header, name)).into_iter().flatten();
    let found = found.filter_map(|at| {
        let (before, rest) = header.split_at_checked(at)?;
        let begins = matches!(before.iter().rfind(|byte| !is_blank(byte)), None | Some(b';'));
        // Looked for only where a cookie begins: no byte is looked at for two of them.
        let end = || memchr(b';', rest).unwrap_or(rest.len());
        if begins { plain(rest.get(..end())?) } else { None }
    });
    parsed.chain(found).filter(move |(each, _)| *each == name.as_bytes()).map(|(_, value)| value)
}

type Parsed<'h> = (&'h [u8], &'h [u8], &'h [u8]);

/// One cookie at the start of `header`, and what follows it.
fn cookie(header: &[u8]) -> Option<Parsed<'_>> {
    match memchr2(b'"', b';', header) {
        None => plain(header).map(|(name, value)| (name, value, &[][..])),
        Some(at) => match header.split_at_checked(at)? {
            (pair, [b';', after @ ..]) => plain(pair).map(|(name, value)| (name, value, after)),
            _ => quoted(header),
        },
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A cookie without quotes, which almost every one is.
fn plain(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = match memchr(b'=', pair) {
        Some(at) => (pair.get(..at)?, pair.get(at + 1..)?),
        None => (pair, &[][..]),
    };
    let (name, value) = (trimmed(name), trimmed(value));
    let is_one = |text: &[u8]| memchr2(b' ', b'\t', text).is_none();
    (!name.is_empty() && is_one(name) && is_one(value)).then_some((name, value))
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// A cookie with a quote in it, somewhere before its end: well formed only where the
/// quote begins the value.
fn quoted(header: &[u8]) -> Option<Parsed<'_>> {
    let skip = |text: &[u8]| text.iter().take_while(|byte| is_blank(byte)).count();
    let header = header.get(skip(header)..)?;
    let (name, rest) = header.split_at(header.iter().take_while(|b| !is_blank(b) && !b"=\";".contains(b)).count());
    if name.is_empty() {
        return None;
    }
    let rest = rest.get(skip(rest)..)?.strip_prefix(b"=")?;
    let rest = rest.get(skip(rest)..)?;
    let (value, rest) = rest.split_at_checked(quoted_length(rest)?)?;
    let rest = rest.get(skip(rest)..)?;
    let after = if rest.is_empty() { rest } else { rest.strip_prefix(b";")? };
    Some((name, value, after))
}

/// The length of the quoted text at the start, quotes included.
fn quoted_length(text: &[u8]) -> Option<usize> {
    (text.first() == Some(&b'"')).then_some(())?;
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// A cookie's value without quotes and escapes.
pub(crate) fn unquote(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")) else {
        return Cow::Borrowed(value);
    };
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                plain.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                rest = after;
            }
            (b'\\', [escaped, after @ ..]) => {
                plain.push(*escaped);
                rest = after;
            }
            _ => plain.push(byte),
        }
    }
    Cow::Owned(plain)
}

/// A value as Werkzeug writes it: quoted, with octal escapes, where it must be.
pub(crate) fn quote(value: &str) -> Cow<'_, str> {
    let needs_none = |b: u8| b.is_ascii_alphanumeric() || b"_!#$%&'()*+-./:<=>?@[]^`{|}~".contains(&b);
    if value.bytes().all(needs_none) {
        return Cow::Borrowed(value);
    }
    let mut quoted = String::from("\"");
    for byte in value.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            0..0x20 | b',' | b';' | 0x7f.. => quoted.push_str(&format!("\\{byte:03o}")),
            _ => quoted.push(char::from(byte)),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &str) -> Vec<(String, String)> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        cookies(header.as_bytes()).map(|(name, value)| (text(name), text(&unquote(value)))).collect()
    }

    #[test]
    fn malformed_pairs_are_passed_over() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            parsed("a=1; b=\"x;\\\"y\";c ;=d; e=f g; h = i "),
            [pair("a", "1"), pair("b", "x;\"y"), pair("c", ""), pair("h", "i")]
        );
        assert_eq!(parsed(""), []);
        assert_eq!(parsed(";;;\"\\"), []);
        assert_eq!(parsed("a=\"\\344\\275\\220\""), [pair("a", "佐")]);
    }

    #[test]
    fn cookies_found_by_name_are_those_that_are_parsed() {
        let pieces =
            ["a", "ab", "a=1", " a = 2 ", "b=a", "b=a=3", "a\t", "a b=4", "a=5 6", "=a", "", "a=\"7\"", "\"a=8"];
        for first in pieces {
            for second in pieces {
                for filling in ["c".repeat(LONG), " ".repeat(LONG)] {
                    let header = [first, second, &filling, first].join(";");
                    let all = cookies(header.as_bytes()).filter(|(name, _)| name == b"a").map(|(_, value)| value);
                    assert_eq!(named(header.as_bytes(), "a").collect::<Vec<_>>(), all.collect::<Vec<_>>(), "{header}");
                }
            }
        }
    }

    #[test]
    fn quoting_is_undone_by_unquoting() {
        for text in ["plain|x=", "佐藤|0a", "a b", "\"\\;,", "\u{1}\u{7f}", ""] {
            assert_eq!(unquote(quote(text).as_bytes()), text.as_bytes());
            assert!(quote(text).is_ascii());
        }
    }

    #[test]
    fn settings_that_browsers_refuse_are_refused() {
        let problem = |settings: CookieSettings| match settings.check() {
            Err(ConfigError::Cookie { problem, .. }) => Some(problem),
            _ => None,
        };
        let host = || CookieSettings::new("__Host-a");
        assert_eq!(problem(host()), None);
        assert_eq!(problem(host().path("/x")), Some(CookieProblem::HostPrefix));
        assert_eq!(problem(host().domain("example.com")), Some(CookieProblem::HostPrefix));
        assert_eq!(problem(host().name("__host-b").secure(false)), Some(CookieProblem::HostPrefix));
        assert_eq!(problem(host().name("__Secure-b").secure(false)), Some(CookieProblem::PrefixNeedsSecure));
        assert_eq!(problem(host().name("")), Some(CookieProblem::Name));
        assert_eq!(problem(host().name("a b")), Some(CookieProblem::Name));
        let a = || CookieSettings::new("a");
        assert_eq!(problem(a().secure(false).same_site(SameSite::None)), Some(CookieProblem::SameSiteNoneNeedsSecure));
        assert_eq!(problem(a().domain("a;b")), Some(CookieProblem::Domain));
        assert_eq!(problem(a().path("x")), Some(CookieProblem::Path));
        assert_eq!(problem(a().path("/x;y")), Some(CookieProblem::Path));
        assert_eq!(problem(a().domain(".example.com").path("/x").same_site(None)), None);
    }

    #[test]
    fn a_deletion_has_the_attributes_of_what_it_deletes() {
        let settings = CookieSettings::new("a").domain(".example.com").path("/x").same_site(SameSite::Strict);
        assert_eq!(
            settings.delete(),
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Domain=example.com; Path=/x; Secure; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            settings.set("v", Some(60), 0),
            "a=v; Expires=Thu, 01 Jan 1970 00:01:00 GMT; Max-Age=60; Domain=example.com; Path=/x; Secure; HttpOnly; SameSite=Strict"
        );
    }
}
