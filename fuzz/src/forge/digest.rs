//! A digest: the right one, or another one.

use arbitrary::Arbitrary;

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Digest {
    Right,
    Other([u8; 16]),
}

impl Digest {
    pub fn bytes(self, right: [u8; 16]) -> [u8; 16] {
        match self {
            Self::Right => right,
            Self::Other(bytes) => bytes,
        }
    }
}
