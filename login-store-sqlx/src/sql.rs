//! The statements of a store, for a table of any name.

use sqlx::error::DatabaseError;

use crate::error::{Error, Meaning};

/// The name in the texts below.
const DEFAULT_TABLE: &str = "login_sessions";

/// What differs between databases. The statements take their values in the same order everywhere.
pub(crate) struct Sql<T> {
    /// Creates the table and its indexes, if they are not there.
    pub(crate) create_table: T,
    /// id, user_id, version, created, seen, ends, body
    pub(crate) insert: T,
    /// id
    pub(crate) find: T,
    /// seen, ends, body, id, version
    pub(crate) update: T,
    /// seen, ends, id
    pub(crate) touch: T,
    /// id
    pub(crate) remove: T,
    /// id, version
    pub(crate) remove_version: T,
    /// id
    pub(crate) exists: T,
    /// user_id
    pub(crate) of_user: T,
    /// user_id, and the id that stays or NULL
    pub(crate) remove_of_user: T,
    /// now, limit
    pub(crate) remove_ended: T,
    /// What an error of this database means.
    pub(crate) meaning: fn(&dyn DatabaseError) -> Meaning,
}

impl Sql<&'static str> {
    pub(crate) fn for_default_table(&self) -> Sql<String> {
        self.map(str::to_owned)
    }

    /// The length leaves room for the names of the indexes: PostgreSQL cuts what is longer than 63 bytes.
    pub(crate) fn for_table(&self, table: &str) -> Result<Sql<String>, Error> {
        let is_valid =
            (1..=50).contains(&table.len()) && table.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_valid {
            return Err(Error::InvalidTableName);
        }
        Ok(self.map(|text| text.replace(DEFAULT_TABLE, table)))
    }

    fn map(&self, text: impl Fn(&str) -> String) -> Sql<String> {
        Sql {
            create_table: text(self.create_table),
            insert: text(self.insert),
            find: text(self.find),
            update: text(self.update),
            touch: text(self.touch),
            remove: text(self.remove),
            remove_version: text(self.remove_version),
            exists: text(self.exists),
            of_user: text(self.of_user),
            remove_of_user: text(self.remove_of_user),
            remove_ended: text(self.remove_ended),
            meaning: self.meaning,
        }
    }
}
