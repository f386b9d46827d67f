//! Errors of all databases.

use login_store::{Record, SessionStore};

use super::record;
use crate::{Error, SqliteStore};

/// Every method says that the table is missing.
pub(super) async fn table_is_missing(store: &impl SessionStore<Error = Error>) {
    let (record, error) = (record(1), Error::TableMissing);
    let id = record.id;
    assert_eq!(store.insert(&record).await, Err(error.clone()));
    assert_eq!(store.find(id).await, Err(error.clone()));
    assert_eq!(store.update(&record).await, Err(error.clone()));
    assert_eq!(store.touch(id, 1, 1).await, Err(error.clone()));
    assert_eq!(store.remove(id).await, Err(error.clone()));
    assert_eq!(store.remove_version(id, 1).await, Err(error.clone()));
    assert_eq!(store.of_user(b"bob").await, Err(error.clone()));
    assert_eq!(store.remove_of_user(b"bob", None).await, Err(error.clone()));
    assert_eq!(store.remove_ended(1, 1).await, Err(error));
}

/// Of an ID that is taken, and of a user ID that this table refuses.
pub(super) async fn errors_quote_no_values(store: &impl SessionStore<Error = Error>) {
    store.insert(&record(1)).await.unwrap();
    assert_eq!(store.insert(&record(1)).await, Err(Error::IdTaken));
    let mut user_id = b"secret".repeat(20);
    user_id.push(0xff);
    let error = store.insert(&Record { user_id, ..record(2) }).await.unwrap_err();
    let text = format!("{error} {error:?}").to_lowercase();
    assert!(text.contains("the database refused a value"), "{text}");
    assert!(!text.contains("secret") && !text.contains("736563726574") && !text.contains("ff"), "{text}");
}

#[tokio::test]
async fn sqlite_says_that_the_table_is_missing() {
    let store = super::sqlite::store().await.with_table("missing").unwrap();
    table_is_missing(&store).await;
}

#[test]
fn the_text_says_what_to_do() {
    assert_eq!(Error::TableMissing.to_string(), "the table is missing: call create_table()");
}

#[tokio::test]
async fn names_of_tables_are_checked() {
    let store: SqliteStore = super::sqlite::store().await;
    let longest = "a".repeat(50);
    for name in ["a", "login_sessions", "Sessions2", "7", "_", "select", &longest] {
        let store = store.clone().with_table(name).unwrap();
        store.create_table().await.unwrap();
        store.insert(&record(1)).await.unwrap();
    }
    let too_long = "a".repeat(51);
    for name in ["", "a b", "a\"b", "a`b", "a;b", "a.b", "a-b", "a\0", "séances", "a'b", &too_long] {
        assert_eq!(store.clone().with_table(name).unwrap_err(), Error::InvalidTableName, "{name}");
    }
}
