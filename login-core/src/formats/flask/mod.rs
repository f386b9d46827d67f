//! Flask's and Flask-Login's own cookie formats, byte for byte.

pub(crate) mod client_id;
#[cfg(test)]
mod golden;
pub(crate) mod keys;
pub(crate) mod remember;
pub(crate) mod session;
