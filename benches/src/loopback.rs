//! Requests per second over loopback, measured with wrk: the bare framework, our library and
//! the other library in turn, each on one thread.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::users;

const ROUNDS: usize = 5;
const SECONDS: &str = "3s";
const CONNECTIONS: &str = "32";

/// A server that is stopped when it is no longer needed.
struct Server {
    child: Child,
    address: String,
    cookies: String,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server's program");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().and_then(Result::ok).unwrap_or_default();
        Self { address: line(), cookies: line(), child }
    }

    fn requests_per_second(&self, path: &str) -> f64 {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c", CONNECTIONS, "-d", SECONDS]);
        for (name, value) in users::HEADERS.iter().skip(1) {
            wrk.arg("-H").arg(format!("{name}: {value}"));
        }
        wrk.arg("-H").arg(format!("cookie: {}", self.cookies)).arg(format!("http://{}{path}", self.address));
        let output = wrk.output().expect("wrk is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains("Non-2xx"), "{text}");
        let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        rate.and_then(|rate| rate.trim().parse().ok()).unwrap_or_else(|| panic!("wrk said: {text}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ours(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["serve", name]);
    command
}

pub fn print() {
    println!("## Over loopback\n");
    println!(
        "wrk, {CONNECTIONS} connections, servers of one thread, {ROUNDS} rounds of {SECONDS} each, in turn; medians."
    );
    println!("The guarded page of a logged-in user; the framework alone answers without a login.\n");
    println!("| framework | alone, requests/s | ours | of it | peer | of it |");
    println!("| --- | --: | --: | --: | --: | --: |");
    for framework in ["axum", "actix-web", "Rocket"] {
        let mut rates: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            for (rates, library) in rates.iter_mut().zip(["bare", "ours", "peer"]) {
                rates.push(Server::start(ours(&format!("{framework}-{library}"))).requests_per_second("/"));
            }
        }
        let ratio = |of: &[f64]| median(of.iter().zip(&rates[0]).map(|(of, bare)| of / bare).collect());
        println!(
            "| {framework} | {:.0} | {:.0} | {:.2} | {:.0} | {:.2} |",
            median(rates[0].clone()),
            median(rates[1].clone()),
            ratio(&rates[1]),
            median(rates[2].clone()),
            ratio(&rates[2]),
        );
    }
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    if python.exists() {
        let mut flask = Command::new(python);
        flask.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/flask_app.py"));
        let rate = Server::start(flask).requests_per_second("/");
        println!(
            "\nFlask with Flask-Login (gunicorn, one process of four threads), the same page: {rate:.0} requests/s."
        );
    }
    println!();
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
