//! Tests that disturb all users of the server: they run one after the other.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod support;

use login_store::{SessionStore, Versioned};
use login_store_redis::Error;
use support::{record, server};
use tokio::sync::Mutex;

static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn scripts_that_the_server_has_forgotten_are_loaded_again() {
    let _alone = ALONE.lock().await;
    let server = server().await;
    let (store, mut record) = (&server.store, record(1));
    let flush = async || assert_eq!(server.ask::<String>("SCRIPT FLUSH").await, "OK");
    flush().await;
    assert_eq!(store.insert(&record).await, Ok(()));
    flush().await;
    assert_eq!(store.update(&record).await, Ok(Versioned::Done));
    flush().await;
    assert_eq!(store.touch(record.id, record.seen + 5, 0).await, Ok(()));
    record.version += 1;
    record.seen += 5;
    flush().await;
    assert_eq!(store.of_user(&record.user_id).await.as_deref(), Ok([record.clone()].as_slice()));
    flush().await;
    assert_eq!(store.remove_version(record.id, 1).await, Ok(Versioned::Conflict));
    flush().await;
    assert_eq!(store.remove(record.id).await, Ok(true));
    flush().await;
    assert_eq!(store.remove_of_user(&record.user_id, None).await, Ok(0));
}

/// A change is made as a whole or not at all, and whoever logs out is logged out.
#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_full_memory_refuses_changes_but_no_logout() {
    let _alone = ALONE.lock().await;
    let server = server().await;
    let (store, full) = (&server.store, Error::Failed("OOM".to_owned()));
    for number in 1..=4 {
        store.insert(&record(number)).await.unwrap();
    }
    let limit: [String; 2] = server.ask("CONFIG GET maxmemory").await;
    assert_eq!(server.ask::<String>("CONFIG SET maxmemory 1").await, "OK");
    let refused = [
        store.insert(&record(5)).await.err(),
        store.update(&record(1)).await.err(),
        store.touch(record(1).id, 2_000, record(1).ends + 9).await.err(),
    ];
    let removed = [
        store.remove(record(2).id).await.is_ok_and(|removed| removed),
        store.remove_version(record(3).id, 1).await == Ok(Versioned::Done),
        store.remove_of_user(b"bob", Some(record(1).id)).await == Ok(1),
    ];
    let found = store.of_user(b"bob").await;
    assert_eq!(server.ask::<String>(&format!("CONFIG SET maxmemory {}", limit[1])).await, "OK");
    assert_eq!(refused, [Some(full.clone()), Some(full.clone()), Some(full)]);
    assert_eq!(removed, [true; 3]);
    assert_eq!(found, Ok(vec![record(1)]));
    assert_eq!(server.keys().await.len(), 2);
}
