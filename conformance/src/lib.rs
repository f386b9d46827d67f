//! What the conformance servers share: the configuration, the users, the events,
//! and the answers that no framework has a part in. CONTRACT.md says what they do.

mod config;
mod faults;
mod world;

pub use config::{Config, Wire};
pub use world::{
    IsNotch, Key, LoginQuery, Pair, Player, Players, UsersQuery, World, confirm, flag, me_json, query, session_json,
};
