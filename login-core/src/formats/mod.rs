//! The two cookie formats: a session or a remembered login goes in, the value of a cookie
//! comes out, and the other way round.

pub(crate) mod flask;
pub(crate) mod format;
pub(crate) mod native;
pub(crate) mod readable;
pub(crate) mod tagged;
pub(crate) mod tokens;
