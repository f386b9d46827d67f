//! Many writers in one SQLite file: "database is locked" reaches none of them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{array, env};

use login_store::{SessionStore, Versioned};
use sqlx::sqlite::SqlitePoolOptions;
use tokio::task::JoinSet;

use super::record;
use super::sqlite::options;
use crate::SqliteStore;

/// Tells a child process which directory has the file and what its number is.
const DIRECTORY: &str = "LOGIN_TEST_DIRECTORY";
const NUMBER: &str = "LOGIN_TEST_NUMBER";

const POOLS: u64 = 5;
const WRITERS: u64 = 10;
/// How often each writer inserts, updates, touches and removes a record.
const ROUNDS: u64 = 10;

async fn open(directory: &Path) -> SqliteStore {
    let pool = SqlitePoolOptions::new().max_connections(10).connect_with(options(directory)).await.unwrap();
    let store = SqliteStore::new(pool);
    store.create_table().await.unwrap();
    store
}

/// Leaves the even records.
async fn write(store: SqliteStore, first: u64) {
    for number in first..first + ROUNDS {
        let record = record(number);
        store.insert(&record).await.unwrap();
        assert_eq!(store.update(&record).await, Ok(Versioned::Done));
        store.touch(record.id, 7_000, 7_000).await.unwrap();
        if number % 2 == 1 {
            assert_eq!(store.remove(record.id).await, Ok(true));
        }
    }
}

/// Runs all writers, each with a connection of its own.
async fn write_in_parallel(directory: &Path, process: u64) {
    let stores: [_; POOLS as usize] = array::from_fn(|_| open(directory));
    let mut writers = JoinSet::new();
    let mut number = process * POOLS * WRITERS;
    for store in stores {
        let store = store.await;
        for _ in 0..WRITERS {
            writers.spawn(write(store.clone(), number * ROUNDS));
            number += 1;
        }
    }
    writers.join_all().await;
}

async fn assert_written(directory: &Path, processes: u64) {
    let found = open(directory).await.of_user(b"the user").await.unwrap();
    let numbers: Vec<_> = found.iter().map(|record| record.created).collect();
    let expected: Vec<_> = (0..processes * POOLS * WRITERS * ROUNDS).step_by(2).collect();
    assert_eq!(numbers, expected);
    assert!(found.iter().all(|record| (record.version, record.seen, record.ends) == (2, 7_000, 7_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_writers_in_five_pools_are_never_locked_out() {
    let directory = tempfile::tempdir().unwrap();
    write_in_parallel(directory.path(), 0).await;
    assert_written(directory.path(), 1).await;
}

/// The test program runs this test again in the children, where the directory is set.
#[tokio::test(flavor = "multi_thread")]
async fn writers_in_several_processes_are_never_locked_out() {
    if let (Ok(directory), Ok(number)) = (env::var(DIRECTORY), env::var(NUMBER)) {
        return write_in_parallel(Path::new(&directory), number.parse().unwrap()).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let children: [_; 3] = array::from_fn(|number| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "tests::writers::writers_in_several_processes_are_never_locked_out"])
            .env(DIRECTORY, directory.path())
            .env(NUMBER, number.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_written(directory.path(), 3).await;
}
