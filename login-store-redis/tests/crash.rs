//! The server is killed while sessions are written. It needs `appendonly yes`, and loses nothing that
//! it has acknowledged. The store goes on with the server that comes back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot continue fails")]

mod support;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use login_store::{Record, SessionStore, Versioned};
use login_store_redis::{Error, RedisStore};
use support::{record, server, variable};
use tokio::task::{self, JoinSet, yield_now};

const WRITERS: u64 = 20;

/// What a writer knows of a record.
struct Written {
    record: Record,
    /// The answers say that it was inserted, and that it was not removed.
    exists: bool,
    /// The last change may have been made or not: its answer was lost.
    uncertain: bool,
}

impl Written {
    /// Whether the writer removes it in the end.
    fn is_removed(&self) -> bool {
        self.record.created.is_multiple_of(2)
    }
}

/// Inserts records, updates them and removes every other one, until the server fails.
async fn write(store: RedisStore, writer: u64, acknowledged: Arc<AtomicU64>) -> Vec<Written> {
    let mut all = Vec::new();
    for number in 0.. {
        let record = Record { user_id: writer.to_be_bytes().to_vec(), ..record(writer << 32 | number) };
        all.push(Written { record, exists: false, uncertain: true });
        if change(&store, all.last_mut().unwrap(), &acknowledged).await.is_err() {
            break;
        }
    }
    all
}

async fn change(store: &RedisStore, written: &mut Written, acknowledged: &AtomicU64) -> Result<(), Error> {
    let id = written.record.id;
    store.insert(&written.record).await?;
    written.exists = true;
    acknowledged.fetch_add(1, Ordering::Relaxed);
    for body in [b"second", b"third "] {
        let new = Record { body: body.to_vec(), ..written.record.clone() };
        assert_eq!(store.update(&new).await?, Versioned::Done);
        written.record = Record { version: new.version + 1, ..new };
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    if written.is_removed() {
        assert!(store.remove(id).await?);
        written.exists = false;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    written.uncertain = false;
    Ok(())
}

/// What is found once the store has connected again.
async fn find(store: &RedisStore, written: &Written) -> Option<Record> {
    for _ in 0..100 {
        if let Ok(found) = store.find(written.record.id).await {
            return found;
        }
    }
    panic!("the store does not connect again")
}

async fn check(store: &RedisStore, written: &[Written]) {
    let user_id = &written.first().unwrap().record.user_id;
    let mut of_user = Vec::new();
    for written in written {
        let found = find(store, written).await;
        if !written.uncertain {
            assert_eq!(found.as_ref(), written.exists.then_some(&written.record));
        } else if let Some(found) = &found {
            assert!(found.version == written.record.version || found.version == written.record.version + 1);
        } else {
            // The answer to the insert was lost, or the one to the removal.
            assert!(!written.exists || written.record.version == 3 && written.is_removed());
        }
        of_user.extend(found);
    }
    assert_eq!(store.of_user(user_id).await.unwrap(), of_user);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let server = server().await;
    let restart = variable("LOGIN_TEST_REDIS_RESTART");
    for round in 0..3 {
        let acknowledged = Arc::new(AtomicU64::new(0));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write(server.store.clone(), round << 16 | writer, acknowledged.clone()));
        }
        while acknowledged.load(Ordering::Relaxed) < 2_000 {
            assert_eq!(writers.try_join_next().map(|_| "a writer has failed"), None);
            yield_now().await;
        }
        let command = restart.clone();
        let status = task::spawn_blocking(|| Command::new("sh").arg("-c").arg(command).status());
        assert!(status.await.unwrap().unwrap().success());
        for written in writers.join_all().await {
            check(&server.store, &written).await;
        }
    }
}
