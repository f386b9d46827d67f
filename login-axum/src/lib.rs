#![doc = include_str!("../README.md")]

mod environment;
mod extract;
mod guard;
mod layer;
mod manager;
mod rejection;
mod request;
mod response;

pub use environment::{development_key, system_clock};
pub use extract::{CurrentUser, FreshUser, Login, MaybeUser};
pub use guard::{GuardFuture, GuardLayer, GuardService};
pub use layer::{LoginFuture, LoginLayer, LoginService};
pub use login_core::*;
pub use manager::{Axum, LoginManager};
pub use rejection::{Error, LoginRejection, Refused};

/// Compiles the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
