//! When keys and entries expire.

use login_store::{Record, SessionStore, Versioned};

use crate::support::{ENDS, SET, Server, id, key, record, server};

const MINUTE: u64 = 60_000;

/// When the key of a record and its user's set expire.
async fn expiry(server: &Server, number: u64) -> (u64, u64) {
    let key = key(number);
    (server.ask(&format!("PEXPIRETIME {key}")).await, server.ask(&format!("PEXPIRETIME {SET}")).await)
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_record_expires_a_minute_after_its_end() {
    let server = server().await;
    let mut record = record(1);
    server.store.insert(&record).await.unwrap();
    assert_eq!(expiry(&server, 1).await, (record.ends + MINUTE, record.ends + MINUTE));

    server.store.touch(record.id, 0, record.ends + 10).await.unwrap();
    assert_eq!(expiry(&server, 1).await, (record.ends + 10 + MINUTE, record.ends + 10 + MINUTE));

    record.ends += 20;
    assert_eq!(server.store.update(&record).await.unwrap(), Versioned::Done);
    assert_eq!(expiry(&server, 1).await, (record.ends + MINUTE, record.ends + MINUTE));

    server.store.touch(record.id, 0, ENDS - 10).await.unwrap();
    assert_eq!(expiry(&server, 1).await, (record.ends + MINUTE, record.ends + MINUTE));
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_set_expires_with_the_record_that_ends_last() {
    let server = server().await;
    let store = &server.store;
    for number in [3, 5, 1, 4, 2] {
        store.insert(&record(number)).await.unwrap();
    }
    for number in 1..=5 {
        assert_eq!(expiry(&server, number).await, (ENDS + number + MINUTE, ENDS + 5 + MINUTE));
    }
    assert!(store.remove(record(5).id).await.unwrap());
    assert_eq!(expiry(&server, 4).await, (ENDS + 4 + MINUTE, ENDS + 4 + MINUTE));
    assert_eq!(store.remove_version(record(4).id, 1).await.unwrap(), Versioned::Done);
    assert_eq!(expiry(&server, 1).await.1, ENDS + 3 + MINUTE);
    store.touch(record(1).id, 0, ENDS + 9).await.unwrap();
    assert_eq!(expiry(&server, 1).await, (ENDS + 9 + MINUTE, ENDS + 9 + MINUTE));
    assert_eq!(store.remove_of_user(b"bob", Some(record(2).id)).await.unwrap(), 2);
    assert_eq!(expiry(&server, 2).await, (ENDS + 2 + MINUTE, ENDS + 2 + MINUTE));
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn the_greatest_times_expire_in_the_year_287396() {
    let server = server().await;
    let record = Record { ends: i64::MAX as u64, ..record(1) };
    server.store.insert(&record).await.unwrap();
    assert_eq!(expiry(&server, 1).await, (1 << 53, 1 << 53));
    server.store.touch(record.id, 0, record.ends).await.unwrap();
    assert_eq!(server.store.update(&record).await.unwrap(), Versioned::Done);
    assert_eq!(expiry(&server, 1).await, (1 << 53, 1 << 53));
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn what_has_ended_leaves_nothing() {
    let server = server().await;
    for number in [1, 2] {
        server.store.insert(&Record { ends: number, ..record(number) }).await.unwrap();
        assert_eq!(server.store.find(record(number).id).await.unwrap(), None);
        assert_eq!(server.store.of_user(b"bob").await.unwrap(), []);
    }
    assert_eq!(server.keys().await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn entries_go_by_their_time_and_not_because_a_record_is_missing() {
    let server = server().await;
    let store = &server.store;
    store.insert(&record(1)).await.unwrap();
    let now = server.ask::<(u64, u64)>("TIME").await.0 * 1_000;
    let (kept, removed) = (now - MINUTE / 2, now - MINUTE - 1);
    let [later, ended, expired] = [7, 8, 9].map(|number| id(number).to_string());
    let added: u64 = server.ask(&format!("ZADD {SET} {ENDS} {later} {kept} {ended} {removed} {expired}")).await;
    assert_eq!(added, 3);

    // Only a login removes entries.
    assert_eq!(store.of_user(b"bob").await.unwrap(), [record(1)]);
    store.touch(record(1).id, 0, ENDS + 1).await.unwrap();
    assert_eq!(server.ask::<u64>(&format!("ZCARD {SET}")).await, 4);
    store.insert(&record(2)).await.unwrap();
    let entries: Vec<String> = server.ask(&format!("ZRANGE {SET} 0 -1")).await;
    assert_eq!(entries, [ended, later, id(1).to_string(), id(2).to_string()]);
    assert_eq!(store.remove_of_user(b"bob", None).await.unwrap(), 2);
    assert_eq!(server.keys().await, [""; 0]);
}
