//! A table with as many records as wanted.

use login_store::{Record, SessionId, SessionStore};
use login_store_sqlx::{PostgresStore, SqliteStore};
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqlitePool, SqliteSynchronous};

use super::databases;

pub trait Table: Sized {
    type Store: SessionStore;

    /// A new table with so many records, whose users have two each. Writes do not wait for the disk.
    async fn filled(records: i64, body: &[u8]) -> Self;

    fn store(&self) -> &Self::Store;

    /// Up to so many records at random.
    async fn sample(&self, records: i64) -> Vec<Record>;

    /// The size with all indexes, in bytes.
    async fn bytes(&self) -> i64;
}

const COLUMNS: &str = "id, user_id, version, created, seen, ends, body";

type Row = (Vec<u8>, Vec<u8>, i64, i64, i64, i64, Vec<u8>);

fn record((id, user_id, version, created, seen, ends, body): Row) -> Record {
    let id = SessionId::from_bytes(id.try_into().expect("16 bytes"));
    let [version, created, seen, ends] = [version, created, seen, ends].map(i64::cast_unsigned);
    Record { id, user_id, version, created, seen, ends, body }
}

/// Users of two logins each, in no order: 618033 has no factor in common with a power of ten.
const USER: &str = "i * 618033 % $1 / 2";

/// A login every ten milliseconds, each of which ends after 31 days.
const TIMES: &str = "1700000000000 + i * 10, 1700000000000 + i * 10, 1702678400000 + i * 10";

/// A table in a file of its own.
pub struct InSqlite(SqlitePool, SqliteStore);

impl Table for InSqlite {
    type Store = SqliteStore;

    async fn filled(records: i64, body: &[u8]) -> Self {
        let pool = databases::sqlite(&format!("{records}.db"), 1, SqliteSynchronous::Off).await;
        let store = SqliteStore::new(pool.clone());
        store.create_table().await.expect("a table");
        let fill = format!(
            r#"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1)
            INSERT INTO "login_sessions" ({COLUMNS})
            SELECT randomblob(16), CAST(CAST({USER} AS TEXT) AS BLOB), 0, {TIMES}, $2 FROM n"#
        );
        sqlx::query(&fill).bind(records).bind(body).execute(&pool).await.expect("records");
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await.expect("a checkpoint");
        Self(pool, store)
    }

    fn store(&self) -> &SqliteStore {
        &self.1
    }

    async fn sample(&self, records: i64) -> Vec<Record> {
        let select = format!(r#"SELECT {COLUMNS} FROM "login_sessions" ORDER BY random() LIMIT $1"#);
        let rows = sqlx::query_as(&select).bind(records).fetch_all(&self.0).await;
        rows.expect("records").into_iter().map(record).collect()
    }

    async fn bytes(&self) -> i64 {
        let select = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        sqlx::query_scalar(select).fetch_one(&self.0).await.expect("a size")
    }
}

pub struct InPostgres(PgPool, PostgresStore, String);

impl Table for InPostgres {
    type Store = PostgresStore;

    async fn filled(records: i64, body: &[u8]) -> Self {
        let pool = databases::postgres(1, "off").await;
        let name = format!("login_bench_{records}");
        let drop = format!(r#"DROP TABLE IF EXISTS "{name}""#);
        sqlx::query(&drop).execute(&pool).await.expect("no table of the last run");
        let store = PostgresStore::new(pool.clone()).with_table(&name).expect("a name");
        store.create_table().await.expect("a table");
        let fill = format!(
            r#"INSERT INTO "{name}" ({COLUMNS})
            SELECT uuid_send(gen_random_uuid()), convert_to(({USER})::text, 'UTF8'), 0, {TIMES}, $2
            FROM generate_series(0, $1 - 1) AS i"#
        );
        sqlx::query(&fill).bind(records).bind(body).execute(&pool).await.expect("records");
        sqlx::query(&format!(r#"VACUUM ANALYZE "{name}""#)).execute(&pool).await.expect("a vacuumed table");
        Self(pool, store, name)
    }

    fn store(&self) -> &PostgresStore {
        &self.1
    }

    async fn sample(&self, records: i64) -> Vec<Record> {
        // The changes of the last round would add up in the small table only.
        sqlx::query(&format!(r#"VACUUM "{}""#, self.2)).execute(&self.0).await.expect("a vacuumed table");
        let select = format!(r#"SELECT {COLUMNS} FROM "{}" ORDER BY random() LIMIT $1"#, self.2);
        let rows = sqlx::query_as(&select).bind(records).fetch_all(&self.0).await;
        rows.expect("records").into_iter().map(record).collect()
    }

    async fn bytes(&self) -> i64 {
        let select = format!("SELECT pg_total_relation_size('{}')", self.2);
        sqlx::query_scalar(&select).fetch_one(&self.0).await.expect("a size")
    }
}
