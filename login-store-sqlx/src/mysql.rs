//! The store in MySQL or MariaDB.

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

use crate::error::Meaning;
use crate::sql::Sql;

crate::store::store! {
    /// Keeps sessions in MySQL or MariaDB.
    ///
    /// This is the table, which [`create_table`](Self::create_table) creates:
    ///
    /// ```sql
    #[doc = include_str!("schema/mysql.sql")]
    /// ```
    MySqlStore, sqlx::MySqlPool, SQL
}

// `body` is quoted because it is a reserved word in MariaDB's Oracle mode.
pub(crate) const SQL: Sql<&str> = Sql {
    create_table: include_str!("schema/mysql.sql"),
    insert: "INSERT INTO `login_sessions` (id, user_id, version, created, seen, ends, `body`) VALUES (?, ?, ?, ?, ?, ?, ?)",
    find: "SELECT id, user_id, version, created, seen, ends, `body` FROM `login_sessions` WHERE id = ?",
    // The affected rows are those that were found, also if nothing changes: sqlx sets CLIENT_FOUND_ROWS.
    update: "UPDATE `login_sessions` SET version = version + 1, seen = GREATEST(seen, ?), ends = GREATEST(ends, ?), `body` = ? WHERE id = ? AND version = ?",
    touch: "UPDATE `login_sessions` SET seen = GREATEST(seen, ?), ends = GREATEST(ends, ?) WHERE id = ?",
    remove: "DELETE FROM `login_sessions` WHERE id = ?",
    remove_version: "DELETE FROM `login_sessions` WHERE id = ? AND version = ?",
    exists: "SELECT 1 FROM `login_sessions` WHERE id = ?",
    of_user: "SELECT id, user_id, version, created, seen, ends, `body` FROM `login_sessions` WHERE user_id = ? ORDER BY created, id",
    remove_of_user: "DELETE FROM `login_sessions` WHERE user_id = ? AND (NOT (id <=> ?))",
    remove_ended: "DELETE FROM `login_sessions` WHERE ends < ? ORDER BY ends LIMIT ?",
    meaning,
};

fn meaning(error: &dyn DatabaseError) -> Meaning {
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    match (number, error.code().as_deref()) {
        // ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT, and ER_CHECKREAD: MariaDB's serialization failure.
        (Some(1213 | 1205 | 1020), _) => Meaning::Retry,
        _ if error.is_unique_violation() => Meaning::IdTaken,
        // ER_NO_SUCH_TABLE
        (Some(1146), _) => Meaning::TableMissing,
        // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, which is in no class on MySQL.
        (Some(1366), _) => Meaning::ValueRefused,
        // The classes "data exception" and "integrity constraint violation".
        (_, Some(code)) if code.starts_with("22") || code.starts_with("23") => Meaning::ValueRefused,
        _ => Meaning::Other,
    }
}
