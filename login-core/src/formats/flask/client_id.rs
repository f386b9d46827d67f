//! Flask-Login's session identifier, which binds a session to a client.

use std::fmt::{self, Write};
use std::net::IpAddr;

use sha2::{Digest as _, Sha512};

/// The identifier: the SHA-512, in hexadecimal digits, of Python's `repr` of address and user agent,
/// joined by `|`.
pub(crate) struct ClientId([u8; 128]);

impl ClientId {
    pub(crate) fn new(address: Option<IpAddr>, user_agent: Option<&[u8]>) -> Self {
        let mut hash = Hash(Sha512::new());
        // Writing to a hash does not fail.
        let _ = write_repr(&mut hash, address, user_agent);
        let digest = hash.0.finalize();
        let mut digits = [0; 128];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(digest) {
            *pair = [byte >> 4, byte & 15].map(|nibble| nibble + if nibble < 10 { b'0' } else { b'a' - 10 });
        }
        Self(digits)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Hashes the text that is written to it.
struct Hash(Sha512);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

fn write_repr(out: &mut impl Write, address: Option<IpAddr>, user_agent: Option<&[u8]>) -> fmt::Result {
    match address {
        Some(address) => write!(out, "b'{address}'|")?,
        None => out.write_str("None|")?,
    }
    match user_agent {
        Some(agent) => write_bytes(out, agent),
        None => out.write_str("None"),
    }
}

/// Python's `repr` of a header. Werkzeug decodes headers as Latin-1, and Flask-Login encodes that text
/// as UTF-8.
fn write_bytes(out: &mut impl Write, header: &[u8]) -> fmt::Result {
    let quote = if header.contains(&b'\'') && !header.contains(&b'"') { '"' } else { '\'' };
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\' && char::from(*byte) != quote;
    out.write_char('b')?;
    out.write_char(quote)?;
    let mut rest = header;
    loop {
        let (plain, others) = rest.split_at(rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len()));
        out.write_str(std::str::from_utf8(plain).unwrap_or_default())?;
        let Some((byte, after)) = others.split_first() else { return out.write_char(quote) };
        match byte {
            b'\t' => out.write_str("\\t")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b' '..=b'~' => write!(out, "\\{}", char::from(*byte))?,
            _ => {
                char::from(*byte).encode_utf8(&mut [0; 2]).bytes().try_for_each(|byte| write!(out, "\\x{byte:02x}"))?
            }
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_as_in_python() {
        let mut shown = String::new();
        write_bytes(&mut shown, b"a\t\n\r\\\x01'\xe9").unwrap();
        assert_eq!(shown, r#"b"a\t\n\r\\\x01'\xc3\xa9""#);
    }
}
