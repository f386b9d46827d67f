//! A store in memory that counts its calls, and that fails if a test says so.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::future::Future;
use std::sync::{Arc, Mutex};

use login_store::{MemoryStore, Record, SessionId, SessionStore, Versioned};

/// A store in memory that counts its calls, and that fails if a test says so.
#[derive(Clone, Default)]
pub(crate) struct FaultyStore {
    pub(crate) store: MemoryStore,
    calls: Arc<Mutex<Vec<&'static str>>>,
    failing: Arc<Mutex<Vec<&'static str>>>,
}

pub(crate) const READS: [&str; 2] = ["find", "of_user"];
pub(crate) const WRITES: [&str; 7] =
    ["insert", "update", "touch", "remove", "remove_version", "remove_of_user", "remove_ended"];

impl FaultyStore {
    /// From now on these methods fail, and no others.
    pub(crate) fn fail(&self, methods: &[&'static str]) {
        *self.failing.lock().unwrap() = methods.to_vec();
    }

    /// The calls since this was asked last.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    async fn call<A>(
        &self,
        method: &'static str,
        answer: impl Future<Output = Result<A, login_store::MemoryStoreError>>,
    ) -> Result<A, &'static str> {
        self.calls.lock().unwrap().push(method);
        if self.failing.lock().unwrap().contains(&method) {
            return Err("the database is down");
        }
        answer.await.map_err(|_| "the ID is taken")
    }
}

impl SessionStore for FaultyStore {
    type Error = &'static str;

    async fn insert(&self, record: &Record) -> Result<(), &'static str> {
        self.call("insert", self.store.insert(record)).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>, &'static str> {
        self.call("find", self.store.find(id)).await
    }

    async fn update(&self, record: &Record) -> Result<Versioned, &'static str> {
        self.call("update", self.store.update(record)).await
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), &'static str> {
        self.call("touch", self.store.touch(id, seen, ends)).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool, &'static str> {
        self.call("remove", self.store.remove(id)).await
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, &'static str> {
        self.call("remove_version", self.store.remove_version(id, version)).await
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, &'static str> {
        self.call("of_user", self.store.of_user(user_id)).await
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, &'static str> {
        self.call("remove_of_user", self.store.remove_of_user(user_id, except)).await
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, &'static str> {
        self.call("remove_ended", self.store.remove_ended(now, limit)).await
    }
}
