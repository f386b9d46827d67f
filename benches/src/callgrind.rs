//! Instructions of one request. They are the difference of two runs under valgrind, so that
//! start and end of the program do not count.

use std::path::Path;
use std::process::Command;

const SHORT: u64 = 20;
const LONG: u64 = 220;

/// The crates that do cryptography, as they are named in paths of files and functions.
const CRYPTO: [&str; 9] = ["sha1", "sha2", "hmac", "digest", "aes", "aes_gcm", "ghash", "polyval", "cipher"];

#[derive(Debug, Clone, Copy, Default)]
pub struct Instructions {
    pub all: f64,
    /// Instructions of cryptographic functions, in software: under valgrind the processor's
    /// SHA instructions are not available.
    pub crypto: f64,
}

/// `how` is `play` or `bare`.
pub fn of(how: &str, case: &str) -> Instructions {
    let (short, long) = (run(how, case, SHORT), run(how, case, LONG));
    let per_request = |short: u64, long: u64| (long as f64 - short as f64) / (LONG - SHORT) as f64;
    Instructions { all: per_request(short.0, long.0), crypto: per_request(short.1, long.1) }
}

/// All instructions of a run, and those of cryptographic functions.
fn run(how: &str, case: &str, n: u64) -> (u64, u64) {
    let program = std::env::current_exe().expect("this program has a path");
    let out = std::env::temp_dir().join(format!("callgrind.{}.out", std::process::id()));
    let valgrind = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args([how, case, &n.to_string()])
        .output()
        .expect("valgrind is installed");
    assert!(valgrind.status.success(), "{case}: {}", String::from_utf8_lossy(&valgrind.stderr));
    let counts = annotate(&out);
    // A failure does not matter, because the next run overwrites the file.
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

/// Whether a line such as `…/sha2-0.11.1/src/sha256.rs:sha2::compress` belongs to this crate.
fn is_of(what: &str, name: &str) -> bool {
    what.contains(&format!("/{}-0", name.replace('_', "-"))) || what.contains(&format!("{name}::"))
}
