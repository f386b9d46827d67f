//! Flask's and Flask-Login's own cookie formats, byte for byte.
//!
//! A session is what itsdangerous' `URLSafeTimedSerializer` makes of tagged JSON
//! (salt `cookie-session`, HMAC-SHA-1, zlib where that is shorter); a remember
//! cookie is `user_id|hex HMAC-SHA-512`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::client;
use crate::cookie::MAX_SIZE;
use crate::json::{self, Object};
use crate::secret::{SecretKey, keyed};
use crate::session::{Binding, Session};
use crate::tagged;

/// The most bytes that a compressed session may hold when it is inflated.
///
/// Flask sets no bound; 4096 bytes of zlib can make four million.
const MAX_INFLATED: usize = 256 * 1024;

/// zlib's own default, which Python uses.
const ZLIB_LEVEL: u8 = 6;

/// One secret key, made ready for both cookies.
pub(crate) struct FlaskKey {
    session: Hmac<Sha1>,
    remember: Hmac<Sha512>,
}

impl FlaskKey {
    pub(crate) fn new(key: &SecretKey) -> Self {
        let salted = keyed::<Hmac<Sha1>>(key.as_bytes()).chain_update(b"cookie-session").finalize().into_bytes();
        let salted = Zeroizing::new(<[u8; 20]>::from(salted));
        Self { session: keyed(&*salted), remember: keyed(&key.latin1_bytes()) }
    }

    /// What tells this key from another. It leaves the library no more than the key does.
    pub(crate) fn fingerprint(&self) -> [u8; 16] {
        let whole: [u8; 64] = self.remember.clone().chain_update(b"\0fingerprint").finalize().into_bytes().into();
        let mut fingerprint = [0; 16];
        fingerprint.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        fingerprint
    }

    fn encode_remember(&self, user_id: &str) -> String {
        let digest = self.remember.clone().chain_update(user_id.as_bytes()).finalize().into_bytes();
        let mut cookie = String::with_capacity(user_id.len() + 129);
        cookie.push_str(user_id);
        cookie.push('|');
        cookie.push_str(&client::hex(&digest));
        cookie
    }

    fn decode_remember<'c>(&self, cookie: &'c str) -> Option<&'c str> {
        let (user_id, hex) = cookie.rsplit_once('|')?;
        let mut digest = [0; 64];
        (hex.len() == 128).then_some(())?;
        for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let &[high, low] = pair else { return None };
            *byte = (nibble(high)? << 4) | nibble(low)?;
        }
        self.remember.clone().chain_update(user_id.as_bytes()).verify_slice(&digest).ok()?;
        Some(user_id)
    }
}

/// A lower-case hexadecimal digit, the only case that Flask-Login accepts.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Signs a remember cookie's payload, as Flask-Login's `encode_cookie`.
///
/// Whoever holds the key can mint remember cookies for any user with this.
///
/// ```
/// # use login_core::{SecretKey, encode_cookie, decode_cookie};
/// let key = SecretKey::from_text("hush, this is a secret")?;
/// let cookie = encode_cookie("42", &key);
/// assert!(cookie.starts_with("42|"));
/// assert_eq!(decode_cookie(&cookie, &key).as_deref(), Some("42"));
/// # Ok::<(), login_core::SecretKeyError>(())
/// ```
#[must_use]
pub fn encode_cookie(payload: &str, key: &SecretKey) -> String {
    FlaskKey::new(key).encode_remember(payload)
}

/// The payload of a cookie that [`encode_cookie`] or Flask-Login made with this
/// key; `None` where it was made with another key, or is anything else.
///
/// Whoever holds the key can mint cookies that this accepts.
#[must_use]
pub fn decode_cookie(cookie: &str, key: &SecretKey) -> Option<String> {
    FlaskKey::new(key).decode_remember(cookie).map(str::to_owned)
}

/// The user ID in a remember cookie that any of the keys signed.
pub(crate) fn read_remember<'c>(cookie: &'c str, keys: &[FlaskKey]) -> Option<&'c str> {
    keys.iter().find_map(|key| key.decode_remember(cookie))
}

pub(crate) fn write_remember(user_id: &str, key: &FlaskKey) -> String {
    key.encode_remember(user_id)
}

/// Reads a session; `max_age` in seconds. What is not readable is `None`.
pub(crate) fn read_session(cookie: &str, keys: &[FlaskKey], now: u64, max_age: u64) -> Option<Session> {
    let (signed, signature) = cookie.rsplit_once('.')?;
    let (payload, timestamp) = signed.rsplit_once('.')?;
    let mut digest = [0; 24];
    let length = BASE64.decode_slice(signature, &mut digest).ok()?;
    let digest = digest.get(..length)?;
    keys.iter().find(|key| key.session.clone().chain_update(signed.as_bytes()).verify_slice(digest).is_ok())?;

    let mut bytes = [0; 9];
    let length = BASE64.decode_slice(timestamp, &mut bytes).ok()?;
    let signed_at =
        bytes.get(..length)?.iter().try_fold(0_u64, |n, byte| n.checked_mul(256)?.checked_add(u64::from(*byte)))?;
    if now.checked_sub(signed_at)? > max_age {
        return None;
    }

    let json = match payload.strip_prefix('.') {
        Some(zipped) => {
            let zipped = BASE64.decode(zipped).ok()?;
            miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&zipped, MAX_INFLATED).ok()?
        }
        None => BASE64.decode(payload).ok()?,
    };
    from_json(std::str::from_utf8(&json).ok()?)
}

/// Writes a session, signed at `now`.
pub(crate) fn write_session(session: &Session, key: &FlaskKey, now: u64) -> String {
    let json = to_json(session);
    let zipped = miniz_oxide::deflate::compress_to_vec_zlib(json.as_bytes(), ZLIB_LEVEL);
    let mut cookie = String::new();
    if zipped.len() + 1 < json.len() {
        cookie.push('.');
        BASE64.encode_string(&zipped, &mut cookie);
    } else {
        BASE64.encode_string(&json, &mut cookie);
    }
    let bytes = now.to_be_bytes();
    let significant = bytes.iter().position(|byte| *byte != 0).and_then(|at| bytes.get(at..)).unwrap_or_default();
    cookie.push('.');
    BASE64.encode_string(significant, &mut cookie);
    let signature = key.session.clone().chain_update(cookie.as_bytes()).finalize().into_bytes();
    cookie.push('.');
    BASE64.encode_string(signature, &mut cookie);
    cookie
}

/// How many bytes [`write_session`] makes, compressed only where that decides.
pub(crate) fn session_size(session: &Session, key: &FlaskKey, now: u64, name_size: usize) -> usize {
    let json = to_json(session).len();
    if json > MAX_INFLATED {
        return json; // However small it can be made, it could not be read again.
    }
    // Timestamp, signature and dots take at most 40 bytes.
    let plain = json.div_ceil(3) * 4 + 40;
    if name_size + plain <= MAX_SIZE { plain } else { write_session(session, key, now).len() }
}

fn from_json(text: &str) -> Option<Session> {
    let mut session = Session { data: Object::parse(&tagged::untag_session(text)?)?, ..Session::default() };
    let data = &mut session.data;
    // A key of an unexpected type is none of ours: it stays where and as it is.
    session.user_id = take(data, "_user_id", |json| parsed::<String>(json).map(Into::into));
    if session.user_id.is_none() {
        // Flask-Login writes what `get_id` returned, which may be a number.
        session.user_id = take(data, "_user_id", |json| parsed::<i128>(json).map(|_| json.into()));
        session.has_numeric_id = session.user_id.is_some();
    }
    session.fresh = take(data, "_fresh", parsed);
    session.binding = take(data, "_id", |json| parsed::<Box<str>>(json).map(Binding::Hex));
    session.permanent = take(data, "_permanent", parsed);
    session.remember_seconds = take(data, "_remember_seconds", parsed);
    session.login_at = take(data, "_login_at", parsed);
    Some(session)
}

fn take<T>(data: &mut Object, key: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let value = read(data.get(key)?)?;
    data.remove(key);
    Some(value)
}

fn parsed<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}

pub(crate) fn to_json(session: &Session) -> String {
    let mut data = session.data.clone();
    for key in session.own_keys() {
        if let Some(json) = session.own_key(key) {
            data.set(key, json);
        }
    }
    tagged::tag_session(data.to_sorted_text())
}

/// A flashed message as Flask keeps it, a tuple.
pub(crate) fn flash_item(category: &str, message: &str) -> String {
    format!("{{\" t\":[{},{}]}}", json::quote(category), json::quote(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    /// A session whose JSON has this many bytes, and hardly a repetition in it.
    fn session(size: usize) -> Session {
        let mut random = 1_u32;
        let letter = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (random >> 24) as u8 % 26)
        };
        let text: String = std::iter::repeat_with(letter).take(size - r#"{"a":""}"#.len()).collect();
        let mut session = Session::default();
        session.data.set("a", crate::json::quote(&text));
        session
    }

    #[test]
    fn a_session_is_compressed_where_that_makes_it_shorter_by_more_than_its_dot() {
        let key = FlaskKey::new(&SecretKey::from_text("a key").unwrap());
        let mut saved = Vec::new();
        for size in 60..200 {
            let session = session(size);
            assert_eq!(to_json(&session).len(), size);
            let zipped = miniz_oxide::deflate::compress_to_vec_zlib(to_json(&session).as_bytes(), ZLIB_LEVEL).len();
            let is_zipped = write_session(&session, &key, NOW).starts_with('.');
            assert_eq!(is_zipped, zipped < size - 1, "{size} bytes, zipped {zipped}");
            saved.push(size as isize - zipped as isize);
        }
        for edge in [0, 1, 2] {
            assert!(saved.contains(&edge), "{saved:?}");
        }
    }

    #[test]
    fn the_size_is_exact_where_it_decides() {
        let key = FlaskKey::new(&SecretKey::from_text("a key").unwrap());
        for (size, name) in [(3042, 1), (3039, 30), (3042, 30), (3200, 7)] {
            let session = session(size);
            assert_eq!(session_size(&session, &key, NOW, name), write_session(&session, &key, NOW).len(), "{size}");
        }
        let mut repeated = Session::default();
        repeated.data.set("a", crate::json::quote(&"a".repeat(MAX_INFLATED - 8)));
        let written = write_session(&repeated, &key, NOW);
        assert_eq!(session_size(&repeated, &key, NOW, 7), written.len());
        assert_eq!(read_session(&written, &[key], NOW, 60), Some(repeated.clone()));
        let key = FlaskKey::new(&SecretKey::from_text("a key").unwrap());
        repeated.data.set("a", crate::json::quote(&"a".repeat(MAX_INFLATED - 7)));
        assert_eq!(session_size(&repeated, &key, NOW, 7), MAX_INFLATED + 1);
        let usual = session(300);
        assert_eq!(session_size(&usual, &key, NOW, 7), 440, "not compressed to be told");
    }
}
