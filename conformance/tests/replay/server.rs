//! A conformance server as a child process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value};

/// A running server. It is stopped when this is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the server on a port that the system chooses. The server prints its address when it
    /// listens.
    pub(crate) fn start(program: &str, config: &Map<String, Value>) -> Self {
        let mut process = Command::new(program)
            .env("PORT", "0")
            .env("CONFORMANCE_CONFIG", serde_json::to_string(config).unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("{program} did not start: {line}"));
        Self { process, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
