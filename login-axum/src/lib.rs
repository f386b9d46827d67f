#![doc = include_str!("site.md")]
#![doc = include_str!("../README.md")]
// The first definition of a link counts. In the built site they lead to its pages, in the repository to their files.

mod error;
mod extract;
mod form;
mod guard;
mod head;
mod layer;
mod login;
mod manager;
mod mounted;
mod response;

/// The tower layers, services and futures behind [`LoginManager::layer`] and the guards, for
/// functions that must name them.
pub mod middleware {
    pub use crate::guard::{GuardFuture, GuardLayer, GuardService};
    pub use crate::layer::{LoginFuture, LoginLayer, LoginService};
}

pub use error::{LoginRejection, RefusedRequest};
pub use login::{Allowed, CurrentUser, Error, FreshUser, Login, MaybeUser, Refused};
pub use login_core::{
    ConfigError, CookieProblem, CookieSettings, Event, EventKind, Flash, IntoRequestLoader, IntoUser, IntoUserLoader,
    LoadError, LoginError, MemoryStore, Permission, Refusal, Request, RequestLoader, SameSite, SecretKey,
    SecretKeyError, SessionId, SessionInfo, SessionProtection, SessionStore, TestClock, TestCookies, TestLoginError,
    User, UserLoader,
};
pub use login_system::development_key;
pub use manager::{LoginManager, LoginManagerBuilder};

/// Compiles the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
