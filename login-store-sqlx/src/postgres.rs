//! The store in PostgreSQL.

use sqlx::error::DatabaseError;

use crate::error::Meaning;
use crate::sql::Sql;

crate::store::store! {
    /// Keeps sessions in PostgreSQL.
    ///
    /// This is the table, which [`create_table`](Self::create_table) creates:
    ///
    /// ```sql
    #[doc = include_str!("schema/postgres.sql")]
    /// ```
    PostgresStore, sqlx::PgPool, SQL
}

pub(crate) const SQL: Sql<&str> = Sql {
    // Without the lock, two processes that create the table at the same time get an error: IF NOT EXISTS
    // does not see what another transaction has not committed. The number has no meaning.
    // The statements are sent together and are one transaction, at whose end the lock is released.
    create_table: concat!("SELECT pg_advisory_xact_lock(7813554130682119);\n", include_str!("schema/postgres.sql")),
    insert: r#"INSERT INTO "login_sessions" (id, user_id, version, created, seen, ends, body) VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
    find: r#"SELECT id, user_id, version, created, seen, ends, body FROM "login_sessions" WHERE id = $1"#,
    update: r#"UPDATE "login_sessions" SET version = version + 1, seen = GREATEST(seen, $1), ends = GREATEST(ends, $2), body = $3 WHERE id = $4 AND version = $5"#,
    touch: r#"UPDATE "login_sessions" SET seen = GREATEST(seen, $1), ends = GREATEST(ends, $2) WHERE id = $3"#,
    remove: r#"DELETE FROM "login_sessions" WHERE id = $1"#,
    remove_version: r#"DELETE FROM "login_sessions" WHERE id = $1 AND version = $2"#,
    exists: r#"SELECT 1 FROM "login_sessions" WHERE id = $1"#,
    of_user: r#"SELECT id, user_id, version, created, seen, ends, body FROM "login_sessions" WHERE user_id = $1 ORDER BY created, id"#,
    remove_of_user: r#"DELETE FROM "login_sessions" WHERE user_id = $1 AND id IS DISTINCT FROM $2"#,
    // FOR UPDATE looks at `ends` again if it was changed in the meantime. SKIP LOCKED does not wait for a
    // change that is not committed yet. ARRAY is evaluated once: a plan for IN may evaluate its query
    // again, and then more than the limit would be removed.
    remove_ended: r#"DELETE FROM "login_sessions" WHERE id = ANY(ARRAY(SELECT id FROM "login_sessions" WHERE ends < $1 ORDER BY ends LIMIT $2 FOR UPDATE SKIP LOCKED))"#,
    meaning,
};

fn meaning(error: &dyn DatabaseError) -> Meaning {
    match error.code().as_deref() {
        // serialization_failure, deadlock_detected
        Some("40001" | "40P01") => Meaning::Retry,
        // unique_violation
        Some("23505") => Meaning::IdTaken,
        // undefined_table
        Some("42P01") => Meaning::TableMissing,
        // The classes "data exception" and "integrity constraint violation".
        Some(code) if code.starts_with("22") || code.starts_with("23") => Meaning::ValueRefused,
        _ => Meaning::Other,
    }
}
