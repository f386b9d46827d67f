//! Measures the cost of a login on each framework, with our library and with others.
//!
//! ```text
//! cargo run --release -- table      the whole table, as Markdown
//! cargo run --release -- loopback   requests per second, as Markdown (needs wrk)
//! cargo run --release -- trees      crates added and build times, as Markdown
//! cargo run --release -- stores     session stores in databases, as Markdown (needs wrk)
//! cargo run --release -- play CASE N        one case, N requests
//! cargo run --release -- bare CASE N        the framework alone, with the requests of the case
//! cargo run --release -- serve SERVER
//! ```

mod actix;
mod axum;
mod callgrind;
mod cases;
mod core;
mod counting;
mod facts;
mod loopback;
mod meter;
mod report;
mod rocket;
mod serve;
mod stores;
mod targets;
mod trees;
mod users;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["table"] => report::print(),
        ["loopback"] => loopback::print(),
        ["trees"] => trees::print(),
        ["stores"] => stores::print(),
        ["list"] => cases::ALL.iter().for_each(|case| println!("{}", case.name())),
        [how @ ("play" | "bare"), case, n] => match (cases::find(case), n.parse()) {
            (Some(case), Ok(n)) => println!("{}", meter::play(case, n, how == "bare")),
            _ => return usage(),
        },
        ["serve", server] => return serve::run(server),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: login-benches table | loopback | trees | stores | list | play CASE N | bare CASE N | serve SERVER"
    );
    ExitCode::FAILURE
}
