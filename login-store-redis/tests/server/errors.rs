//! What something else wrote is an error, and never "there is no record". Nothing is changed then.

use login_store::{Record, SessionStore};
use login_store_redis::Error;

use crate::support::{SET, Server, key, record, server};

const MALFORMED: Error = Error::Malformed;

/// The methods that change a record.
async fn changes_are_malformed(server: &Server) {
    let (store, record) = (&server.store, record(1));
    assert_eq!(store.update(&record).await, Err(MALFORMED));
    assert_eq!(store.touch(record.id, 2_000, record.ends + 1).await, Err(MALFORMED));
    assert_eq!(store.remove_version(record.id, record.version).await, Err(MALFORMED));
    assert_eq!(store.remove(record.id).await, Err(MALFORMED));
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_wrong_type_instead_of_a_record_is_an_error() {
    let server = server().await;
    assert_eq!(server.ask::<String>(&format!("SET {} x", key(1))).await, "OK");
    assert_eq!(server.store.find(record(1).id).await, Err(MALFORMED));
    assert_eq!(server.store.insert(&record(1)).await, Err(Error::IdTaken));
    changes_are_malformed(&server).await;
    assert_eq!(server.ask::<String>(&format!("GET {}", key(1))).await, "x");
    assert_eq!(server.keys().await.len(), 1);
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_wrong_type_instead_of_a_set_is_an_error() {
    let server = server().await;
    let store = &server.store;
    store.insert(&record(1)).await.unwrap();
    assert_eq!(server.ask::<u64>(&format!("DEL {SET}")).await, 1);
    assert_eq!(server.ask::<String>(&format!("SET {SET} x")).await, "OK");
    assert_eq!(store.insert(&record(2)).await, Err(MALFORMED));
    assert_eq!(store.find(record(2).id).await, Ok(None));
    assert_eq!(store.of_user(b"bob").await, Err(MALFORMED));
    assert_eq!(store.remove_of_user(b"bob", None).await, Err(MALFORMED));
    changes_are_malformed(&server).await;
    assert_eq!(store.find(record(1).id).await, Ok(Some(record(1))));
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_record_that_lacks_a_field_is_an_error() {
    let server = server().await;
    let store = &server.store;
    for field in ["user", "version", "created", "seen", "ends", "body"] {
        store.insert(&record(1)).await.unwrap();
        assert_eq!(server.ask::<u64>(&format!("HDEL {} {field}", key(1))).await, 1);
        assert_eq!(store.find(record(1).id).await, Err(MALFORMED), "{field}");
        assert_eq!(store.of_user(b"bob").await, Err(MALFORMED), "{field}");
        assert_eq!(store.insert(&record(1)).await, Err(Error::IdTaken), "{field}");
        if !["created", "body"].contains(&field) {
            changes_are_malformed(&server).await;
        }
        assert_eq!(store.remove_of_user(b"bob", None).await, Ok(1), "{field}");
    }
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn a_field_that_is_no_number_is_an_error() {
    let server = server().await;
    let store = &server.store;
    for field in ["version", "created", "seen", "ends"] {
        for value in ["", "-1", "1.5", "x", "18446744073709551616"] {
            store.insert(&record(1)).await.unwrap();
            let mut set = redis::cmd("HSET");
            set.arg(format!("{}{}", server.prefix, key(1))).arg(field).arg(value);
            set.exec_async(&mut server.redis.clone()).await.unwrap();
            assert_eq!(store.find(record(1).id).await, Err(MALFORMED), "{field} {value}");
            assert_eq!(store.of_user(b"bob").await, Err(MALFORMED), "{field} {value}");
            assert_eq!(store.remove_of_user(b"bob", None).await, Ok(1));
        }
    }
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn an_entry_that_is_no_id_is_an_error() {
    let server = server().await;
    let body: &[&str] = &["user", "bob", "version", "1", "created", "1", "seen", "1", "ends", "1", "body", ""];
    let mut set = redis::cmd("HSET");
    set.arg(format!("{}session:x", server.prefix)).arg(body);
    set.exec_async(&mut server.redis.clone()).await.unwrap();
    assert_eq!(server.ask::<u64>(&format!("ZADD {SET} 1 x")).await, 1);
    assert_eq!(server.store.of_user(b"bob").await, Err(MALFORMED));
}

#[tokio::test]
#[ignore = "needs LOGIN_TEST_REDIS"]
async fn errors_say_what_is_wrong_and_quote_nothing() {
    let server = server().await;
    let refused = crate::failing().find(record(1).id).await.unwrap_err();
    assert_eq!(refused.to_string(), "redis failed: the connection was refused");

    // Redis quotes the arguments of a command that it does not know.
    let error = server.try_ask::<()>("NONSENSE bob").await.unwrap_err();
    assert!(error.to_string().contains("bob"));
    assert_eq!(Error::from(error), Error::Failed("ERR".to_owned()));

    // The client quotes an answer that it did not expect.
    let body = b"the secret body".to_vec();
    server.store.insert(&Record { body, ..record(1) }).await.unwrap();
    let error = server.try_ask::<u64>(&format!("HGET {} body", key(1))).await.unwrap_err();
    assert!(error.to_string().contains("secret"));
    assert_eq!(Error::from(error).to_string(), MALFORMED.to_string());
}
