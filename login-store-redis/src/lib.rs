#![doc = include_str!("../README.md")]

mod error;
mod scripts;
mod store;

pub use error::Error;
pub use store::RedisStore;
