//! A browser for tests, which keeps cookies and sends them.

use std::net::{IpAddr, SocketAddr};

use example_accounts::CONTENT_SECURITY_POLICY;
use http::{Request, header};

use crate::Site;

const FORM: &str = "application/x-www-form-urlencoded";

/// The `User-Agent` of some browsers.
pub(crate) const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub(crate) const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 Edg/146.0.0.0";
pub(crate) const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";

/// A browser: its cookies, its address, and the headers that it adds to each request.
pub struct Browser<'s, S> {
    site: &'s S,
    cookies: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    address: Option<IpAddr>,
}

/// A response that the browser got.
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The Location header, or an empty text.
    pub location: String,
    /// The Content-Type header, or an empty text.
    pub content_type: String,
    /// The `Set-Cookie` lines.
    pub cookies: Vec<String>,
    /// The body.
    pub text: String,
}

impl Page {
    /// Checks that this is an error page: it has the style of the other pages and a link to
    /// them, and it contains no internal details.
    pub fn assert_is_error(&self, statuses: &[u16]) {
        assert!(statuses.contains(&self.status), "{}: {}", self.status, self.text);
        assert_eq!(self.content_type, "text/html; charset=utf-8");
        for part in [r#"<link rel="stylesheet" href="/style.css">"#, r#"<a href="/">Go to the start page</a>"#] {
            assert!(self.text.contains(part), "{}", self.text);
        }
        let text = self.text.to_lowercase();
        for internal in ["deserialize", "parse", "field", "email", "pool", "database", "internal", "rocket"] {
            assert!(!text.contains(internal), "{internal}: {}", self.text);
        }
    }
}

impl<S> Clone for Browser<'_, S> {
    fn clone(&self) -> Self {
        Self { site: self.site, cookies: self.cookies.clone(), headers: self.headers.clone(), address: self.address }
    }
}

impl<'s, S: Site> Browser<'s, S> {
    /// A new browser without cookies.
    pub fn new(site: &'s S) -> Self {
        Self { site, cookies: Vec::new(), headers: Vec::new(), address: None }
    }

    /// A new browser of this kind, with this address.
    pub(crate) fn of_kind(site: &'s S, user_agent: &str, address: &str) -> Self {
        let mut browser = Self::new(site).with_header("user-agent", user_agent);
        browser.address = Some(address.parse().unwrap());
        browser
    }

    /// The same browser, which also sends this header.
    #[must_use]
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut browser = self.clone();
        browser.headers.push((name, value.to_owned()));
        browser
    }

    /// Requests a page.
    pub async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, FORM, "").await
    }

    /// Posts a form.
    pub async fn post(&mut self, path: &str, form: &str) -> Page {
        self.send("POST", path, FORM, form).await
    }

    /// Posts JSON, as a program does.
    pub async fn post_json(&mut self, path: &str, json: &str) -> Page {
        self.send("POST", path, "application/json", json).await
    }

    async fn send(&mut self, method: &str, path: &str, content_type: &str, body: &str) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, content_type);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(address) = self.address {
            request = request.extension(SocketAddr::new(address, 50_000));
        }
        let response = self.site.answer(request.body(body.to_owned()).unwrap()).await;
        let lines = |name| response.headers().get_all(name).iter().map(|line| line.to_str().unwrap().to_owned());
        let policies: Vec<_> = lines(header::CONTENT_SECURITY_POLICY).collect();
        assert_eq!(policies, [CONTENT_SECURITY_POLICY], "{method} {path}");
        let page = Page {
            status: response.status().as_u16(),
            location: lines(header::LOCATION).next().unwrap_or_default(),
            content_type: lines(header::CONTENT_TYPE).next().unwrap_or_default(),
            cookies: lines(header::SET_COOKIE).collect(),
            text: response.body().clone(),
        };
        page.cookies.iter().for_each(|line| self.keep(line));
        page
    }

    fn keep(&mut self, line: &str) {
        let (name, rest) = line.split_once('=').unwrap();
        self.cookies.retain(|(each, _)| each != name);
        if !rest.contains("Max-Age=0") {
            self.cookies.push((name.to_owned(), rest.split(';').next().unwrap_or_default().to_owned()));
        }
    }

    /// The values of its cookies.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.cookies.iter().map(|(_, value)| &**value)
    }

    /// Signs up. The browser is then logged in.
    pub async fn sign_up(&mut self, email: &str) {
        let page = self.post("/sign-up", &format!("email={email}&password=correct+horse")).await;
        assert_eq!((page.status, &*page.location), (303, "/notes"), "{}", page.text);
    }

    /// Logs in to an account that was made by signing up.
    pub(crate) async fn log_in(&mut self, email: &str) {
        let page = self.post("/login", &format!("email={email}&password=correct+horse")).await;
        assert_eq!((page.status, &*page.location), (303, "/notes"), "{}", page.text);
    }

    /// Requests the notes, and checks that the response redirects to the login page.
    pub async fn is_asked_to_log_in(&mut self) {
        let page = self.get("/notes").await;
        assert_eq!((page.status, &*page.location), (302, "/login?next=%2Fnotes"));
    }

    /// Closes and reopens the browser, which deletes the session cookie.
    pub fn restart(&mut self) {
        self.cookies.retain(|(name, _)| name != "session");
    }
}
