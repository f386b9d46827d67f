//! The module layout: in the core, imports point down only; in the adapters, they never form
//! a cycle. ARCHITECTURE.md shows the folders.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot continue fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the core from the top to the bottom. Below them are the files in `src`
/// itself, which all folders use.
const FOLDERS: [&str; 8] = ["adapter", "manager", "login", "store", "formats", "session", "config", "request"];

const CRATES: [&str; 8] = [
    "login-store",
    "login-store-sqlx",
    "login-store-redis",
    "login-core",
    "login-system",
    "login-axum",
    "login-actix",
    "login-rocket",
];

/// The longest file.
const MAX_LINES: usize = 300;

fn src(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name).join("src")
}

/// The paths of all Rust files below a folder, relative to it, and their texts.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// What follows `crate::` in each place of the code, with the line. Comments do not count.
fn imports(text: &str) -> Vec<(&str, &str)> {
    let code = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    let found = code.flat_map(|line| {
        let is_path = |at: usize| !line[..at].ends_with(|c: char| c == '$' || c == '_' || c.is_alphanumeric());
        line.match_indices("crate::")
            .filter(move |(at, _)| is_path(*at))
            .map(move |(at, prefix)| (&line[at + prefix.len()..], line))
    });
    found.map(|(path, line)| (path.split(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap(), line)).collect()
}

/// The level of a folder, or of a file in `src` itself; 0 is the bottom.
fn level(name: &str) -> usize {
    FOLDERS.iter().rev().position(|folder| *folder == name).map_or(0, |at| at + 1)
}

/// The lines of a file in the core that import from above, or from where the level is hidden.
fn wrong_imports(file: &str, text: &str) -> Vec<String> {
    let own = level(file.split('/').next().unwrap());
    let is_wrong = |name: &str| {
        let is_module = name.starts_with(|c: char| c.is_ascii_lowercase());
        // Macros are at the root, and their names begin with two underscores.
        !name.starts_with("__") && (!is_module || level(name) > own)
    };
    let upwards = imports(text).into_iter().filter(|(name, _)| is_wrong(name)).map(|(_, line)| line);
    let hidden = text.lines().filter(|line| line.contains("super::super"));
    upwards.chain(hidden).map(|line| format!("{file}: {}", line.trim())).collect()
}

#[test]
fn imports_of_the_core_point_down() {
    let files = files(&src("login-core"));
    assert!(FOLDERS.iter().all(|folder| files.contains_key(&format!("{folder}/mod.rs"))), "a folder is missing");
    let others = files.keys().filter_map(|file| file.split_once('/')).map(|(folder, _)| folder);
    others.for_each(|folder| assert!(FOLDERS.contains(&folder), "{folder} has no level"));
    let wrong: Vec<String> =
        files.iter().filter(|(file, _)| *file != "lib.rs").flat_map(|(file, text)| wrong_imports(file, text)).collect();
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}

#[test]
fn an_import_that_points_up_is_found() {
    let up = "use crate::login::state::State;";
    assert_eq!(wrong_imports("session/content.rs", up), [format!("session/content.rs: {up}")]);
    assert_eq!(wrong_imports("user.rs", "    x: crate::request::view::Request,").len(), 1);
    assert_eq!(wrong_imports("manager/mounts.rs", "use crate::{Login, User};").len(), 1, "the level is hidden");
    assert_eq!(wrong_imports("manager/mounts.rs", "use crate::LoginManager;").len(), 1, "the level is hidden");
    assert_eq!(wrong_imports("login/state.rs", "use super::super::manager::builder;").len(), 1);
    for fine in ["use crate::login::state::State;", "use crate::user::User;", "// crate::adapter::", "$crate::Login"] {
        assert_eq!(wrong_imports("login/guard.rs", fine), [""; 0], "{fine}");
    }
}

/// A cycle of imports, if there is one, as the names of its files.
fn cycle(files: &BTreeMap<String, String>) -> Option<Vec<String>> {
    fn visit(file: &str, files: &BTreeMap<String, String>, path: &mut Vec<String>, done: &mut Vec<String>) -> bool {
        if let Some(at) = path.iter().position(|each| each == file) {
            path.drain(..at);
            return true;
        }
        let Some(text) = files.get(file).filter(|_| !done.iter().any(|each| each == file)) else { return false };
        path.push(file.to_owned());
        if imports(text).iter().any(|(name, _)| visit(&format!("{name}.rs"), files, path, done)) {
            return true;
        }
        done.extend(path.pop());
        false
    }
    let (mut path, mut done) = (Vec::new(), Vec::new());
    files.keys().any(|file| visit(file, files, &mut path, &mut done)).then_some(path)
}

#[test]
fn imports_of_the_adapters_form_no_cycle() {
    for name in CRATES.iter().skip(4) {
        let mut files = files(&src(name));
        files.remove("lib.rs");
        let hidden = files.iter().flat_map(|(file, text)| imports(text).into_iter().map(move |import| (file, import)));
        for (file, (import, line)) in hidden {
            assert!(files.contains_key(&format!("{import}.rs")), "{name}/{file} imports from the root: {line}");
        }
        assert_eq!(cycle(&files), None, "{name}");
    }
}

#[test]
fn a_cycle_is_found() {
    let files = |files: &[(&str, &str)]| {
        let file = |(name, text): &(&str, &str)| (format!("{name}.rs"), (*text).to_owned());
        files.iter().map(file).collect::<BTreeMap<_, _>>()
    };
    let chain = [("a", "use crate::b::B;"), ("b", "use crate::c::C;"), ("c", "")];
    assert_eq!(cycle(&files(&chain)), None);
    let cyclic = [chain[0], chain[1], ("c", "use crate::b::B;")];
    assert_eq!(cycle(&files(&cyclic)), Some(vec!["b.rs".to_owned(), "c.rs".to_owned()]));
}

#[test]
fn files_have_one_concept_and_folders_say_what_they_are_for() {
    for name in CRATES {
        for (file, text) in files(&src(name)) {
            assert!(text.lines().count() <= MAX_LINES, "{name}/{file} has more than {MAX_LINES} lines");
            let is_described = text.starts_with("//! ") || text.starts_with("#![doc = ");
            assert!(is_described, "{name}/{file} does not say what it is for");
        }
    }
}
