//! The cookies of a login that is kept on the server. They name its record, and prove with a
//! secret that the browser got them.

use login_store::SessionId;
use sha2::{Digest as _, Sha256};

use crate::formats::native::envelope::{self, Fields};
use crate::formats::native::keys::{HmacSha256, NativeKey, Secret};

/// Which of the two cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Session,
    Remember,
}

impl Purpose {
    fn mac(self, key: &NativeKey) -> &HmacSha256 {
        match self {
            Self::Session => &key.stored_session,
            Self::Remember => &key.stored_remember,
        }
    }

    fn name(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Remember => b"remember",
        }
    }
}

/// The content of a cookie. There is no `Debug`, because the secret lets its owner in.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) id: SessionId,
    /// How often the secret has been replaced.
    pub(crate) generation: u32,
    secret: Secret,
    /// The position of the key that verified the cookie.
    pub(crate) key: usize,
}

impl Token {
    /// The first token of a login, with a random secret.
    pub(crate) fn first(id: SessionId, secret: Secret) -> Self {
        Self { id, generation: 0, secret, key: 0 }
    }

    /// What the record keeps of the secret: SHA-256. A secret is random, so this needs no salt.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_slice()).into()
    }

    /// The token with which a browser goes on that presented this one, in the cookie for
    /// `purpose` and with this generation there.
    pub(crate) fn successor(&self, purpose: Purpose, generation: u32, key: &NativeKey) -> Self {
        let secret = key.next_secret(purpose.name(), self.id.as_bytes(), generation, &self.secret);
        Self { id: self.id, generation, secret, key: 0 }
    }
}

/// Reads a token. It is not said that its login still exists.
pub(crate) fn read_token(cookie: &[u8], purpose: Purpose, keys: &[NativeKey]) -> Option<Token> {
    envelope::open(
        cookie,
        envelope::NAMES_RECORD,
        keys,
        |key| purpose.mac(key),
        |key, fields| Some(Token { key, ..token(fields)? }),
    )
}

fn token(mut fields: Fields<'_>) -> Option<Token> {
    let id = SessionId::from_bytes(fields.take()?);
    let generation = u32::from_be_bytes(fields.take()?);
    let secret = Secret::new(fields.take()?);
    fields.rest()?.is_empty().then_some(Token { id, generation, secret, key: 0 })
}

/// Writes a token.
pub(crate) fn write_token(token: &Token, purpose: Purpose, key: &NativeKey) -> String {
    envelope::seal(envelope::NAMES_RECORD, key, purpose.mac(key), |bytes| {
        bytes.extend_from_slice(token.id.as_bytes());
        bytes.extend_from_slice(&token.generation.to_be_bytes());
        bytes.extend_from_slice(&*token.secret);
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::secret::SecretKey;
    use crate::formats::native::session::{Ages, read_session};

    pub(crate) fn key(text: &str) -> NativeKey {
        NativeKey::new(&SecretKey::from_text(text).unwrap(), "session", "remember_token")
    }

    pub(crate) fn token(generation: u32, byte: u8) -> Token {
        Token { id: SessionId::from_bytes([3; 16]), generation, secret: Secret::new([byte; 32]), key: 0 }
    }

    fn same(read: Option<Token>, written: &Token) -> bool {
        read.is_some_and(|read| {
            (read.id, read.generation, read.hash()) == (written.id, written.generation, written.hash())
        })
    }

    #[test]
    fn a_written_token_is_read_again_with_its_own_key_and_purpose_only() {
        let keys = [key("another"), key("one key")];
        for purpose in [Purpose::Session, Purpose::Remember] {
            let written = token(7, 1);
            let cookie = write_token(&written, purpose, &keys[1]);
            let read = read_token(cookie.as_bytes(), purpose, &keys);
            assert_eq!(read.as_ref().map(|token| token.key), Some(1));
            assert!(same(read, &written));
            let other = if purpose == Purpose::Session { Purpose::Remember } else { Purpose::Session };
            assert!(read_token(cookie.as_bytes(), other, &keys).is_none());
            assert!(read_token(cookie.as_bytes(), purpose, &keys[..1]).is_none());
            let ages = Ages { session: u64::MAX, login: u64::MAX, by_use: false };
            assert_eq!(read_session(cookie.as_bytes(), &keys, 0, ages), None);
            let renamed = [NativeKey::new(&SecretKey::from_text("one key").unwrap(), "sid", "keep")];
            assert!(read_token(cookie.as_bytes(), purpose, &renamed).is_none());
        }
    }

    #[test]
    fn every_changed_character_and_every_truncation_is_refused() {
        let keys = [key("one key")];
        let cookie = write_token(&token(1, 1), Purpose::Session, &keys[0]);
        envelope::tests::assert_unforgeable(&cookie, |cookie| read_token(cookie, Purpose::Session, &keys).is_some());
    }

    #[test]
    fn a_secret_has_one_successor_for_each_purpose_generation_and_key() {
        let (one, other) = (key("one key"), key("another"));
        let next = |purpose, generation, key: &NativeKey| token(1, 1).successor(purpose, generation, key).hash();
        let first = next(Purpose::Session, 2, &one);
        assert_eq!(first, next(Purpose::Session, 2, &one));
        for changed in
            [next(Purpose::Remember, 2, &one), next(Purpose::Session, 3, &one), next(Purpose::Session, 2, &other)]
        {
            assert_ne!(first, changed);
        }
        assert_ne!(first, token(1, 2).successor(Purpose::Session, 2, &one).hash());
    }

    /// Cookies of every released format stay readable.
    #[test]
    fn golden_value() {
        let key = key("conformance secret key, at least 32 bytes long");
        let golden = include_str!("../../../tests/golden/native_token.txt").trim_end();
        assert_eq!(write_token(&token(1, 1), Purpose::Session, &key), golden);
    }
}
