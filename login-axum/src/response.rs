//! Answers of the core as axum responses.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use login_core::adapter::{Answer, ResponseParts};

/// Adds what the login adds to a response, or replaces the response if the user could not be
/// loaded.
pub(crate) fn with_parts(mut response: Response<Body>, parts: &ResponseParts) -> Response<Body> {
    if parts.is_empty() {
        return response;
    }
    if let Some(answer) = parts.replacement(response.status().as_u16()) {
        response = from_answer(answer.clone());
    }
    parts.write_to(response.headers_mut());
    response
}

/// An answer of the core as a response.
pub(crate) fn from_answer(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers() {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    *response.body_mut() = Body::from(answer.into_body());
    response
}
