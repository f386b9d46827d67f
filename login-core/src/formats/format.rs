//! The cookie format of a manager: Flask's or the native one, with its keys.

use std::net::IpAddr;

use smol_str::SmolStr;

use crate::config::settings::{Config, LONGEST_COOKIE};
use crate::formats::flask::client_id::ClientId;
use crate::formats::flask::keys::FlaskKey;
use crate::formats::flask::{remember as flask_remember, session as flask_session};
use crate::formats::native::keys::NativeKey;
use crate::formats::native::remember::{self as native_remember, RememberToken};
use crate::formats::native::session as native_session;
use crate::formats::readable::{first_readable, text};
use crate::request::client::Client;
use crate::request::view::Request;
use crate::session::content::{Binding, Digest, Session};
use crate::user::{User, id_text};

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
    /// When its login was made, in seconds since 1970, if the format stores it.
    pub(crate) began_at: Option<u64>,
    /// The position of the key that verified it.
    pub(crate) key: usize,
}

/// A remember cookie that is about to be written.
pub(crate) struct NewRemember<'n> {
    pub(crate) user_id: &'n str,
    pub(crate) auth: Option<Digest>,
    /// When its login was made, in seconds since 1970.
    pub(crate) began_at: u64,
    /// Seconds.
    pub(crate) duration: u64,
}

/// The user's auth hash has changed since the login was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked;

impl Format {
    pub(crate) fn read_session(&self, request: &impl Client, config: &Config, now: u64) -> Option<Session> {
        let read = |value: &[u8]| match self {
            Self::Flask(keys) => flask_session::read_session(text(value)?, keys, now, config.session_lifetime),
            Self::Native(keys) => native_session::read_session(value, keys, now, config.ages()),
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
            Self::Flask(keys) => flask_remember::read_remember(text(value)?, keys).map(|(key, user_id)| Remembered {
                user_id: user_id.into(),
                auth: None,
                duration: None,
                ends_at: None,
                began_at: None,
                key,
            }),
            Self::Native(keys) => {
                native_remember::read_remember(value, keys, now, config.login_age()).map(|(key, token)| Remembered {
                    user_id: token.user_id,
                    auth: token.auth,
                    duration: Some(token.ends_at.saturating_sub(token.issued_at)),
                    ends_at: Some(token.ends_at),
                    began_at: Some(token.began_at),
                    key,
                })
            }
        };
        first_readable(request, &config.remember_cookie.name, read)
    }

    /// The value of a remember cookie that expires after `duration` seconds, and its `Max-Age`.
    /// In the native format it expires with its login at the latest.
    pub(crate) fn write_remember(&self, new: NewRemember<'_>, config: &Config, now: u64) -> Option<(String, u64)> {
        let NewRemember { user_id, auth, began_at, duration } = new;
        match self {
            Self::Flask(keys) => {
                let value = flask_remember::write_remember(user_id, keys.first()?);
                Some((flask_remember::quote(&value).into_owned(), duration))
            }
            Self::Native(keys) => {
                let left = began_at.saturating_add(config.login_age()).saturating_sub(now);
                let seconds = duration.min(LONGEST_COOKIE).min(left);
                let ends_at = now.saturating_add(seconds);
                let token = RememberToken { user_id: user_id.into(), began_at, issued_at: now, ends_at, auth };
                Some((native_remember::write_remember(&token, keys.first()?), seconds))
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
        config: &Config,
        now: u64,
    ) -> Option<(String, u64)> {
        let (Self::Native(keys), Some(ends_at), Some(began_at)) = (self, remembered.ends_at, remembered.began_at)
        else {
            return None;
        };
        if remembered.auth == auth {
            return None;
        }
        let issued_at = ends_at.saturating_sub(remembered.duration.unwrap_or_default());
        // The lifetime of a login may be shorter now than when the cookie was made.
        let ends_at = ends_at.min(began_at.saturating_add(config.login_age()));
        let token = RememberToken { user_id: remembered.user_id.clone(), began_at, issued_at, ends_at, auth };
        let value = native_remember::write_remember(&token, keys.first()?);
        Some((value, ends_at.saturating_sub(now)))
    }

    /// The binding of a session to the client of this request.
    pub(crate) fn bind(&self, request: &Request, proxies: usize) -> Option<Binding> {
        match self {
            Self::Flask(_) => Some(Binding::Hex(flask_client_id(request, proxies).as_str().into())),
            Self::Native(keys) => {
                let digest =
                    |key: &NativeKey| with_client(request, proxies, |address, agent| key.client(address, agent));
                keys.first().map(digest).map(Binding::Keyed)
            }
        }
    }

    /// Whether a session is bound to the client of this request, with any of the keys.
    pub(crate) fn is_bound(&self, binding: Option<&Binding>, request: &impl Client, proxies: usize) -> bool {
        match (self, binding) {
            (Self::Flask(_), Some(Binding::Hex(hex))) => **hex == *flask_client_id(request, proxies).as_str(),
            (Self::Native(keys), Some(Binding::Keyed(digest))) => with_client(request, proxies, |address, agent| {
                keys.iter().any(|key| key.is_client(digest, address, agent))
            }),
            _ => false,
        }
    }

    /// The binding of a session that is written again. A digest that an old key made of the same
    /// client is made again with the current key.
    pub(crate) fn renewed_binding(
        &self,
        binding: Option<Binding>,
        request: &Request,
        proxies: usize,
    ) -> Option<Binding> {
        let is_renewed = self.has_old_binding(&binding) && self.is_bound(binding.as_ref(), request, proxies);
        if is_renewed { self.bind(request, proxies) } else { binding }
    }

    /// Whether an old key made the binding.
    pub(crate) fn has_old_binding(&self, binding: &Option<Binding>) -> bool {
        match (self, binding) {
            (Self::Native(keys), Some(Binding::Keyed(digest))) => !keys.first().is_some_and(|key| key.made(digest)),
            _ => false,
        }
    }

    /// The digest of the user's auth hash. `None` if the user has none, or if the format
    /// does not store it.
    pub(crate) fn auth<U: User>(&self, user: &U, user_id: &str) -> Option<Digest> {
        match self {
            Self::Flask(_) => None,
            Self::Native(keys) => {
                let hash = user.auth_hash();
                keys.first().filter(|_| !hash.is_empty()).map(|key| key.auth(user_id, &hash))
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
        let hash = user.auth_hash();
        let digest = match (hash.is_empty(), digest) {
            (true, None) => return Ok(None),
            (false, Some(digest)) => digest,
            (false, None) | (true, Some(_)) => return Err(Revoked),
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
        if id_text(user) == remembered.user_id {
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

fn flask_client_id(request: &impl Client, proxies: usize) -> ClientId {
    ClientId::new(request.address(proxies), request.user_agent().as_deref())
}

fn with_client<T>(request: &impl Client, proxies: usize, then: impl FnOnce(&[u8], Option<&[u8]>) -> T) -> T {
    let agent = request.user_agent();
    match request.address(proxies) {
        Some(IpAddr::V4(address)) => then(&address.octets(), agent.as_deref()),
        Some(IpAddr::V6(address)) => then(&address.octets(), agent.as_deref()),
        None => then(&[], agent.as_deref()),
    }
}
