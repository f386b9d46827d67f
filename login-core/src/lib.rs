#![doc = include_str!("site.md")]
#![doc = include_str!("../README.md")]
// The first definition of a link counts. In the built site they lead to its pages, in the repository to their files.

pub mod adapter;
mod answer;
mod clock;
mod config;
mod error;
mod formats;
mod log;
mod login;
mod manager;
mod request;
mod session;
mod store;
mod user;

pub use answer::Refusal;
pub use clock::TestClock;
pub use config::cookie::{CookieSettings, SameSite};
pub use config::error::{ConfigError, CookieProblem, SecretKeyError};
pub use config::secret::SecretKey;
pub use config::settings::SessionProtection;
pub use error::{LoadError, LoginError};
pub use formats::flask::remember::{decode_cookie, encode_cookie};
pub use login::closures::{IntoRequestLoader, IntoUserLoader};
pub use login::data::Flash;
pub use login::event::{Event, EventKind};
pub use login::handle::Login;
pub use login::loaders::{RequestLoader, UserLoader};
pub use login::log_in::{LogIn, LogInFuture};
pub use login::log_out::{LogOut, LogOutFuture};
pub use login::sessions::SessionInfo;
pub use login_store::{InvalidSessionId, MemoryStore, SessionId, SessionStore};
pub use manager::builder::LoginManagerBuilder;
pub use manager::login_manager::LoginManager;
pub use manager::test_login::{TestCookies, TestLogin, TestLoginError};
pub use request::view::Request;
pub use user::{IntoUser, Permission, User};
