//! A secret key, prepared for every purpose, and the digests made with it.

use std::hash::Hasher as _;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use siphasher::sip128::{Hasher128 as _, SipHasher24};
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
    /// For the session cookie of a login that is kept on the server.
    pub(crate) stored_session: HmacSha256,
    /// For the remember cookie of such a login.
    pub(crate) stored_remember: HmacSha256,
    rotation: HmacSha256,
    client: SipKey,
    auth: SipKey,
}

/// What a cookie proves the login with.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// A key for SipHash-2-4 with 128 bits of output.
type SipKey = Zeroizing<[u8; 16]>;

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
            stored_session: mac("stored session", session_name),
            stored_remember: mac("stored remember", remember_name),
            rotation: mac("rotation", session_name),
            client: first_half(&derive("client", session_name)),
            auth: first_half(&derive("auth", "")),
        }
    }

    /// The secret that follows another one in a cookie for `purpose`. The same secret always has
    /// the same successor, so that requests that are sent at the same time get one cookie.
    pub(crate) fn next_secret(&self, purpose: &[u8], id: &[u8; 16], generation: u32, secret: &[u8; 32]) -> Secret {
        tag(over(&self.rotation, [&length(purpose), purpose, id, &generation.to_be_bytes(), secret]))
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

    /// The digest is a key hint and the first bytes of the hash.
    fn digest<const N: usize>(&self, key: &SipKey, fields: [&[u8]; N]) -> Digest {
        let mut hasher = SipHasher24::new_with_key(key);
        fields.iter().for_each(|field| hasher.write(field));
        let mut digest = hasher.finish128().as_bytes();
        digest.rotate_right(HINT);
        digest.iter_mut().zip(self.hint).for_each(|(byte, hint)| *byte = hint);
        digest
    }

    /// Whether this key made the digest, as its hint says.
    pub(crate) fn made(&self, digest: &Digest) -> bool {
        digest.starts_with(&self.hint)
    }

    /// Compares in constant time, because a digest of a secret must not leak byte by byte.
    fn verifies<const N: usize>(&self, digest: &Digest, key: &SipKey, fields: [&[u8]; N]) -> bool {
        self.made(digest) && u128::from_ne_bytes(*digest) ^ u128::from_ne_bytes(self.digest(key, fields)) == 0
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

fn first_half(bytes: &[u8; 32]) -> SipKey {
    let mut half = SipKey::default();
    half.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    half
}

fn tag(mac: HmacSha256) -> Secret {
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

    /// The first test vector of SipHash's authors for 128 bits: the key 00 01 … 0f, and the
    /// input 00 01 … 0e.
    #[test]
    fn digests_are_siphash_2_4_of_128_bits() {
        let bytes: [u8; 16] = std::array::from_fn(|at| at as u8);
        let digest = NativeKey { client: Zeroizing::new(bytes), ..key("one key") }
            .digest(&Zeroizing::new(bytes), [&bytes[..15]]);
        let expected = [0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08, 0xec, 0x0f, 0x97];
        assert_eq!(digest[..HINT], key("one key").hint);
        assert_eq!(digest[HINT..], expected);
    }

    #[test]
    fn a_digest_needs_its_own_key_and_purpose() {
        let (one, other) = (key("one key"), key("another"));
        assert!(one.is_auth(&one.auth("1", b"hash"), "1", b"hash"));
        assert!(!other.is_auth(&one.auth("1", b"hash"), "1", b"hash"));
        assert!(one.is_client(&one.client(b"abcd", None), b"abcd", None));
        let length = 4_u64.to_be_bytes();
        assert_ne!(one.digest(&one.client, [&length]), one.digest(&one.auth, [&length]));
        for at in 0..16 {
            let mut changed = one.auth("1", b"hash");
            changed[at] ^= 1;
            assert!(!one.is_auth(&changed, "1", b"hash"), "{at}");
        }
    }

    #[test]
    fn the_fields_of_a_digest_are_separate() {
        let key = key("one key");
        assert_ne!(key.auth("1", b"2x"), key.auth("12", b"x"));
        assert_ne!(key.client(b"ab", Some(b"c")), key.client(b"a", Some(b"bc")));
        assert_ne!(key.client(b"a", None), key.client(b"a", Some(b"")));
    }
}
