//! A store whose calls wait until the scheduler decides what becomes of them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use login_store::{MemoryStore, MemoryStoreError, Record, SessionId, SessionStore, Versioned};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// It fails and has no effect.
    Failed,
    /// It has its effect, and then the connection breaks.
    AnswerLost,
}

#[derive(Debug)]
pub(crate) struct SimulatedFailure;

impl fmt::Display for SimulatedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the simulated store failed")
    }
}

impl std::error::Error for SimulatedFailure {}

/// The name of a method of the store.
pub(crate) type Method = &'static str;

type Run = Box<dyn FnOnce(&MemoryStore, Fate) + Send>;

/// A call that is not decided. It stays when the request that made it is dropped: a database goes
/// on with what it was sent.
struct Waiting {
    request: usize,
    method: Method,
    run: Run,
}

#[derive(Default)]
struct Calls {
    /// The request that is polled now.
    current: usize,
    waiting: Vec<Waiting>,
    /// The calls of each request, in the order in which they were made.
    made: BTreeMap<usize, Vec<Method>>,
}

/// What a decided call has changed.
pub(crate) struct Effect {
    pub(crate) request: usize,
    pub(crate) method: Method,
    pub(crate) fate: Fate,
    /// Records that were inserted or updated, as they are now.
    pub(crate) written: Vec<Record>,
    /// Records that were removed, as they were.
    pub(crate) removed: Vec<Record>,
}

#[derive(Clone, Default)]
pub(crate) struct SimStore {
    pub(crate) memory: MemoryStore,
    calls: Arc<Mutex<Calls>>,
}

impl SimStore {
    /// The request that makes the next calls.
    pub(crate) fn set_current(&self, request: usize) {
        self.calls.lock().unwrap().current = request;
    }

    pub(crate) fn current(&self) -> usize {
        self.calls.lock().unwrap().current
    }

    /// How many calls wait.
    pub(crate) fn waiting(&self) -> usize {
        self.calls.lock().unwrap().waiting.len()
    }

    pub(crate) fn made(&self, request: usize) -> Vec<Method> {
        self.calls.lock().unwrap().made.get(&request).cloned().unwrap_or_default()
    }

    /// Decides a call that waits.
    pub(crate) fn decide(&self, index: usize, fate: Fate) -> Effect {
        let Waiting { request, method, run } = self.calls.lock().unwrap().waiting.remove(index);
        let before = self.memory.records();
        run(&self.memory, fate);
        let after = self.memory.records();
        let written = after.iter().filter(|record| !before.contains(record)).cloned().collect();
        let is_left = |record: &Record| after.iter().any(|each| each.id == record.id);
        let removed = before.into_iter().filter(|record| !is_left(record)).collect();
        Effect { request, method, fate, written, removed }
    }

    pub(crate) fn has(&self, id: SessionId) -> bool {
        self.record(id).is_some()
    }

    pub(crate) fn record(&self, id: SessionId) -> Option<Record> {
        ready(self.memory.find(id)).unwrap()
    }

    async fn call<T: Send + 'static>(
        &self,
        method: Method,
        call: impl FnOnce(&MemoryStore) -> Result<T, MemoryStoreError> + Send + 'static,
    ) -> Result<T, SimulatedFailure> {
        let slot = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&slot);
        let run = move |memory: &MemoryStore, fate| {
            let answer = match fate {
                Fate::Answered => Ok(call(memory).expect("no ID is inserted twice")),
                Fate::Failed => Err(SimulatedFailure),
                Fate::AnswerLost => {
                    let _lost = call(memory);
                    Err(SimulatedFailure)
                }
            };
            *filled.lock().unwrap() = Some(answer);
        };
        {
            let mut calls = self.calls.lock().unwrap();
            let request = calls.current;
            calls.made.entry(request).or_default().push(method);
            calls.waiting.push(Waiting { request, method, run: Box::new(run) });
        }
        poll_fn(|_| slot.lock().unwrap().take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// The result of a future that waits for nothing.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

impl SessionStore for SimStore {
    type Error = SimulatedFailure;

    async fn insert(&self, record: &Record) -> Result<(), SimulatedFailure> {
        let record = record.clone();
        self.call("insert", move |memory| ready(memory.insert(&record))).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>, SimulatedFailure> {
        self.call("find", move |memory| ready(memory.find(id))).await
    }

    async fn update(&self, record: &Record) -> Result<Versioned, SimulatedFailure> {
        let record = record.clone();
        self.call("update", move |memory| ready(memory.update(&record))).await
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), SimulatedFailure> {
        self.call("touch", move |memory| ready(memory.touch(id, seen, ends))).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool, SimulatedFailure> {
        self.call("remove", move |memory| ready(memory.remove(id))).await
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, SimulatedFailure> {
        self.call("remove_version", move |memory| ready(memory.remove_version(id, version))).await
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, SimulatedFailure> {
        let user_id = user_id.to_vec();
        self.call("of_user", move |memory| ready(memory.of_user(&user_id))).await
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, SimulatedFailure> {
        let user_id = user_id.to_vec();
        self.call("remove_of_user", move |memory| ready(memory.remove_of_user(&user_id, except))).await
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, SimulatedFailure> {
        self.call("remove_ended", move |memory| ready(memory.remove_ended(now, limit))).await
    }
}
