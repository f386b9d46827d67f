//! The performance targets and the measured results.

use std::fmt::Write as _;

use crate::report::{All, Figures};

struct Over<'a> {
    own: &'a Figures,
    base: &'a Figures,
}

impl Over<'_> {
    fn allocations(&self) -> f64 {
        self.own.cost.allocations - self.base.cost.allocations
    }

    fn instructions(&self) -> f64 {
        self.own.instructions.all - self.base.instructions.all
    }

    fn not_crypto(&self) -> f64 {
        self.instructions() - (self.own.instructions.crypto - self.base.instructions.crypto)
    }

    fn median(&self) -> f64 {
        self.own.median - self.base.median
    }
}

pub fn table(all: &All) -> String {
    let over = |own: &str, base: &str| Over { own: &all[own], base: &all[base] };
    let floor = all["core/floor/MACs-of-a-logged-in-request"].median;
    let mut text =
        String::from("## What was to be reached\n\n| what | at most | axum | actix-web |\n| --- | --: | --: | --: |\n");
    let frameworks = ["axum", "actix-web"];
    let mut row = |what: &str, most: &str, figure: &dyn Fn(&str) -> String| {
        let figures = frameworks.map(figure).join(" | ");
        writeln!(text, "| {what} | {most} | {figures} |").expect("writing to a String");
    };
    let mounted =
        |f: &str| over(&format!("{f}/ours/mounted,-not-looked-at"), &format!("{f}/bare/layer-that-does-nothing"));
    let anonymous = |f: &str| over(&format!("{f}/ours/anonymous,-looked-at"), &format!("{f}/bare/cookies-sent"));
    let logged_in = |f: &str| over(&format!("{f}/ours/logged-in"), &format!("{f}/bare/cookies-sent"));
    let peer = |f: &str| {
        let peer = if f == "axum" { "axum-login" } else { "actix-identity,-private" };
        over(&format!("{f}/{peer}/logged-in"), &format!("{f}/bare/cookies-sent"))
    };
    row("mounted, not looked at: allocations", "3", &|f| format!("{:.0}", mounted(f).allocations()));
    row("mounted, not looked at: instructions", "1,000", &|f| format!("{:.0}", mounted(f).instructions()));
    row("anonymous, looked at: allocations", "6", &|f| format!("{:.0}", anonymous(f).allocations()));
    row("logged in: allocations", "10", &|f| format!("{:.0}", logged_in(f).allocations()));
    row("logged in: instructions that are not crypto", "6,000", &|f| format!("{:.0}", logged_in(f).not_crypto()));
    row("logged in: time, of axum-login's / actix-identity's (private)", "0.25 / 0.5", &|f| {
        format!("{:.2}", logged_in(f).median() / peer(f).median())
    });
    row("logged in: time, of the MACs that it needs", "2.5", &|f| format!("{:.1}", logged_in(f).median() / floor));
    let core = all["core/ours/authenticate,-native"].cost.allocations;
    row("the core authenticates a native session: allocations", "1", &|_| format!("{core:.0}"));
    text
}
