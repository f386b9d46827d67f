//! Flask's session cookie (itsdangerous' `URLSafeTimedSerializer`) and Flask-Login's remember
//! cookie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::Sha512;

/// A secret key. It must be ASCII, so that Flask and Flask-Login encode it in the same way.
pub struct Flask {
    secret: Vec<u8>,
}

impl Flask {
    pub fn new(secret: &[u8]) -> Self {
        Self { secret: secret.to_vec() }
    }

    /// A session cookie with this text, not compressed.
    pub fn session(&self, json: &[u8], time: u64) -> String {
        self.sign(&BASE64.encode(json), time)
    }

    /// A session cookie with this zlib stream.
    pub fn zipped_session(&self, zlib: &[u8], time: u64) -> String {
        self.sign(&format!(".{}", BASE64.encode(zlib)), time)
    }

    fn sign(&self, payload: &str, time: u64) -> String {
        let time = time.to_be_bytes();
        let zeros = time.iter().take_while(|byte| **byte == 0).count();
        let signed = format!("{payload}.{}", BASE64.encode(&time[zeros..]));
        let signature = BASE64.encode(self.signature(&signed));
        format!("{signed}.{signature}")
    }

    fn signature(&self, signed: &str) -> Vec<u8> {
        let hmac = |key: &[u8], text: &[u8]| {
            let mac = Hmac::<Sha1>::new_from_slice(key).expect("any length is good");
            mac.chain_update(text).finalize().into_bytes().to_vec()
        };
        hmac(&hmac(&self.secret, b"cookie-session"), signed.as_bytes())
    }

    /// The text in a session cookie that the library wrote.
    pub fn open_session(&self, cookie: &str) -> Option<String> {
        let (signed, signature) = cookie.rsplit_once('.')?;
        (BASE64.encode(self.signature(signed)) == signature).then_some(())?;
        let (payload, _) = signed.rsplit_once('.')?;
        let json = match payload.strip_prefix('.') {
            Some(zlib) => miniz_oxide::inflate::decompress_to_vec_zlib(&BASE64.decode(zlib).ok()?).ok()?,
            None => BASE64.decode(payload).ok()?,
        };
        String::from_utf8(json).ok()
    }

    /// A remember cookie with this payload, which can be any bytes.
    pub fn remember(&self, payload: &[u8]) -> Vec<u8> {
        let mac = Hmac::<Sha512>::new_from_slice(&self.secret).expect("any length is good");
        let digest = mac.chain_update(payload).finalize().into_bytes();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        [payload, b"|", hex.as_bytes()].concat()
    }
}

/// A cookie value in quotes. Everything except letters and digits is escaped.
pub fn quote_cookie(value: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in value {
        if byte.is_ascii_alphanumeric() {
            quoted.push(*byte);
        } else {
            quoted.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
    }
    quoted.push(b'"');
    quoted
}
