//! A secret key, prepared for every purpose, and the digests made with it.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::config::secret::{SecretKey, keyed};
use crate::session::content::Digest;

/// The size of a key hint, in bytes.
pub(crate) const HINT: usize = 3;

pub(crate) type HmacSha256 = Hmac<Sha256>;

/// A secret key, prepared for every purpose.
pub(crate) struct NativeKey {
    /// Says which key made a cookie or a digest, so that only that key is tried.
    pub(crate) hint: [u8; HINT],
    pub(crate) session: HmacSha256,
    pub(crate) remember: HmacSha256,
    client: HmacSha256,
    auth: HmacSha256,
}

impl NativeKey {
    pub(crate) fn new(key: &SecretKey, session_name: &str, remember_name: &str) -> Self {
        // HKDF (RFC 5869) for 32 bytes: extract without a salt, then expand to one block.
        let expand: HmacSha256 = keyed(&*tag(keyed::<HmacSha256>(&[]).chain_update(key.as_bytes())));
        let derive = |purpose: &str, name: &str| {
            let info = [b"login-core 1 ", purpose.as_bytes(), b" ", name.as_bytes()];
            tag(over(&expand, info).chain_update([1]))
        };
        let mac = |purpose: &str, name: &str| keyed::<HmacSha256>(&*derive(purpose, name));
        let hint = derive("hint", "");
        let [a, b, c, ..] = *hint;
        Self {
            hint: [a, b, c],
            session: mac("session", session_name),
            remember: mac("remember", remember_name),
            client: mac("client", session_name),
            auth: mac("auth", ""),
        }
    }

    /// The digest of a client. `address` has 4 or 16 bytes, or none if it is unknown.
    pub(crate) fn client(&self, address: &[u8], user_agent: Option<&[u8]>) -> Digest {
        self.digest(&self.client, client_fields(address, user_agent, &length(address)))
    }

    /// Whether this is the digest of the client, in constant time.
    pub(crate) fn is_client(&self, digest: &Digest, address: &[u8], user_agent: Option<&[u8]>) -> bool {
        self.verifies(digest, &self.client, client_fields(address, user_agent, &length(address)))
    }

    /// The digest of a user's auth hash.
    pub(crate) fn auth(&self, user_id: &str, auth_hash: &[u8]) -> Digest {
        self.digest(&self.auth, [&length(user_id.as_bytes()), user_id.as_bytes(), auth_hash])
    }

    /// Whether this is the digest of the user's auth hash, in constant time.
    pub(crate) fn is_auth(&self, digest: &Digest, user_id: &str, auth_hash: &[u8]) -> bool {
        self.verifies(digest, &self.auth, [&length(user_id.as_bytes()), user_id.as_bytes(), auth_hash])
    }

    fn digest<const N: usize>(&self, mac: &HmacSha256, fields: [&[u8]; N]) -> Digest {
        let whole: [u8; 32] = over(mac, fields).finalize().into_bytes().into();
        let mut digest = [0; 16];
        let (hint, rest) = digest.split_at_mut(HINT);
        hint.copy_from_slice(&self.hint);
        rest.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        digest
    }

    fn verifies<const N: usize>(&self, digest: &Digest, mac: &HmacSha256, fields: [&[u8]; N]) -> bool {
        let (hint, rest) = digest.split_at(HINT);
        hint == self.hint && over(mac, fields).verify_truncated_left(rest).is_ok()
    }
}

/// An absent user agent is different from an empty one.
fn client_fields<'f>(address: &'f [u8], user_agent: Option<&'f [u8]>, length: &'f [u8; 8]) -> [&'f [u8]; 4] {
    match user_agent {
        Some(agent) => [length, address, &[1], agent],
        None => [length, address, &[0], &[]],
    }
}

fn length(field: &[u8]) -> [u8; 8] {
    (field.len() as u64).to_be_bytes()
}

fn tag(mac: HmacSha256) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn over<const N: usize>(mac: &HmacSha256, fields: [&[u8]; N]) -> HmacSha256 {
    let mut mac = mac.clone();
    fields.iter().for_each(|field| mac.update(field));
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> NativeKey {
        NativeKey::new(&SecretKey::from_text(text).unwrap(), "session", "remember_token")
    }

    #[test]
    fn keys_are_derived_by_hkdf() {
        let hkdf = hkdf::Hkdf::<Sha256>::new(None, b"one key");
        let mut derived = [0; 32];
        hkdf.expand(b"login-core 1 remember remember_token", &mut derived).unwrap();
        let by_hkdf = keyed::<HmacSha256>(&derived).chain_update(b"x").finalize();
        assert_eq!(key("one key").remember.clone().chain_update(b"x").finalize(), by_hkdf);
    }

    #[test]
    fn the_fields_of_a_digest_are_separate() {
        let key = key("one key");
        assert_ne!(key.auth("1", b"2x"), key.auth("12", b"x"));
        assert_ne!(key.client(b"ab", Some(b"c")), key.client(b"a", Some(b"bc")));
        assert_ne!(key.client(b"a", None), key.client(b"a", Some(b"")));
    }
}
