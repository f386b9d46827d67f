//! The settings: what the application chose goes in, checked values come out.

pub(crate) mod cookie;
pub(crate) mod error;
pub(crate) mod secret;
pub(crate) mod set_cookie;
pub(crate) mod settings;
