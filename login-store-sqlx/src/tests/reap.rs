//! The reaper, on a clock that does not wait.

use std::sync::Mutex;
use std::time::Duration;

use login_store::{MemoryStore, Record, SessionId, SessionStore, Versioned};
use tokio::time::{Instant, timeout};

use super::record;
use crate::{Error, reap};

const HOUR: Duration = Duration::from_secs(3600);

/// Notes when `remove_ended` is called and with which limit. Some calls fail. The reaper calls no other
/// method.
#[derive(Default)]
struct Noting {
    store: MemoryStore,
    calls: Mutex<Vec<(Duration, u64)>>,
    start: Option<Instant>,
    failing: &'static [usize],
}

impl SessionStore for &'static Noting {
    type Error = Error;

    async fn insert(&self, _: &Record) -> Result<(), Error> {
        unreachable!()
    }

    async fn find(&self, _: SessionId) -> Result<Option<Record>, Error> {
        unreachable!()
    }

    async fn update(&self, _: &Record) -> Result<Versioned, Error> {
        unreachable!()
    }

    async fn touch(&self, _: SessionId, _: u64, _: u64) -> Result<(), Error> {
        unreachable!()
    }

    async fn remove(&self, _: SessionId) -> Result<bool, Error> {
        unreachable!()
    }

    async fn remove_version(&self, _: SessionId, _: u64) -> Result<Versioned, Error> {
        unreachable!()
    }

    async fn of_user(&self, _: &[u8]) -> Result<Vec<Record>, Error> {
        unreachable!()
    }

    async fn remove_of_user(&self, _: &[u8], _: Option<SessionId>) -> Result<u64, Error> {
        unreachable!()
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, Error> {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            calls.push((self.start.unwrap().elapsed(), limit));
            calls.len() - 1
        };
        if self.failing.contains(&call) {
            return Err(Error::Failed("the database is down".to_owned()));
        }
        Ok(self.store.remove_ended(now, limit).await.unwrap())
    }
}

/// Runs the reaper for some time. Returns when it called the store, in milliseconds, and what is left.
async fn reaped(ended: u64, failing: &'static [usize], every: Duration, time: Duration) -> (Vec<u128>, Vec<Record>) {
    let noting: &'static Noting =
        Box::leak(Box::new(Noting { start: Some(Instant::now()), failing, ..Noting::default() }));
    for number in 1..=ended {
        noting.store.insert(&record(number)).await.unwrap();
    }
    let in_the_future = Record { ends: i64::MAX as u64, ..record(0) };
    noting.store.insert(&in_the_future).await.unwrap();
    assert!(timeout(time, reap(noting, every)).await.is_err());
    let calls = noting.calls.lock().unwrap();
    assert!(calls.iter().all(|(_, limit)| *limit == 256));
    (calls.iter().map(|(when, _)| when.as_millis()).collect(), noting.store.records())
}

#[tokio::test(start_paused = true)]
async fn it_removes_what_has_ended_in_steps_with_pauses() {
    let (calls, left) = reaped(600, &[], HOUR, HOUR / 2).await;
    assert_eq!(calls, [0, 100, 200]);
    assert_eq!(left.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_stops_early_after_a_full_step() {
    let (calls, left) = reaped(256, &[], HOUR, Duration::from_millis(50)).await;
    assert_eq!((calls, left.len()), (vec![0], 1));
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_each_interval() {
    let (calls, _) = reaped(0, &[], HOUR, HOUR * 5 / 2).await;
    assert_eq!(calls, [0, 3_600_000, 7_200_000]);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_an_error_at_the_next_interval() {
    let (calls, left) = reaped(300, &[0, 2], HOUR, HOUR * 5 / 2).await;
    // Failed; removed 256 and failed; removed the rest.
    assert_eq!(calls, [0, 3_600_000, 3_600_100, 7_200_100]);
    assert_eq!(left.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_pauses_also_without_an_interval() {
    let (calls, _) = reaped(0, &[], Duration::ZERO, Duration::from_millis(250)).await;
    assert_eq!(calls, [0, 100, 200]);
}
