//! As much of HTTP as this server needs.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use login_core::Request;
use login_core::adapter::{Answer, ResponseParts};

/// The largest request line and headers, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Reads the request line and the headers.
pub(crate) fn read(stream: &mut TcpStream) -> Result<Request, Box<dyn Error>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut part = [0; 1024];
        let size = stream.read(&mut part)?;
        if size == 0 || head.len() > MAX_HEAD {
            return Err("the request is not complete".into());
        }
        head.extend(part.iter().take(size));
    }
    let mut lines = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut lines);
    parsed.parse(&head)?;
    let mut request = Request::new(parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
    for line in parsed.headers.iter() {
        request.push_header(line.name, line.value);
    }
    Ok(request.with_peer(stream.peer_addr()?.ip()))
}

pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl From<&Answer> for Response {
    fn from(answer: &Answer) -> Self {
        let headers = answer.headers().map(|(name, value)| (name, value.to_owned())).collect();
        Self { headers, ..Self::new(answer.status(), answer.body()) }
    }
}

impl Response {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self { headers: vec![("location", location.to_owned())], ..Self::new(303, "") }
    }

    /// Adds what the login adds to a response.
    pub(crate) fn add_parts(&mut self, parts: &ResponseParts) {
        if let Some(failure) = parts.replacement(self.status) {
            *self = Self::from(failure);
        }
        self.headers.extend(parts.set_cookies.iter().map(|line| ("set-cookie", line.clone())));
        self.headers.extend(parts.missing_vary(None).map(|names| ("vary", names.to_owned())));
        let clears = parts.clears_site_data.then(|| ("clear-site-data", ResponseParts::CLEAR_SITE_DATA.to_owned()));
        self.headers.extend(clears);
        self.headers.extend(parts.needs_private(None).then(|| ("cache-control", ResponseParts::PRIVATE.to_owned())));
    }

    pub(crate) fn send(&self, mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (status, length) = (self.status, self.body.len());
        let head = format!("HTTP/1.1 {status} \r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        stream.write_all((head + &self.body).as_bytes())?;
        Ok(())
    }
}
