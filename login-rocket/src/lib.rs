#![doc = include_str!("../README.md")]

mod environment;
mod error;
mod fairing;
mod guards;
mod manager;
mod response;

pub use environment::{development_key, system_clock};
pub use error::{Error, LoginRejection};
pub use fairing::LoginFairing;
pub use guards::{CurrentUser, FreshLoginRequired, FreshUser, Login, LoginRequired, MaybeUser};
pub use login_core::*;
pub use manager::{LoginManager, RocketAdapter};
pub use response::LoginResponse;
