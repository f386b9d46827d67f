//! The record of a session.

use std::fmt;

use crate::id::SessionId;

/// One login, as a store keeps it: one browser that is logged in.
///
/// Times are Unix times in milliseconds. Times and versions are at most `i64::MAX`, so that SQL's
/// `BIGINT` holds them.
///
/// `Debug` shows no more of the body than its size.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The ID of the login, which no other record has.
    pub id: SessionId,
    /// The ID of the user: up to 1,024 bytes, which are compared as bytes. Needs an index.
    pub user_id: Vec<u8>,
    /// How often the record was changed. An update succeeds only if it is still the same.
    pub version: u64,
    /// When the login was made. It never changes.
    pub created: u64,
    /// When the login was last used. It may be some time behind.
    pub seen: u64,
    /// When the record is of no more use and may be removed. Needs an index.
    pub ends: u64,
    /// What the login library stores, in bytes that only it reads: up to 1 MiB.
    pub body: Vec<u8>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("created", &self.created)
            .field("seen", &self.seen)
            .field("ends", &self.ends)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}
