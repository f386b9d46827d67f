//! What the core decides, as actix-web responses.

use std::fmt;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ContentType, HeaderMap, HeaderValue, LOCATION, SET_COOKIE, VARY};
use actix_web::{Error, HttpResponse, ResponseError};
use login_core::{Answer, RequestLogin, ResponseParts, User};

const VARY_COOKIE: HeaderValue = HeaderValue::from_static("cookie");
const PRIVATE: HeaderValue = HeaderValue::from_static(ResponseParts::PRIVATE);

/// Puts cookies and cache headers onto a response.
pub(crate) fn with_parts<B: MessageBody>(
    response: ServiceResponse<B>,
    parts: &ResponseParts,
) -> ServiceResponse<EitherBody<B>> {
    let mut response = if parts.replaces(response.status().as_u16()) {
        response.into_response(internal_error()).map_into_right_body()
    } else {
        response.map_into_left_body()
    };
    carry(response.headers_mut(), parts);
    response
}

fn carry(headers: &mut HeaderMap, parts: &ResponseParts) {
    if !parts.is_any() {
        return;
    }
    if parts.adds_vary(headers.get_all(VARY).filter_map(|line| line.to_str().ok())) {
        headers.append(VARY, VARY_COOKIE);
    }
    let present = headers.get_all(CACHE_CONTROL).map(|value| value.to_str().unwrap_or_default());
    if parts.makes_private(present) {
        headers.insert(CACHE_CONTROL, PRIVATE);
    }
    for line in &parts.set_cookies {
        if let Ok(value) = HeaderValue::from_str(line) {
            headers.append(SET_COOKIE, value);
        }
    }
}

/// An error on its way out, whose response carries what the login does to it: the request
/// ends when that is made, since making it may flash a message.
pub(crate) struct Carrying<U: User> {
    error: Error,
    request_login: RequestLogin<U>,
}

impl<U: User> Carrying<U> {
    pub(crate) fn new(error: Error, request_login: RequestLogin<U>) -> Self {
        Self { error, request_login }
    }
}

impl<U: User> fmt::Debug for Carrying<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<U: User> fmt::Display for Carrying<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<U: User> ResponseError for Carrying<U> {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.error.error_response();
        let parts = self.request_login.finish();
        if parts.replaces(response.status().as_u16()) {
            response = internal_error();
        }
        carry(response.headers_mut(), &parts);
        response
    }
}

/// A 500 that tells nothing.
pub(crate) fn internal_error() -> HttpResponse {
    plain(StatusCode::INTERNAL_SERVER_ERROR, Answer::FAILED)
}

/// A response of plain text.
pub(crate) fn plain(status: StatusCode, text: impl Into<String>) -> HttpResponse {
    HttpResponse::build(status).content_type(ContentType::plaintext()).body(text.into())
}

/// The answer to a refusal.
pub(crate) fn of_answer(answer: Answer) -> HttpResponse {
    match answer {
        Answer::Redirect { status, location } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SEE_OTHER);
            HttpResponse::build(status).insert_header((LOCATION, location)).finish()
        }
        Answer::Unauthorized { content_type, body } => {
            HttpResponse::Unauthorized().content_type(content_type).body(body)
        }
    }
}
