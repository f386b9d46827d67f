//! Tests that no key, cookie value or auth hash is in a log line, a `Debug` text, an error or a
//! response, except in the Set-Cookie line itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod application;
mod on_actix;
mod on_axum;
mod on_rocket;
mod shown;
mod watch;
