//! What the tests of the stores share. `login-store` has the rules that every store must obey.
//!
//! Those of PostgreSQL and MySQL need a server and are ignored unless they are asked for: see the README.

mod errors;
mod mysql;
mod plans;
mod postgres;
mod reap;
mod sqlite;
mod writers;

use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;

use login_store::{Record, SessionId};

use crate::sql::Sql;

/// The URL of a server.
#[track_caller]
fn url(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: it is the URL of the server for this test"))
}

/// The name of a table for this test alone. Each test runs in a thread that has the test's name.
fn table() -> String {
    let mut hasher = DefaultHasher::new();
    thread::current().name().hash(&mut hasher);
    format!("login_test_{:x}", hasher.finish())
}

/// Removes what an earlier run has left.
fn drop_table(sql: &Sql<String>) -> String {
    let name = sql.remove.split_whitespace().nth(2).unwrap();
    format!("DROP TABLE IF EXISTS {name}")
}

fn record(number: u64) -> Record {
    Record {
        id: SessionId::from_bytes(u128::from(number).to_be_bytes()),
        user_id: b"the user".to_vec(),
        version: 1,
        created: number,
        seen: 1_000,
        ends: 2_000,
        body: b"the body".to_vec(),
    }
}
