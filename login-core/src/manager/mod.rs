//! What an application sets up: settings and loaders go in, a login manager comes out that
//! begins the login of each request.

pub(crate) mod builder;
mod handler_setters;
pub(crate) mod login_manager;
pub(crate) mod mounts;
pub(crate) mod refusal_handlers;
pub(crate) mod refusal_settings;
mod request_loader_settings;
pub(crate) mod settings;
pub(crate) mod store_settings;
pub(crate) mod test_login;
