//! The machine and the versions that the results are for.

use std::process::Command;

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The version of a package in the lock file.
fn version(package: &str) -> String {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")));
    let version = entry.and_then(|entry| entry.split("version = \"").nth(1)).and_then(|rest| rest.split('"').next());
    format!("{package} {}", version.unwrap_or("?"))
}

pub fn versions<const N: usize>(packages: [&str; N]) -> String {
    packages.map(version).join(", ")
}

pub fn date() -> String {
    output("date", &["-u", "+%F"])
}

pub fn hardware() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let sha = if cpu.contains(" sha_ni") { "with" } else { "without" };
    format!(
        "{}, {cores} cores, {sha} SHA instructions; Linux {}; {}",
        model.trim_start_matches([' ', '\t', ':']),
        output("uname", &["-r"]),
        output("rustc", &["--version"]),
    )
}

pub fn machine() -> String {
    let peers = [
        "axum",
        "axum-login",
        "tower-sessions",
        "axum-extra",
        "actix-web",
        "actix-identity",
        "actix-session",
        "rocket",
    ];
    format!("{}; {}.\n{}.", hardware(), output("valgrind", &["--version"]), versions(peers))
}
