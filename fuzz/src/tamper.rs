//! Changes one byte of a signed cookie.

use arbitrary::Arbitrary;

#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Tamper {
    at: u16,
    byte: u8,
}

impl Tamper {
    /// The cookie with one changed byte. `None` if it would be the same cookie.
    pub fn change(self, cookie: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let mut changed = cookie.as_ref().to_vec();
        let at = usize::from(self.at).checked_rem(changed.len())?;
        let byte = changed.get_mut(at)?;
        (*byte != self.byte).then_some(())?;
        *byte = self.byte;
        Some(changed)
    }
}
