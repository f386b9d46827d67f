//! What goes wrong, as a page that tells nothing and a log line that does.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Anything that a handler cannot do anything about.
pub(crate) struct AppError(Box<dyn std::error::Error>);

impl<E: Into<Box<dyn std::error::Error>>> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, "a request failed");
        (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong. Please try again later.").into_response()
    }
}
