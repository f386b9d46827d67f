//! A browser that keeps cookies, and sends the headers that a real one sends.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use http::{HeaderMap, Method, Request, Response, header};

type Sent = Pin<Box<dyn Future<Output = Response<Vec<u8>>>>>;

/// A browser with one application open in it.
pub struct Browser {
    send: Box<dyn Fn(Request<String>) -> Sent>,
    cookies: BTreeMap<String, String>,
}

/// What the application answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The `Set-Cookie` headers.
    pub set_cookie: Vec<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Browser {
    pub(crate) fn new(send: impl Fn(Request<String>) -> Sent + 'static) -> Self {
        Self { send: Box::new(send), cookies: BTreeMap::new() }
    }

    /// Goes to a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header("Sec-Fetch-Mode", "navigate").header("Sec-Fetch-Site", "none");
        self.send(request.header(header::ACCEPT, "text/html").body(String::new()).unwrap()).await
    }

    /// Posts a form of the same site, as `name=ann&password=secret`.
    pub async fn post(&mut self, path: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header("Sec-Fetch-Mode", "navigate")
            .header("Sec-Fetch-Site", "same-origin")
            .header(header::ORIGIN, "http://localhost")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(form.to_owned()).unwrap()).await
    }

    /// Sends a request from a script of the same site.
    pub async fn fetch(&mut self, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("Sec-Fetch-Mode", "cors").header("Sec-Fetch-Site", "same-origin");
        self.send(request.header(header::ACCEPT, "application/json").body(String::new()).unwrap()).await
    }

    /// Sends any request, with the cookies, and keeps the cookies of the answer.
    pub async fn send(&mut self, mut request: Request<String>) -> Answer {
        let headers = request.headers_mut();
        headers.entry(header::HOST).or_insert(header::HeaderValue::from_static("localhost"));
        headers.entry(header::USER_AGENT).or_insert(header::HeaderValue::from_static("browser"));
        if !self.cookies.is_empty() {
            headers.insert(header::COOKIE, self.cookie_header().parse().unwrap());
        }
        let (parts, body) = (self.send)(request).await.into_parts();
        let set_cookie = parts.headers.get_all(header::SET_COOKIE).iter();
        let set_cookie: Vec<_> = set_cookie.map(|value| value.to_str().unwrap().to_owned()).collect();
        for line in &set_cookie {
            self.keep(line);
        }
        let location = parts.headers.get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status.as_u16(), location, set_cookie, headers: parts.headers, body }
    }

    /// The value of a cookie that is kept.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Keeps a cookie, or one more.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Forgets a cookie, as a browser does that is closed.
    pub fn forget(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// The `Cookie` header.
    pub fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, line: &str) {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if attributes.split(';').any(|attribute| attribute.trim() == "Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
