//! The process of the Flask application.

use std::io::{self, BufRead, BufReader, PipeWriter};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::{env, thread};

/// A Flask application that runs, until this is dropped.
#[derive(Debug)]
pub struct Flask {
    process: Child,
    address: SocketAddr,
    /// Flask's input. It ends with this process, also if this one is killed, and Flask ends then.
    _input: PipeWriter,
}

impl Flask {
    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// If there is no Python, or no Flask-Login in it.
    pub fn start(secret_key: &str) -> io::Result<Self> {
        let python = python();
        let (flask_input, input) = io::pipe()?;
        let (output, flask_output) = io::pipe()?;
        let process = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/flask/app.py"))
            .env("SECRET_KEY", secret_key)
            .stdin(flask_input)
            .stdout(flask_output)
            .spawn()
            .map_err(|error| io::Error::other(format!("{} does not run: {error}", python.display())))?;
        let mut flask = Self { process, address: (Ipv4Addr::LOCALHOST, 0).into(), _input: input };
        let mut output = BufReader::new(output);
        let mut port = String::new();
        output.read_line(&mut port)?;
        let no_flask = || io::Error::other(format!("Flask does not start with {}: see README.md", python.display()));
        flask.address.set_port(port.trim().parse().map_err(|_| no_flask())?);
        // What it prints later. Nobody waits for the thread: it ends with Flask.
        thread::spawn(move || io::copy(&mut output, &mut io::stderr()));
        Ok(flask)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Flask {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The one that the variable `PYTHON` names, or that of the virtual environment that README.md makes.
fn python() -> PathBuf {
    let venv = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/flask-venv/bin/python");
    env::var_os("PYTHON").map_or_else(|| venv.into(), PathBuf::from)
}
