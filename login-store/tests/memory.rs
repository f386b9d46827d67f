//! The store in memory, used by many threads, and the rules of the suite as another crate runs them.

#![allow(clippy::panic, reason = "a test that cannot continue fails")]

use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;

use login_store::{MemoryStore, MemoryStoreError, Record, SessionId, SessionStore, Versioned};

const THREADS: usize = 100;

/// What the store answers. It never waits.
fn now<T>(future: impl Future<Output = Result<T, MemoryStoreError>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(answer)) => answer,
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => panic!("the store in memory waits"),
    }
}

/// Calls the function in many threads at the same time.
fn in_threads<T: Send>(call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (barrier, call) = (&Barrier::new(THREADS), &call);
    thread::scope(|scope| {
        let start = |number| {
            scope.spawn(move || {
                barrier.wait();
                call(number)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panic!("a thread panicked"))).collect()
    })
}

fn store() -> (MemoryStore, Record) {
    let (store, id) = (MemoryStore::new(), SessionId::from_bytes([7; 16]));
    let record = Record { id, user_id: b"7".to_vec(), version: 1, created: 2, seen: 3, ends: 4, body: Vec::new() };
    now(store.insert(&record));
    (store, record)
}

#[test]
fn of_updates_of_one_version_in_many_threads_one_is_done() {
    let (store, record) = store();
    let results = in_threads(|number| {
        let update = Record { body: number.to_string().into_bytes(), ..record.clone() };
        (now(store.update(&update)), update.body)
    });
    let done: Vec<_> = results.iter().filter(|(result, _)| *result == Versioned::Done).collect();
    let conflicts = results.iter().filter(|(result, _)| *result == Versioned::Conflict).count();
    assert_eq!((done.len(), conflicts), (1, THREADS - 1));
    let body = done[0].1.clone();
    assert_eq!(store.records(), [Record { version: 2, body, ..record }]);
}

#[test]
fn changes_in_many_threads_lose_nothing() {
    let (store, record) = store();
    in_threads(|_| {
        loop {
            let Some(mut found) = now(store.find(record.id)) else { panic!("the record is gone") };
            thread::yield_now();
            found.body.push(1);
            if now(store.update(&found)) == Versioned::Done {
                break;
            }
        }
    });
    let (version, body) = (1 + THREADS as u64, vec![1; THREADS]);
    assert_eq!(store.records(), [Record { version, body, ..record }]);
}

// The unit tests of the crate run the rules too, also without the feature.
#[cfg(feature = "tests")]
login_store::store_tests! {
    block_on = login_store::tests::block_on,
    store = MemoryStore::new(),
}
