//! A secret key, prepared for Flask's two cookies.

use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::config::secret::{SecretKey, keyed};

/// A secret key, prepared for Flask's two cookies.
pub(crate) struct FlaskKey {
    pub(crate) session: Hmac<Sha1>,
    pub(crate) remember: Hmac<Sha512>,
}

impl FlaskKey {
    pub(crate) fn new(key: &SecretKey) -> Self {
        let salted = keyed::<Hmac<Sha1>>(key.as_bytes()).chain_update(b"cookie-session").finalize().into_bytes();
        let salted = Zeroizing::new(<[u8; 20]>::from(salted));
        Self { session: keyed(&*salted), remember: keyed(&key.latin1_bytes()) }
    }

    /// A value that is equal for equal keys. Like the key, it never leaves the library.
    pub(crate) fn fingerprint(&self) -> [u8; 16] {
        let whole: [u8; 64] = self.remember.clone().chain_update(b"\0fingerprint").finalize().into_bytes().into();
        let mut fingerprint = [0; 16];
        fingerprint.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        fingerprint
    }
}
