//! A part of the simulation with real stores: what the login library asks in random schedules is
//! answered by each store as by the one in memory.
//!
//! SQLite is always tested, a server if it is asked for: `.ci/databases run cargo test -p
//! login-conformance --test stores -- --include-ignored`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot continue fails"
)]

#[path = "../../login-core/tests/common/mod.rs"]
mod common;
#[path = "../../login-core/tests/simulated/mod.rs"]
mod simulated;

use std::sync::Arc;

use login_store::Record;
use login_store_redis::RedisStore;
use login_store_sqlx::{MySqlStore, PostgresStore, SqliteStore};
use redis::aio::ConnectionManager;
use simulated::calls::{Answer, Call, Mirror};
use simulated::scheduler::Schedule;
use simulated::seeds;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool};
use sqlx::{MySqlPool, PgPool};
use tokio::runtime::Runtime;

const SCHEDULES: u64 = 40;
const STEPS: usize = 250;

/// Runs schedules, each with an empty store. `removes_ended`: see [`Mirror`].
fn simulate<A: Fn(&Call) -> Answer + Send + Sync + 'static>(removes_ended: bool, answers_of_empty: impl Fn(u64) -> A) {
    for seed in seeds(SCHEDULES) {
        Schedule::mirrored(seed, Mirror { answer: Arc::new(answers_of_empty(seed)), removes_ended }).run(STEPS);
    }
}

fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: it is the URL of the server"))
}

/// Runs schedules with a store of SQL, whose table is made anew for each.
macro_rules! simulate_sql {
    ($Store:ident, $pool:expr) => {
        let runtime = Arc::new(Runtime::new().unwrap());
        let pool = runtime.block_on($pool).unwrap();
        let store = $Store::new(pool.clone()).with_table("simulated_sessions").unwrap();
        simulate(true, |_| {
            runtime.block_on(async {
                sqlx::raw_sql("DROP TABLE IF EXISTS simulated_sessions").execute(&pool).await.unwrap();
                store.create_table().await.unwrap();
            });
            let (store, runtime) = (store.clone(), Arc::clone(&runtime));
            move |call: &Call| runtime.block_on(call.ask(&store)).unwrap()
        });
    };
}

#[test]
fn sqlite_answers_as_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new().filename(folder.path().join("sessions.db")).create_if_missing(true);
    simulate_sql!(SqliteStore, SqlitePool::connect_with(file.journal_mode(SqliteJournalMode::Wal)));
}

#[test]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
fn postgres_answers_as_memory_does() {
    simulate_sql!(PostgresStore, PgPool::connect(&url("LOGIN_TEST_POSTGRES")));
}

#[test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
fn mysql_answers_as_memory_does() {
    simulate_sql!(MySqlStore, MySqlPool::connect(&url("LOGIN_TEST_MYSQL")));
}

/// The simulated time is in the past, and Redis removes what has ended: there, all times are later.
const CENTURY: u64 = 100 * 365 * 24 * 60 * 60 * 1000;

fn later(record: &Record) -> Record {
    let [created, seen, ends] = [record.created, record.seen, record.ends].map(|time| time + CENTURY);
    Record { created, seen, ends, ..record.clone() }
}

fn earlier(record: Record) -> Record {
    let [created, seen, ends] = [record.created, record.seen, record.ends].map(|time| time - CENTURY);
    Record { created, seen, ends, ..record }
}

async fn ask_later(store: &RedisStore, call: &Call) -> Answer {
    let call = match call {
        Call::Insert(record) => Call::Insert(later(record)),
        Call::Update(record) => Call::Update(later(record)),
        Call::Touch(id, seen, ends) => Call::Touch(*id, seen + CENTURY, ends + CENTURY),
        call => call.clone(),
    };
    match call.ask(store).await.unwrap() {
        Answer::Found(record) => Answer::Found(record.map(earlier)),
        Answer::Records(records) => Answer::Records(records.into_iter().map(earlier).collect()),
        answer => answer,
    }
}

#[test]
#[ignore = "set LOGIN_TEST_REDIS=redis://…"]
fn redis_answers_as_memory_does() {
    let runtime = Arc::new(Runtime::new().unwrap());
    let client = redis::Client::open(url("LOGIN_TEST_REDIS")).unwrap();
    let connection = runtime.block_on(ConnectionManager::new(client)).unwrap();
    simulate(false, |seed| {
        let prefix = format!("simulated-{}-{seed}:", std::process::id());
        let (store, runtime) = (RedisStore::new(connection.clone()).prefix(prefix), Arc::clone(&runtime));
        move |call: &Call| runtime.block_on(ask_later(&store, call))
    });
}
