//! What the hidden lines of the documentation's code blocks use: users to log in, and a browser
//! for each framework. The pages themselves are this crate's documentation tests.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a documentation test that cannot continue fails"
)]

mod account;
pub mod actix;
pub mod axum;
mod browser;
#[cfg(doctest)]
mod pages {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}
pub mod rocket;

pub use account::{Account, check_password, find_account};
pub use browser::{Answer, Browser};

/// Runs a block to its end, on a runtime on which all three frameworks work.
pub fn run<T>(block: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(block)
}
