//! The ID of a session.

use std::fmt;
use std::str::FromStr;

/// The ID of a session that has a login: 16 random bytes, made anew for each login. A login that a
/// remember cookie restores has the same ID in a session store, and a new one in cookies.
///
/// It is no secret: nobody can log in with it. `Display` writes it as 32 lower-case hexadecimal
/// digits, and `FromStr` reads these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// The ID of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, by which a store finds the record.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

/// A text is not the ID of a session: not 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSessionId;

impl fmt::Display for InvalidSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a session ID, which has 32 lower-case hexadecimal digits")
    }
}

impl std::error::Error for InvalidSessionId {}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_ours);
        number.map(|number| Self(number.to_be_bytes())).ok_or(InvalidSessionId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_it_is_written() {
        let id = SessionId::from_bytes(std::array::from_fn(|at| at as u8 * 16));
        assert_eq!(id.to_string(), "00102030405060708090a0b0c0d0e0f0");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(SessionId::from_bytes([0; 16]).to_string().parse(), Ok(SessionId::from_bytes([0; 16])));
        for text in ["", "0", "00102030405060708090A0B0C0D0E0F0", "+0102030405060708090a0b0c0d0e0f0", "é"] {
            assert_eq!(text.parse::<SessionId>(), Err(InvalidSessionId), "{text}");
        }
    }
}
