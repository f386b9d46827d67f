//! Flask-Login's session identifier, which binds a session to a client.

use std::net::IpAddr;

use sha2::{Digest as _, Sha512};

use crate::session::content::hex;

/// Flask-Login's session identifier: the SHA-512, in hexadecimal digits, of Python's `repr`
/// of address and user agent, joined by `|`.
pub(crate) fn client_id(address: Option<IpAddr>, user_agent: Option<&[u8]>) -> String {
    let address = address.map(|address| address.to_string());
    // Werkzeug decodes headers as Latin-1, and Flask-Login encodes that text as UTF-8.
    let agent = user_agent.map(|agent| agent.iter().map(|byte| char::from(*byte)).collect::<String>());
    let mut text = String::with_capacity(64 + agent.as_ref().map_or(0, String::len));
    python_repr(address.as_deref(), &mut text);
    text.push('|');
    python_repr(agent.as_deref(), &mut text);
    hex(&Sha512::digest(text))
}

/// Python's `repr` of a byte string, or of `None`.
fn python_repr(bytes: Option<&str>, out: &mut String) {
    let Some(bytes) = bytes else { return out.push_str("None") };
    let quote = if bytes.contains('\'') && !bytes.contains('"') { '"' } else { '\'' };
    out.push('b');
    out.push(quote);
    for byte in bytes.bytes() {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b' '..=b'~' => {
                let c = char::from(byte);
                if c == quote {
                    out.push('\\');
                }
                out.push(c);
            }
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_as_in_python() {
        let mut shown = String::new();
        python_repr(Some("a\t\n\r\\\u{1}'é"), &mut shown);
        assert_eq!(shown, r#"b"a\t\n\r\\\x01'\xc3\xa9""#);
    }
}
