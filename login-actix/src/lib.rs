#![doc = include_str!("../README.md")]

mod environment;
mod extract;
mod guard;
mod manager;
mod middleware;
mod rejection;
mod response;

pub use environment::{development_key, system_clock};
pub use extract::{CurrentUser, FreshUser, Login, MaybeUser};
pub use guard::{GuardFuture, GuardMiddleware, GuardService};
pub use login_core::*;
pub use manager::{Actix, LoginManager};
pub use middleware::{LoginFuture, LoginMiddleware, LoginService};
pub use rejection::{Error, LoginRejection, Refused};
