#![doc = include_str!("site.md")]
#![doc = include_str!("../README.md")]
// The first definition of a link counts. In the built site they lead to its pages, in the repository to their files.

mod attached;
mod error;
mod fairing;
mod guards;
mod ignite;
mod login;
mod manager;
mod refused;
mod response;
mod routes;

pub use error::LoginRejection;
pub use fairing::LoginFairing;
pub use guards::{AllowUnauthenticatedOptions, FreshLoginRequired, LoginRequired};
pub use ignite::LoaderAtIgnite;
pub use login::{Allowed, CurrentUser, Error, FreshUser, Login, MaybeUser, Refused};
pub use login_core::{
    ConfigError, CookieProblem, CookieSettings, Event, EventKind, Flash, IntoRequestLoader, IntoUser, IntoUserLoader,
    LoadError, LoginError, MemoryStore, Permission, Refusal, Request, RequestLoader, SameSite, SecretKey,
    SecretKeyError, SessionId, SessionInfo, SessionProtection, SessionStore, TestClock, TestCookies, TestLoginError,
    User, UserLoader,
};
pub use login_system::development_key;
pub use manager::{LoginManager, LoginManagerBuilder};
pub use response::LoginResponse;
pub use routes::RouteGuard;
