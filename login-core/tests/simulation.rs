//! Schedules of requests that share a session store, chosen at random: whose call is answered
//! next, whether it fails, whether a response is lost or a client goes away, how much time passes.
//! Whatever happens, no login that has ended is used, no acknowledged change is lost, and no honest
//! browser is called a thief.
//!
//! A schedule depends on its seed only. A failure prints the seed and the command that repeats it.
//! `SIMULATION_SEEDS` says how many schedules are tried, `SIMULATION_START` with which seed they
//! begin.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot continue fails"
)]

mod common;

mod simulation {
    pub(crate) mod browser;
    pub(crate) mod finish;
    pub(crate) mod flight;
    pub(crate) mod honest;
    pub(crate) mod model;
    pub(crate) mod options;
    pub(crate) mod random;
    pub(crate) mod request;
    pub(crate) mod scheduler;
    pub(crate) mod script;
    pub(crate) mod store;
    pub(crate) mod theft;
    pub(crate) mod visit;
}

use simulation::options::Options;
use simulation::random::Random;
use simulation::scheduler::Schedule;
use simulation::theft::Theft;

/// How many schedules there are without `SIMULATION_SEEDS`.
const SCHEDULES: u64 = 400;
const STEPS: usize = 250;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().expect("the variable is a number"))
}

/// The seeds to try.
fn seeds(count: u64) -> std::ops::Range<u64> {
    if let Some(seed) = number("SIMULATION_SEED") {
        return seed..seed + 1;
    }
    let start = number("SIMULATION_START").unwrap_or_default();
    start..start + number("SIMULATION_SEEDS").unwrap_or(count)
}

#[test]
fn whatever_happens_the_promises_hold() {
    for seed in seeds(SCHEDULES) {
        Schedule::new(seed).run(STEPS);
    }
}

#[test]
fn tabs_restore_a_login_at_the_same_time() {
    for seed in seeds(SCHEDULES) {
        Schedule::with(seed, Random::new(seed), Options::calm()).run_restores();
    }
}

#[test]
fn a_stolen_remember_cookie_ends_the_login() {
    for seed in seeds(SCHEDULES) {
        Theft::new(seed).run(40);
    }
}
