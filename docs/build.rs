//! Makes every page a documentation test. The recipes and servers that use more crates are tested in `recipes/`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn pages(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            pages(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src");
    let mut found = Vec::new();
    pages(&env::current_dir()?.join("src"), &mut found)?;
    found.sort();
    let modules =
        found.iter().enumerate().map(|(at, page)| format!("#[doc = include_str!({page:?})]\nmod page_{at} {{}}\n"));
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("pages.rs"), modules.collect::<String>())
}
