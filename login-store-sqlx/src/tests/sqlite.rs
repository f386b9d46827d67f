//! The store in SQLite.

use std::path::Path;
use std::time::Duration;

use login_store::{SessionStore, Versioned};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

use tokio::time::timeout;

use super::record;
use crate::{Error, SqliteStore};

pub(super) fn options(directory: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(directory.join("sessions.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
}

/// A store in a new file, which is removed with the pool.
pub(super) async fn store() -> SqliteStore {
    store_with(SqliteJournalMode::Wal).await
}

async fn store_with(journal_mode: SqliteJournalMode) -> SqliteStore {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path()).journal_mode(journal_mode);
    let pool = SqlitePoolOptions::new().after_connect(move |_, _| {
        let _kept = &directory;
        Box::pin(async { Ok(()) })
    });
    let store = SqliteStore::new(pool.connect_with(options).await.unwrap());
    store.create_table().await.unwrap();
    store
}

async fn closed() -> SqliteStore {
    let store = store().await;
    store.pool.close().await;
    store
}

login_store::store_tests! {
    test = tokio::test,
    store = store().await,
    failing = closed().await,
}

mod in_memory {
    use super::*;

    async fn store() -> SqliteStore {
        let store =
            SqliteStore::new(SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap());
        store.create_table().await.unwrap();
        store
    }

    login_store::store_tests! {
        test = tokio::test,
        store = store().await,
    }
}

mod with_a_rollback_journal {
    use super::*;

    login_store::store_tests! {
        test = tokio::test,
        store = store_with(SqliteJournalMode::Delete).await,
    }
}

/// A connection that does not wait gets SQLITE_BUSY at once, and the store waits instead.
#[tokio::test]
async fn a_locked_database_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path()).busy_timeout(Duration::ZERO);
    let store = SqliteStore::new(SqlitePoolOptions::new().connect_with(options).await.unwrap());
    store.create_table().await.unwrap();
    store.insert(&record(1)).await.unwrap();
    let lock = store.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(store.find(record(1).id).await, Ok(Some(record(1))));
    let mut update = Box::pin(async { store.update(&record(1)).await });
    // It neither fails nor succeeds.
    assert!(timeout(Duration::from_millis(100), &mut update).await.is_err());
    lock.rollback().await.unwrap();
    assert_eq!(update.await, Ok(Versioned::Done));
}

#[tokio::test]
async fn a_table_may_have_another_name() {
    let store = store().await;
    store.insert(&record(1)).await.unwrap();
    let other = store.clone().with_table("Other_2").unwrap();
    assert_eq!(other.find(record(1).id).await, Err(Error::TableMissing));
    other.create_table().await.unwrap();
    other.create_table().await.unwrap();
    assert_eq!(other.find(record(1).id).await, Ok(None));
    other.insert(&record(2)).await.unwrap();
    assert_eq!(other.remove_of_user(b"the user", None).await, Ok(1));
    assert_eq!(store.find(record(1).id).await, Ok(Some(record(1))));
}

/// It must not become a number that is not exact.
#[tokio::test]
async fn a_version_never_becomes_greater_than_the_greatest() {
    let store = store().await;
    let last = login_store::Record { version: i64::MAX as u64, ..record(1) };
    store.insert(&last).await.unwrap();
    assert!(store.update(&last).await.is_err());
    assert_eq!(store.find(last.id).await, Ok(Some(last)));
}

#[tokio::test]
async fn debug_shows_no_content() {
    assert_eq!(format!("{:?}", store().await), "SqliteStore { .. }");
}
