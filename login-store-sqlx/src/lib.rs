#![doc = include_str!("site.md")]
#![doc = include_str!("../README.md")]
// The first definition of a link counts. In the built site they lead to its pages, in the repository to their files.
#![cfg_attr(
    not(any(test, feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        unused_macros,
        unused_imports,
        reason = "each feature adds a store, and without any there is none"
    )
)]

mod error;
#[cfg(any(test, feature = "mysql"))]
mod mysql;
#[cfg(any(test, feature = "postgres"))]
mod postgres;
mod reap;
mod retry;
mod row;
mod sql;
#[cfg(any(test, feature = "sqlite"))]
mod sqlite;
mod store;
#[cfg(test)]
mod tests;

pub use error::Error;
#[cfg(any(test, feature = "mysql"))]
pub use mysql::MySqlStore;
#[cfg(any(test, feature = "postgres"))]
pub use postgres::PostgresStore;
pub use reap::reap;
#[cfg(any(test, feature = "sqlite"))]
pub use sqlite::SqliteStore;
