//! Makes a module of each block that a page marks as `rust,shared`, so that the page's other blocks use what it shows.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=../src/recipes");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    for entry in fs::read_dir("../src/recipes")? {
        let path = entry?.path();
        let page = fs::read_to_string(&path)?;
        let shared = page.split_once("```rust,shared\n").and_then(|(_, rest)| rest.split_once("\n```"));
        if let (Some((code, _)), Some(name)) = (shared, path.file_stem()) {
            fs::write(out.join(name).with_extension("rs"), code)?;
        }
    }
    Ok(())
}
