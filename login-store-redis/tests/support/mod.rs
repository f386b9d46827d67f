//! A store for each test, on the server that `LOGIN_TEST_REDIS` names.

#![allow(dead_code, reason = "each binary of tests uses a part")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;
use std::{env, process};

use login_store::{Record, SessionId};
use login_store_redis::RedisStore;
use redis::aio::ConnectionManager;
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo, ProtocolVersion};

/// Later than any clock of a test: the year 2100.
pub(crate) const ENDS: u64 = 4_102_444_800_000;

pub(crate) struct Server {
    pub(crate) store: RedisStore,
    pub(crate) prefix: String,
    pub(crate) redis: ConnectionManager,
}

pub(crate) fn variable(name: &str) -> String {
    env::var(name).map_err(|_| format!("{name} is not set: see the README")).unwrap()
}

pub(crate) async fn server() -> Server {
    server_with(ProtocolVersion::RESP2).await
}

/// A store whose prefix no other test has.
pub(crate) async fn server_with(protocol: ProtocolVersion) -> Server {
    static STORES: AtomicU32 = AtomicU32::new(0);
    let info = variable("LOGIN_TEST_REDIS").into_connection_info().unwrap();
    let settings = info.redis_settings().clone().set_protocol(protocol);
    let client = Client::open(info.set_redis_settings(settings)).unwrap();
    let redis = ConnectionManager::new(client).await.unwrap();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    let prefix = format!("test-{now}-{}-{}:", process::id(), STORES.fetch_add(1, Ordering::Relaxed));
    Server { store: RedisStore::new(redis.clone()).prefix(prefix.clone()), prefix, redis }
}

impl Server {
    /// The answer to a command, whose words have spaces in between. `session:` and `user:` get the prefix.
    pub(crate) async fn try_ask<T: FromRedisValue>(&self, command: &str) -> redis::RedisResult<T> {
        let mut words = Cmd::new();
        for word in command.split(' ') {
            if word.starts_with("session:") || word.starts_with("user:") {
                words.arg(format!("{}{word}", self.prefix));
            } else {
                words.arg(word);
            }
        }
        words.query_async(&mut self.redis.clone()).await
    }

    /// The same, which must not be an error.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &str) -> T {
        self.try_ask(command).await.unwrap()
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        redis::cmd("KEYS").arg(format!("{}*", self.prefix)).query_async(&mut self.redis.clone()).await.unwrap()
    }
}

pub(crate) fn id(number: u64) -> SessionId {
    SessionId::from_bytes(u128::from(number).to_be_bytes())
}

/// A record of the user `bob`.
pub(crate) fn record(number: u64) -> Record {
    Record {
        id: id(number),
        user_id: b"bob".to_vec(),
        version: 1,
        created: number,
        seen: 1_000,
        ends: ENDS + number,
        body: b"the body".to_vec(),
    }
}

/// The key of the user `bob`, without the prefix.
pub(crate) const SET: &str = "user:626f62";

/// The key of a record, without the prefix.
pub(crate) fn key(number: u64) -> String {
    format!("session:{}", id(number))
}
