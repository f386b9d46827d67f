//! What the core decides, as Rocket responses.

use std::io::Cursor;

use login_core::{Answer, ResponseParts};
use rocket::Request;
use rocket::http::{ContentType, Header, Status};
use rocket::response::{Responder, Response, Result};

/// A response that the login makes: a redirect, or the answer to a refusal.
#[derive(Debug)]
pub struct LoginResponse(pub(crate) Response<'static>);

impl<'r> Responder<'r, 'static> for LoginResponse {
    fn respond_to(self, _: &'r Request<'_>) -> Result<'static> {
        Ok(self.0)
    }
}

/// Puts cookies and cache headers onto a response.
pub(crate) fn carry(response: &mut Response<'_>, parts: &ResponseParts) {
    if parts.replaces(response.status().code) {
        *response = plain(Status::InternalServerError, Answer::FAILED);
    }
    if parts.adds_vary(response.headers().get("vary")) {
        response.adjoin_header(Header::new("Vary", "cookie"));
    }
    if parts.makes_private(response.headers().get("cache-control")) {
        response.set_header(Header::new("Cache-Control", ResponseParts::PRIVATE));
    }
    for line in &parts.set_cookies {
        response.adjoin_header(Header::new("Set-Cookie", line.clone()));
    }
}

/// A response of plain text.
pub(crate) fn plain(status: Status, body: &'static str) -> Response<'static> {
    Response::build().status(status).header(ContentType::Plain).sized_body(body.len(), Cursor::new(body)).finalize()
}

/// A redirect to an address that the core has checked and escaped.
pub(crate) fn redirect(status: u16, location: String) -> Response<'static> {
    Response::build().status(Status::new(status)).header(Header::new("Location", location)).finalize()
}

/// The answer to a refusal.
pub(crate) fn of_answer(answer: Answer) -> Response<'static> {
    match answer {
        Answer::Redirect { status, location } => redirect(status, location),
        Answer::Unauthorized { content_type, body } => Response::build()
            .status(Status::Unauthorized)
            .raw_header("Content-Type", content_type)
            .sized_body(body.len(), Cursor::new(body))
            .finalize(),
    }
}
