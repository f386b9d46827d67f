//! Mostly times near the present, because limits of validity are there.

use arbitrary::Arbitrary;

use crate::site::NOW;

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum When {
    Before(u8),
    LongBefore(u32),
    After(u8),
    LongAfter(u32),
    Any(u64),
}

impl When {
    /// In seconds since 1970.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Before(by) => NOW - u64::from(by),
            Self::LongBefore(by) => NOW.saturating_sub(by.into()),
            Self::After(by) => NOW + u64::from(by),
            Self::LongAfter(by) => NOW + u64::from(by),
            Self::Any(at) => at,
        }
    }
}
