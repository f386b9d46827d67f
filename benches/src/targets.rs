//! The performance targets, and what was measured.

use std::fmt::Write as _;

use crate::report::{All, Figures, over};

pub fn table(all: &All) -> String {
    let mut text =
        String::from("## What was to be reached\n\n| what | at most | measured | |\n| --- | --: | --: | --- |\n");
    let mut row = |what: &str, most: f64, measured: f64| {
        let digits = if most < 3.0 { 2 } else { 0 };
        let missed = if measured > most * 1.005 { "missed" } else { "" };
        writeln!(text, "| {what} | {most:.digits$} | {measured:.digits$} | {missed} |").expect("writing to a String");
    };
    let of = |case: &str| over(case, all);
    let not_crypto = |case: &str| {
        let Figures { instructions, .. } = of(case);
        instructions.all - instructions.crypto
    };
    let allocations = |case: &str| of(case).cost.allocations;
    let ratio = |own: &str, peer: &str| of(own).median / of(peer).median;

    let (axum, axum_peer) = ("axum/ours/logged-in", "axum/axum-login/logged-in");
    row("axum, guard layer and extractor: instructions beside crypto", 9_900.0, not_crypto(axum));
    row("the same: allocations", 9.0, allocations(axum));
    row("the same: time of axum-login's", 0.30, ratio(axum, axum_peer));
    let wrapped = "axum/ours/logged-in,-router-wrapped";
    row("axum, extractor only, router wrapped: instructions beside crypto", 7_300.0, not_crypto(wrapped));
    row("the same: allocations", 5.0, allocations(wrapped));
    row("the same: time of axum-login's", 0.24, ratio(wrapped, axum_peer));
    let jar = "axum/signed-jar/anonymous,-looked-at";
    row("axum, anonymous: time of the signed jar by hand", 1.0, ratio("axum/ours/anonymous,-looked-at", jar));
    let (actix, identity) = ("actix-web/ours/logged-in", "actix-web/actix-identity,-signed");
    row("actix-web, logged in: instructions beside crypto", 7_900.0, not_crypto(actix));
    row("the same: allocations", 5.0, allocations(actix));
    row("the same: time of actix-identity's", 0.57, ratio(actix, &format!("{identity}/logged-in")));
    let log_in = ratio("actix-web/ours/log-in", &format!("{identity}/log-in"));
    row("actix-web, log in: time of actix-identity's", 1.2, log_in);
    let rocket = ratio("Rocket/ours/logged-in", "Rocket/private-cookies/logged-in");
    row("Rocket, logged in: time of its private cookies", 1.75, rocket);
    for framework in ["axum", "actix-web", "Rocket"] {
        let flask = |what: &str| format!("{framework}/ours/{what},-flask-format");
        let (logged_in, remembered) = (flask("logged-in"), flask("remembered"));
        row(
            &format!("{framework}, Flask's format, logged in: instructions beside crypto"),
            18_000.0,
            not_crypto(&logged_in),
        );
        row("the same: allocations", 11.0, allocations(&logged_in));
        row(
            &format!("{framework}, Flask's format, remembered: instructions beside crypto"),
            32_000.0,
            not_crypto(&remembered),
        );
        row("the same: allocations", 40.0, allocations(&remembered));
        row("the same: bytes", 8_192.0, of(&remembered).cost.bytes);
    }
    row("the core, native session: allocations", 1.0, allocations("core/ours/authenticate,-native"));
    text
}
