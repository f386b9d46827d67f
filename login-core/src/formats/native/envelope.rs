//! What both cookies have in common: the version, the key hint and the MAC around the
//! fields, and the Base64 around it all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::Mac as _;

use crate::config::cookie::MAX_SIZE;
use crate::formats::native::keys::{HINT, HmacSha256, NativeKey};

/// The version of a cookie whose fields say all.
pub(crate) const WHOLE: u8 = 1;
/// The version of a cookie that names a record on the server.
pub(crate) const NAMES_RECORD: u8 = 2;

const HEADER: usize = 1 + HINT;
const MAC: usize = 32;

/// Cookies up to this size are decoded in a smaller buffer. Clearing the large buffer
/// would take longer than reading the cookie.
const USUAL_SIZE: usize = 512;

/// Decodes and verifies a cookie. Returns what `read` makes of the fields.
pub(crate) fn open<T>(
    cookie: &[u8],
    version: u8,
    keys: &[NativeKey],
    purpose: impl Fn(&NativeKey) -> &HmacSha256,
    read: impl FnOnce(usize, Fields<'_>) -> Option<T>,
) -> Option<T> {
    if cookie.len() <= USUAL_SIZE {
        let mut buffer = [0; USUAL_SIZE / 4 * 3];
        let (key, fields) = verified(cookie, version, keys, purpose, &mut buffer)?;
        read(key, fields)
    } else if cookie.len() <= MAX_SIZE {
        let mut buffer = [0; MAX_SIZE / 4 * 3];
        let (key, fields) = verified(cookie, version, keys, purpose, &mut buffer)?;
        read(key, fields)
    } else {
        None
    }
}

fn verified<'b>(
    cookie: &[u8],
    version: u8,
    keys: &[NativeKey],
    purpose: impl Fn(&NativeKey) -> &HmacSha256,
    buffer: &'b mut [u8],
) -> Option<(usize, Fields<'b>)> {
    let size = BASE64.decode_slice(cookie, buffer).ok()?;
    let (signed, mac) = buffer.get(..size)?.split_at_checked(size.checked_sub(MAC)?)?;
    let (header, fields) = signed.split_first_chunk::<HEADER>()?;
    let [first, hint @ ..] = header;
    (*first == version).then_some(())?;
    let is_signer =
        |key: &NativeKey| key.hint == *hint && purpose(key).clone().chain_update(signed).verify_slice(mac).is_ok();
    let key = keys.iter().position(is_signer)?;
    Some((key, Fields(fields)))
}

/// Makes a cookie from the fields that `write` appends.
pub(crate) fn seal(version: u8, key: &NativeKey, mac: &HmacSha256, write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = vec![version];
    bytes.extend_from_slice(&key.hint);
    write(&mut bytes);
    let mac = mac.clone().chain_update(&bytes).finalize().into_bytes();
    bytes.extend_from_slice(&mac);
    BASE64.encode(&bytes)
}

/// The size of a cookie whose fields have so many bytes.
pub(crate) fn sealed_size(fields: usize) -> usize {
    ((HEADER + fields + MAC) * 4).div_ceil(3)
}

/// The fields of a cookie, read from the front.
pub(crate) struct Fields<'f>(&'f [u8]);

impl<'f> Fields<'f> {
    pub(crate) fn new(bytes: &'f [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// A text whose length, in two bytes, is before it.
    pub(crate) fn text(&mut self) -> Option<&'f str> {
        let size = usize::from(self.take().map(u16::from_be_bytes)?);
        let (text, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// The rest as text.
    pub(crate) fn rest(self) -> Option<&'f str> {
        std::str::from_utf8(self.0).ok()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    /// Checks that no changed and no shortened form of this cookie is accepted.
    pub(crate) fn assert_unforgeable(cookie: &str, is_accepted: impl Fn(&[u8]) -> bool) {
        assert!(is_accepted(cookie.as_bytes()));
        for at in 0..cookie.len() {
            assert!(!is_accepted(&cookie.as_bytes()[..at]));
            for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ ".chars() {
                let mut changed = cookie.to_owned();
                changed.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
                assert!(changed == cookie || !is_accepted(changed.as_bytes()), "{at} {other}");
            }
        }
    }
}
