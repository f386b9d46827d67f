//! Instructions of one request: the difference of two runs under valgrind, so that
//! what comes before and after the requests is in neither.

use std::path::Path;
use std::process::Command;

const SHORT: u64 = 20;
const LONG: u64 = 220;

/// Crates whose work is cryptography, as paths of files and of functions have them.
const CRYPTO: [&str; 9] = ["sha1", "sha2", "hmac", "digest", "aes", "aes_gcm", "ghash", "polyval", "cipher"];

#[derive(Debug, Clone, Copy, Default)]
pub struct Instructions {
    pub all: f64,
    /// Those of cryptographic functions, in software: valgrind hides the
    /// processor's own instructions for SHA.
    pub crypto: f64,
}

pub fn of(case: &str) -> Instructions {
    let (short, long) = (run(case, SHORT), run(case, LONG));
    let per_request = |short: u64, long: u64| (long as f64 - short as f64) / (LONG - SHORT) as f64;
    Instructions { all: per_request(short.0, long.0), crypto: per_request(short.1, long.1) }
}

/// All instructions of a run, and those of cryptography.
fn run(case: &str, n: u64) -> (u64, u64) {
    let program = std::env::current_exe().expect("this program has a path");
    let out = std::env::temp_dir().join(format!("callgrind.{}.out", std::process::id()));
    let valgrind = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["play", case, &n.to_string()])
        .output()
        .expect("valgrind is installed");
    assert!(valgrind.status.success(), "{case}: {}", String::from_utf8_lossy(&valgrind.stderr));
    let counts = annotate(&out);
    // Nothing depends on it: the next run writes it anew.
    let _ = std::fs::remove_file(out);
    counts
}

fn annotate(out: &Path) -> (u64, u64) {
    let annotated = Command::new("callgrind_annotate")
        .args(["--threshold=100", "--auto=no", "--show-percs=no"])
        .arg(out)
        .output()
        .expect("callgrind_annotate comes with valgrind");
    let text = String::from_utf8_lossy(&annotated.stdout);
    let (mut all, mut crypto) = (0, 0);
    for line in text.lines() {
        let mut words = line.trim_start().splitn(2, ' ');
        let Some(count) = words.next().and_then(|word| word.replace(',', "").parse::<u64>().ok()) else { continue };
        let what = words.next().unwrap_or_default();
        if what.contains("PROGRAM TOTALS") {
            all = count;
        } else if CRYPTO.iter().any(|name| is_of(what, name)) {
            crypto += count;
        }
    }
    (all, crypto)
}

/// Whether a line such as `…/sha2-0.11.1/src/sha256.rs:sha2::compress` names this crate.
fn is_of(what: &str, name: &str) -> bool {
    what.contains(&format!("/{}-0", name.replace('_', "-"))) || what.contains(&format!("{name}::"))
}
