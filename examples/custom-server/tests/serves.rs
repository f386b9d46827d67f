//! Starts the server and sends requests to it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot continue fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_custom-server"));
        // With port 0 the system chooses a port. The first line of output contains it.
        let mut process = command.env("PORT", "0").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap().parse().unwrap();
        Self { process, port }
    }

    fn get(&self, path: &str, headers: &str) -> String {
        self.send("GET", path, headers)
    }

    fn send(&self, method: &str, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn cookies(answer: &str) -> String {
    let lines = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let pairs: Vec<_> = lines.map(|line| line.split(';').next().unwrap()).collect();
    format!("cookie: {}\r\n", pairs.join("; "))
}

#[test]
fn log_in_and_log_out() {
    let server = Server::start();
    assert!(!server.get("/", "").contains("vary"), "the login was not accessed");
    let refused = server.get("/secret", "");
    assert!(refused.starts_with("HTTP/1.1 302") && refused.contains("location: /login?next=%2Fsecret"), "{refused}");
    let as_json = server.get("/secret", "accept: application/json\r\n");
    assert!(as_json.starts_with("HTTP/1.1 401") && as_json.contains("content-type: application/problem+json"));

    assert!(server.get("/login?user=ann", "").starts_with("HTTP/1.1 200"), "a GET changes nothing");
    assert!(server.send("POST", "/login", "").starts_with("HTTP/1.1 422"));
    let elsewhere = server.send("POST", "/login?user=ann", "sec-fetch-site: cross-site\r\n");
    assert!(elsewhere.starts_with("HTTP/1.1 403") && !elsewhere.contains("set-cookie"), "{elsewhere}");
    let logged_in = server.send("POST", "/login?user=ann&next=%2Fsecret", "");
    assert!(logged_in.starts_with("HTTP/1.1 303") && logged_in.contains("location: /secret"), "{logged_in}");
    let login = cookies(&logged_in);
    assert!(login.contains("session=") && login.contains("remember_token="), "{login}");
    assert!(server.get("/secret", &login).ends_with("Hello, ann!\n"));
    let remembered = format!("cookie: {}\r\n", login.trim_end().split("; ").last().unwrap());
    assert!(server.get("/secret", &remembered).ends_with("Hello, ann!\n"), "with the remember cookie only");

    let logged_out = server.send("POST", "/logout", &login);
    assert_eq!(logged_out.matches("Max-Age=0").count(), 2, "{logged_out}");
    assert!(server.get("/secret", &login).starts_with("HTTP/1.1 302"), "a copy of the cookies is of no use");
    assert!(server.get("/secret", "cookie: session=forged; remember_token=ann|00\r\n").starts_with("HTTP/1.1 302"));
}

#[test]
fn list_and_end_sessions() {
    let server = Server::start();
    assert!(server.get("/sessions", "").starts_with("HTTP/1.1 302"));
    assert!(server.send("POST", "/sessions/end-others", "accept: application/json\r\n").starts_with("HTTP/1.1 401"));
    let log_in = |name: &str, agent: &str| {
        cookies(&server.send("POST", &format!("/login?user={name}"), &format!("user-agent: {agent}\r\n")))
    };
    let (phone, laptop, other) = (log_in("ann", "Phone"), log_in("ann", "Laptop"), log_in("bob", "Other"));
    let list = |login: &str, agent: &str| server.get("/sessions", &format!("{login}user-agent: {agent}\r\n"));
    let listed = list(&laptop, "Laptop");
    assert!(listed.contains("another, Phone\n") && listed.contains("this one, Laptop\n"), "{listed}");
    assert!(!listed.contains("Other"), "{listed}");

    assert!(server.send("POST", "/sessions/end-others", &laptop).ends_with("1 ended\n"));
    assert!(server.get("/secret", &phone).starts_with("HTTP/1.1 302"));
    assert!(server.get("/secret", &laptop).ends_with("Hello, ann!\n"));
    assert!(server.get("/secret", &other).ends_with("Hello, bob!\n"));
    assert!(!list(&laptop, "Laptop").contains("Phone"));
}
