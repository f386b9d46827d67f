//! The cookies of logins that are kept on the server (native format).

use crate::config::settings::Config;
use crate::formats::format::Format;
use crate::formats::native::keys::NativeKey;
use crate::formats::native::session::{self as native_session, Ages};
use crate::formats::native::token::{Purpose, Token, read_token, write_token};
use crate::formats::readable::first_readable;
use crate::request::view::Request;
use crate::session::content::Session;

/// What the cookies of a request say, with a session store.
#[derive(Default)]
pub(crate) struct Tokens {
    pub(crate) sessions: Vec<Token>,
    pub(crate) remembers: Vec<Token>,
    /// The session of a visitor who is not logged in, which is in the cookie itself.
    pub(crate) visitor: Option<Session>,
}

impl Format {
    /// Reads the session cookies up to the first one of a visitor, and the remember cookies.
    pub(crate) fn read_tokens(&self, request: &Request, config: &Config, now: u64) -> Tokens {
        let keys = self.native_keys();
        let mut tokens = Tokens::default();
        tokens.visitor = first_readable(request, &config.session_cookie.name, |value| {
            if let Some(token) = read_token(value, Purpose::Session, keys) {
                tokens.sessions.push(token);
                return None;
            }
            let session = native_session::read_session(value, keys, now, config.ages())?;
            // A login that was made without the store counts no more: a copy of its cookie would
            // come back after the logout.
            Some(if session.user_id.is_some() { Session::default() } else { session })
        });
        first_readable::<()>(request, &config.remember_cookie.name, |value| {
            tokens.remembers.extend(read_token(value, Purpose::Remember, keys));
            None
        });
        tokens
    }

    /// The value of a cookie with this token.
    pub(crate) fn write_token(&self, token: &Token, purpose: Purpose) -> Option<String> {
        self.signing_key().map(|key| write_token(token, purpose, key))
    }

    /// The key that signs. Flask's format has no tokens.
    pub(crate) fn signing_key(&self) -> Option<&NativeKey> {
        self.native_keys().first()
    }

    fn native_keys(&self) -> &[NativeKey] {
        match self {
            Self::Native(keys) => keys,
            Self::Flask(_) => &[],
        }
    }
}

impl Config {
    /// How long sessions and logins are valid.
    pub(crate) fn ages(&self) -> Ages {
        Ages { session: self.session_age(), login: self.login_age(), by_use: self.idle_timeout.is_some() }
    }
}
