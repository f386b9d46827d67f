#![doc = include_str!("../README.md")]

mod id;
mod record;
mod store;

pub use id::{InvalidSessionId, SessionId};
pub use record::Record;
pub use store::{SessionStore, Versioned};
