//! A store whose calls wait until the scheduler decides what becomes of them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use login_store::{MemoryStore, Record, SessionId, SessionStore, Versioned};

use super::calls::{Answer, Call, Method, Mirror};

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

type Answered = Arc<Mutex<Option<Result<Answer, SimulatedFailure>>>>;

/// A call that is not decided. It stays when the request that made it is dropped: a database goes
/// on with what it was sent.
struct Waiting {
    request: usize,
    call: Call,
    answered: Answered,
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
    mirror: Option<Mirror>,
    calls: Arc<Mutex<Calls>>,
}

impl SimStore {
    pub(crate) fn new(mirror: Option<Mirror>) -> Self {
        Self { mirror, ..Self::default() }
    }

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
        let Waiting { request, call, answered } = self.calls.lock().unwrap().waiting.remove(index);
        let before = self.memory.records();
        let answer = match fate {
            Fate::Answered => Ok(self.answer(&call)),
            Fate::Failed => Err(SimulatedFailure),
            Fate::AnswerLost => {
                self.answer(&call);
                Err(SimulatedFailure)
            }
        };
        *answered.lock().unwrap() = Some(answer);
        let after = self.memory.records();
        let written = after.iter().filter(|record| !before.contains(record)).cloned().collect();
        let is_left = |record: &Record| after.iter().any(|each| each.id == record.id);
        let removed = before.into_iter().filter(|record| !is_left(record)).collect();
        Effect { request, method: call.method(), fate, written, removed }
    }

    fn answer(&self, call: &Call) -> Answer {
        if let (Some(Mirror { removes_ended: false, .. }), Call::RemoveEnded(..)) = (&self.mirror, call) {
            return Answer::Count(0);
        }
        let answer = ready(call.ask(&self.memory)).expect("no ID is inserted twice");
        if let Some(mirror) = &self.mirror {
            assert_eq!((mirror.answer)(call), answer, "the answer of the real store to {call:?}");
        }
        answer
    }

    pub(crate) fn has(&self, id: SessionId) -> bool {
        self.record(id).is_some()
    }

    pub(crate) fn record(&self, id: SessionId) -> Option<Record> {
        ready(self.memory.find(id)).unwrap()
    }

    async fn call(&self, call: Call) -> Result<Answer, SimulatedFailure> {
        let answered = Answered::default();
        {
            let mut calls = self.calls.lock().unwrap();
            let request = calls.current;
            calls.made.entry(request).or_default().push(call.method());
            calls.waiting.push(Waiting { request, call, answered: Arc::clone(&answered) });
        }
        poll_fn(|_| answered.lock().unwrap().take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// The result of a future that waits for nothing.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// The value of an answer of this kind. No call gets one of another kind.
macro_rules! value {
    ($kind:path, $answer:expr) => {
        match $answer? {
            $kind(value) => Ok(value),
            answer => unreachable!("{answer:?}"),
        }
    };
}

impl SessionStore for SimStore {
    type Error = SimulatedFailure;

    async fn insert(&self, record: &Record) -> Result<(), SimulatedFailure> {
        self.call(Call::Insert(record.clone())).await.map(|_| ())
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>, SimulatedFailure> {
        value!(Answer::Found, self.call(Call::Find(id)).await)
    }

    async fn update(&self, record: &Record) -> Result<Versioned, SimulatedFailure> {
        value!(Answer::Versioned, self.call(Call::Update(record.clone())).await)
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), SimulatedFailure> {
        self.call(Call::Touch(id, seen, ends)).await.map(|_| ())
    }

    async fn remove(&self, id: SessionId) -> Result<bool, SimulatedFailure> {
        value!(Answer::Removed, self.call(Call::Remove(id)).await)
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, SimulatedFailure> {
        value!(Answer::Versioned, self.call(Call::RemoveVersion(id, version)).await)
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, SimulatedFailure> {
        value!(Answer::Records, self.call(Call::OfUser(user_id.to_vec())).await)
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, SimulatedFailure> {
        value!(Answer::Count, self.call(Call::RemoveOfUser(user_id.to_vec(), except)).await)
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, SimulatedFailure> {
        value!(Answer::Count, self.call(Call::RemoveEnded(now, limit)).await)
    }
}
