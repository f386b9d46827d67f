#![doc = include_str!("site.md")]
#![doc = include_str!("../README.md")]
// The first definition of a link counts. In the built site they lead to its pages, in the repository to their files.

mod error;
mod scripts;
mod store;

pub use error::Error;
pub use store::RedisStore;
