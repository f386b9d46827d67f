//! What goes wrong, as a page that tells nothing and a log line that does.

use rocket::Request;
use rocket::http::Status;
use rocket::response::{Responder, Result};

/// Anything that a handler cannot do anything about.
pub(crate) struct AppError(String);

impl<E: std::fmt::Display> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl<'r> Responder<'r, 'static> for AppError {
    fn respond_to(self, _: &'r Request<'_>) -> Result<'static> {
        rocket::error!("a request failed: {}", self.0);
        Err(Status::InternalServerError)
    }
}
