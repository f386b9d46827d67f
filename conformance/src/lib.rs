//! What the conformance servers share: the configuration, the users, the events, the session
//! store, and the answers that no framework has a part in. CONTRACT.md says what they do.

mod answers;
mod config;
mod cookies;
mod faults;
mod holds;
mod query;
mod sessions;
mod store;
mod world;

pub use answers::{confirm, log_out, me_json, recheck_json, session_json};
pub use config::{Config, Wire};
pub use query::{HoldQuery, Key, LoginQuery, Pair, SessionQuery, UserQuery, UsersQuery, flag, query};
pub use sessions::{end_all_sessions, end_other_sessions, end_session, sessions_json};
pub use store::{DumpedRecord, StoreQuery};
pub use world::{IsNotch, Player, Players, World};
