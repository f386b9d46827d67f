//! Makes every page a documentation test, but for those that `recipes/` tests because they use more crates.

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
    println!("cargo::rerun-if-changed=src\ncargo::rerun-if-changed=recipes/src/lib.rs");
    let here = env::current_dir()?;
    let elsewhere = fs::read_to_string(here.join("recipes/src/lib.rs"))?;
    let mut found = Vec::new();
    pages(&here.join("src"), &mut found)?;
    found.retain(|page| !page.strip_prefix(&here).is_ok_and(|page| elsewhere.contains(&*page.to_string_lossy())));
    found.sort();
    let modules =
        found.iter().enumerate().map(|(at, page)| format!("#[doc = include_str!({page:?})]\nmod page_{at} {{}}\n"));
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("pages.rs"), modules.collect::<String>())
}
