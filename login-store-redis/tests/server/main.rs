//! Tests with a Redis server.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod errors;
mod expiry;
mod keys;
#[path = "../support/mod.rs"]
mod support;

use login_store_redis::RedisStore;
use redis::Client;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

/// A store that finds no server.
fn failing() -> RedisStore {
    let config = ConnectionManagerConfig::new().set_number_of_retries(0);
    // Nobody listens on port 1.
    let client = Client::open("redis://127.0.0.1:1").unwrap();
    RedisStore::new(ConnectionManager::new_lazy_with_config(client, config).unwrap())
}

mod rules {
    login_store::store_tests! {
        test = cfg_attr(all(), tokio::test, ignore = "needs LOGIN_TEST_REDIS"),
        self_expiring_store = crate::support::server().await.store,
        failing = crate::failing(),
    }
}

/// The server then answers with other types.
mod rules_with_resp3 {
    login_store::store_tests! {
        test = cfg_attr(all(), tokio::test, ignore = "needs LOGIN_TEST_REDIS"),
        self_expiring_store = crate::support::server_with(redis::ProtocolVersion::RESP3).await.store,
    }
}
