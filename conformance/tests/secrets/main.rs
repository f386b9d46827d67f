//! No key, cookie value or auth hash is in a log line, a `Debug`, an error or a response,
//! but for the Set-Cookie that is the cookie.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod application;
mod on_actix;
mod on_axum;
mod on_rocket;
mod shown;
mod watch;
