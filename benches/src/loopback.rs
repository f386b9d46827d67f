//! Requests per second over loopback, measured with wrk: the bare framework, our library and
//! the other library in turn, each on one thread.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::users;

const ROUNDS: usize = 5;
const SECONDS: &str = "3s";
pub const CONNECTIONS: &str = "32";

/// What a load test has found.
pub struct Load {
    pub per_second: f64,
    /// Microseconds of processor time that the server has spent on a request.
    pub cpu: f64,
}

/// A server that is stopped when it is no longer needed.
pub struct Server {
    child: Child,
    address: String,
    cookies: String,
}

impl Server {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server's program");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().and_then(Result::ok).unwrap_or_default();
        Self { address: line(), cookies: line(), child }
    }

    /// Sends requests for a time such as `3s`.
    pub fn load(&self, path: &str, time: &str) -> Load {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c", CONNECTIONS, "-d", time]);
        for (name, value) in users::HEADERS.iter().skip(1) {
            wrk.arg("-H").arg(format!("{name}: {value}"));
        }
        wrk.arg("-H").arg(format!("cookie: {}", self.cookies)).arg(format!("http://{}{path}", self.address));
        let before = self.cpu_time();
        let output = wrk.output().expect("wrk is installed");
        let cpu_time = self.cpu_time() - before;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains("Non-2xx"), "{text}");
        let number = |text: Option<&str>| text.and_then(|number| number.trim().parse::<f64>().ok());
        let rate = number(text.lines().find_map(|line| line.strip_prefix("Requests/sec:")));
        let requests = number(text.lines().find_map(|line| line.split_once(" requests in ")).map(|(number, _)| number));
        match (rate, requests) {
            (Some(per_second), Some(requests)) => Load { per_second, cpu: cpu_time / requests },
            _ => panic!("wrk said: {text}"),
        }
    }

    /// Microseconds of processor time since the server's start. The clock ticks 100 times a second.
    fn cpu_time(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a process");
        let after_name = stat.rsplit_once(')').expect("the process's name").1;
        let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks"));
        ticks.sum::<f64>() * 10_000.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program as a server.
pub fn ours(name: &str) -> Command {
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
                rates.push(Server::start(ours(&format!("{framework}-{library}"))).load("/", SECONDS).per_second);
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
        let rate = Server::start(flask).load("/", SECONDS).per_second;
        println!(
            "\nFlask with Flask-Login (gunicorn, one process of four threads), the same page: {rate:.0} requests/s."
        );
    }
    println!();
}

pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
