//! What goes wrong, as a page that tells nothing and a log line that does.

use std::fmt;

use actix_web::{HttpResponse, ResponseError};

/// Anything that a handler cannot do anything about.
#[derive(Debug)]
pub(crate) struct AppError(Box<dyn std::error::Error>);

impl<E: Into<Box<dyn std::error::Error>>> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for AppError {
    fn error_response(&self) -> HttpResponse {
        tracing::error!(error = %self.0, "a request failed");
        HttpResponse::InternalServerError().body("Something went wrong. Please try again later.")
    }
}
