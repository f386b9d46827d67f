//! The tests that every store must pass, one function for each rule. [`store_tests!`](crate::store_tests)
//! makes a `#[test]` of each.
//!
//! They need the feature `tests`. None sleeps, and none reads a clock. A rule panics when the store
//! breaks it.

#![allow(clippy::panic, reason = "a test that cannot continue fails")]

mod ended;
pub(crate) mod failing;
mod fixture;
mod futures;
mod insert;
mod of_user;
mod parallel;
mod remove;
mod remove_of_user;
mod store_tests;
mod touch;
mod update;
mod values;

pub use ended::*;
pub use failing::*;
#[cfg(test)]
pub(crate) use fixture::Names;
pub use futures::block_on;
pub use insert::*;
pub use of_user::*;
pub use parallel::*;
pub use remove::*;
pub use remove_of_user::*;
pub use touch::*;
pub use update::*;
pub use values::*;
