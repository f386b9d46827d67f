//! The library's own cookie formats.
//!
//! Both are unpadded URL-safe Base64 of `version, key hint, fields, MAC`. The MAC
//! is HMAC-SHA-256 over all that stands before it, under a key that HKDF derives
//! from the secret key for this version, purpose and cookie name: one cookie's
//! value is never good as another's. Every field has a fixed size, or its length
//! before it, or is the last one, so that two different contents are never the
//! same bytes. Numbers are big-endian; times are seconds since 1970.
//!
//! | session | bytes |
//! | --- | --- |
//! | version (1) | 1 |
//! | key hint | 3 |
//! | flags | 1 |
//! | signed at, started at | 8 + 8 |
//! | with a login: its ID, when credentials were given (0: unknown), length of the user ID, user ID | 16 + 8 + 2 + n |
//! | where bound: client | 16 |
//! | where the user has an auth hash: its digest | 16 |
//! | application data, a JSON object, absent when empty | the rest |
//! | MAC | 32 |
//!
//! A remember token is `version (1), key hint (3), flags (1), issued at (8), ends
//! at (8), [auth digest (16)], user ID (the rest), MAC (32)`.
//!
//! The digests of client and auth hash are a key hint (3) and the first 13 bytes of
//! an HMAC-SHA-256: which key made them is known, however many there are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use smol_str::SmolStr;
use zeroize::Zeroizing;

use crate::clock::CLOCK_SKEW;
use crate::cookie::MAX_SIZE;
use crate::json::Object;
use crate::secret::{SecretKey, keyed};
use crate::session::{Binding, Session};

const VERSION: u8 = 1;
const HINT: usize = 3;
const HEADER: usize = 1 + HINT;
const MAC: usize = 32;

const LOGIN: u8 = 1;
const FRESH: u8 = 2;
const PERMANENT: u8 = 4;
const BOUND: u8 = 8;
const AUTH: u8 = 16;

type HmacSha256 = Hmac<Sha256>;

/// One secret key, made ready for every purpose.
pub(crate) struct NativeKey {
    /// Tells which key signed a cookie, so that only that one is tried.
    hint: [u8; HINT],
    session: HmacSha256,
    remember: HmacSha256,
    client: HmacSha256,
    auth: HmacSha256,
}

impl NativeKey {
    pub(crate) fn new(key: &SecretKey, session_name: &str, remember_name: &str) -> Self {
        // HKDF (RFC 5869) of 32 bytes: extract without a salt, expand to the one block.
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

    /// What binds a session to the client of this address (4 bytes, 16, or none
    /// where it is not known) and user agent.
    pub(crate) fn client(&self, address: &[u8], user_agent: Option<&[u8]>) -> Digest {
        self.digest(&self.client, client_fields(address, user_agent, &length(address)))
    }

    /// Whether [`client`](Self::client) made this digest, in constant time.
    pub(crate) fn is_client(&self, digest: &Digest, address: &[u8], user_agent: Option<&[u8]>) -> bool {
        self.made(digest, &self.client, client_fields(address, user_agent, &length(address)))
    }

    /// What binds a login to its user's auth hash.
    pub(crate) fn auth(&self, user_id: &str, auth_hash: &[u8]) -> Digest {
        self.digest(&self.auth, [&length(user_id.as_bytes()), user_id.as_bytes(), auth_hash])
    }

    /// Whether [`auth`](Self::auth) made this digest, in constant time.
    pub(crate) fn is_auth(&self, digest: &Digest, user_id: &str, auth_hash: &[u8]) -> bool {
        self.made(digest, &self.auth, [&length(user_id.as_bytes()), user_id.as_bytes(), auth_hash])
    }

    fn digest<const N: usize>(&self, mac: &HmacSha256, fields: [&[u8]; N]) -> Digest {
        let whole: [u8; 32] = over(mac, fields).finalize().into_bytes().into();
        let mut digest = [0; 16];
        let (hint, rest) = digest.split_at_mut(HINT);
        hint.copy_from_slice(&self.hint);
        rest.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        digest
    }

    fn made<const N: usize>(&self, digest: &Digest, mac: &HmacSha256, fields: [&[u8]; N]) -> bool {
        let (hint, rest) = digest.split_at(HINT);
        hint == self.hint && over(mac, fields).verify_truncated_left(rest).is_ok()
    }
}

/// What a session holds of its client, or a login of its user's auth hash.
pub(crate) type Digest = [u8; 16];

/// An absent user agent is another than an empty one.
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

/// A remember token's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RememberToken {
    pub(crate) user_id: SmolStr,
    pub(crate) issued_at: u64,
    pub(crate) ends_at: u64,
    pub(crate) auth: Option<Digest>,
}

/// Cookies of up to this many bytes are decoded in less space on the stack, which
/// would take longer to clear than the cookie to read.
const USUAL_SIZE: usize = 512;

/// Decodes and verifies; gives what `read` makes of the fields behind the header.
fn open<T>(
    cookie: &[u8],
    keys: &[NativeKey],
    purpose: impl Fn(&NativeKey) -> &HmacSha256,
    read: impl FnOnce(Fields<'_>) -> Option<T>,
) -> Option<T> {
    if cookie.len() <= USUAL_SIZE {
        read(verified(cookie, keys, purpose, &mut [0; USUAL_SIZE / 4 * 3])?)
    } else if cookie.len() <= MAX_SIZE {
        read(verified(cookie, keys, purpose, &mut [0; MAX_SIZE / 4 * 3])?)
    } else {
        None
    }
}

fn verified<'s>(
    cookie: &[u8],
    keys: &[NativeKey],
    purpose: impl Fn(&NativeKey) -> &HmacSha256,
    space: &'s mut [u8],
) -> Option<Fields<'s>> {
    let size = BASE64.decode_slice(cookie, space).ok()?;
    let (signed, mac) = space.get(..size)?.split_at_checked(size.checked_sub(MAC)?)?;
    let (header, fields) = signed.split_first_chunk::<HEADER>()?;
    let [VERSION, hint @ ..] = header else { return None };
    keys.iter()
        .filter(|key| key.hint == *hint)
        .find(|key| purpose(key).clone().chain_update(signed).verify_slice(mac).is_ok())?;
    Some(Fields(fields))
}

/// Puts header and MAC around the fields.
fn seal(key: &NativeKey, mac: &HmacSha256, fields: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&key.hint);
    fields(&mut bytes);
    let mac = mac.clone().chain_update(&bytes).finalize().into_bytes();
    bytes.extend_from_slice(&mac);
    BASE64.encode(&bytes)
}

/// Takes fields off the front of a slice.
struct Fields<'f>(&'f [u8]);

impl<'f> Fields<'f> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn text(&mut self) -> Option<&'f str> {
        let size = usize::from(self.take().map(u16::from_be_bytes)?);
        let (text, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

/// Reads a session; `max_age` in seconds. What is not readable is `None`.
pub(crate) fn read_session(cookie: &[u8], keys: &[NativeKey], now: u64, max_age: u64) -> Option<Session> {
    open(cookie, keys, |key| &key.session, |fields| session_of(fields, now, max_age))
}

fn session_of(mut fields: Fields<'_>, now: u64, max_age: u64) -> Option<Session> {
    let [flags] = fields.take()?;
    let signed_at = fields.number()?;
    if signed_at > now.saturating_add(CLOCK_SKEW) || now.saturating_sub(signed_at) > max_age {
        return None;
    }
    let mut session = Session { started_at: Some(fields.number()?), ..Session::default() };
    session.permanent = (flags & PERMANENT != 0).then_some(true);
    if flags & LOGIN != 0 {
        session.login_id = fields.take()?;
        session.login_at = Some(fields.number()?).filter(|at| *at != 0);
        session.user_id = Some(fields.text()?.into());
        session.fresh = Some(flags & FRESH != 0);
    }
    if flags & BOUND != 0 {
        session.binding = Some(Binding::Keyed(fields.take()?));
    }
    if flags & AUTH != 0 {
        session.auth = Some(fields.take()?);
    }
    if !fields.0.is_empty() {
        session.data = Object::parse(std::str::from_utf8(fields.0).ok()?)?;
    }
    Some(session)
}

/// Writes a session, signed at `now`.
pub(crate) fn write_session(session: &Session, key: &NativeKey, now: u64) -> String {
    seal(key, &key.session, |bytes| {
        let flag = |flag: u8, set: bool| if set { flag } else { 0 };
        let binding = match &session.binding {
            Some(Binding::Keyed(client)) => Some(client),
            Some(Binding::Hex(_)) | None => None,
        };
        bytes.push(
            flag(LOGIN, session.user_id.is_some())
                | flag(FRESH, session.user_id.is_some() && session.fresh == Some(true))
                | flag(PERMANENT, session.is_permanent())
                | flag(BOUND, binding.is_some())
                | flag(AUTH, session.auth.is_some()),
        );
        bytes.extend_from_slice(&now.to_be_bytes());
        bytes.extend_from_slice(&session.started_at.unwrap_or(now).to_be_bytes());
        if let Some(user_id) = &session.user_id {
            bytes.extend_from_slice(&session.login_id);
            bytes.extend_from_slice(&session.login_at.unwrap_or(0).to_be_bytes());
            // A longer ID never gets here: its cookie would be too large.
            bytes.extend_from_slice(&u16::try_from(user_id.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(user_id.as_bytes());
        }
        binding.iter().for_each(|client| bytes.extend_from_slice(*client));
        session.auth.iter().for_each(|auth| bytes.extend_from_slice(auth));
        if !session.data.is_empty() {
            bytes.extend_from_slice(session.data.to_text().as_bytes());
        }
    })
}

/// How many bytes [`write_session`] makes.
pub(crate) fn session_size(session: &Session) -> usize {
    let login = session.user_id.as_ref().map_or(0, |id| 26 + id.len());
    let optional = 16 * (usize::from(session.binding.is_some()) + usize::from(session.auth.is_some()));
    let data = if session.data.is_empty() { 0 } else { session.data.text_len() };
    encoded_len(HEADER + 17 + login + optional + data + MAC)
}

fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Reads a remember token that has not ended.
pub(crate) fn read_remember(cookie: &[u8], keys: &[NativeKey], now: u64) -> Option<RememberToken> {
    open(cookie, keys, |key| &key.remember, |fields| token_of(fields, now))
}

fn token_of(mut fields: Fields<'_>, now: u64) -> Option<RememberToken> {
    let [flags] = fields.take()?;
    let (issued_at, ends_at) = (fields.number()?, fields.number()?);
    let auth = if flags & AUTH != 0 { Some(fields.take()?) } else { None };
    let user_id = std::str::from_utf8(fields.0).ok()?.into();
    let in_force = issued_at <= now.saturating_add(CLOCK_SKEW) && now < ends_at;
    in_force.then_some(RememberToken { user_id, issued_at, ends_at, auth })
}

pub(crate) fn write_remember(token: &RememberToken, key: &NativeKey) -> String {
    seal(key, &key.remember, |bytes| {
        bytes.push(if token.auth.is_some() { AUTH } else { 0 });
        bytes.extend_from_slice(&token.issued_at.to_be_bytes());
        bytes.extend_from_slice(&token.ends_at.to_be_bytes());
        token.auth.iter().for_each(|auth| bytes.extend_from_slice(auth));
        bytes.extend_from_slice(token.user_id.as_bytes());
    })
}

/// A flashed message, category first as in Flask's tuples.
pub(crate) fn flash_item(category: &str, message: &str) -> String {
    format!("[{},{}]", crate::json::quote(category), crate::json::quote(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn key(text: &str) -> NativeKey {
        NativeKey::new(&SecretKey::from_text(text).unwrap(), "session", "remember_token")
    }

    fn sample() -> Session {
        let mut data = Object::default();
        data.set("colour", "\"red\"");
        Session {
            user_id: Some("佐藤".into()),
            fresh: Some(true),
            binding: Some(Binding::Keyed([7; 16])),
            permanent: Some(true),
            login_at: Some(NOW - 5),
            login_id: [9; 16],
            auth: Some([3; 16]),
            started_at: Some(NOW - 10),
            data,
            ..Session::default()
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_has_the_size_foretold() {
        let keys = [key("one key")];
        let bare = Session { started_at: Some(NOW), ..Session::default() };
        for session in [sample(), bare.clone(), Session { user_id: Some("".into()), fresh: Some(false), ..bare }] {
            let cookie = write_session(&session, &keys[0], NOW);
            assert_eq!(read_session(cookie.as_bytes(), &keys, NOW, 60), Some(session.clone()));
            assert_eq!(cookie.len(), session_size(&session));
        }
    }

    #[test]
    fn age_is_judged_by_the_server() {
        let keys = [key("one key")];
        let cookie = write_session(&sample(), &keys[0], NOW);
        let readable_at = |now| read_session(cookie.as_bytes(), &keys, now, 600).is_some();
        assert!(readable_at(NOW + 600) && !readable_at(NOW + 601));
        assert!(readable_at(NOW - CLOCK_SKEW) && !readable_at(NOW - CLOCK_SKEW - 1));

        let token = RememberToken { user_id: "1".into(), issued_at: NOW, ends_at: NOW + 100, auth: None };
        let cookie = write_remember(&token, &keys[0]);
        assert_eq!(read_remember(cookie.as_bytes(), &keys, NOW + 99), Some(token));
        assert_eq!(read_remember(cookie.as_bytes(), &keys, NOW + 100), None);
        assert_eq!(read_remember(cookie.as_bytes(), &keys, NOW - CLOCK_SKEW - 1), None);
    }

    #[test]
    fn every_change_of_a_character_and_every_truncation_is_refused() {
        let keys = [key("one key")];
        let session = write_session(&sample(), &keys[0], NOW);
        let token = RememberToken { user_id: "1".into(), issued_at: NOW, ends_at: NOW + 100, auth: Some([1; 16]) };
        let remember = write_remember(&token, &keys[0]);
        let accepted = |cookie: &str| {
            read_session(cookie.as_bytes(), &keys, NOW, 600).is_some()
                || read_remember(cookie.as_bytes(), &keys, NOW).is_some()
        };
        assert!(accepted(&session) && accepted(&remember));
        for cookie in [session, remember] {
            for at in 0..cookie.len() {
                assert!(!accepted(&cookie[..at]));
                for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ ".chars() {
                    let mut changed = cookie.clone();
                    changed.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
                    assert!(changed == cookie || !accepted(&changed), "{at} {other}");
                }
            }
        }
    }

    #[test]
    fn one_cookie_is_never_good_as_another() {
        let keys = [key("one key")];
        let token = RememberToken { user_id: "1".into(), issued_at: NOW, ends_at: NOW + 100, auth: None };
        let remember = write_remember(&token, &keys[0]);
        let session = write_session(&sample(), &keys[0], NOW);
        assert_eq!(read_session(remember.as_bytes(), &keys, NOW, 600), None);
        assert_eq!(read_remember(session.as_bytes(), &keys, NOW), None);
        let renamed = [NativeKey::new(&SecretKey::from_text("one key").unwrap(), "sid", "keep")];
        assert_eq!(read_session(session.as_bytes(), &renamed, NOW, 600), None);
        assert_eq!(read_remember(remember.as_bytes(), &renamed, NOW), None);
        assert_eq!(read_session(session.as_bytes(), &[key("another")], NOW, 600), None);
        assert!(read_session(session.as_bytes(), &[key("another"), key("one key")], NOW, 600).is_some());
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
    fn fields_of_a_digest_cannot_run_into_each_other() {
        let key = key("one key");
        assert_ne!(key.auth("1", b"2x"), key.auth("12", b"x"));
        assert_ne!(key.client(b"ab", Some(b"c")), key.client(b"a", Some(b"bc")));
        assert_ne!(key.client(b"a", None), key.client(b"a", Some(b"")));
    }

    /// Cookies of every format ever released stay readable.
    #[test]
    fn golden_values() {
        let keys = [key("conformance secret key, at least 32 bytes long")];
        let token = RememberToken { user_id: "1".into(), issued_at: NOW, ends_at: NOW + 100, auth: Some([1; 16]) };
        let session = write_session(&sample(), &keys[0], NOW);
        assert_eq!(session, include_str!("../tests/golden/native_session.txt").trim_end());
        assert_eq!(write_remember(&token, &keys[0]), include_str!("../tests/golden/native_remember.txt").trim_end());
    }
}
