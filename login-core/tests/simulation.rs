//! Schedules of requests that share a session store, chosen at random: whose call is answered
//! next, whether it fails, whether a response is lost or a client goes away, how much time passes.
//! Whatever happens, no login that has ended is used, no acknowledged change is lost, and no honest
//! browser is called a thief.
//!
//! A schedule depends on its seed only. A failure prints the seed, and `SIMULATION_SEED` repeats it.
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
mod simulated;

use simulated::scheduler::Schedule;
use simulated::seeds;
use simulated::theft::Theft;

/// How many schedules there are without `SIMULATION_SEEDS`.
const SCHEDULES: u64 = 400;
const STEPS: usize = 250;

#[test]
fn whatever_happens_the_promises_hold() {
    for seed in seeds(SCHEDULES) {
        Schedule::new(seed).run(STEPS);
    }
}

#[test]
fn tabs_restore_a_login_at_the_same_time() {
    for seed in seeds(SCHEDULES) {
        Schedule::calm(seed).run_restores();
    }
}

#[test]
fn a_session_ends_while_tabs_use_it() {
    for seed in seeds(SCHEDULES) {
        Schedule::idle(seed).run_idle();
    }
}

#[test]
fn a_stolen_remember_cookie_ends_the_login() {
    for seed in seeds(SCHEDULES) {
        Theft::new(seed).run(40);
    }
}
