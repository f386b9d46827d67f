//! What only adapters and custom servers need. Applications use the types of their adapter.
//!
//! An adapter implements [`RequestHead`] for its framework's request, or uses the one in
//! [`http`](mod@http) (feature `http`). For each request it calls
//! [`LoginManager::begin`](crate::LoginManager::begin), then [`RequestLogin::access_user`] in
//! a guard or [`RequestLogin::access`] in a handler, and at the end
//! [`RequestLogin::finish`]. [`AdapterManager`] keeps a manager with the application's own
//! answers to refused requests, and [`Mounts`] finds managers that must not be mounted
//! together.

mod guard;
#[cfg(feature = "http")]
pub mod http;
mod macros;
mod managed;
mod session_entries;

pub use crate::answer::{Answer, Refusal};
pub use crate::clock::{Clock, Entropy};
pub use crate::log::{error_once as log_error_once, warn as log_warning};
pub use crate::login::finish_kept::Finish;
pub use crate::login::guard::{Denied, Requirement};
pub use crate::login::loading::{Require, SessionFuture, UserFuture};
pub use crate::login::request_login::RequestLogin;
pub use crate::login::response_parts::ResponseParts;
pub use crate::login::steps::{LoadUser, LoadUserFromRequest, Step};
pub use crate::manager::builder::{BuiltManager, TakesHandlers};
pub use crate::manager::mounts::{MountError, Mounts};
pub use crate::manager::refusal_handlers::{RefusalHandlers, Refused};
pub use crate::request::form::MAX_FORM;
pub use crate::request::head::RequestHead;
pub use crate::store::step::{Answers, StoreCall, StoreStep};
pub use guard::Guard;
pub use login_store::{Record, Versioned};
pub use managed::AdapterManager;
pub use session_entries::session_entries;

#[doc(hidden)]
pub use crate::__adapter_handlers as handlers;
#[doc(hidden)]
pub use crate::__adapter_manager as manager;
#[doc(hidden)]
pub use crate::__adapter_types as types;
