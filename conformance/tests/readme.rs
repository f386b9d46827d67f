//! The first thing that a reader sees of the library stays short.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

#[test]
fn the_quick_start_is_short() {
    let (_, code) = include_str!("../../README.md").split_once("```rust,no_run\n").unwrap();
    let (code, _) = code.split_once("\n```").unwrap();
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 60, "{lines} lines");
    let (_, names) = code.split_once("use login_axum::{").unwrap();
    let (names, _) = names.split_once('}').unwrap();
    assert!(names.split(',').count() <= 8, "with the layer and the guard, a reader meets at most ten concepts");
}
