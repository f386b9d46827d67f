#![doc = include_str!("site.md")]
#![doc = include_str!("../README.md")]
// The first definition of a link counts. In the built site they lead to its pages, in the repository to their files.

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
