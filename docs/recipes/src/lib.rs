//! The pages that use other crates than the library's. Each is a documentation test.

#![allow(clippy::unwrap_used, reason = "a documentation test that cannot continue fails")]

mod accounts;
mod provider;

pub use accounts::{Account, Accounts};
pub use provider::{provider, visit};

/// What the pages show in a block that is marked as shared.
macro_rules! shared {
    ($($name:ident = $file:literal),*) => { $(pub mod $name { include!(concat!(env!("OUT_DIR"), $file)); })* };
}

shared!(
    passwords = "/passwords.rs",
    openid_connect = "/openid-connect.rs",
    throttling = "/throttling.rs",
    passkeys = "/passkeys.rs"
);

#[cfg(doctest)]
mod pages {
    macro_rules! pages {
        ($($name:ident = $page:literal,)*) => { $(#[doc = include_str!($page)] mod $name {})* };
    }

    pages! {
        passwords = "../../src/recipes/passwords.md",
        openid_connect = "../../src/recipes/openid-connect.md",
        passkeys = "../../src/recipes/passkeys.md",
        throttling = "../../src/recipes/throttling.md",
        caching = "../../src/recipes/caching.md",
        htmx = "../../src/recipes/htmx.md",
        single_page = "../../src/recipes/single-page.md",
        hyper = "../../src/servers/hyper.md",
        tonic = "../../src/servers/tonic.md",
        axum_login = "../../src/from/axum-login.md",
        tower_sessions = "../../src/from/tower-sessions.md",
        actix_identity = "../../src/from/actix-identity.md",
        actix_session = "../../src/from/actix-session.md",
        rocket_private_cookies = "../../src/from/rocket-private-cookies.md",
    }
}
