#![doc = include_str!("../README.md")]

mod id;
mod memory;
mod record;
mod store;
#[cfg(any(test, feature = "tests"))]
pub mod tests;

pub use id::{InvalidSessionId, SessionId};
pub use memory::{MemoryStore, MemoryStoreError};
pub use record::Record;
pub use store::{SessionStore, Versioned};
