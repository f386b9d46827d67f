//! Logins on a blocking server without a framework. It runs the core's steps itself.
//!
//! ```text
//! cargo run -p custom-server
//! curl -X POST -c jar 'localhost:3001/login?user=ann'
//! curl -b jar localhost:3001/secret
//! ```

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use login_core::adapter::{Answer, Requirement, ResponseParts, Step};
use login_core::{LoadError, Login, LoginError, LoginManager, Request, User};
use login_system::{development_key, system_clock, system_entropy};

/// The largest request line and headers, in bytes.
const MAX_HEAD: usize = 16 * 1024;

struct Account {
    name: String,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::default()
    }
}

/// Finds a user of the application. A real one would ask its database. Every name except
/// `nobody` is a user.
fn find(name: &str) -> Result<Option<Account>, std::io::Error> {
    Ok((name != "nobody").then(|| Account { name: name.to_owned() }))
}

fn main() -> Result<(), Box<dyn Error>> {
    // The core has no clock and no randomness of its own, so it gets both.
    let manager = LoginManager::builder(development_key(), system_clock, system_entropy)
        .insecure_plain_http()
        .login_view("/login")
        .build_without_loader()?;

    let port = std::env::var("PORT").map_or(Ok(3001), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("Open http://localhost:{}/secret", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let (stream, manager) = (stream?, manager.clone());
        std::thread::spawn(move || {
            if let Err(error) = serve(stream, &manager) {
                eprintln!("a connection failed: {error}");
            }
        });
    }
    Ok(())
}

/// Handles one request. The core is called five times: `refuse_cross_site`, `begin`, `access`,
/// what the handler does with the login, and `finish`.
fn serve(mut stream: TcpStream, manager: &LoginManager<Account>) -> Result<(), Box<dyn Error>> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = read(&mut stream)?;
    if let Some(refused) = manager.refuse_cross_site(&request) {
        return Ok(stream.write_all(Response::from(&refused).to_text().as_bytes())?);
    }
    let request_login = manager.begin();
    if manager.needs_request() {
        request_login.store_request(|| request.clone());
    }
    let mut response = match request.path() {
        "/" => Response::new(200, "This page does not access your login.\n"),
        _ => handle(&request_login.access(|| request.clone())),
    };
    response.add_parts(&request_login.finish(response.status));
    Ok(stream.write_all(response.to_text().as_bytes())?)
}

/// The pages that access the login.
fn handle(login: &Login<Account>) -> Response {
    let Ok(user) = load(login) else { return Response::new(500, "") };
    let request = login.request();
    // Everything that changes something is a POST, so that the cross-site check covers it.
    match (request.method(), request.path()) {
        ("POST", "/login") => {
            // A real application would check a password in the body.
            let Some(name) = request.query_value("user") else {
                return Response::new(422, "Add a user, such as /login?user=ann\n");
            };
            let done = login.log_in(Account { name }).remember(true).now();
            Response::after(done, &login.next_or("/secret"))
        }
        ("GET", "/login") => Response::new(200, "Log in with a POST, such as to /login?user=ann\n"),
        ("POST", "/logout") => Response::after(login.log_out().now(), "/"),
        ("GET", "/secret") => match login.check(Requirement::Login) {
            Ok(account) => Response::new(200, &format!("Hello, {}!\n", account.name)),
            Err(refusal) => Response::from(&login.refuse(refusal)),
        },
        _ => Response::new(404, if user.is_some() { "Not even for you.\n" } else { "Nothing here.\n" }),
    }
}

/// Runs the steps. Each needs one answer, which consumes it. A user who could not be loaded
/// is never treated as anonymous.
fn load(login: &Login<Account>) -> Result<Option<Arc<Account>>, LoadError> {
    let mut step = login.resolve();
    loop {
        step = match step {
            Step::LoadUser { id, token } => match find(&id) {
                Ok(account) => token.answer(account),
                Err(error) => return Err(token.fail(error)),
            },
            Step::LoadUserFromRequest(token) => token.answer(None::<Account>),
            Step::AskStore(_) => unreachable!("sessions are kept in cookies"),
            Step::Done(user) => return user,
        };
    }
}

/// Reads the request line and the headers.
fn read(stream: &mut TcpStream) -> Result<Request, Box<dyn Error>> {
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

struct Response {
    status: u16,
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
    fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    fn redirect(status: u16, location: &str) -> Self {
        Self { headers: vec![("location", location.to_owned())], ..Self::new(status, "") }
    }

    /// The response after a change of the login.
    fn after(changed: Result<(), LoginError>, next: &str) -> Self {
        match changed {
            Ok(()) => Self::redirect(303, next),
            Err(error) => {
                // The cause is for the operator only.
                eprintln!("{error}");
                Self::from(&error.answer())
            }
        }
    }

    /// Adds what the login adds to a response.
    fn add_parts(&mut self, parts: &ResponseParts) {
        if let Some(failure) = parts.replacement(self.status) {
            *self = Self::from(failure);
        }
        self.headers.extend(parts.set_cookies.iter().map(|line| ("set-cookie", line.clone())));
        self.headers.extend(parts.missing_vary(None).map(|names| ("vary", names.to_owned())));
        let clears = parts.clears_site_data.then(|| ("clear-site-data", ResponseParts::CLEAR_SITE_DATA.to_owned()));
        self.headers.extend(clears);
        self.headers.extend(parts.needs_private(None).then(|| ("cache-control", ResponseParts::PRIVATE.to_owned())));
    }

    fn to_text(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = self.body.len();
        format!(
            "HTTP/1.1 {} \r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{}",
            self.status, self.body
        )
    }
}
