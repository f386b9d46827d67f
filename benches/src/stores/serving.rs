//! Servers whose sessions are in a store, for load tests by another process.

use ::axum::Router;
use login_axum::{LoginManager, MemoryStore, SecretKey, SessionStore};
use login_store_redis::RedisStore;
use login_store_sqlx::{PostgresStore, SqliteStore};
use sqlx::sqlite::SqliteSynchronous;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};

use super::databases::{self, POOL};
use crate::axum::{peer, private};
use crate::serve::serve_axum;
use crate::users::{self, Account, Accounts, ann};

/// Serves the guarded page to a user who is logged in, with our library or another one.
pub async fn serve(store: &str, library: &str) {
    match (store, library) {
        ("SQLite", "ours") => {
            let store = SqliteStore::new(databases::sqlite("ours.db", POOL, SqliteSynchronous::Full).await);
            store.create_table().await.expect("a table");
            ours(store).await;
        }
        ("SQLite", _) => {
            let pool = databases::sqlite("peer.db", POOL, SqliteSynchronous::Full).await;
            let store = tower_sessions_sqlx_store::SqliteStore::new(pool);
            store.migrate().await.expect("a table");
            others(store).await;
        }
        ("PostgreSQL", "ours") => {
            let store = PostgresStore::new(databases::postgres(POOL, "on").await);
            let store = store.with_table("login_bench").expect("a name");
            store.create_table().await.expect("a table");
            ours(store).await;
        }
        ("PostgreSQL", _) => {
            let store = tower_sessions_sqlx_store::PostgresStore::new(databases::postgres(POOL, "on").await);
            store.migrate().await.expect("a table");
            others(store).await;
        }
        ("Redis", "ours") => ours(RedisStore::new(databases::redis().await)).await,
        ("Redis", _) => {
            let config = Config::from_url(&databases::redis_url()).expect("a URL");
            let pool = Pool::new(config, None, None, None, 1).expect("a pool");
            pool.init().await.expect("Redis");
            others(tower_sessions_redis_store::RedisStore::new(pool)).await;
        }
        (_, "ours") => ours(MemoryStore::new()).await,
        _ => others(tower_sessions::MemoryStore::default()).await,
    }
}

/// The configuration of the other measurements, with this store.
pub fn manager(store: impl SessionStore) -> LoginManager<Account> {
    let key = SecretKey::from_text(users::KEY).expect("a key");
    let builder = LoginManager::builder(key).login_view("/login").session_store(store);
    builder.build(Accounts).expect("a configuration that works")
}

async fn ours(store: impl SessionStore) {
    let login = manager(store);
    let log_in = login.test_login(ann()).user_agent(users::USER_AGENT).address([127, 0, 0, 1]);
    let cookies = users::cookies(&log_in.await.expect("a login").header());
    serve_axum(private(&login), &cookies).await;
}

async fn others(store: impl tower_sessions::SessionStore + Clone) {
    let mut app: Router = peer::private_with(store);
    let cookies = peer::login_cookie(&mut app).await;
    serve_axum(app, &cookies).await;
}
