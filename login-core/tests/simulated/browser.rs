//! A browser and its cookies.
//!
//! It sends the cookies that it has when a request begins, and applies those of a response when
//! that is delivered: in any order, and up to 30 seconds after the request was sent. A browser
//! that is closed forgets its session cookie and receives nothing of what it has asked for.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use login_core::Request;
use login_core::adapter::ResponseParts;
use login_store::SessionId;

use crate::common::site::{REMEMBER, SESSION};

/// What a cookie says of the login that it is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: SessionId,
    pub(crate) generation: u32,
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.id, self.generation)
    }
}

/// Reads a cookie that names a record: version, key hint, ID, generation, secret, MAC.
pub(crate) fn named(value: &str) -> Option<Named> {
    let bytes = Some(decoded(value)).filter(|bytes| bytes.first() == Some(&2))?;
    let id = SessionId::from_bytes(bytes.get(4..20)?.try_into().ok()?);
    Some(Named { id, generation: u32::from_be_bytes(bytes.get(20..24)?.try_into().ok()?) })
}

/// The bytes of a cookie's value.
pub(crate) fn decoded(value: &str) -> Vec<u8> {
    BASE64.decode(value).unwrap_or_default()
}

/// A cookie as the browser has it.
#[derive(Debug, Clone)]
pub(crate) struct Cookie {
    pub(crate) value: String,
    /// When the browser drops it, in seconds since 1970. A session cookie may have none.
    pub(crate) ends_at: Option<u64>,
}

#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, Cookie>,
    pub(crate) agent: usize,
    pub(crate) is_thief: bool,
    /// The newest generation of each login's cookies that was delivered: of session and remember.
    pub(crate) newest: BTreeMap<(SessionId, bool), u32>,
    /// How often it was closed.
    pub(crate) closed: usize,
}

/// What a request sends.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) session: Option<Named>,
    pub(crate) remember: Option<Named>,
    pub(crate) remember_ends_at: u64,
    /// Whether a response that was overtaken by another has set an older cookie.
    pub(crate) is_outdated: bool,
}

impl Browser {
    pub(crate) fn send(&mut self, now: u64) -> (Request, Sent) {
        // A thief keeps them as long as it likes.
        self.cookies.retain(|_, cookie| self.is_thief || cookie.ends_at.is_none_or(|ends_at| now < ends_at));
        let line = self.cookies.iter().map(|(name, cookie)| format!("{name}={}", cookie.value));
        let line = line.collect::<Vec<_>>().join("; ");
        let mut request =
            Request::new("GET", "/").with_header("user-agent", format!("Agent {}", self.agent).as_bytes());
        if !line.is_empty() {
            request = request.with_header("cookie", line.as_bytes());
        }
        let names = |name: &str| self.cookies.get(name).and_then(|cookie| named(&cookie.value));
        let (session, remember) = (names(SESSION), names(REMEMBER));
        let is_older = |named: Option<Named>, is_session: bool| {
            named.is_some_and(|named| self.newest.get(&(named.id, is_session)).is_some_and(|at| *at > named.generation))
        };
        let sent = Sent {
            session,
            remember,
            remember_ends_at: self.cookies.get(REMEMBER).and_then(|cookie| cookie.ends_at).unwrap_or_default(),
            is_outdated: is_older(session, true) || is_older(remember, false),
        };
        (request, sent)
    }

    pub(crate) fn receive(&mut self, parts: &ResponseParts, now: u64) {
        for line in &parts.set_cookies {
            let (name, value) = cookie(line);
            if is_deletion(line) {
                self.cookies.remove(name);
                continue;
            }
            let age = line.split("; ").find_map(|part| part.strip_prefix("Max-Age="));
            let ends_at = age.map(|age| now + age.parse::<u64>().unwrap());
            if let Some(named) = named(value) {
                let newest = self.newest.entry((named.id, name == SESSION)).or_default();
                *newest = (*newest).max(named.generation);
            }
            self.cookies.insert(name.to_owned(), Cookie { value: value.to_owned(), ends_at });
        }
    }

    pub(crate) fn close(&mut self) {
        self.cookies.retain(|_, cookie| cookie.ends_at.is_some());
        self.closed += 1;
    }
}

/// Name and value of a Set-Cookie header.
pub(crate) fn cookie(line: &str) -> (&str, &str) {
    line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a name and a value")
}

pub(crate) fn is_deletion(line: &str) -> bool {
    line.contains("Max-Age=0;") || line.ends_with("Max-Age=0")
}

/// A Set-Cookie header as a trace shows it.
pub(crate) fn shown(line: &str) -> String {
    let (name, value) = cookie(line);
    match named(value) {
        Some(named) => format!("{name} {named:?}"),
        None if is_deletion(line) => format!("{name} deleted"),
        None => format!("{name} of a visitor"),
    }
}
