//! The two wire formats behind one face. A manager has one of them.

use std::net::IpAddr;

use smol_str::SmolStr;

use crate::client;
use crate::config::Config;
use crate::cookie::{self, MAX_SIZE};
use crate::cookie_header::{self, CookieName};
use crate::flask::{self, FlaskKey};
use crate::native::{self, Digest, NativeKey, RememberToken};
use crate::request::Request;
use crate::session::{Binding, Session};
use crate::user::User;

/// A format with its keys, the one that signs first.
pub(crate) enum Wire {
    Flask(Box<[FlaskKey]>),
    Native(Box<[NativeKey]>),
}

/// What a readable remember cookie says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) user_id: SmolStr,
    pub(crate) auth: Option<Digest>,
    /// The seconds that it was issued for, where the cookie itself tells.
    pub(crate) duration: Option<u64>,
}

/// The login was made with another auth hash than the user has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked;

impl Wire {
    pub(crate) fn read_session(&self, request: &Request, config: &Config, now: u64) -> Option<Session> {
        let read = |value: &[u8]| match self {
            Self::Flask(keys) => flask::read_session(text(value)?, keys, now, config.session_lifetime),
            Self::Native(keys) => native::read_session(value, keys, now, config.session_lifetime),
        };
        first_readable(request, &config.session_cookie.name, read)
    }

    pub(crate) fn write_session(&self, session: &Session, now: u64) -> Option<String> {
        match self {
            Self::Flask(keys) => keys.first().map(|key| flask::write_session(session, key, now)),
            Self::Native(keys) => keys.first().map(|key| native::write_session(session, key, now)),
        }
    }

    /// The size of the session cookie, name and value, in bytes.
    pub(crate) fn session_size(&self, session: &Session, config: &Config, now: u64) -> usize {
        let name = config.session_cookie.name.len();
        name + match self {
            Self::Flask(keys) => keys.first().map_or(0, |key| flask::session_size(session, key, now, name)),
            Self::Native(_) => native::session_size(session),
        }
    }

    pub(crate) fn read_remember(&self, request: &Request, config: &Config, now: u64) -> Option<Remembered> {
        let read = |value: &[u8]| match self {
            Self::Flask(keys) => flask::read_remember(text(value)?, keys).map(|user_id| Remembered {
                user_id: user_id.into(),
                auth: None,
                duration: None,
            }),
            Self::Native(keys) => native::read_remember(value, keys, now).map(|token| Remembered {
                user_id: token.user_id,
                auth: token.auth,
                duration: Some(token.ends_at.saturating_sub(token.issued_at)),
            }),
        };
        first_readable(request, &config.remember_cookie.name, read)
    }

    /// A remember cookie's value; `duration` in seconds.
    pub(crate) fn write_remember(
        &self,
        user_id: &str,
        auth: Option<Digest>,
        now: u64,
        duration: u64,
    ) -> Option<String> {
        match self {
            Self::Flask(keys) => {
                keys.first().map(|key| cookie::quote(&flask::write_remember(user_id, key)).into_owned())
            }
            Self::Native(keys) => {
                let token = RememberToken {
                    user_id: user_id.into(),
                    issued_at: now,
                    ends_at: now.saturating_add(duration),
                    auth,
                };
                keys.first().map(|key| native::write_remember(&token, key))
            }
        }
    }

    /// The binding to the client of this request.
    pub(crate) fn bind(&self, request: &Request, proxies: usize) -> Option<Binding> {
        match self {
            Self::Flask(_) => Some(Binding::Hex(flask_identifier(request, proxies).into())),
            Self::Native(keys) => {
                let digest =
                    |key: &NativeKey| with_client(request, proxies, |address, agent| key.client(address, agent));
                keys.first().map(digest).map(Binding::Keyed)
            }
        }
    }

    /// Whether a session is bound to the client of this request, under any key.
    pub(crate) fn is_bound(&self, binding: Option<&Binding>, request: &Request, proxies: usize) -> bool {
        match (self, binding) {
            (Self::Flask(_), Some(Binding::Hex(hex))) => **hex == flask_identifier(request, proxies),
            (Self::Native(keys), Some(Binding::Keyed(digest))) => with_client(request, proxies, |address, agent| {
                keys.iter().any(|key| key.is_client(digest, address, agent))
            }),
            _ => false,
        }
    }

    /// The digest that ties a login to its user's auth hash, where there is one
    /// and the format has a place for it.
    pub(crate) fn auth<U: User>(&self, user: &U, user_id: &str) -> Option<Digest> {
        match self {
            Self::Flask(_) => None,
            Self::Native(keys) => {
                let hash = user.auth_hash()?;
                keys.first().map(|key| key.auth(user_id, &hash))
            }
        }
    }

    /// Whether a login is still this user's: made with the auth hash that they
    /// have now, under any key. Gives the digest under the current one, or that the
    /// login is over. Flask's cookies do not tell.
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

    /// [`check_auth`](Self::check_auth) of a remember cookie that may be this user's:
    /// another's is as it is.
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

    /// What tells one key of Flask's format from another.
    pub(crate) fn fingerprints(&self) -> Vec<[u8; 16]> {
        match self {
            Self::Flask(keys) => keys.iter().map(FlaskKey::fingerprint).collect(),
            Self::Native(_) => Vec::new(),
        }
    }

    pub(crate) fn flash_item(&self, category: &str, message: &str) -> String {
        match self {
            Self::Flask(_) => flask::flash_item(category, message),
            Self::Native(_) => native::flash_item(category, message),
        }
    }

    pub(crate) fn is_flask(&self) -> bool {
        matches!(self, Self::Flask(_))
    }
}

fn flask_identifier(request: &Request, proxies: usize) -> String {
    client::flask_identifier(client::address(request, proxies), client::user_agent(request).as_deref())
}

fn with_client<T>(request: &Request, proxies: usize, then: impl FnOnce(&[u8], Option<&[u8]>) -> T) -> T {
    let agent = client::user_agent(request);
    match client::address(request, proxies) {
        Some(IpAddr::V4(address)) => then(&address.octets(), agent.as_deref()),
        Some(IpAddr::V6(address)) => then(&address.octets(), agent.as_deref()),
        None => then(&[], agent.as_deref()),
    }
}

/// How many cookies of one name are tried: more are an attempt to cost time.
const MAX_TRIED: usize = 4;

/// The first cookie of this name that can be read, of the first four.
fn first_readable<T>(request: &Request, name: &CookieName, read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    let mut tried = 0;
    request.find_cookie(name, |value| {
        tried += 1;
        let value = cookie_header::unquote(value);
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
    fn of_one_name_four_cookies_are_tried_and_none_that_is_too_large() {
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
