//! The store in PostgreSQL.

use std::str::FromStr;

use login_store::{Record, SessionStore, Versioned};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::task::yield_now;

use super::{drop_table, errors, record, table, url};
use crate::PostgresStore;

pub(super) fn options() -> PgConnectOptions {
    PgConnectOptions::from_str(&url("LOGIN_TEST_POSTGRES")).unwrap()
}

pub(super) async fn store(options: PgConnectOptions) -> PostgresStore {
    let store = missing(options).await;
    store.create_table().await.unwrap();
    store
}

async fn missing(options: PgConnectOptions) -> PostgresStore {
    let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
    let store = PostgresStore::new(pool).with_table(&table()).unwrap();
    sqlx::raw_sql(&drop_table(&store.sql)).execute(&store.pool).await.unwrap();
    store
}

async fn closed() -> PostgresStore {
    let store = store(options()).await;
    store.pool.close().await;
    store
}

login_store::store_tests! {
    test = cfg_attr(all(), tokio::test, ignore = "set LOGIN_TEST_POSTGRES=postgres://…"),
    store = store(options()).await,
    failing = closed().await,
}

mod serializable {
    use super::*;

    login_store::store_tests! {
        test = cfg_attr(all(), tokio::test, ignore = "set LOGIN_TEST_POSTGRES=postgres://…"),
        store = store(options().options([("default_transaction_isolation", "serializable")])).await,
    }
}

mod repeatable_read {
    use super::*;

    login_store::store_tests! {
        test = cfg_attr(all(), tokio::test, ignore = "set LOGIN_TEST_POSTGRES=postgres://…"),
        store = store(options().options([("default_transaction_isolation", "repeatable\\ read")])).await,
    }
}

/// The transaction has locked the second record. The store removes the first and waits for the second,
/// the transaction waits for the first, and PostgreSQL lets the store fail.
#[tokio::test]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
async fn a_deadlock_is_tried_again() {
    let store = store(options().options([("deadlock_timeout", "500ms")])).await;
    let others = PgPool::connect_with(options().options([("deadlock_timeout", "1h")])).await.unwrap();
    store.insert(&record(1)).await.unwrap();
    store.insert(&record(2)).await.unwrap();
    let mut transaction = others.begin().await.unwrap();
    let touch = |number| sqlx::query(&store.sql.touch).bind(5_000_i64).bind(5_000_i64).bind(id(number));
    touch(2).execute(&mut *transaction).await.unwrap();
    let removing = tokio::spawn({
        let store = store.clone();
        async move { store.remove_of_user(b"the user", None).await }
    });
    // Until the store has locked the first record.
    let find = format!("{} FOR UPDATE SKIP LOCKED", store.sql.find);
    while sqlx::query(&find).bind(id(1)).fetch_optional(&others).await.unwrap().is_some() {
        yield_now().await;
    }
    touch(1).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(removing.await.unwrap(), Ok(2));
}

fn id(number: u64) -> Vec<u8> {
    record(number).id.as_bytes().to_vec()
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
async fn a_locked_record_is_not_removed_and_not_waited_for() {
    let store = store(options().options([("lock_timeout", "5s")])).await;
    store.insert(&record(1)).await.unwrap();
    store.insert(&record(2)).await.unwrap();
    let mut transaction = store.pool.begin().await.unwrap();
    let touch = sqlx::query(&store.sql.touch).bind(9_000_i64).bind(9_000_i64).bind(id(1));
    touch.execute(&mut *transaction).await.unwrap();
    assert_eq!(store.remove_ended(3_000, 10).await, Ok(1));
    transaction.commit().await.unwrap();
    assert_eq!(store.remove_ended(3_000, 10).await, Ok(0));
    assert_eq!(store.find(record(1).id).await, Ok(Some(Record { seen: 9_000, ends: 9_000, ..record(1) })));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
async fn many_may_create_the_table_at_once() {
    for _ in 0..10 {
        let store = missing(options()).await;
        let creating: Vec<_> = (0..10)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.create_table().await })
            })
            .collect();
        for created in creating {
            assert_eq!(created.await.unwrap(), Ok(()));
        }
        store.insert(&record(1)).await.unwrap();
        assert_eq!(store.update(&record(1)).await, Ok(Versioned::Done));
    }
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
async fn a_missing_table_is_named() {
    errors::table_is_missing(&missing(options()).await).await;
}

/// The message of a check that fails is the row.
#[tokio::test]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
async fn errors_quote_no_values() {
    let store = store(options()).await;
    let check = store
        .sql
        .remove
        .replace("DELETE FROM", "ALTER TABLE")
        .replace("WHERE id = $1", "ADD CHECK (length(user_id) < 100)");
    sqlx::raw_sql(&check).execute(&store.pool).await.unwrap();
    errors::errors_quote_no_values(&store).await;
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
async fn debug_shows_no_content() {
    assert_eq!(format!("{:?}", store(options()).await), "PostgresStore { .. }");
}
