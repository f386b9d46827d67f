//! The simulation: a site, browsers and a model of what must be true.

#![allow(dead_code, reason = "no test file uses all of it")]

pub(crate) mod browser;
pub(crate) mod calls;
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

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().expect("the variable is a number"))
}

/// The seeds to try: so many, if no variable says otherwise.
pub(crate) fn seeds(count: u64) -> std::ops::Range<u64> {
    if let Some(seed) = number("SIMULATION_SEED") {
        return seed..seed + 1;
    }
    let start = number("SIMULATION_START").unwrap_or_default();
    start..start + number("SIMULATION_SEEDS").unwrap_or(count)
}
