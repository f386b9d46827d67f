//! The native formats: `version, key hint, fields, HMAC-SHA-256` in URL-safe Base64.

use std::hash::Hasher as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use siphasher::sip128::{Hasher128 as _, SipHasher24};

const LOGIN: u8 = 1;
const FRESH: u8 = 2;
const PERMANENT: u8 = 4;
const BOUND: u8 = 8;
const AUTH: u8 = 16;

/// How far clocks may differ, in seconds.
const SKEW: u64 = 60;

/// A secret key's derived keys.
pub struct Native {
    hint: [u8; 3],
    session: [u8; 32],
    remember: [u8; 32],
    stored_session: [u8; 32],
    stored_remember: [u8; 32],
    client: [u8; 32],
    auth: [u8; 32],
}

impl Native {
    pub fn new(secret: &[u8], session_name: &str, remember_name: &str) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, secret);
        let derive = |purpose: &str, name: &str| {
            let mut key = [0; 32];
            hkdf.expand(format!("login-core 1 {purpose} {name}").as_bytes(), &mut key).expect("32 bytes are few");
            key
        };
        let [a, b, c, ..] = derive("hint", "");
        Self {
            hint: [a, b, c],
            session: derive("session", session_name),
            remember: derive("remember", remember_name),
            stored_session: derive("stored session", session_name),
            stored_remember: derive("stored remember", remember_name),
            client: derive("client", session_name),
            auth: derive("auth", ""),
        }
    }

    /// The header that the library writes.
    pub fn header(&self) -> [u8; 4] {
        let [a, b, c] = self.hint;
        [1, a, b, c]
    }

    /// A session cookie with these fields.
    pub fn session(&self, header: [u8; 4], fields: &[u8]) -> String {
        seal(&self.session, header, fields)
    }

    /// A remember cookie with these fields.
    pub fn remember(&self, header: [u8; 4], fields: &[u8]) -> String {
        seal(&self.remember, header, fields)
    }

    /// The session cookie of a login on the server, with these fields.
    pub fn stored_session(&self, fields: &[u8]) -> String {
        seal(&self.stored_session, self.stored_header(), fields)
    }

    /// The remember cookie of a login on the server, with these fields.
    pub fn stored_remember(&self, fields: &[u8]) -> String {
        seal(&self.stored_remember, self.stored_header(), fields)
    }

    fn stored_header(&self) -> [u8; 4] {
        let [a, b, c] = self.hint;
        [2, a, b, c]
    }

    /// The fields of a session cookie that the library wrote.
    pub fn open_session(&self, cookie: &str) -> Option<Vec<u8>> {
        self.open(&self.session, cookie)
    }

    /// The fields of a remember cookie that the library wrote.
    pub fn open_remember(&self, cookie: &str) -> Option<Vec<u8>> {
        self.open(&self.remember, cookie)
    }

    fn open(&self, key: &[u8; 32], cookie: &str) -> Option<Vec<u8>> {
        let bytes = BASE64.decode(cookie).ok()?;
        let fields = bytes.get(4..bytes.len().checked_sub(32)?)?;
        (seal(key, self.header(), fields) == cookie).then(|| fields.to_vec())
    }

    /// The binding to a client with an unknown address and no user agent.
    pub fn unknown_client(&self) -> [u8; 16] {
        self.digest(&self.client, &[&0_u64.to_be_bytes(), &[0]])
    }

    /// The digest of a user's auth hash.
    pub fn auth(&self, user_id: &str, hash: &[u8]) -> [u8; 16] {
        self.digest(&self.auth, &[&(user_id.len() as u64).to_be_bytes(), user_id.as_bytes(), hash])
    }

    fn digest(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 16] {
        let mut hasher = SipHasher24::new_with_key(&std::array::from_fn(|at| key[at]));
        hasher.write(&parts.concat());
        let mut digest = [0; 16];
        digest[..3].copy_from_slice(&self.hint);
        digest[3..].copy_from_slice(&hasher.finish128().as_bytes()[..13]);
        digest
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is good");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn seal(key: &[u8; 32], header: [u8; 4], fields: &[u8]) -> String {
    let mac = hmac(key, &[&header, fields]);
    BASE64.encode([&header, fields, &mac].concat())
}

/// The fields of a session cookie. The flags say which of the optional ones it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFields {
    pub flags: u8,
    pub signed_at: u64,
    pub login: Option<LoginFields>,
    pub client: Option<[u8; 16]>,
    pub auth: Option<[u8; 16]>,
    pub data: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFields {
    pub login_id: [u8; 16],
    pub began_at: u64,
    pub login_at: u64,
    pub user_id: Vec<u8>,
}

impl SessionFields {
    /// Parses the fields. `None` if they are too short.
    pub fn parse(mut bytes: &[u8]) -> Option<Self> {
        let [flags] = take(&mut bytes)?;
        let mut fields =
            Self { flags, signed_at: number(&mut bytes)?, login: None, client: None, auth: None, data: Vec::new() };
        if flags & LOGIN != 0 {
            let login_id = take(&mut bytes)?;
            let (began_at, login_at) = (number(&mut bytes)?, number(&mut bytes)?);
            let size = usize::from(u16::from_be_bytes(take(&mut bytes)?));
            let (user_id, rest) = bytes.split_at_checked(size)?;
            bytes = rest;
            fields.login = Some(LoginFields { login_id, began_at, login_at, user_id: user_id.to_vec() });
        }
        if flags & BOUND != 0 {
            fields.client = Some(take(&mut bytes)?);
        }
        if flags & AUTH != 0 {
            fields.auth = Some(take(&mut bytes)?);
        }
        fields.data = bytes.to_vec();
        Some(fields)
    }

    /// The bytes of the fields. The flags must match the fields.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.flags];
        bytes.extend_from_slice(&self.signed_at.to_be_bytes());
        if let Some(login) = &self.login {
            bytes.extend_from_slice(&login.login_id);
            bytes.extend_from_slice(&login.began_at.to_be_bytes());
            bytes.extend_from_slice(&login.login_at.to_be_bytes());
            bytes.extend_from_slice(&(login.user_id.len() as u16).to_be_bytes());
            bytes.extend_from_slice(&login.user_id);
        }
        self.client.iter().chain(&self.auth).for_each(|digest| bytes.extend_from_slice(digest));
        bytes.extend_from_slice(&self.data);
        bytes
    }

    /// Sets the flags of the fields that are there. The other flags are those of `other`.
    pub fn with_flags(mut self, other: u8) -> Self {
        let flag = |flag: u8, set: bool| if set { flag } else { 0 };
        let said =
            flag(LOGIN, self.login.is_some()) | flag(BOUND, self.client.is_some()) | flag(AUTH, self.auth.is_some());
        self.flags = said | other & !(LOGIN | BOUND | AUTH);
        self
    }

    pub fn is_fresh(&self) -> bool {
        self.login.is_some() && self.flags & FRESH != 0
    }

    pub fn is_permanent(&self) -> bool {
        self.flags & PERMANENT != 0
    }

    /// Whether a server accepts the times and the user ID. The data is not checked.
    pub fn is_in_force(&self, now: u64, lifetime: u64) -> bool {
        let is_login =
            |login: &LoginFields| is_valid(login.began_at, now, YEAR) && std::str::from_utf8(&login.user_id).is_ok();
        is_valid(self.signed_at, now, lifetime) && self.login.as_ref().is_none_or(is_login)
    }

    /// The user ID of the login, if there is a login and the ID is UTF-8.
    pub fn user_id(&self) -> Option<&str> {
        std::str::from_utf8(&self.login.as_ref()?.user_id).ok()
    }
}

/// The fields of a remember cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberFields {
    pub began_at: u64,
    pub issued_at: u64,
    pub ends_at: u64,
    pub auth: Option<[u8; 16]>,
    pub user_id: Vec<u8>,
}

impl RememberFields {
    /// Parses the fields. `None` if they are too short.
    pub fn parse(mut bytes: &[u8]) -> Option<Self> {
        let [flags] = take(&mut bytes)?;
        let (began_at, issued_at, ends_at) = (number(&mut bytes)?, number(&mut bytes)?, number(&mut bytes)?);
        let auth = if flags & AUTH != 0 { Some(take(&mut bytes)?) } else { None };
        Some(Self { began_at, issued_at, ends_at, auth, user_id: bytes.to_vec() })
    }

    /// The bytes of the fields.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![if self.auth.is_some() { AUTH } else { 0 }];
        bytes.extend_from_slice(&self.began_at.to_be_bytes());
        bytes.extend_from_slice(&self.issued_at.to_be_bytes());
        bytes.extend_from_slice(&self.ends_at.to_be_bytes());
        self.auth.iter().for_each(|digest| bytes.extend_from_slice(digest));
        bytes.extend_from_slice(&self.user_id);
        bytes
    }

    /// The user ID, if a server accepts the token at this time.
    pub fn user_id(&self, now: u64) -> Option<&str> {
        let in_force =
            is_valid(self.began_at, now, YEAR) && is_valid(self.issued_at, now, u64::MAX) && now < self.ends_at;
        std::str::from_utf8(&self.user_id).ok().filter(|_| in_force)
    }
}

/// How long a login is valid, in seconds.
pub const YEAR: u64 = 365 * 86_400;

fn is_valid(at: u64, now: u64, age: u64) -> bool {
    at <= now + SKEW && now.saturating_sub(at) <= age
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (field, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*field)
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    take(bytes).map(u64::from_be_bytes)
}
