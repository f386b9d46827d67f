//! Flask's session cookie: tagged JSON, signed by itsdangerous' `URLSafeTimedSerializer`
//! (salt `cookie-session`, HMAC-SHA-1, zlib if the session is long).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::Mac as _;

use crate::config::cookie::MAX_SIZE;
use crate::formats::flask::keys::FlaskKey;
use crate::formats::tagged;
use crate::session::content::{Binding, Session};
use crate::session::json::{self, Object};

/// The largest size of a session after decompression, in bytes.
///
/// Flask has no limit: 4096 bytes of zlib can expand to four million.
const MAX_INFLATED: usize = 256 * 1024;

/// The largest session that is written, before compression, in bytes. Compressing takes time
/// in proportion to this, with each response that sends the session.
const MAX_PLAIN: usize = 64 * 1024;

/// Sessions of up to so many bytes are not compressed, which would take longer than everything else and
/// save little. Flask reads both.
const SHORT: usize = 512;

/// zlib's default level, which Python uses.
const ZLIB_LEVEL: u8 = 6;

/// Reads a session that is at most `max_age` seconds old. `None` if it is not readable.
pub(crate) fn read_session(cookie: &str, keys: &[FlaskKey], now: u64, max_age: u64) -> Option<Session> {
    let (signed, signature) = cookie.rsplit_once('.')?;
    let (payload, timestamp) = signed.rsplit_once('.')?;
    let mut digest = [0; 24];
    let length = BASE64.decode_slice(signature, &mut digest).ok()?;
    let digest = digest.get(..length)?;
    let is_signer = |key: &FlaskKey| key.session.clone().chain_update(signed.as_bytes()).verify_slice(digest).is_ok();
    let key = keys.iter().position(is_signer);
    key?;

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
    Some(Session { key, ..from_json(std::str::from_utf8(&json).ok()?)? })
}

/// Writes a session with the time `now`, in seconds since 1970.
pub(crate) fn write_session(session: &Session, key: &FlaskKey, now: u64) -> String {
    let json = to_json(session);
    let mut cookie = String::with_capacity(encoded_size(json.len()));
    if json.len() > SHORT {
        cookie.push('.');
        BASE64.encode_string(miniz_oxide::deflate::compress_to_vec_zlib(json.as_bytes(), ZLIB_LEVEL), &mut cookie);
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

/// The size of what [`write_session`] returns, in bytes. A session that fits in any case
/// is not compressed for this, and its uncompressed size is returned.
pub(crate) fn session_size(session: &Session, key: &FlaskKey, now: u64, name_size: usize) -> usize {
    let plain = plain_size(session);
    if plain > MAX_PLAIN {
        return plain; // However small it becomes, compressing it takes too long.
    }
    if name_size + plain <= MAX_SIZE { plain } else { write_session(session, key, now).len() }
}

/// The size of what [`write_session`] would return without compression, in bytes.
pub(crate) fn plain_size(session: &Session) -> usize {
    encoded_size(to_json(session).len())
}

/// Of JSON of this size. Timestamp, signature and dots take at most 40 bytes.
fn encoded_size(json: usize) -> usize {
    json.div_ceil(3) * 4 + 40
}

fn from_json(text: &str) -> Option<Session> {
    let mut session = Session::default();
    let data = Object::parse_except(&tagged::untag_session(text)?, |key, json| take(&mut session, key, json))?;
    Some(Session { data, ..session })
}

/// Reads a member that is the login's own. A key whose value has an unexpected type is not, and stays
/// in the data as it is.
fn take(session: &mut Session, key: &str, json: &str) -> bool {
    match key {
        "\"_user_id\"" => {
            session.user_id = json::unquote(json).map(Into::into);
            if session.user_id.is_none() && parsed::<i128>(json).is_some() {
                // Flask-Login writes the result of `get_id`, which may be a number.
                session.user_id = Some(json.into());
                session.has_numeric_id = true;
            }
            session.user_id.is_some()
        }
        "\"_fresh\"" => put(&mut session.fresh, parsed(json)),
        "\"_id\"" => put(&mut session.binding, json::unquote(json).map(|hex| Binding::Hex(hex.into()))),
        "\"_permanent\"" => put(&mut session.permanent, parsed(json)),
        "\"_remember_seconds\"" => put(&mut session.remember_seconds, parsed(json)),
        "\"_login_at\"" => put(&mut session.login_at, parsed(json)),
        _ => false,
    }
}

fn put<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    *field = value;
    field.is_some()
}

fn parsed<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}

pub(crate) fn to_json(session: &Session) -> String {
    tagged::tag_session(json::write_sorted(session.members()))
}

/// The JSON text of a flashed message: a tuple, as Flask stores it.
pub(crate) fn flash_item(category: &str, message: &str) -> String {
    format!("{{\" t\":[{},{}]}}", json::quote(category), json::quote(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::SecretKey;

    const NOW: u64 = 1_700_000_000;

    /// A session whose JSON has this many bytes and hardly compresses.
    fn session(size: usize) -> Session {
        let mut random = 1_u32;
        let letter = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (random >> 24) as u8 % 26)
        };
        let text: String = std::iter::repeat_with(letter).take(size - r#"{"a":""}"#.len()).collect();
        let mut session = Session::default();
        session.data.set("a", json::quote(&text));
        session
    }

    #[test]
    fn only_a_long_session_is_compressed() {
        let key = FlaskKey::new(&SecretKey::from_text("a key").unwrap());
        let is_zipped = |session: &Session| write_session(session, &key, NOW).starts_with('.');
        for size in [60, SHORT, SHORT + 1, 2000] {
            let mut repeated = Session::default();
            repeated.data.set("a", json::quote(&"a".repeat(size - r#"{"a":""}"#.len())));
            assert_eq!(to_json(&repeated).len(), size);
            assert_eq!(is_zipped(&repeated), size > SHORT, "{size}");
        }
    }

    #[test]
    fn the_size_is_exact_near_the_limit() {
        let key = FlaskKey::new(&SecretKey::from_text("a key").unwrap());
        for (size, name) in [(3042, 1), (3039, 30), (3042, 30), (3200, 7)] {
            let session = session(size);
            assert_eq!(session_size(&session, &key, NOW, name), write_session(&session, &key, NOW).len(), "{size}");
        }
        let mut repeated = Session::default();
        repeated.data.set("a", json::quote(&"a".repeat(49_000)));
        let written = write_session(&repeated, &key, NOW);
        assert_eq!(session_size(&repeated, &key, NOW, 7), written.len());
        assert_eq!(read_session(&written, &[key], NOW, 60), Some(Session { key: Some(0), ..repeated.clone() }));
        let key = FlaskKey::new(&SecretKey::from_text("a key").unwrap());
        repeated.data.set("a", json::quote(&"a".repeat(49_200)));
        assert!(session_size(&repeated, &key, NOW, 7) > MAX_PLAIN, "a session is bounded before compression");
        let usual = session(300);
        assert_eq!(session_size(&usual, &key, NOW, 7), 440, "the size without compression");
    }
}
