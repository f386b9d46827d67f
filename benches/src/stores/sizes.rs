//! The size of a record.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use login_axum::{Login, MemoryStore, SessionStore};
use login_store::Record;
use login_store_redis::RedisStore;

use super::databases::{self, is_there};
use super::serving::manager;
use crate::axum::{request, send};
use crate::users::{self, Account, ann};

/// The records of two logins from a browser on a desktop.
pub struct Records {
    /// Without data of the application.
    pub login: Record,
    pub cart: Record,
}

pub async fn records() -> Records {
    let store = MemoryStore::new();
    let login = manager(store.clone());
    let log_in = login.test_login(ann()).user_agent(users::USER_AGENT).address(users::ADDRESS);
    let cookies = log_in.await.expect("a login").header();
    let record = async || store.of_user(b"412").await.expect("records").pop().expect("a record");
    let without_cart = record().await;
    let fill = async |login: Login<Account>| {
        login.insert("cart", &BTreeMap::from([("A-1080", 1), ("B-4711", 2), ("C-0815", 1)])).expect("a cart");
    };
    let mut app = Router::new().route("/", get(fill)).layer(login.layer());
    send(&mut app, request("GET", &cookies)).await;
    Records { login: without_cart, cart: record().await }
}

/// Prints the bytes of bodies, and of keys in Redis.
pub async fn print(records: &Records) {
    println!("## Bytes of a record\n");
    println!("| login | body | in Redis, the only one of its user |");
    println!("| --- | --: | --: |");
    for (name, record) in [("without data", &records.login), ("with three items in a cart", &records.cart)] {
        let redis = if is_there("Redis") { in_redis(record).await.to_string() } else { String::new() };
        println!("| {name} | {} | {redis} |", record.body.len());
    }
    println!();
}

/// The memory of both keys.
async fn in_redis(record: &Record) -> u64 {
    let mut connection = databases::redis().await;
    let store = RedisStore::new(connection.clone()).prefix("login_bench:");
    store.insert(record).await.expect("a record");
    let mut bytes = 0;
    for key in [format!("login_bench:session:{}", record.id), "login_bench:user:343132".to_owned()] {
        let mut usage = redis::cmd("MEMORY");
        usage.arg("USAGE").arg(key).arg("SAMPLES").arg(0);
        bytes += usage.query_async::<u64>(&mut connection).await.expect("both keys");
    }
    store.remove(record.id).await.expect("a removed record");
    bytes
}
