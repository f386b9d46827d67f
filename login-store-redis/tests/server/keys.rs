//! Which keys there are, and who shares them.

use login_store::{Record, SessionId, SessionStore, Versioned};
use login_store_redis::RedisStore;
use tokio::task::JoinSet;

use crate::support::{ENDS, SET, key, record, server};

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn the_keys_are_as_documented() {
    let server = server().await;
    let record = record(1);
    server.store.insert(&record).await.unwrap();
    let fields: Vec<String> = server.ask(&format!("HMGET {} user version created seen ends body", key(1))).await;
    assert_eq!(fields, ["bob", "1", "1", "1000", "4102444800001", "the body"]);
    let entries: Vec<String> = server.ask(&format!("ZRANGE {SET} 0 -1 WITHSCORES")).await;
    assert_eq!(entries, [record.id.to_string(), "4102444800001".to_owned()]);
    assert_eq!(server.keys().await.len(), 2);
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn nothing_is_left_when_all_records_are_removed() {
    let server = server().await;
    let store = &server.store;
    for number in 1..=5 {
        store.insert(&record(number)).await.unwrap();
    }
    assert!(store.remove(record(5).id).await.unwrap());
    assert_eq!(store.remove_version(record(1).id, 1).await.unwrap(), Versioned::Done);
    assert_eq!(store.remove_of_user(b"bob", Some(record(3).id)).await.unwrap(), 2);
    assert_eq!(server.keys().await.len(), 2);
    assert!(store.remove(record(3).id).await.unwrap());
    assert_eq!(server.keys().await, [""; 0]);

    store.insert(&record(1)).await.unwrap();
    assert_eq!(store.remove_of_user(b"bob", None).await.unwrap(), 1);
    assert_eq!(server.keys().await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn stores_with_different_prefixes_share_nothing() {
    let server = server().await;
    let within = RedisStore::new(server.redis.clone()).prefix(format!("{}user:", server.prefix));
    let outer = Record { user_id: b"user:bob".to_vec(), ..record(1) };
    let inner = Record { body: b"another body".to_vec(), ..record(1) };
    server.store.insert(&outer).await.unwrap();
    within.insert(&inner).await.unwrap();
    assert_eq!(server.store.find(outer.id).await.unwrap().as_ref(), Some(&outer));
    assert_eq!(within.find(inner.id).await.unwrap().as_ref(), Some(&inner));
    assert_eq!(within.remove_of_user(b"bob", None).await.unwrap(), 1);
    assert_eq!(within.of_user(b"bob").await.unwrap(), []);
    assert_eq!(server.store.of_user(&outer.user_id).await.unwrap(), [outer]);
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn the_default_prefix_is_login() {
    let server = server().await;
    // Nobody else has these IDs.
    let record =
        Record { id: SessionId::from_bytes(*b"default prefix 1"), user_id: b"default prefix".to_vec(), ..record(1) };
    let keys = format!("login:session:{} login:user:64656661756c7420707265666978", record.id);
    server.ask::<u64>(&format!("DEL {keys}")).await;
    RedisStore::new(server.redis.clone()).insert(&record).await.unwrap();
    assert_eq!(server.ask::<u64>(&format!("DEL {keys}")).await, 2);
}

/// The set is in the order of `ends`.
#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn the_order_does_not_depend_on_the_set() {
    let server = server().await;
    let [first, second] = [1, 2].map(|number| Record { created: 5, ends: ENDS - number, ..record(number) });
    for record in [&first, &second] {
        server.store.insert(record).await.unwrap();
    }
    assert_eq!(server.store.of_user(b"bob").await.unwrap(), [first, second]);
}

/// As text, 999 is greater than 1000. As Lua's numbers, the greatest times are the same.
#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn times_are_compared_exactly() {
    let server = server().await;
    let mut record = Record { seen: 1_000, ends: i64::MAX as u64, ..record(1) };
    server.store.insert(&record).await.unwrap();
    server.store.touch(record.id, 999, record.ends - 1).await.unwrap();
    assert_eq!(server.store.find(record.id).await.unwrap().as_ref(), Some(&record));
    server.store.touch(record.id, 10_000, 999).await.unwrap();
    record.seen = 10_000;
    assert_eq!(server.store.find(record.id).await.unwrap(), Some(record));
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_set_that_was_lost_comes_back_when_its_records_are_touched() {
    let server = server().await;
    server.store.insert(&record(1)).await.unwrap();
    assert_eq!(server.ask::<u64>(&format!("DEL {SET}")).await, 1);
    assert_eq!(server.store.of_user(b"bob").await.unwrap(), []);
    server.store.touch(record(1).id, 0, 0).await.unwrap();
    assert_eq!(server.store.of_user(b"bob").await.unwrap(), [record(1)]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn all_of_a_user_are_removed_while_others_are_inserted() {
    let server = server().await;
    let mut inserts = JoinSet::new();
    for number in 0..200 {
        let store = server.store.clone();
        inserts.spawn(async move { store.insert(&record(number)).await });
    }
    let mut removed = 0;
    while let Some(inserted) = inserts.join_next().await {
        inserted.unwrap().unwrap();
        removed += server.store.remove_of_user(b"bob", None).await.unwrap();
    }
    assert_eq!(removed, 200);
    assert_eq!(server.keys().await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn debug_shows_no_more_than_the_prefix() {
    let server = server().await;
    let store = RedisStore::new(server.redis);
    assert_eq!(format!("{store:?}"), "RedisStore { prefix: \"login:\", .. }");
}
