//! The store in MySQL or MariaDB.

use std::str::FromStr;
use std::time::Duration;

use login_store::{SessionStore, Versioned};
use sqlx::Executor;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{drop_table, errors, record, table, url};
use crate::MySqlStore;

fn options() -> MySqlConnectOptions {
    MySqlConnectOptions::from_str(&url("LOGIN_TEST_MYSQL")).unwrap()
}

/// Each connection begins with this statement.
async fn missing(setting: &'static str) -> MySqlStore {
    let pool = MySqlPoolOptions::new()
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(setting).await.map(|_| ()) }));
    let pool = pool.connect_with(options()).await.unwrap();
    let store = MySqlStore::new(pool).with_table(&table()).unwrap();
    sqlx::raw_sql(&drop_table(&store.sql)).execute(&store.pool).await.unwrap();
    store
}

async fn store_with(setting: &'static str) -> MySqlStore {
    let store = missing(setting).await;
    store.create_table().await.unwrap();
    store
}

pub(super) async fn store() -> MySqlStore {
    store_with("DO 1").await
}

async fn closed() -> MySqlStore {
    let store = store().await;
    store.pool.close().await;
    store
}

login_store::store_tests! {
    test = cfg_attr(all(), tokio::test, ignore = "set LOGIN_TEST_MYSQL=mysql://…"),
    store = store().await,
    failing = closed().await,
}

mod serializable {
    use super::*;

    login_store::store_tests! {
        test = cfg_attr(all(), tokio::test, ignore = "set LOGIN_TEST_MYSQL=mysql://…"),
        store = store_with("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE").await,
    }
}

mod other_sql_modes {
    use super::*;

    login_store::store_tests! {
        test = cfg_attr(all(), tokio::test, ignore = "set LOGIN_TEST_MYSQL=mysql://…"),
        store = store_with("SET SESSION sql_mode = 'ANSI,HIGH_NOT_PRECEDENCE,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH'").await,
    }
}

/// Only MariaDB has this mode, in which more words are reserved.
#[tokio::test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn the_oracle_mode_of_mariadb_changes_nothing() {
    let store = missing("SET SESSION sql_mode = IF(VERSION() LIKE '%MariaDB%', 'ORACLE', '')").await;
    store.create_table().await.unwrap();
    store.insert(&record(1)).await.unwrap();
    assert_eq!(store.find(record(1).id).await, Ok(Some(record(1))));
    assert_eq!(store.update(&record(1)).await, Ok(Versioned::Done));
    assert_eq!(store.of_user(b"the user").await.unwrap().len(), 1);
}

/// The transaction has changed many records. The store removes the first one and waits for the second,
/// the transaction waits for the first, and the database lets the store fail, which has done less.
#[tokio::test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn a_deadlock_is_tried_again() {
    let store = store().await;
    for number in 1..=20 {
        store.insert(&record(number)).await.unwrap();
    }
    let others = MySqlPool::connect_with(options()).await.unwrap();
    let mut transaction = others.begin().await.unwrap();
    let id = |number| record(number).id.as_bytes().to_vec();
    let touch = |number| sqlx::query(&store.sql.touch).bind(5_000_i64).bind(5_000_i64).bind(id(number));
    for number in 2..=20 {
        touch(number).execute(&mut *transaction).await.unwrap();
    }
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
    assert_eq!(removing.await.unwrap(), Ok(20));
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn a_lock_that_is_waited_for_too_long_is_tried_again() {
    let store = store_with("SET SESSION innodb_lock_wait_timeout = 1").await;
    store.insert(&record(1)).await.unwrap();
    let mut transaction = store.pool.begin().await.unwrap();
    sqlx::query(&store.sql.remove).bind(&record(1).id.as_bytes()[..]).execute(&mut *transaction).await.unwrap();
    let mut update = Box::pin(async { store.update(&record(1)).await });
    // It neither fails nor succeeds.
    assert!(timeout(Duration::from_millis(1_500), &mut update).await.is_err());
    transaction.commit().await.unwrap();
    assert_eq!(update.await, Ok(Versioned::Gone));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn many_may_create_the_table_at_once() {
    for _ in 0..10 {
        let store = missing("DO 1").await;
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
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn a_missing_table_is_named() {
    errors::table_is_missing(&missing("DO 1").await).await;
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn errors_quote_no_values() {
    let store = store().await;
    // As if someone had made it a text.
    let text = store
        .sql
        .remove
        .replace("DELETE FROM", "ALTER TABLE")
        .replace("WHERE id = ?", "MODIFY user_id VARCHAR(300) CHARACTER SET utf8mb4");
    sqlx::raw_sql(&text).execute(&store.pool).await.unwrap();
    errors::errors_quote_no_values(&store).await;
}

/// So `user_ids_are_bytes` shows that collations do not matter.
#[tokio::test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn the_default_collation_ignores_case() {
    let store = store().await;
    let collation: String =
        sqlx::query_scalar("SELECT CONVERT(@@collation_database USING utf8mb4)").fetch_one(&store.pool).await.unwrap();
    assert!(collation.ends_with("_ci"), "make the database with COLLATE utf8mb4_general_ci instead of {collation}");
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn debug_shows_no_content() {
    assert_eq!(format!("{:?}", store().await), "MySqlStore { .. }");
}
