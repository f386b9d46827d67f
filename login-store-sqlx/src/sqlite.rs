//! The store in SQLite.

use sqlx::error::DatabaseError;

use crate::error::Meaning;
use crate::sql::Sql;

crate::store::store! {
    /// Keeps sessions in SQLite. Several processes on one machine may use the same file.
    ///
    /// This is the table, which [`create_table`](Self::create_table) creates:
    ///
    /// ```sql
    #[doc = include_str!("schema/sqlite.sql")]
    /// ```
    SqliteStore, sqlx::SqlitePool, SQL
}

pub(crate) const SQL: Sql<&str> = Sql {
    create_table: include_str!("schema/sqlite.sql"),
    insert: r#"INSERT INTO "login_sessions" (id, user_id, version, created, seen, ends, body) VALUES (?, ?, ?, ?, ?, ?, ?)"#,
    find: r#"SELECT id, user_id, version, created, seen, ends, body FROM "login_sessions" WHERE id = ?"#,
    update: r#"UPDATE "login_sessions" SET version = version + 1, seen = MAX(seen, ?), ends = MAX(ends, ?), body = ? WHERE id = ? AND version = ?"#,
    touch: r#"UPDATE "login_sessions" SET seen = MAX(seen, ?), ends = MAX(ends, ?) WHERE id = ?"#,
    remove: r#"DELETE FROM "login_sessions" WHERE id = ?"#,
    remove_version: r#"DELETE FROM "login_sessions" WHERE id = ? AND version = ?"#,
    exists: r#"SELECT 1 FROM "login_sessions" WHERE id = ?"#,
    of_user: r#"SELECT id, user_id, version, created, seen, ends, body FROM "login_sessions" WHERE user_id = ? ORDER BY created, id"#,
    remove_of_user: r#"DELETE FROM "login_sessions" WHERE user_id = ? AND id IS NOT ?"#,
    remove_ended: r#"DELETE FROM "login_sessions" WHERE id IN (SELECT id FROM "login_sessions" WHERE ends < ? ORDER BY ends LIMIT ?)"#,
    meaning,
};

fn meaning(error: &dyn DatabaseError) -> Meaning {
    const SQLITE_BUSY: i32 = 5;
    const SQLITE_LOCKED: i32 = 6;
    const SQLITE_CONSTRAINT: i32 = 19;
    // An extended code, such as SQLITE_BUSY_SNAPSHOT, has the primary one in its lowest byte.
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match code {
        Some(SQLITE_BUSY | SQLITE_LOCKED) => Meaning::Retry,
        _ if error.is_unique_violation() => Meaning::IdTaken,
        Some(SQLITE_CONSTRAINT) => Meaning::ValueRefused,
        _ if error.message().starts_with("no such table") => Meaning::TableMissing,
        _ => Meaning::Other,
    }
}
