//! Session stores in databases: requests per second, many records beside few, sizes; as Markdown.

mod databases;
mod growth;
pub mod serving;
mod sizes;
mod tables;

use crate::facts;
use crate::loopback::{CONNECTIONS, Load, Server, median, ours};
use databases::{POOL, is_there};

const ROUNDS: usize = 31;
const TIME: &str = "1s";

pub fn print() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    databases::start_afresh();
    let packages =
        ["axum", "axum-login", "tower-sessions-sqlx-store", "tower-sessions-redis-store", "sqlx", "redis", "fred"];
    println!("# What a session store costs\n");
    println!("Measured on {}: {}.", facts::date(), facts::hardware());
    println!("{}; {}.\n", runtime.block_on(databases::versions()), facts::versions(packages));
    for store in ["PostgreSQL", "Redis"].into_iter().filter(|store| !is_there(store)) {
        println!("{store} is not measured: no variable has its URL.\n");
    }
    println!("{}", include_str!("stores/explained.md"));
    print_requests();
    runtime.block_on(async {
        let records = sizes::records().await;
        growth::print(&records.login.body).await;
        sizes::print(&records).await;
    });
}

fn print_requests() {
    println!("## A logged-in page over loopback\n");
    println!(
        "axum with one thread; wrk with {CONNECTIONS} connections; {ROUNDS} rounds of {TIME} each, in turn; medians."
    );
    println!("SQL: pools of {POOL} connections. Redis: one connection.\n");
    println!("| store | requests/s, ours | axum-login | ratio | CPU µs of a request, ours | axum-login | ratio |");
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for store in ["memory", "SQLite", "PostgreSQL", "Redis"].into_iter().filter(|store| is_there(store)) {
        let mut loads: [Vec<Load>; 2] = Default::default();
        for _ in 0..ROUNDS {
            for (loads, library) in loads.iter_mut().zip(["ours", "peer"]) {
                loads.push(Server::start(ours(&format!("{store}-{library}"))).load("/", TIME));
            }
        }
        let figures = [row(&loads, |load| load.per_second, 0), row(&loads, |load| load.cpu, 1)];
        println!("| {store} | {} |", figures.join(" | "));
    }
    println!();
}

/// Medians of ours, of the other's and of the ratios of both.
fn row([ours, peer]: &[Vec<Load>; 2], figure: impl Fn(&Load) -> f64, digits: usize) -> String {
    let all = |loads: &[Load]| median(loads.iter().map(&figure).collect());
    let ratio = median(ours.iter().zip(peer).map(|(ours, peer)| figure(ours) / figure(peer)).collect());
    format!("{:.digits$} | {:.digits$} | {ratio:.2}", all(ours), all(peer))
}
