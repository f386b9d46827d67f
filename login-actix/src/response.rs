//! Answers of the core as actix-web responses.

use std::cell::RefCell;
use std::fmt;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};
use actix_web::{Error, HttpResponse, ResponseError};
use login_core::adapter::{Answer, ResponseParts};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const PRIVATE: HeaderValue = HeaderValue::from_static(ResponseParts::PRIVATE);

/// Adds what the login adds to a response, or replaces the response if the user could not be
/// loaded.
pub(crate) fn with_parts<B: MessageBody>(
    response: ServiceResponse<B>,
    parts: &ResponseParts,
) -> ServiceResponse<EitherBody<B>> {
    let mut response = match parts.replacement(response.status().as_u16()) {
        Some(answer) => response.into_response(from_answer(answer.clone())).map_into_right_body(),
        None => response.map_into_left_body(),
    };
    write_to(response.headers_mut(), parts);
    response
}

/// Adds the cookies and the cache headers. (actix-web has its own type of headers.)
fn write_to(headers: &mut HeaderMap, parts: &ResponseParts) {
    if parts.is_empty() {
        return;
    }
    if let Some(missing) = parts.missing_vary(headers.get_all(VARY).filter_map(|line| line.to_str().ok())) {
        headers.append(VARY, HeaderValue::from_static(missing));
    }
    if parts.clears_site_data && !headers.contains_key(CLEAR_SITE_DATA) {
        headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static(ResponseParts::CLEAR_SITE_DATA));
    }
    let present = headers.get_all(CACHE_CONTROL).map(|value| value.to_str().unwrap_or_default());
    if parts.needs_private(present) {
        headers.insert(CACHE_CONTROL, PRIVATE);
    }
    for line in &parts.set_cookies {
        if let Ok(value) = HeaderValue::from_str(line) {
            headers.append(SET_COOKIE, value);
        }
    }
}

/// An error, and the response that is made of it.
pub(crate) struct ErrorResponse {
    error: Error,
    response: HttpResponse,
}

impl ErrorResponse {
    pub(crate) fn new(error: Error) -> Self {
        Self { response: error.error_response(), error }
    }

    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// An error whose response has what the login adds, for middleware further out.
    pub(crate) fn with_parts(self, parts: ResponseParts) -> Error {
        WithParts { error: self.error, response: RefCell::new(Some(self.response)), parts }.into()
    }
}

/// An error whose response gets what the login adds.
struct WithParts {
    error: Error,
    /// The response that was made of it. If another one is needed, it is made anew.
    response: RefCell<Option<HttpResponse>>,
    parts: ResponseParts,
}

impl fmt::Debug for WithParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl fmt::Display for WithParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl ResponseError for WithParts {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.response.take().unwrap_or_else(|| self.error.error_response());
        if let Some(answer) = self.parts.replacement(response.status().as_u16()) {
            response = from_answer(answer.clone());
        }
        write_to(response.headers_mut(), &self.parts);
        response
    }
}

/// An answer of the core as a response.
pub(crate) fn from_answer(answer: Answer) -> HttpResponse {
    let mut builder = HttpResponse::build(status(answer.status()));
    for header in answer.headers() {
        builder.insert_header(header);
    }
    match answer.into_body() {
        body if body.is_empty() => builder.finish(),
        body => builder.body(body.into_owned()),
    }
}

/// A status code of the core.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
