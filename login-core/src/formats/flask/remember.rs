//! Flask-Login's remember cookie: `user_id|MAC`, where the MAC is an HMAC-SHA-512 in
//! hexadecimal digits.

use std::borrow::Cow;

use hmac::Mac as _;

use crate::config::secret::SecretKey;
use crate::formats::flask::keys::FlaskKey;
use crate::session::content::hex;

/// Signs the payload of a remember cookie (Flask-Login's `encode_cookie`).
///
/// With the key, anyone can make remember cookies for any user.
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
    write_remember(payload, &FlaskKey::new(key))
}

/// The payload of a cookie that [`encode_cookie`] or Flask-Login made with this key
/// (Flask-Login's `decode_cookie`). `None` for anything else.
#[must_use]
pub fn decode_cookie(cookie: &str, key: &SecretKey) -> Option<String> {
    decode(cookie, &FlaskKey::new(key)).map(str::to_owned)
}

/// The user ID in a remember cookie, and the position of the key that signed it.
pub(crate) fn read_remember<'c>(cookie: &'c str, keys: &[FlaskKey]) -> Option<(usize, &'c str)> {
    keys.iter().enumerate().find_map(|(at, key)| Some((at, decode(cookie, key)?)))
}

/// The value of a remember cookie, before [`quote`].
pub(crate) fn write_remember(user_id: &str, key: &FlaskKey) -> String {
    let digest = key.remember.clone().chain_update(user_id.as_bytes()).finalize().into_bytes();
    let mut cookie = String::with_capacity(user_id.len() + 129);
    cookie.push_str(user_id);
    cookie.push('|');
    cookie.push_str(&hex(&digest));
    cookie
}

fn decode<'c>(cookie: &'c str, key: &FlaskKey) -> Option<&'c str> {
    let (user_id, hex) = cookie.rsplit_once('|')?;
    let mut digest = [0; 64];
    (hex.len() == 128).then_some(())?;
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = (nibble(high)? << 4) | nibble(low)?;
    }
    key.remember.clone().chain_update(user_id.as_bytes()).verify_slice(&digest).ok()?;
    Some(user_id)
}

/// The value of a lower-case hexadecimal digit, the only case that Flask-Login accepts.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// A cookie's value as Werkzeug writes it: in quotes and with octal escapes if necessary.
pub(crate) fn quote(value: &str) -> Cow<'_, str> {
    let needs_none = |b: u8| b.is_ascii_alphanumeric() || b"_!#$%&'()*+-./:<=>?@[]^`{|}~".contains(&b);
    if value.bytes().all(needs_none) {
        return Cow::Borrowed(value);
    }
    let mut quoted = String::from("\"");
    for byte in value.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            0..0x20 | b',' | b';' | 0x7f.. => quoted.push_str(&format!("\\{byte:03o}")),
            _ => quoted.push(char::from(byte)),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::cookies::unquote;

    #[test]
    fn quoting_is_undone_by_unquoting() {
        for text in ["plain|x=", "佐藤|0a", "a b", "\"\\;,", "\u{1}\u{7f}", ""] {
            assert_eq!(unquote(quote(text).as_bytes()), text.as_bytes());
            assert!(quote(text).is_ascii());
        }
    }
}
