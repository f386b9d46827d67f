#![doc = include_str!("../README.md")]

mod attached;
mod error;
mod fairing;
mod guards;
mod login;
mod manager;
mod response;

pub use error::LoginRejection;
pub use fairing::LoginFairing;
pub use guards::{AllowUnauthenticatedOptions, FreshLoginRequired, LoginRequired};
pub use login::{CurrentUser, Error, FreshUser, Login, MaybeUser};
pub use login_core::{
    ConfigError, CookieProblem, CookieSettings, Event, Flash, LoadError, LoginError, Refusal, Request, RequestLoader,
    SameSite, SecretKey, SecretKeyError, SessionProtection, TestClock, User, UserLoader,
};
pub use login_system::development_key;
pub use manager::{LoginManager, LoginManagerBuilder};
pub use response::LoginResponse;
