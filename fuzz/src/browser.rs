//! A small browser, which checks Set-Cookie lines strictly and keeps their cookies.

use std::collections::BTreeMap;

/// The cookies of one site.
#[derive(Debug, Clone, Default)]
pub struct Jar(BTreeMap<String, String>);

impl Jar {
    /// Applies the Set-Cookie lines of a response. Panics if one is malformed.
    pub fn keep(&mut self, lines: &[String]) {
        for line in lines {
            let cookie = SetCookie::parse(line);
            if cookie.attributes.get("max-age").is_some_and(|age| age == "0") {
                self.0.remove(&cookie.name);
            } else {
                assert!(cookie.name.len() + cookie.value.len() <= crate::site::MAX_COOKIE, "{line}");
                self.0.insert(cookie.name, cookie.value);
            }
        }
    }

    /// A cookie's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Deletes a cookie, as closing the browser does.
    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The Cookie header.
    pub fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

/// A parsed Set-Cookie line.
#[derive(Debug)]
pub struct SetCookie {
    pub name: String,
    pub value: String,
    /// Values by names in lower case. An attribute without a value has an empty one.
    pub attributes: BTreeMap<String, String>,
}

impl SetCookie {
    /// Panics if a browser would ignore the line, or would read another cookie from it than
    /// the intended one.
    pub fn parse(line: &str) -> Self {
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "not visible ASCII: {line:?}");
        let mut parts = line.split(';');
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("name and value come first");
        assert!(!name.is_empty() && name.bytes().all(is_token), "no name: {line}");
        assert!(value.bytes().all(|byte| byte != b','), "no value: {line}");
        let mut attributes = BTreeMap::new();
        for part in parts {
            let part = part.strip_prefix(' ').unwrap_or_else(|| panic!("no space before an attribute: {line}"));
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let known = ["Expires", "Max-Age", "Domain", "Path", "Secure", "HttpOnly", "SameSite"];
            assert!(known.contains(&name), "{name:?} is not an attribute: {line}");
            assert!(attributes.insert(name.to_ascii_lowercase(), value.to_owned()).is_none(), "{name} twice: {line}");
        }
        let cookie = Self { name: name.to_owned(), value: value.to_owned(), attributes };
        cookie.check_prefix(line);
        cookie
    }

    fn check_prefix(&self, line: &str) {
        let name = self.name.to_ascii_lowercase();
        let has = |attribute: &str| self.attributes.contains_key(attribute);
        if name.starts_with("__secure-") || name.starts_with("__host-") {
            assert!(has("secure"), "{line}");
        }
        if name.starts_with("__host-") {
            assert!(!has("domain") && self.attributes.get("path").is_some_and(|path| path == "/"), "{line}");
        }
        if self.attributes.get("samesite").is_some_and(|value| value == "None") {
            assert!(has("secure"), "{line}");
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
