//! Shared by the tests of refusals: users, and requests without a server.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::borrow::Cow;

use login_rocket::{LoginManager, LoginManagerBuilder, SecretKey, User, UserLoader};
use rocket::local::blocking::LocalResponse;
use rocket::{Build, Rocket};

pub(crate) struct Account(pub(crate) String);

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

/// The account "admin" may do everything, and "broken" cannot be loaded.
pub(crate) struct Accounts;

impl UserLoader for Accounts {
    type User = Account;
    type Error = &'static str;

    async fn load_user(&self, id: String) -> Result<Option<Account>, Self::Error> {
        if id == "broken" { Err("no table") } else { Ok(Some(Account(id.to_owned()))) }
    }
}

type Builder = LoginManagerBuilder<Account>;

pub(crate) fn manager(change: impl FnOnce(Builder) -> Builder) -> LoginManager<Account> {
    let builder = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap());
    change(builder.login_view("/login")).build(Accounts).unwrap()
}

pub(crate) fn build() -> Rocket<Build> {
    let config = rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::debug_default() };
    rocket::custom(config)
}

pub(crate) fn rocket(login: &LoginManager<Account>) -> Rocket<Build> {
    build().attach(login.fairing())
}

/// The value of a header, or nothing.
pub(crate) fn header<'r>(response: &'r LocalResponse<'_>, name: &str) -> &'r str {
    response.headers().get_one(name).unwrap_or_default()
}
