//! A store that tests watch.

use std::sync::{Arc, Mutex};
use std::task::Poll;

use login_core::{MemoryStore, SessionId, SessionStore};
use login_store::{MemoryStoreError, Record, Versioned};

/// A store in memory. It notes what it is asked, and it fails or lets its callers wait if a test
/// says so. Clones are the same store.
#[derive(Clone, Default)]
pub(crate) struct WatchedStore {
    pub(crate) records: MemoryStore,
    watch: Arc<Mutex<Watch>>,
}

#[derive(Default)]
struct Watch {
    calls: Vec<&'static str>,
    fails: &'static [&'static str],
    waits: bool,
}

pub(crate) const READS: &[&str] = &["find", "of_user"];
pub(crate) const WRITES: &[&str] =
    &["insert", "update", "touch", "remove", "remove_version", "remove_of_user", "remove_ended"];

/// The store's error. No client must see its text.
pub(crate) const CAUSE: &str = "hunter2 is the database password";

impl WatchedStore {
    /// The calls since this was last called.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.watch.lock().unwrap().calls)
    }

    /// Lets these methods fail from now on, and no others.
    pub(crate) fn fail(&self, methods: &'static [&'static str]) {
        self.watch.lock().unwrap().fails = methods;
    }

    /// Whether each call is pending once before the records change, and once after that.
    pub(crate) fn wait(&self, waits: bool) {
        self.watch.lock().unwrap().waits = waits;
    }

    async fn pending(&self) {
        let mut waits = self.watch.lock().unwrap().waits;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::take(&mut waits) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    async fn call<T>(
        &self,
        method: &'static str,
        answer: impl Future<Output = Result<T, MemoryStoreError>>,
    ) -> Result<T, &'static str> {
        let fails = {
            let mut watch = self.watch.lock().unwrap();
            watch.calls.push(method);
            watch.fails.contains(&method)
        };
        self.pending().await;
        let answer = if fails { Err(CAUSE) } else { answer.await.map_err(|_| "the ID is taken") };
        self.pending().await;
        answer
    }
}

impl SessionStore for WatchedStore {
    type Error = &'static str;

    async fn insert(&self, record: &Record) -> Result<(), Self::Error> {
        self.call("insert", self.records.insert(record)).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>, Self::Error> {
        self.call("find", self.records.find(id)).await
    }

    async fn update(&self, record: &Record) -> Result<Versioned, Self::Error> {
        self.call("update", self.records.update(record)).await
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), Self::Error> {
        self.call("touch", self.records.touch(id, seen, ends)).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool, Self::Error> {
        self.call("remove", self.records.remove(id)).await
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, Self::Error> {
        self.call("remove_version", self.records.remove_version(id, version)).await
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, Self::Error> {
        self.call("of_user", self.records.of_user(user_id)).await
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, Self::Error> {
        self.call("remove_of_user", self.records.remove_of_user(user_id, except)).await
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, Self::Error> {
        self.call("remove_ended", self.records.remove_ended(now, limit)).await
    }
}
