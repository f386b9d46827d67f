//! Secret keys: where they come from and how they are kept.

use std::fmt;

use hmac::KeyInit;
use hmac::digest::Key;
use zeroize::Zeroizing;

use crate::error::SecretKeyError;

/// Signs and verifies every cookie; whoever holds it can log in as anyone.
///
/// Take it from the environment or a secret store: text of 32 bytes or more, such
/// as the output of `openssl rand -hex 32`, the same on every machine that serves
/// the site.
/// There is no default. It is wiped from memory when dropped and never printed.
///
/// In the native format a key shorter than 32 bytes is refused when the
/// [`LoginManager`](crate::LoginManager) is built; with
/// [`flask_compatible`](crate::LoginManagerBuilder::flask_compatible) any key
/// that is not empty is good, since the Flask application's key cannot change.
#[derive(Clone)]
pub struct SecretKey {
    bytes: Zeroizing<Vec<u8>>,
    is_text: bool,
}

impl SecretKey {
    /// A key of raw bytes, as a Flask application's `bytes` key is.
    ///
    /// # Errors
    /// [`SecretKeyError::Empty`] where there is no byte in it.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, SecretKeyError> {
        Self::new(bytes.into(), false)
    }

    /// A key of text, as a Flask application's `str` key is.
    ///
    /// The text is used as UTF-8, but for Flask's remember cookies as Latin-1, as
    /// Flask-Login does it. For a key in ASCII the two are the same. (Text that
    /// Latin-1 cannot hold makes Flask-Login fail; here it is UTF-8 there too.)
    ///
    /// # Errors
    /// [`SecretKeyError::Empty`] where there is no character in it.
    pub fn from_text(text: impl Into<String>) -> Result<Self, SecretKeyError> {
        Self::new(text.into().into_bytes(), true)
    }

    /// The key that the environment variable `name` holds, as text.
    ///
    /// # Errors
    /// [`SecretKeyError::NotSet`] where there is no such variable or it is not
    /// Unicode, [`SecretKeyError::Empty`] where it is empty.
    pub fn from_env(name: &str) -> Result<Self, SecretKeyError> {
        match std::env::var(name) {
            Ok(text) => Self::from_text(text),
            Err(_) => Err(SecretKeyError::NotSet(name.to_owned())),
        }
    }

    fn new(bytes: Vec<u8>, is_text: bool) -> Result<Self, SecretKeyError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.is_empty() { Err(SecretKeyError::Empty) } else { Ok(Self { bytes, is_text }) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that Flask-Login makes of this key (`str.encode("latin1")`).
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

/// A MAC under this key. HMAC takes keys of any length: its error has no case.
pub(crate) fn keyed<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).unwrap_or_else(|_| M::new(&Key::<M>::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_latin1_for_flask_login_where_it_can_be() {
        let key = |text: &str| SecretKey::from_text(text).unwrap().latin1_bytes().to_vec();
        assert_eq!(key("clé"), b"cl\xe9");
        assert_eq!(key("ключ"), "ключ".as_bytes());
        let bytes = SecretKey::from_bytes("clé".as_bytes()).unwrap();
        assert_eq!(*bytes.latin1_bytes(), "clé".as_bytes());
    }

    #[test]
    fn a_key_is_never_empty_nor_printed() {
        assert!(matches!(SecretKey::from_text(""), Err(SecretKeyError::Empty)));
        assert!(matches!(SecretKey::from_env("NO_SUCH_VARIABLE"), Err(SecretKeyError::NotSet(_))));
        assert_eq!(format!("{:?}", SecretKey::from_text("hush").unwrap()), "SecretKey(..)");
    }
}
