//! A second implementation of the cookie formats, written from their descriptions. It signs
//! any input of the fuzzer, and checks what the library reads and writes.

mod digest;
mod flask;
mod native;

pub use digest::Digest;
pub use flask::{Flask, quote_cookie};
pub use native::{LoginFields, Native, RememberFields, SessionFields, YEAR};

#[cfg(test)]
mod tests;
