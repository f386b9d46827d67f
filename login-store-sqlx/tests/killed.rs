//! What a store has acknowledged is there after the database was killed, and the store works on.
//!
//! The tests of servers restart these, so they are ignored unless they are asked for: see the README.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::collections::HashMap;
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use login_store::{Record, SessionId, SessionStore, Versioned};
use login_store_sqlx::{Error, MySqlStore, PostgresStore, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool};
use sqlx::{MySqlPool, PgPool};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const WRITERS: u64 = 8;
/// So many acknowledgements are awaited before the database is killed.
const ENOUGH: usize = 2_000;
/// Tells a child process which directory has the file.
const DIRECTORY: &str = "LOGIN_TEST_DIRECTORY";

/// What is known of a record, by its number: the version that was acknowledged, `removing` or `removed`.
type Known = HashMap<u64, String>;

fn record(number: u64) -> Record {
    Record {
        id: SessionId::from_bytes(u128::from(number).to_be_bytes()),
        user_id: number.to_string().into_bytes(),
        version: 0,
        created: 1,
        seen: 1,
        ends: i64::MAX as u64,
        body: vec![7; 300],
    }
}

/// Inserts, updates and removes records, and notes what was acknowledged, until the store fails. Every
/// third record stays.
async fn write(store: impl SessionStore<Error = Error>, first: u64, note: impl Fn(u64, &str)) -> Result<(), Error> {
    for number in (first..).step_by(WRITERS as usize) {
        let mut record = record(number);
        store.insert(&record).await?;
        note(number, "0");
        for _ in 0..3 {
            assert_eq!(store.update(&record).await?, Versioned::Done);
            record.version += 1;
            note(number, &record.version.to_string());
        }
        if number % 3 != 0 {
            note(number, "removing");
            assert!(store.remove(record.id).await?);
            note(number, "removed");
        }
    }
    Ok(())
}

async fn assert_kept(store: &impl SessionStore<Error = Error>, known: Known) {
    assert!(known.len() > ENOUGH / 10);
    for (number, state) in known {
        let found = store.find(record(number).id).await.unwrap();
        match &*state {
            "removing" => {}
            "removed" => assert_eq!(found, None, "{number} is back"),
            version => {
                let found = found.unwrap_or_else(|| panic!("{number} is lost"));
                assert!(found.version >= version.parse().unwrap(), "an update of {number} is lost");
                assert_eq!(Record { version: 0, ..found }, record(number));
            }
        }
    }
    let new = record(u64::MAX);
    store.insert(&new).await.unwrap();
    assert_eq!(store.find(new.id).await, Ok(Some(new)));
}

/// Kills and restarts the server while the store is written to. The variable has the shell command that
/// does so and returns when the server answers.
async fn survives_a_kill(store: impl SessionStore<Error = Error> + Clone, variable: &str) {
    let restart = env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"));
    let (sender, mut notes) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for first in 0..WRITERS {
        let (store, sender) = (store.clone(), sender.clone());
        let note = move |number, state: &str| sender.send((number, state.to_owned())).unwrap();
        writers.spawn(write(store, first, note));
    }
    drop(sender);
    let mut known = Known::new();
    for _ in 0..ENOUGH {
        known.extend(notes.recv().await);
    }
    let status = Command::new("sh").args(["-c", &restart]).status().await.unwrap();
    assert!(status.success(), "{restart}");
    // Some have failed, and some may have waited for a new connection.
    writers.shutdown().await;
    while let Ok((number, state)) = notes.try_recv() {
        known.insert(number, state);
    }
    assert_kept(&store, known).await;
}

async fn sqlite(directory: &Path) -> SqliteStore {
    let options = SqliteConnectOptions::new()
        .filename(directory.join("sessions.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let store = SqliteStore::new(SqlitePool::connect_with(options).await.unwrap());
    store.create_table().await.unwrap();
    store
}

#[tokio::test]
#[ignore = "restarts the server: set LOGIN_TEST_POSTGRES=postgres://… and LOGIN_TEST_POSTGRES_RESTART"]
async fn postgres_keeps_what_it_acknowledged() {
    let pool = PgPool::connect(&env::var("LOGIN_TEST_POSTGRES").unwrap()).await.unwrap();
    sqlx::query("DROP TABLE IF EXISTS login_test_killed").execute(&pool).await.unwrap();
    let store = PostgresStore::new(pool).with_table("login_test_killed").unwrap();
    store.create_table().await.unwrap();
    survives_a_kill(store, "LOGIN_TEST_POSTGRES_RESTART").await;
}

#[tokio::test]
#[ignore = "restarts the server: set LOGIN_TEST_MYSQL=mysql://… and LOGIN_TEST_MYSQL_RESTART"]
async fn mysql_keeps_what_it_acknowledged() {
    let pool = MySqlPool::connect(&env::var("LOGIN_TEST_MYSQL").unwrap()).await.unwrap();
    sqlx::query("DROP TABLE IF EXISTS login_test_killed").execute(&pool).await.unwrap();
    let store = MySqlStore::new(pool).with_table("login_test_killed").unwrap();
    store.create_table().await.unwrap();
    survives_a_kill(store, "LOGIN_TEST_MYSQL_RESTART").await;
}

/// The test program runs this test again in a child, where the directory is set, and kills that.
#[tokio::test]
async fn sqlite_keeps_what_it_acknowledged() {
    if let Ok(directory) = env::var(DIRECTORY) {
        let store = sqlite(Path::new(&directory)).await;
        let mut writers = JoinSet::new();
        for first in 0..WRITERS {
            writers.spawn(write(store.clone(), first, |number, state| println!("\n{number} {state}")));
        }
        return writers.join_all().await.into_iter().collect::<Result<_, _>>().unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "sqlite_keeps_what_it_acknowledged"])
        .env(DIRECTORY, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut known = Known::new();
    let mut count = 0;
    while let Some(line) = lines.next_line().await.unwrap() {
        // Other lines are the child's test program's.
        let Some((number, state)) = line.split_once(' ') else { continue };
        let Ok(number) = number.parse() else { continue };
        known.insert(number, state.to_owned());
        count += 1;
        if count == ENOUGH {
            child.start_kill().unwrap();
        }
    }
    assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    assert_kept(&sqlite(directory.path()).await, known).await;
}
