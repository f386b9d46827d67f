//! Reads the Cookie header (RFC 6265bis): the way browsers write it, or the way Werkzeug reads it.

use std::borrow::Cow;
use std::ops::Deref;

use memchr::{memchr, memchr2, memmem};

/// The cookies of a Cookie header the way Werkzeug reads it: a value in quotes may contain
/// semicolons. Names and values are as the client sent them, with any quotes. Malformed cookies
/// are skipped.
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

/// A cookie's name, with a prepared search for it.
#[derive(Debug, Clone)]
pub(crate) struct CookieName {
    text: String,
    finder: memmem::Finder<'static>,
    /// Whether the header is read the way Werkzeug does. To a browser, a quote has no meaning.
    is_werkzeug: bool,
}

impl CookieName {
    pub(crate) fn new(text: String) -> Self {
        let finder = memmem::Finder::new(&text).into_owned();
        Self { text, finder, is_werkzeug: false }
    }

    /// Reads the header the way Werkzeug does.
    pub(crate) fn read_like_werkzeug(self) -> Self {
        Self { is_werkzeug: true, ..self }
    }
}

impl Deref for CookieName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// Calls `read` with the value of each cookie with this name, until it returns a result.
/// Cookies with other names are not parsed, unless the header is read the way Werkzeug does and
/// has quotes.
pub(crate) fn find<T>(header: &[u8], name: &CookieName, mut read: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    let mut read_named = |(each, value): (&[u8], &[u8])| if each == name.as_bytes() { read(value) } else { None };
    if name.is_werkzeug && memchr(b'"', header).is_some() {
        return cookies(header).find_map(read_named);
    }
    name.finder.find_iter(header).find_map(|at| {
        let (before, rest) = header.split_at_checked(at)?;
        // The name must be at the start of a cookie.
        matches!(before.iter().rfind(|byte| !is_blank(byte)), None | Some(b';')).then_some(())?;
        let end = memchr(b';', rest).unwrap_or(rest.len());
        read_named(plain(rest.get(..end)?)?)
    })
}

type Parsed<'h> = (&'h [u8], &'h [u8], &'h [u8]);

/// The cookie at the start of `header`, and the rest after it.
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

/// Parses a cookie without quotes, as almost every cookie is.
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

/// Parses a cookie that contains a quote. It is well formed only if the value begins with
/// the quote.
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

/// The length of the quoted text at the start, with its quotes.
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

/// The value of a cookie without quotes and escapes.
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

#[cfg(test)]
mod tests {
    use super::*;
    fn parsed(header: &str) -> Vec<(String, String)> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        cookies(header.as_bytes()).map(|(name, value)| (text(name), text(&unquote(value)))).collect()
    }

    #[test]
    fn malformed_pairs_are_skipped() {
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
    fn the_search_finds_the_same_cookies_as_the_parser() {
        let pieces =
            ["a", "ab", "a=1", " a = 2 ", "b=a", "b=a=3", "a\t", "a b=4", "a=5 6", "=a", "", "a=\"7\"", "\"a=8"];
        let name = CookieName::new("a".to_owned()).read_like_werkzeug();
        for first in pieces {
            for second in pieces {
                for filling in ["c".repeat(64), " ".repeat(64)] {
                    let header = [first, second, &filling, first].join(";");
                    let all = cookies(header.as_bytes()).filter(|(name, _)| name == b"a").map(|(_, value)| value);
                    let mut found = Vec::new();
                    let none = find(header.as_bytes(), &name, |value| {
                        found.push(value.to_vec());
                        None::<()>
                    });
                    assert_eq!((none, found), (None, all.map(<[u8]>::to_vec).collect()), "{header}");
                }
            }
        }
    }

    #[test]
    fn to_a_browser_a_quote_has_no_meaning() {
        let browser = CookieName::new("a".to_owned());
        for (header, expected, in_flask) in [
            (&b"b=\"x; a=1"[..], Some(&b"1"[..]), Some(&b"1"[..])),
            (b"b=\"x; a=1; c=y\"", Some(b"1"), None),
            (b"b=\"x\\\"; a=1; c=\"", Some(b"1"), None),
            (b"b=\xff\"; a=1", Some(b"1"), Some(b"1")),
            (b"b=a\x80b; \"c\"; a=\"1\"", Some(b"\"1\""), Some(b"\"1\"")),
            (b"b={\"a\": 1}; a=1", Some(b"1"), Some(b"1")),
        ] {
            let value = |name: &CookieName| find(header, name, |value| Some(value.to_vec()));
            let shown = String::from_utf8_lossy(header);
            assert_eq!(value(&browser).as_deref(), expected, "{shown}");
            assert_eq!(value(&browser.clone().read_like_werkzeug()).as_deref(), in_flask, "{shown}");
        }
    }

    #[test]
    fn the_search_stops_at_the_first_readable_cookie() {
        let name = CookieName::new("a".to_owned()).read_like_werkzeug();
        for header in ["a=1; b=2; a=3; a=4", "a=1; b=\"2\"; a=3; a=4"] {
            let mut asked = 0;
            let found = find(header.as_bytes(), &name, |value| {
                asked += 1;
                (value == b"3").then_some(asked)
            });
            assert_eq!((found, asked), (Some(2), 2));
        }
    }
}
