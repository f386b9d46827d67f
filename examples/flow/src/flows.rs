//! The flows. Each panics if the application does something else.

mod admin;
mod api;
mod audit;
mod logins;
mod notes;
mod pages;
mod passwords;
mod sessions;

use std::path::PathBuf;

pub use admin::*;
pub use api::*;
pub use audit::*;
use example_accounts::{Accounts, Settings};
use login_core::SecretKey;
pub use logins::*;
pub use notes::*;
pub use pages::*;
pub use passwords::*;
pub use sessions::*;

use crate::Site;

async fn start<S: Site>() -> S {
    start_on(Accounts::in_memory().await.unwrap(), false).await
}

async fn start_on<S: Site>(accounts: Accounts, is_https: bool) -> S {
    let key = SecretKey::from_text("a key for tests, 32 bytes or more").unwrap();
    let settings = Settings { port: 0, database: PathBuf::new(), key: Some(key), is_https, admin: None };
    S::start(&settings, accounts).await
}
