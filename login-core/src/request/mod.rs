//! What a client sent: a request goes in, its parts come out, and nothing is decided
//! about any login.

pub(crate) mod client;
pub(crate) mod cookies;
pub(crate) mod cross_site;
pub(crate) mod form;
pub(crate) mod head;
pub(crate) mod host;
pub(crate) mod kind;
pub(crate) mod redirect;
pub(crate) mod url;
pub(crate) mod view;
