//! Secret keys.

use std::fmt;

use hmac::KeyInit;
use hmac::digest::Key;
use zeroize::Zeroizing;

use crate::config::error::SecretKeyError;

/// The key that signs and verifies every cookie. Anyone who has it can log in as any user.
///
/// Load it from the environment or from a secret store. It is 32 bytes or more of text,
/// such as the output of `openssl rand -hex 32`, and the same on every machine that serves
/// the site. There is no default. It is never printed, and it is wiped from memory when it
/// is dropped.
///
/// In the native format, `build` refuses a key that is shorter than 32 bytes. With
/// [`flask_compatible`](crate::LoginManagerBuilder::flask_compatible) a shorter key is
/// accepted, because it must be the key of the Flask application.
#[derive(Clone)]
pub struct SecretKey {
    bytes: Zeroizing<Vec<u8>>,
    is_text: bool,
}

impl SecretKey {
    /// A key of bytes, for a Flask application whose `SECRET_KEY` is `bytes`.
    ///
    /// # Errors
    /// [`SecretKeyError::Empty`] if there are none.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, SecretKeyError> {
        Self::checked(bytes.into(), false)
    }

    /// A key of text, for a Flask application whose `SECRET_KEY` is `str`.
    ///
    /// The text is encoded as UTF-8. For Flask's remember cookies it is encoded as Latin-1,
    /// as Flask-Login does it. The two are the same for ASCII text. Text that has no Latin-1
    /// encoding fails in Flask-Login; here it is encoded as UTF-8.
    ///
    /// # Errors
    /// [`SecretKeyError::Empty`] if the text is empty.
    pub fn from_text(text: impl Into<String>) -> Result<Self, SecretKeyError> {
        Self::checked(text.into().into_bytes(), true)
    }

    /// The key in the environment variable `name`, as text.
    ///
    /// # Errors
    /// [`SecretKeyError::NotSet`] if the variable is not set or is not Unicode,
    /// [`SecretKeyError::Empty`] if it is empty.
    pub fn from_env(name: &str) -> Result<Self, SecretKeyError> {
        match std::env::var(name) {
            Ok(text) => Self::from_text(text),
            Err(_) => Err(SecretKeyError::NotSet(name.to_owned())),
        }
    }

    fn checked(bytes: Vec<u8>, is_text: bool) -> Result<Self, SecretKeyError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.is_empty() { Err(SecretKeyError::Empty) } else { Ok(Self { bytes, is_text }) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of this key in Flask-Login (`str.encode("latin1")`).
    pub(crate) fn latin1_bytes(&self) -> Zeroizing<Vec<u8>> {
        let text = if self.is_text { std::str::from_utf8(&self.bytes).ok() } else { None };
        text.and_then(|text| text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>())
            .map_or_else(|| self.bytes.clone(), Zeroizing::new)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A MAC with this key. HMAC accepts keys of any length, so the error never happens.
pub(crate) fn keyed<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).unwrap_or_else(|_| M::new(&Key::<M>::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_latin1_for_flask_login_if_possible() {
        let key = |text: &str| SecretKey::from_text(text).unwrap().latin1_bytes().to_vec();
        assert_eq!(key("clé"), b"cl\xe9");
        assert_eq!(key("ключ"), "ключ".as_bytes());
        let bytes = SecretKey::from_bytes("clé".as_bytes()).unwrap();
        assert_eq!(*bytes.latin1_bytes(), "clé".as_bytes());
    }

    #[test]
    fn a_key_is_never_empty_and_never_printed() {
        assert!(matches!(SecretKey::from_text(""), Err(SecretKeyError::Empty)));
        assert!(matches!(SecretKey::from_env("NO_SUCH_VARIABLE"), Err(SecretKeyError::NotSet(_))));
        assert_eq!(format!("{:?}", SecretKey::from_text("hush").unwrap()), "SecretKey(..)");
    }
}
