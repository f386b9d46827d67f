//! The reference is complete: it has every setting, every event, every text of an error, and the stores' tables.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_setting_is_in_the_table() {
    let page = read("docs/src/reference/settings.md");
    let sources =
        ["settings", "refusal_settings", "request_loader_settings", "store_settings", "builder", "handler_setters"];
    let mut count = 0;
    for source in sources.map(|name| read(&format!("login-core/src/manager/{name}.rs"))) {
        for line in source.lines().filter(|line| line.contains("self") && line.contains("->")) {
            let Some((_, rest)) = line.split_once("pub fn ") else { continue };
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            assert!(page.contains(&format!("`{name}`")), "{name} is not on the page of settings");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} settings were found");
}

#[test]
fn every_event_is_in_the_table() {
    let page = read("docs/src/reference/events.md");
    let names = read("login-core/src/login/event.rs");
    let names = names.lines().filter_map(|line| {
        let (kind, name) = line.trim().strip_prefix("Self::")?.split_once(" => \"")?;
        Some((kind.trim_end_matches(" { .. }").to_owned(), name.trim_end_matches("\",").to_owned()))
    });
    let missing: Vec<_> = names.filter(|(kind, name)| !page.contains(&format!("| `{kind}` | `{name}` |"))).collect();
    assert_eq!(missing, []);
    assert!(page.contains("| `LoadFailed` | `load_failed` |"));
}

/// Each text in the source: its first part of five words or more, without what the program fills in.
fn texts(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code: Vec<_> = source
        .lines()
        .filter(|line| !line.contains("// ") && !line.contains("must_use") && !line.contains("async fn"))
        .collect();
    let quoted = code.join("\n").replace("\\\"", "\u{1}");
    let texts = quoted.split('"').skip(1).step_by(2).map(|text| text.replace('\u{1}', "\""));
    let is_long = |part: &&str| part.trim().split(' ').count() > 4;
    texts.filter_map(|text| text.split(['{', '}']).step_by(2).find(is_long).map(str::to_owned)).collect()
}

#[test]
fn every_text_of_an_error_is_on_the_page_of_errors() {
    let page = read("docs/src/reference/errors.md").replace("\\_", "_").replace('\n', " ");
    let sources = [
        "login-core/src/answer.rs",
        "login-core/src/error.rs",
        "login-core/src/config/error.rs",
        "login-core/src/login/loaders.rs",
        "login-core/src/manager/mounts.rs",
        "login-core/src/manager/test_login.rs",
        "login-core/src/login/refuse.rs",
        "login-core/src/login/finish.rs",
        "login-core/src/login/finish_kept.rs",
        "login-core/src/login/saving.rs",
        "login-core/src/login/setup.rs",
        "login-core/src/login/next.rs",
        "login-core/src/login/guard.rs",
        "login-axum/src/error.rs",
        "login-axum/src/form.rs",
        "login-axum/src/head.rs",
        "login-actix/src/error.rs",
        "login-rocket/src/error.rs",
        "login-rocket/src/fairing.rs",
        "login-rocket/src/ignite.rs",
        "login-core/src/store/erased.rs",
        "login-core/src/store/login_record.rs",
        "login-store/src/id.rs",
        "login-store/src/memory.rs",
        "login-store-sqlx/src/error.rs",
        "login-store-sqlx/src/reap.rs",
        "login-store-sqlx/src/row.rs",
        "login-store-redis/src/error.rs",
    ];
    let mut missing = Vec::new();
    for source in sources {
        let texts = texts(&read(source));
        for text in texts {
            let beginning: Vec<_> =
                text.trim_start_matches([':', ';', ',', '`', '"', ' ']).split(' ').take(5).collect();
            if !page.contains(&beginning.join(" ")) {
                missing.push(format!("{source}: {text}"));
            }
        }
    }
    assert!(missing.is_empty(), "not on the page of errors:\n{}", missing.join("\n"));
}

#[test]
fn the_pages_of_stores_have_their_tables() {
    for (page, schema) in [("sqlite", "sqlite"), ("postgresql", "postgres"), ("mysql", "mysql")] {
        let schema = read(&format!("login-store-sqlx/src/schema/{schema}.sql"));
        assert!(read(&format!("docs/src/stores/{page}.md")).contains(&schema), "{page}");
    }
}
