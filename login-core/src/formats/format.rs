//! The cookie format of a manager: Flask's or the native one, with its keys.

use std::net::IpAddr;

use smol_str::SmolStr;

use crate::config::cookie::MAX_SIZE;
use crate::config::settings::Config;
use crate::formats::flask::client_id::client_id;
use crate::formats::flask::keys::FlaskKey;
use crate::formats::flask::{remember as flask_remember, session as flask_session};
use crate::formats::native::keys::NativeKey;
use crate::formats::native::remember::{self as native_remember, RememberToken};
use crate::formats::native::session as native_session;
use crate::request::client;
use crate::request::cookies::{self, CookieName};
use crate::request::view::Request;
use crate::session::content::{Binding, Digest, Session};
use crate::user::User;

/// A cookie format with its keys. The first key signs.
pub(crate) enum Format {
    Flask(Box<[FlaskKey]>),
    Native(Box<[NativeKey]>),
}

/// The content of a readable remember cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) user_id: SmolStr,
    pub(crate) auth: Option<Digest>,
    /// The duration that it was issued for, in seconds, if the format stores it.
    pub(crate) duration: Option<u64>,
    /// When it expires, in seconds since 1970, if the format stores it.
    pub(crate) ends_at: Option<u64>,
}

/// The user's auth hash has changed since the login was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked;

impl Format {
    pub(crate) fn read_session(&self, request: &Request, config: &Config, now: u64) -> Option<Session> {
        let read = |value: &[u8]| match self {
            Self::Flask(keys) => flask_session::read_session(text(value)?, keys, now, config.session_lifetime),
            Self::Native(keys) => native_session::read_session(value, keys, now, config.session_lifetime),
        };
        first_readable(request, &config.session_cookie.name, read)
    }

    pub(crate) fn write_session(&self, session: &Session, now: u64) -> Option<String> {
        match self {
            Self::Flask(keys) => keys.first().map(|key| flask_session::write_session(session, key, now)),
            Self::Native(keys) => keys.first().map(|key| native_session::write_session(session, key, now)),
        }
    }

    /// The size of the session cookie: bytes of its name and value together.
    pub(crate) fn session_size(&self, session: &Session, config: &Config, now: u64) -> usize {
        let name = config.session_cookie.name.len();
        name + match self {
            Self::Flask(keys) => keys.first().map_or(0, |key| flask_session::session_size(session, key, now, name)),
            Self::Native(_) => native_session::session_size(session),
        }
    }

    /// The size of the session cookie without compression: bytes of its name and value
    /// together.
    pub(crate) fn plain_size(&self, session: &Session, config: &Config) -> usize {
        config.session_cookie.name.len()
            + match self {
                Self::Flask(_) => flask_session::plain_size(session),
                Self::Native(_) => native_session::session_size(session),
            }
    }

    pub(crate) fn read_remember(&self, request: &Request, config: &Config, now: u64) -> Option<Remembered> {
        let read = |value: &[u8]| match self {
            Self::Flask(keys) => flask_remember::read_remember(text(value)?, keys).map(|user_id| Remembered {
                user_id: user_id.into(),
                auth: None,
                duration: None,
                ends_at: None,
            }),
            Self::Native(keys) => native_remember::read_remember(value, keys, now).map(|token| Remembered {
                user_id: token.user_id,
                auth: token.auth,
                duration: Some(token.ends_at.saturating_sub(token.issued_at)),
                ends_at: Some(token.ends_at),
            }),
        };
        first_readable(request, &config.remember_cookie.name, read)
    }

    /// The value of a remember cookie that expires after `duration` seconds.
    pub(crate) fn write_remember(
        &self,
        user_id: &str,
        auth: Option<Digest>,
        now: u64,
        duration: u64,
    ) -> Option<String> {
        match self {
            Self::Flask(keys) => keys
                .first()
                .map(|key| flask_remember::quote(&flask_remember::write_remember(user_id, key)).into_owned()),
            Self::Native(keys) => {
                let token = RememberToken {
                    user_id: user_id.into(),
                    issued_at: now,
                    ends_at: now.saturating_add(duration),
                    auth,
                };
                keys.first().map(|key| native_remember::write_remember(&token, key))
            }
        }
    }

    /// A remember cookie of the same user with a new digest of the auth hash, and the seconds
    /// until it expires, as before. `None` if it needs no change, or if the format has no
    /// digest.
    pub(crate) fn renewed_remember(
        &self,
        remembered: &Remembered,
        auth: Option<Digest>,
        now: u64,
    ) -> Option<(String, u64)> {
        let (Self::Native(keys), Some(ends_at)) = (self, remembered.ends_at) else { return None };
        if remembered.auth == auth {
            return None;
        }
        let issued_at = ends_at.saturating_sub(remembered.duration.unwrap_or_default());
        let token = RememberToken { user_id: remembered.user_id.clone(), issued_at, ends_at, auth };
        let value = native_remember::write_remember(&token, keys.first()?);
        Some((value, ends_at.saturating_sub(now)))
    }

    /// The binding of a session to the client of this request.
    pub(crate) fn bind(&self, request: &Request, proxies: usize) -> Option<Binding> {
        match self {
            Self::Flask(_) => Some(Binding::Hex(flask_client_id(request, proxies).into())),
            Self::Native(keys) => {
                let digest =
                    |key: &NativeKey| with_client(request, proxies, |address, agent| key.client(address, agent));
                keys.first().map(digest).map(Binding::Keyed)
            }
        }
    }

    /// Whether a session is bound to the client of this request, with any of the keys.
    pub(crate) fn is_bound(&self, binding: Option<&Binding>, request: &Request, proxies: usize) -> bool {
        match (self, binding) {
            (Self::Flask(_), Some(Binding::Hex(hex))) => **hex == flask_client_id(request, proxies),
            (Self::Native(keys), Some(Binding::Keyed(digest))) => with_client(request, proxies, |address, agent| {
                keys.iter().any(|key| key.is_client(digest, address, agent))
            }),
            _ => false,
        }
    }

    /// The digest of the user's auth hash. `None` if the user has none, or if the format
    /// does not store it.
    pub(crate) fn auth<U: User>(&self, user: &U, user_id: &str) -> Option<Digest> {
        match self {
            Self::Flask(_) => None,
            Self::Native(keys) => {
                let hash = user.auth_hash()?;
                keys.first().map(|key| key.auth(user_id, &hash))
            }
        }
    }

    /// Checks that a login was made with the auth hash that the user has now, with any of
    /// the keys. Returns the digest made with the current key. Flask's format does not store
    /// the digest, and the check always succeeds.
    pub(crate) fn check_auth<U: User>(
        &self,
        digest: Option<Digest>,
        user: &U,
        user_id: &str,
    ) -> Result<Option<Digest>, Revoked> {
        let Self::Native(keys) = self else { return Ok(None) };
        let (hash, digest) = match (user.auth_hash(), digest) {
            (None, None) => return Ok(None),
            (Some(hash), Some(digest)) => (hash, digest),
            (Some(_), None) | (None, Some(_)) => return Err(Revoked),
        };
        match keys.iter().position(|key| key.is_auth(&digest, user_id, &hash)) {
            Some(0) => Ok(Some(digest)),
            Some(_) => Ok(keys.first().map(|key| key.auth(user_id, &hash))),
            None => Err(Revoked),
        }
    }

    /// Like [`check_auth`](Self::check_auth), for a remember cookie. The check succeeds if
    /// the cookie is another user's.
    pub(crate) fn check_remembered<U: User>(
        &self,
        remembered: &Remembered,
        user: &U,
    ) -> Result<Option<Digest>, Revoked> {
        if user.id() == remembered.user_id {
            self.check_auth(remembered.auth, user, &remembered.user_id)
        } else {
            Ok(remembered.auth)
        }
    }

    /// Values that are equal for equal keys of Flask's format.
    pub(crate) fn fingerprints(&self) -> Vec<[u8; 16]> {
        match self {
            Self::Flask(keys) => keys.iter().map(FlaskKey::fingerprint).collect(),
            Self::Native(_) => Vec::new(),
        }
    }

    pub(crate) fn flash_item(&self, category: &str, message: &str) -> String {
        match self {
            Self::Flask(_) => flask_session::flash_item(category, message),
            Self::Native(_) => native_session::flash_item(category, message),
        }
    }

    pub(crate) fn is_flask(&self) -> bool {
        matches!(self, Self::Flask(_))
    }
}

fn flask_client_id(request: &Request, proxies: usize) -> String {
    client_id(client::address(request, proxies), client::user_agent(request).as_deref())
}

fn with_client<T>(request: &Request, proxies: usize, then: impl FnOnce(&[u8], Option<&[u8]>) -> T) -> T {
    let agent = client::user_agent(request);
    match client::address(request, proxies) {
        Some(IpAddr::V4(address)) => then(&address.octets(), agent.as_deref()),
        Some(IpAddr::V6(address)) => then(&address.octets(), agent.as_deref()),
        None => then(&[], agent.as_deref()),
    }
}

/// How many cookies with the same name are tried. This limits what a client can make the
/// server compute.
const MAX_TRIED: usize = 4;

/// The first readable cookie with this name, among the first four.
fn first_readable<T>(request: &Request, name: &CookieName, read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    let mut tried = 0;
    request.find_cookie(name, |value| {
        tried += 1;
        let value = cookies::unquote(value);
        if tried > MAX_TRIED || value.len() > MAX_SIZE { None } else { read(&value) }
    })
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_cookies_with_the_same_name_are_tried_and_no_large_one() {
        let name = CookieName::new("a".to_owned());
        let read = |header: String| {
            let request = Request::new("GET", "/").with_header("cookie", header.as_bytes());
            let read = std::cell::RefCell::new(Vec::new());
            assert_eq!(
                first_readable(&request, &name, |value| {
                    read.borrow_mut().push(value.len());
                    None::<()>
                }),
                None
            );
            read.into_inner()
        };
        assert_eq!(read("a=1; a=22; a=333; a=4444; a=55555; a=666666".to_owned()), [1, 2, 3, 4]);
        let of = |size: usize| "x".repeat(size);
        assert_eq!(read(format!("a={}; a={}; a=1", of(MAX_SIZE), of(MAX_SIZE + 1))), [MAX_SIZE, 1]);
    }
}
