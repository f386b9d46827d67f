//! The cookie formats once more, written from their descriptions, to sign whatever a
//! fuzzer thinks of and to judge what the library makes of it.

mod digest;
mod flask;
mod native;

pub use digest::Digest;
pub use flask::{Flask, quote_cookie};
pub use native::{LoginFields, Native, RememberFields, SessionFields};

#[cfg(test)]
mod tests;
