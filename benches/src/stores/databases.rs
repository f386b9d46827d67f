//! The databases that are measured: SQLite always, the others where a variable has their URL.

use std::fs;
use std::path::Path;

use redis::aio::ConnectionManager;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

/// Connections of a pool.
pub const POOL: u32 = 8;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/stores");

/// Removes the databases of the last run.
pub fn start_afresh() {
    // It is not there on the first run.
    let _ = fs::remove_dir_all(DIRECTORY);
    fs::create_dir_all(DIRECTORY).expect("a directory");
}

fn url(database: &str) -> Option<String> {
    std::env::var(format!("LOGIN_TEST_{database}")).ok()
}

/// Whether the store can be measured.
pub fn is_there(store: &str) -> bool {
    match store {
        "PostgreSQL" => url("POSTGRES").is_some(),
        "Redis" => url("REDIS").is_some(),
        _ => true,
    }
}

pub async fn sqlite(name: &str, connections: u32, synchronous: SqliteSynchronous) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(Path::new(DIRECTORY).join(name))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous);
    SqlitePoolOptions::new().max_connections(connections).connect_with(options).await.expect("SQLite")
}

pub async fn postgres(connections: u32, synchronous_commit: &str) -> PgPool {
    let options: PgConnectOptions = url("POSTGRES").expect("its URL").parse().expect("a URL");
    let options = options.options([("synchronous_commit", synchronous_commit)]);
    PgPoolOptions::new().max_connections(connections).connect_with(options).await.expect("PostgreSQL")
}

pub fn redis_url() -> String {
    url("REDIS").expect("its URL")
}

pub async fn redis() -> ConnectionManager {
    let client = redis::Client::open(redis_url()).expect("a URL");
    ConnectionManager::new(client).await.expect("Redis")
}

pub async fn versions() -> String {
    let sqlite = sqlite("version.db", 1, SqliteSynchronous::Full).await;
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&sqlite).await.expect("a version");
    let mut versions = vec![format!("SQLite {version}")];
    if is_there("PostgreSQL") {
        let version = sqlx::query_scalar("SHOW server_version").fetch_one(&postgres(1, "on").await).await;
        versions.push(format!("PostgreSQL {}", version.unwrap_or_else(|_| "?".to_owned())));
    }
    if is_there("Redis") {
        let info: String = redis::cmd("INFO").query_async(&mut redis().await).await.expect("Redis");
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
        versions.push(format!("Redis {}", version.unwrap_or("?")));
    }
    versions.join(", ")
}
