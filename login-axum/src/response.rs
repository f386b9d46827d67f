//! What the core decides, as axum responses.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, Entry, LOCATION, SET_COOKIE, VARY};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use login_core::{Answer, ResponseParts};

const VARY_COOKIE: HeaderValue = HeaderValue::from_static("cookie");
const PRIVATE: HeaderValue = HeaderValue::from_static(ResponseParts::PRIVATE);

/// Puts cookies and cache headers onto a response.
pub(crate) fn with_parts(mut response: Response<Body>, parts: &ResponseParts) -> Response<Body> {
    if !parts.is_any() {
        return response;
    }
    if parts.replaces(response.status().as_u16()) {
        response = internal_error();
    }
    let headers = response.headers_mut();
    match headers.entry(VARY) {
        Entry::Vacant(vary) => {
            if parts.adds_vary([]) {
                vary.insert(VARY_COOKIE);
            }
        }
        Entry::Occupied(mut vary) => {
            if parts.adds_vary(vary.iter().filter_map(|line| line.to_str().ok())) {
                vary.append(VARY_COOKIE);
            }
        }
    }
    let present = headers.get_all(CACHE_CONTROL).iter().map(|value| value.to_str().unwrap_or_default());
    if parts.makes_private(present) {
        headers.insert(CACHE_CONTROL, PRIVATE);
    }
    for line in &parts.set_cookies {
        if let Ok(value) = HeaderValue::try_from(line) {
            headers.append(SET_COOKIE, value);
        }
    }
    response
}

/// A 500 that tells nothing.
pub(crate) fn internal_error() -> Response<Body> {
    plain(500, Answer::FAILED)
}

/// A response of plain text.
pub(crate) fn plain(status: u16, text: &'static str) -> Response<Body> {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), text).into_response()
}

/// The answer to a refusal.
pub(crate) fn of_answer(answer: Answer) -> Response<Body> {
    match answer {
        Answer::Redirect { status, location } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SEE_OTHER);
            (status, [(LOCATION, location)]).into_response()
        }
        Answer::Unauthorized { content_type, body } => {
            (StatusCode::UNAUTHORIZED, [(CONTENT_TYPE, content_type)], body).into_response()
        }
    }
}
