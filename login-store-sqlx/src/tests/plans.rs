//! Statements that requests wait for use an index.

use login_store::{Record, SessionStore};
use sqlx::Row;

use super::{mysql, postgres, record, sqlite};

/// So many records that a database does not rather read all of them.
async fn fill(store: &impl SessionStore) {
    for number in 1..=300 {
        let (user_id, body) = (number.to_string().into_bytes(), vec![0; 1_000]);
        assert!(store.insert(&Record { user_id, body, ends: number * 10, ..record(number) }).await.is_ok());
    }
}

#[tokio::test]
async fn sqlite_uses_the_indexes() {
    let store = sqlite::store().await;
    fill(&store).await;
    for (statement, index) in [
        (&store.sql.find, "sqlite_autoindex_login_sessions_1 (id=?)"),
        (&store.sql.update, "sqlite_autoindex_login_sessions_1 (id=?)"),
        (&store.sql.of_user, "login_sessions_user_id (user_id=?)"),
        (&store.sql.remove_of_user, "login_sessions_user_id (user_id=?)"),
        (&store.sql.remove_ended, "login_sessions_ends (ends<?)"),
    ] {
        let rows = sqlx::raw_sql(&format!("EXPLAIN QUERY PLAN {statement}")).fetch_all(&store.pool).await.unwrap();
        let plan: String = rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect();
        assert!(plan.contains(index) && !plan.contains("SCAN"), "{statement}:\n{plan}");
    }
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_POSTGRES=postgres://…"]
async fn postgres_uses_the_indexes() {
    let store = postgres::store(postgres::options()).await;
    fill(&store).await;
    let table = super::table();
    sqlx::raw_sql(&format!("ANALYZE \"{table}\"")).execute(&store.pool).await.unwrap();
    let [id, user_id, ends] = ["pkey", "user_id", "ends"].map(|index| format!("{table}_{index}"));
    let (bytes, number) = ("'\\x31'::bytea", "1");
    for (statement, index, values) in [
        (&store.sql.find, &id, [bytes; 5]),
        (&store.sql.update, &id, [number, number, bytes, bytes, number]),
        (&store.sql.of_user, &user_id, [bytes; 5]),
        (&store.sql.remove_of_user, &user_id, [bytes; 5]),
        (&store.sql.remove_ended, &ends, [number; 5]),
        (&store.sql.remove_ended, &id, [number; 5]),
    ] {
        let mut explain = format!("EXPLAIN {statement}");
        for (number, value) in (1..).zip(values) {
            explain = explain.replace(&format!("${number}"), value);
        }
        let rows = sqlx::raw_sql(&explain).fetch_all(&store.pool).await.unwrap();
        let plan: String = rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect();
        assert!(plan.contains(index), "{statement}:\n{plan}");
    }
}

#[tokio::test]
#[ignore = "set LOGIN_TEST_MYSQL=mysql://…"]
async fn mysql_uses_the_indexes() {
    let store = mysql::store().await;
    fill(&store).await;
    for (statement, index) in [
        (&store.sql.find, "PRIMARY"),
        (&store.sql.update, "PRIMARY"),
        (&store.sql.of_user, "user_id"),
        (&store.sql.remove_of_user, "user_id"),
        (&store.sql.remove_ended, "ends"),
    ] {
        // Of a record that is there. Otherwise the plan is that there is nothing to do.
        let statement = statement.replace("WHERE id = ?", &format!("WHERE id = X'{}'", record(1).id));
        let explain = format!("EXPLAIN {}", statement.replace("LIMIT ?", "LIMIT 5").replace('?', "X'31'"));
        let rows = sqlx::raw_sql(&explain).fetch_all(&store.pool).await.unwrap();
        let keys: Vec<Option<String>> = rows.iter().map(|row| row.get("key")).collect();
        assert_eq!(keys, [Some(index.to_owned())], "{statement}");
    }
}
