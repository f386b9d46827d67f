//! Answers of the core as Rocket responses.

use std::io::Cursor;

use login_core::adapter::{Answer, ResponseParts};
use rocket::Request;
use rocket::http::{Header, Status};
use rocket::response::{Responder, Response, Result};

/// A response that the library makes: a redirect, or the answer to a refused request.
#[derive(Debug)]
pub struct LoginResponse(pub(crate) Response<'static>);

impl<'r> Responder<'r, 'static> for LoginResponse {
    fn respond_to(self, _: &'r Request<'_>) -> Result<'static> {
        Ok(self.0)
    }
}

/// The headers that describe the body of a response, and where it is.
const OF_THE_BODY: [&str; 8] = [
    "content-type",
    "content-length",
    "content-encoding",
    "content-disposition",
    "cache-control",
    "etag",
    "last-modified",
    "location",
];

/// Turns a response into `answer`. Headers that other fairings have added stay, and so do
/// cookies.
pub(crate) fn replace<'r>(response: &mut Response<'r>, mut answer: Response<'r>) {
    response.set_status(answer.status());
    OF_THE_BODY.into_iter().for_each(|name| response.remove_header(name));
    *response.body_mut() = std::mem::take(answer.body_mut());
    for header in answer.headers().iter() {
        response.adjoin_raw_header(header.name.as_str().to_owned(), header.value.into_owned());
    }
}

/// The response when something failed on the server.
pub(crate) fn internal_error<'r>(_: Status) -> Response<'r> {
    from_answer(Answer::internal_error())
}

/// Adds what the login adds to a response.
pub(crate) fn add_parts(response: &mut Response<'_>, parts: &ResponseParts) {
    if let Some(missing) = parts.missing_vary(response.headers().get("vary")) {
        response.adjoin_header(Header::new("Vary", missing));
    }
    if parts.clears_site_data && !response.headers().contains("clear-site-data") {
        response.set_header(Header::new("Clear-Site-Data", ResponseParts::CLEAR_SITE_DATA));
    }
    if parts.needs_private(response.headers().get("cache-control")) {
        response.set_header(Header::new("Cache-Control", ResponseParts::PRIVATE));
    }
    for line in &parts.set_cookies {
        response.adjoin_header(Header::new("Set-Cookie", line.clone()));
    }
}

/// An answer of the core as a response.
pub(crate) fn from_answer(answer: Answer) -> Response<'static> {
    let mut response = Response::build().status(Status::new(answer.status())).finalize();
    for (name, value) in answer.headers() {
        response.set_raw_header(name, value.to_owned());
    }
    let body = answer.into_body();
    if !body.is_empty() {
        response.set_sized_body(body.len(), Cursor::new(body.into_owned()));
    }
    response
}
