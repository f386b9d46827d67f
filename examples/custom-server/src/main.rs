//! Logins on a server that is none of the frameworks and does not await: the
//! core's steps are run by hand.
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
use std::time::{Duration, UNIX_EPOCH};

use login_core::{
    Answer, LoadError, Login, LoginError, LoginManager, Request, Requirement, ResponseParts, SecretKey, Step, User,
};

/// A request's head may have this many bytes.
const MAX_HEAD: usize = 16 * 1024;

struct Account {
    name: String,
}

impl User for Account {
    fn id(&self) -> String {
        self.name.clone()
    }
}

/// The application's users: anyone but `nobody`. A database would answer here.
fn find(name: &str) -> Result<Option<Account>, std::io::Error> {
    Ok((name != "nobody").then(|| Account { name: name.to_owned() }))
}

fn main() -> Result<(), Box<dyn Error>> {
    // The core has no clock and no randomness of its own: it is given both.
    let clock = || UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    let manager = LoginManager::builder(SecretKey::from_bytes(bytes)?, clock, |buffer: &mut [u8]| {
        // A server without randomness must not serve.
        if getrandom::fill(buffer).is_err() {
            std::process::abort()
        }
    })
    .insecure_plain_http()
    .login_view("/login")
    .refuse_cross_site_requests()
    .build_for_steps()?;

    let port = std::env::var("PORT").map_or(Ok(3001), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("Open http://localhost:{}/secret", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let (stream, manager) = (stream?, manager.clone());
        std::thread::spawn(move || {
            if let Err(error) = serve(stream, &manager) {
                eprintln!("a connection ended: {error}");
            }
        });
    }
    Ok(())
}

/// One request and its response. The four calls of the core are `begin`, `look`,
/// what the handler does with the login, and `finish`.
fn serve(mut stream: TcpStream, manager: &LoginManager<Account>) -> Result<(), Box<dyn Error>> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = read(&mut stream)?;
    if manager.refuses(&request) {
        return Ok(stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")?);
    }
    let request_login = manager.begin();
    if manager.needs_request() {
        request_login.show(|| request.clone());
    }
    let mut response = match request.path() {
        "/" => Response::new(200, "Nothing looked at your login here.\n"),
        _ => handle(&request_login.look(|| request.clone())),
    };
    response.carry(&request_login.finish());
    Ok(stream.write_all(response.to_text().as_bytes())?)
}

/// What the pages do. Each has looked at the login already.
fn handle(login: &Login<Account>) -> Response {
    let Ok(user) = load(login) else { return Response::new(500, "") };
    let request = login.request();
    // What changes something is a POST, which no other site can send here.
    match (request.method(), request.path()) {
        ("POST", "/login") => {
            // A real one would ask for a password, in the body.
            let Some(name) = request.query_value("user") else { return Response::new(422, "Who are you?\n") };
            let done = login.log_in(Account { name }).remember(true).now();
            Response::after(done, &login.next_or("/secret"))
        }
        ("GET", "/login") => Response::new(200, "Log in by POST, such as to /login?user=ann\n"),
        ("POST", "/logout") => Response::after(login.log_out_now(), "/"),
        ("GET", "/secret") => match login.judge(Requirement::Login) {
            Ok(account) => Response::new(200, &format!("Hello, {}!\n", account.name)),
            Err(refusal) => match login.refuse(refusal) {
                Answer::Redirect { status, location } => Response::redirect(status, &location),
                Answer::Unauthorized { content_type, body } => {
                    Response { headers: vec![("content-type", content_type.to_owned())], ..Response::new(401, body) }
                }
            },
        },
        _ => Response::new(404, if user.is_some() { "Not even for you.\n" } else { "Nothing here.\n" }),
    }
}

/// Runs the steps: each asks for one thing, and is consumed by its answer. A user
/// who could not be loaded is never taken for no one.
fn load(login: &Login<Account>) -> Result<Option<Arc<Account>>, LoadError> {
    let mut step = login.begin();
    loop {
        step = match step {
            Step::LoadUser(token) => match find(token.user_id()) {
                Ok(account) => token.answer(account),
                Err(error) => return Err(token.fail(error)),
            },
            Step::AskRequestLoader(token) => token.answer(None::<Account>),
            Step::Done(user) => return user,
        };
    }
}

/// Reads a request's head, as the core wants to see it.
fn read(stream: &mut TcpStream) -> Result<Request, Box<dyn Error>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut part = [0; 1024];
        let size = stream.read(&mut part)?;
        if size == 0 || head.len() > MAX_HEAD {
            return Err("no whole request".into());
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

impl Response {
    fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    fn redirect(status: u16, location: &str) -> Self {
        Self { headers: vec![("location", location.to_owned())], ..Self::new(status, "") }
    }

    fn after(done: Result<(), LoginError>, next: &str) -> Self {
        match done {
            Ok(()) => Self::redirect(303, next),
            Err(error) => {
                // What went wrong is for the operator; the client is told no more than it needs.
                eprintln!("{error}");
                let (status, text) = error.answer();
                Self::new(status, text)
            }
        }
    }

    /// Puts on what the login does to the response.
    fn carry(&mut self, parts: &ResponseParts) {
        if parts.replaces(self.status) {
            *self = Self::new(500, "");
        }
        self.headers.extend(parts.set_cookies.iter().map(|line| ("set-cookie", line.clone())));
        self.headers.extend(parts.vary_cookie.then(|| ("vary", "cookie".to_owned())));
        self.headers.extend(parts.makes_private(None).then(|| ("cache-control", ResponseParts::PRIVATE.to_owned())));
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
