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

/// How a case is played: with the library, or the framework alone with the same requests.
const HOW: [&str; 2] = ["play", "bare"];

fn measure() -> All {
    let mut times: HashMap<String, Vec<f64>> = HashMap::new();
    let mut all = All::new();
    let played = || ALL.iter().flat_map(|case| HOW.map(|how| (how, case))).filter(|(how, case)| is_played(how, case));
    for round in 0..ROUNDS {
        eprintln!("timing, round {} of {ROUNDS}", round + 1);
        for (how, case) in played() {
            let cost = cost(how, case);
            times.entry(key(how, case)).or_default().push(cost.nanoseconds);
            all.entry(key(how, case)).or_default().cost = cost;
        }
    }
    for (how, case) in played() {
        eprintln!("counting, {how} {}", case.name());
        let figures = all.entry(key(how, case)).or_default();
        let times = times.entry(key(how, case)).or_default();
        times.sort_by(f64::total_cmp);
        figures.median = times[times.len() / 2];
        figures.minimum = times[0];
        figures.instructions = callgrind::of(how, &case.name());
    }
    all
}

fn is_played(how: &str, case: &Case) -> bool {
    how == "play" || (case.library != "bare" && case.framework != "core")
}

/// The name of a case, or of the framework alone with its requests.
fn key(how: &str, case: &Case) -> String {
    if how == "play" { case.name() } else { format!("bare of {}", case.name()) }
}

/// Runs a case in its own process, so that cases do not share memory.
fn cost(how: &str, case: &Case) -> Cost {
    let program = std::env::current_exe().expect("this program has a path");
    let played = Command::new(program).args([how, &case.name(), REQUESTS]).output().expect("this program runs");
    let cost = String::from_utf8_lossy(&played.stdout).trim().parse();
    cost.unwrap_or_else(|()| panic!("{how} {}: {}", case.name(), String::from_utf8_lossy(&played.stderr)))
}

/// What a case costs on top of the framework alone with the same requests.
pub fn over(case: &str, all: &All) -> Figures {
    let own = &all[case];
    let Some(bare) = all.get(&format!("bare of {case}")) else { return own.clone() };
    Figures {
        cost: Cost {
            allocations: own.cost.allocations - bare.cost.allocations,
            bytes: own.cost.bytes - bare.cost.bytes,
            nanoseconds: own.cost.nanoseconds - bare.cost.nanoseconds,
        },
        instructions: Instructions {
            all: own.instructions.all - bare.instructions.all,
            crypto: own.instructions.crypto - bare.instructions.crypto,
        },
        median: own.median - bare.median,
        minimum: own.minimum - bare.minimum,
    }
}

fn print_framework(framework: &str, all: &All) {
    println!("## {framework}\n");
    println!(
        "| library | request | allocations | bytes | instructions | of them not crypto | ns, median | ns, minimum |"
    );
    println!("| --- | --- | --: | --: | --: | --: | --: | --: |");
    for case in ALL.iter().filter(|case| case.framework == framework) {
        let Figures { cost, instructions, median, minimum } = over(&case.name(), all);
        println!(
            "| {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {median:.0} | {minimum:.0} |",
            case.library,
            case.what,
            cost.allocations,
            cost.bytes,
            instructions.all,
            instructions.all - instructions.crypto,
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
