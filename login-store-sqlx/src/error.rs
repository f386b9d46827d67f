//! What can go wrong, in words that quote nothing of a record.

use std::fmt;

use sqlx::error::DatabaseError;

/// The error of a store.
///
/// Its text and its `Debug` contain no body and no user ID.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// `insert`: another record has the ID already.
    IdTaken,
    /// There is no table with the store's name. `create_table` makes it.
    TableMissing,
    /// `with_table`: the name is empty, longer than 50 bytes, or contains anything but ASCII letters,
    /// digits and underscores.
    InvalidTableName,
    /// The database, or the connection to it, failed in another way. This is its message.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdTaken => "another record has this session ID: insert with a new random one",
            Self::TableMissing => "the table is missing: call create_table()",
            Self::InvalidTableName => "a table name has 1 to 50 ASCII letters, digits and underscores",
            Self::Failed(message) => message,
        })
    }
}

impl std::error::Error for Error {}

/// What an error that the database reports means for a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The statement had no effect, and may succeed when it is run again.
    Retry,
    IdTaken,
    TableMissing,
    /// A value was refused. The message may quote it.
    ValueRefused,
    Other,
}

impl Error {
    pub(crate) fn new(error: &sqlx::Error, meaning: fn(&dyn DatabaseError) -> Meaning) -> Self {
        let Some(reported) = error.as_database_error() else {
            return Self::Failed(error.to_string());
        };
        match meaning(reported) {
            Meaning::IdTaken => Self::IdTaken,
            Meaning::TableMissing => Self::TableMissing,
            Meaning::ValueRefused => {
                Self::Failed(format!("the database refused a value (code {})", reported.code().unwrap_or_default()))
            }
            // Only the message: PostgreSQL's details, which `Debug` shows, may quote a row.
            Meaning::Retry | Meaning::Other => Self::Failed(reported.to_string()),
        }
    }
}
