//! A client that sends exactly the request of a step, and no other bytes.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Map, Value, json};
use socket2::{Domain, Socket, Type};

use crate::jar::Jar;
use crate::server::Server;

/// A request that was sent, and whose response is to be read.
pub(crate) struct Sent {
    stream: TcpStream,
    port: u16,
    path: String,
}

impl Sent {
    /// Sends the request of a step. With `hold` it waits under this name.
    pub(crate) fn new(server: &Server, jar: &Jar, ids: &SessionIds, step: &Value, hold: Option<&str>) -> Self {
        let get = step["get"].as_str();
        let request = &step["request"];
        let mut path = ids.in_path(get.unwrap_or_else(|| request["path"].as_str().unwrap()));
        if let Some(hold) = hold {
            path = format!("{path}{}hold={hold}", if path.contains('?') { '&' } else { '?' });
        }
        let method = request["method"].as_str().unwrap_or("GET");
        let body = request["body"].as_str().unwrap_or_default();
        let port = server.address.port();

        let mut headers = vec![
            ("Host".to_owned(), Some(format!("localhost:{port}"))),
            ("User-Agent".to_owned(), Some("Conformance/1.0".to_owned())),
        ];
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            headers.retain(|(each, _)| each != name);
            headers.push((name.clone(), value.as_str().map(str::to_owned)));
        }
        if !jar.header().is_empty() && !headers.iter().any(|(name, _)| name == "Cookie") {
            headers.push(("Cookie".to_owned(), Some(jar.header())));
        }
        if !body.is_empty() {
            headers.push(("Content-Length".to_owned(), Some(body.len().to_string())));
        }
        headers.push(("Connection".to_owned(), Some("close".to_owned())));
        let lines = headers.iter().filter_map(|(name, value)| Some(format!("{name}: {}\r\n", value.as_ref()?)));
        let text = format!("{method} {path} HTTP/1.1\r\n{}\r\n{body}", lines.collect::<String>());

        let mut stream = connect(server.address, step["from"].as_str().unwrap_or("127.0.0.1"));
        stream.write_all(text.as_bytes()).unwrap();
        Self { stream, port, path }
    }

    /// Sends a request that waits under this name, and returns when it does.
    pub(crate) fn held(server: &Server, jar: &Jar, ids: &SessionIds, step: &Value, name: &str) -> Self {
        let sent = Self::new(server, jar, ids, step, Some(name));
        while ask(server, &format!("/held?hold={name}"))["held"] != true {
            sent.stream.set_nonblocking(true).unwrap();
            assert!(sent.stream.peek(&mut [0]).is_err(), "{} was answered and not held", sent.path);
            sent.stream.set_nonblocking(false).unwrap();
        }
        sent
    }

    /// Returns the response in the form that transcripts have.
    pub(crate) fn answer(mut self, jar: &mut Jar, ids: &mut SessionIds) -> Value {
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).unwrap();
        let mut answer = parse(&answer, jar, self.port);
        if self.path.split('?').next() == Some("/sessions") {
            ids.number(&mut answer["body"]);
        }
        answer
    }
}

/// The JSON that a route answers.
pub(crate) fn ask(server: &Server, path: &str) -> Value {
    let (mut jar, mut ids) = (Jar::default(), SessionIds::default());
    let step = json!({ "get": path });
    Sent::new(server, &jar, &ids, &step, None).answer(&mut jar, &mut ids)["body"].take()
}

/// The IDs of sessions, in the order in which they were first seen. Scenarios call them `ID1`, `ID2`
/// and so on.
#[derive(Default)]
pub(crate) struct SessionIds(Vec<String>);

impl SessionIds {
    fn in_path(&self, path: &str) -> String {
        let numbered = self.0.iter().enumerate();
        numbered.fold(path.to_owned(), |path, (at, id)| path.replace(&format!("ID{}", at + 1), id))
    }

    fn number(&mut self, sessions: &mut Value) {
        for session in sessions.as_array_mut().into_iter().flatten() {
            let id = session["id"].as_str().unwrap().to_owned();
            let at = self.0.iter().position(|each| *each == id).unwrap_or_else(|| {
                self.0.push(id);
                self.0.len() - 1
            });
            session["id"] = format!("ID{}", at + 1).into();
        }
    }
}

fn connect(to: SocketAddr, from: &str) -> TcpStream {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
    let from: IpAddr = from.parse().unwrap();
    socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn parse(answer: &[u8], jar: &mut Jar, port: u16) -> Value {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a complete response");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, &str)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    let all = |name: &'static str| headers.iter().filter(move |(each, _)| each == name).map(|(_, value)| *value);
    assert!(all("transfer-encoding").next().is_none(), "a conformance server sends no chunked response");

    let text = String::from_utf8_lossy(&answer[end + 4..]).into_owned();
    let is_json = all("content-type").any(|media| media.split(';').next() == Some("application/json"));
    // Error and redirect pages are each framework's own.
    let body = if status >= 300 && !text.ends_with(" handler") {
        Value::Null
    } else if is_json {
        serde_json::from_str(&text).unwrap_or_else(|_| format!("not JSON: {text}").into())
    } else {
        text.into()
    };
    let location = all("location").next().map(|location| {
        let whole = location.replace(&format!("localhost:{port}"), "localhost:PORT");
        whole.replace(&format!("localhost%3A{port}"), "localhost%3APORT")
    });
    let vary_cookie = all("vary").any(|vary| vary.to_ascii_lowercase().contains("cookie"));
    json!({
        "status": status,
        "location": location,
        "body": body,
        "vary_cookie": vary_cookie,
        "set_cookies": jar.absorb(all("set-cookie")),
        "headers": headers.iter().map(|(name, value)| (name.clone(), Value::from(*value))).collect::<Map<_, _>>(),
    })
}
