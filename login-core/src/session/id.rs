//! The ID of a session.

use std::fmt;

use crate::session::content::hex;

/// The ID of a session that has a login. `Display` writes it as 32 hexadecimal digits.
///
/// Each login gets a new random one, and so does a login that a remember cookie restores. It is no
/// secret: nobody can log in with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    pub(crate) fn new(id: [u8; 16]) -> Self {
        Self(id)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}
