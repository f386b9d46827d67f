//! One request's login: a request, the application's answers and a handler's changes go
//! in, decisions and the parts of the response come out.

pub(crate) mod closures;
pub(crate) mod data;
pub(crate) mod event;
pub(crate) mod finish;
pub(crate) mod finish_kept;
pub(crate) mod guard;
pub(crate) mod handle;
pub(crate) mod keeping;
pub(crate) mod kept_login;
pub(crate) mod kept_remember;
pub(crate) mod loaders;
pub(crate) mod loading;
pub(crate) mod log_in;
pub(crate) mod log_out;
pub(crate) mod next;
pub(crate) mod recheck;
pub(crate) mod refuse;
pub(crate) mod request_login;
pub(crate) mod resolution;
pub(crate) mod resolve;
pub(crate) mod response_parts;
pub(crate) mod saving;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod steps;
