//! The crates that each library adds to a bare application, and the build times.
//!
//! Each application is created in `target/trees`, with the dependencies of the library's guide.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const AXUM: &str =
    "axum = \"0.8\"\ntokio = { version = \"1\", features = [\"rt-multi-thread\", \"macros\", \"net\"] }\n";
const ACTIX: &str = "actix-web = { version = \"4\", default-features = false, features = [\"macros\", \"cookies\"] }\n";

/// Name, dependencies, and the application to compare with.
fn applications() -> [(&'static str, String, Option<&'static str>); 9] {
    let ours = |name: &str| format!("login-{name} = {{ path = \"{}/../login-{name}\" }}\n", env!("CARGO_MANIFEST_DIR"));
    let rocket = |features: &str| format!("rocket = {{ version = \"0.5\", features = [{features}] }}\n");
    [
        ("axum", AXUM.to_owned(), None),
        ("axum, ours", AXUM.to_owned() + &ours("axum"), Some("axum")),
        ("axum, axum-login", format!("{AXUM}axum-login = \"0.18\"\ntower-sessions = \"0.14\"\n"), Some("axum")),
        ("actix-web", ACTIX.to_owned(), None),
        ("actix-web, ours", ACTIX.to_owned() + &ours("actix"), Some("actix-web")),
        (
            "actix-web, actix-identity",
            format!(
                "{ACTIX}actix-identity = \"0.9\"\nactix-session = {{ version = \"0.11\", features = [\"cookie-session\"] }}\n"
            ),
            Some("actix-web"),
        ),
        ("Rocket", rocket(""), None),
        ("Rocket, ours", rocket("") + &ours("rocket"), Some("Rocket")),
        ("Rocket, its secrets", rocket("\"secrets\""), Some("Rocket")),
    ]
}

fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("cargo").current_dir(folder).args(arguments).output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn make(name: &str, dependencies: &str) -> PathBuf {
    let name = name.to_lowercase().replace([' ', ','], "-");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/trees").join(&name);
    fs::create_dir_all(folder.join("src")).expect("a folder");
    let manifest = format!(
        "[workspace]\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n{dependencies}"
    );
    fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
    fs::write(folder.join("src/main.rs"), "fn main() {}\n").expect("a program");
    folder
}

fn crates(folder: &Path) -> BTreeSet<String> {
    let tree = cargo(folder, &["tree", "-e", "normal,build", "--prefix", "none", "--no-dedupe"]);
    // Name and version, without the path and marks that cargo adds.
    let line = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    tree.lines().skip(1).map(line).collect()
}

fn seconds(folder: &Path, arguments: &[&str]) -> f64 {
    let start = Instant::now();
    cargo(folder, arguments);
    start.elapsed().as_secs_f64()
}

pub fn print() {
    println!("## Crates and building\n");
    println!(
        "Clean and incremental (its own `main.rs` touched) builds of an otherwise empty application, `dev` profile.\n"
    );
    println!("| application | crates | added | clean build, s | added | incremental, s |");
    println!("| --- | --: | --: | --: | --: | --: |");
    let mut bare = (BTreeSet::new(), 0.0);
    for (name, dependencies, over) in applications() {
        let folder = make(name, &dependencies);
        let crates = crates(&folder);
        cargo(&folder, &["fetch"]);
        cargo(&folder, &["clean"]);
        let clean = seconds(&folder, &["build"]);
        fs::write(folder.join("src/main.rs"), "fn main() {\n}\n").expect("a program");
        let incremental = seconds(&folder, &["build"]);
        let (added, longer) = match over {
            Some(_) => (crates.difference(&bare.0).count().to_string(), format!("{:.1}", clean - bare.1)),
            None => Default::default(),
        };
        println!("| {name} | {} | {added} | {clean:.1} | {longer} | {incremental:.1} |", crates.len());
        if over.is_none() {
            bare = (crates, clean);
        }
    }
    println!();
}
