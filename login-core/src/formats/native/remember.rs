//! The native remember cookie.

use smol_str::SmolStr;

use crate::clock::is_valid;
use crate::formats::native::envelope::{self, Fields};
use crate::formats::native::keys::NativeKey;
use crate::session::content::Digest;

/// The flag of a digest of the auth hash.
const AUTH: u8 = 16;

/// The content of a remember cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RememberToken {
    pub(crate) user_id: SmolStr,
    /// When the login was made.
    pub(crate) began_at: u64,
    pub(crate) issued_at: u64,
    pub(crate) ends_at: u64,
    pub(crate) auth: Option<Digest>,
}

/// Reads a remember cookie that has not expired, of a login that is at most `login_age` seconds
/// old.
pub(crate) fn read_remember(
    cookie: &[u8],
    keys: &[NativeKey],
    now: u64,
    login_age: u64,
) -> Option<(usize, RememberToken)> {
    envelope::open(
        cookie,
        envelope::WHOLE,
        keys,
        |key| &key.remember,
        |key, fields| Some((key, token(fields, now, login_age)?)),
    )
}

fn token(mut fields: Fields<'_>, now: u64, login_age: u64) -> Option<RememberToken> {
    let [flags] = fields.take()?;
    let (began_at, issued_at, ends_at) = (fields.number()?, fields.number()?, fields.number()?);
    let auth = if flags & AUTH != 0 { Some(fields.take()?) } else { None };
    let user_id = fields.rest()?.into();
    let is_valid = is_valid(began_at, now, login_age) && is_valid(issued_at, now, u64::MAX) && now < ends_at;
    is_valid.then_some(RememberToken { user_id, began_at, issued_at, ends_at, auth })
}

/// Writes a remember cookie.
pub(crate) fn write_remember(token: &RememberToken, key: &NativeKey) -> String {
    envelope::seal(envelope::WHOLE, key, &key.remember, |bytes| {
        bytes.push(if token.auth.is_some() { AUTH } else { 0 });
        bytes.extend_from_slice(&token.began_at.to_be_bytes());
        bytes.extend_from_slice(&token.issued_at.to_be_bytes());
        bytes.extend_from_slice(&token.ends_at.to_be_bytes());
        token.auth.iter().for_each(|auth| bytes.extend_from_slice(auth));
        bytes.extend_from_slice(token.user_id.as_bytes());
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::CLOCK_SKEW;
    use crate::config::secret::SecretKey;

    const NOW: u64 = 1_700_000_000;
    const YEAR: u64 = 365 * 86_400;

    fn key(text: &str) -> NativeKey {
        NativeKey::new(&SecretKey::from_text(text).unwrap(), "session", "remember_token")
    }

    fn token(auth: Option<Digest>) -> RememberToken {
        RememberToken { user_id: "1".into(), began_at: NOW - 10, issued_at: NOW, ends_at: NOW + 100, auth }
    }

    #[test]
    fn the_server_judges_the_age() {
        let keys = [key("one key")];
        let cookie = write_remember(&token(None), &keys[0]);
        assert_eq!(read_remember(cookie.as_bytes(), &keys, NOW + 99, YEAR), Some((0, token(None))));
        assert_eq!(read_remember(cookie.as_bytes(), &keys, NOW + 100, YEAR), None);
        assert_eq!(read_remember(cookie.as_bytes(), &keys, NOW - CLOCK_SKEW - 1, YEAR), None);
        let with_age = |age| read_remember(cookie.as_bytes(), &keys, NOW + 20, age).is_some();
        assert!(with_age(30) && !with_age(29), "it does not outlive its login");
    }

    #[test]
    fn every_changed_character_and_every_truncation_is_refused() {
        let keys = [key("one key")];
        let cookie = write_remember(&token(Some([1; 16])), &keys[0]);
        envelope::tests::assert_unforgeable(&cookie, |cookie| read_remember(cookie, &keys, NOW, YEAR).is_some());
    }

    /// Cookies of every released format stay readable.
    #[test]
    fn golden_value() {
        let key = key("conformance secret key, at least 32 bytes long");
        let golden = include_str!("../../../tests/golden/native_remember.txt").trim_end();
        assert_eq!(write_remember(&token(Some([1; 16])), &key), golden);
    }
}
