//! The table of all cases, as Markdown.

use std::collections::HashMap;
use std::process::Command;

use crate::callgrind::{self, Instructions};
use crate::cases::{ALL, Case};
use crate::facts;
use crate::meter::Cost;

/// Each case is timed once in each round, so that other load on the machine affects all cases.
const ROUNDS: usize = 15;
const REQUESTS: &str = "4000";

#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub cost: Cost,
    pub instructions: Instructions,
    pub median: f64,
    pub minimum: f64,
}

pub type All = HashMap<String, Figures>;

pub fn print() {
    let figures = measure();
    println!("# What a login costs\n\n{}", facts::machine());
    println!("{}", include_str!("explained.md"));
    for framework in ["axum", "actix-web", "Rocket"] {
        print_framework(framework, &figures);
    }
    print_core(&figures);
    println!("{}", crate::targets::table(&figures));
}

fn measure() -> All {
    let mut times: HashMap<String, Vec<f64>> = HashMap::new();
    let mut all = All::new();
    for round in 0..ROUNDS {
        eprintln!("timing, round {} of {ROUNDS}", round + 1);
        for case in ALL {
            let cost = played(case);
            times.entry(case.name()).or_default().push(cost.nanoseconds);
            all.entry(case.name()).or_default().cost = cost;
        }
    }
    for case in ALL {
        eprintln!("counting, {}", case.name());
        let figures = all.entry(case.name()).or_default();
        let times = times.entry(case.name()).or_default();
        times.sort_by(f64::total_cmp);
        figures.median = times[times.len() / 2];
        figures.minimum = times[0];
        figures.instructions = callgrind::of(&case.name());
    }
    all
}

/// Runs a case in its own process, so that cases do not share memory.
fn played(case: &Case) -> Cost {
    let program = std::env::current_exe().expect("this program has a path");
    let played = Command::new(program).args(["play", &case.name(), REQUESTS]).output().expect("this program runs");
    let cost = String::from_utf8_lossy(&played.stdout).trim().parse();
    cost.unwrap_or_else(|()| panic!("{}: {}", case.name(), String::from_utf8_lossy(&played.stderr)))
}

/// The case to compare with: the bare framework with the same method and cookies.
fn bare(case: &Case) -> String {
    let what = if case.what.starts_with("log ") { "log-in" } else { "cookies-sent" };
    format!("{}/bare/{what}", case.framework)
}

fn print_framework(framework: &str, all: &All) {
    println!("## {framework}\n");
    println!(
        "| library | request | allocations | bytes | instructions | of them not crypto | ns, median | ns, minimum |"
    );
    println!("| --- | --- | --: | --: | --: | --: | --: | --: |");
    for case in ALL.iter().filter(|case| case.framework == framework) {
        let over = if case.library == "bare" { Figures::default() } else { all[&bare(case)].clone() };
        let own = &all[&case.name()];
        let sign = if case.library == "bare" { "" } else { "+" };
        println!(
            "| {} | {} | {sign}{:.0} | {sign}{:.0} | {sign}{:.0} | {sign}{:.0} | {sign}{:.0} | {sign}{:.0} |",
            case.library,
            case.what,
            own.cost.allocations - over.cost.allocations,
            own.cost.bytes - over.cost.bytes,
            own.instructions.all - over.instructions.all,
            (own.instructions.all - own.instructions.crypto) - (over.instructions.all - over.instructions.crypto),
            own.median - over.median,
            own.minimum - over.minimum,
        );
    }
    println!();
}

fn print_core(all: &All) {
    println!("## The core alone\n");
    println!("| what | allocations | bytes | instructions | of them not crypto | ns, median | ns, minimum |");
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for case in ALL.iter().filter(|case| case.framework == "core" && case.what != "nothing") {
        let Figures { cost, instructions, median, minimum } = &all[&case.name()];
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {median:.0} | {minimum:.0} |",
            case.what,
            cost.allocations,
            cost.bytes,
            instructions.all,
            instructions.all - instructions.crypto,
        );
    }
    println!();
}
