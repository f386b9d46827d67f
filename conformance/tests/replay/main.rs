//! Replays the transcripts of the reference on every conformance server, without Python. There
//! is a named test for each scenario, wire format and server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod client;
mod compare;
mod jar;
mod server;

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value};

use crate::jar::Jar;
use crate::server::Server;

/// The servers that are compared with the transcripts.
const SERVERS: &[(&str, &str)] = &[
    ("axum", env!("CARGO_BIN_EXE_conformance-axum")),
    ("actix", env!("CARGO_BIN_EXE_conformance-actix")),
    ("rocket", env!("CARGO_BIN_EXE_conformance-rocket")),
    ("custom", env!("CARGO_BIN_EXE_conformance-custom")),
];

fn main() {
    let mut trials = vec![Trial::test("a wrong transcript fails", a_wrong_transcript_fails)];
    for transcript in transcripts() {
        for (server, program) in SERVERS {
            let (scenario, wire) = (text(&transcript, "name"), text(&transcript, "wire"));
            let transcript = Arc::clone(&transcript);
            let name = format!("{server}::{wire}::{scenario}");
            trials.push(Trial::test(name, move || replay(&transcript, program)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn transcripts() -> Vec<Arc<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file| serde_json::from_slice::<Vec<Value>>(&std::fs::read(file).unwrap()).unwrap();
    files.into_iter().flat_map(read).map(Arc::new).collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap()
}

fn config(transcript: &Value) -> Map<String, Value> {
    let mut config = transcript["config"].as_object().cloned().unwrap_or_default();
    config.insert("wire".to_owned(), transcript["wire"].clone());
    config
}

/// Runs the steps and compares each response with the recorded one.
fn replay(transcript: &Value, program: &str) -> Result<(), Failed> {
    let mut config = config(transcript);
    let mut server = Server::start(program, &config);
    let mut jar = Jar::default();
    let mut expected = transcript["expected"].as_array().unwrap().iter();
    for step in transcript["steps"].as_array().unwrap() {
        if let Some(changes) = step["restart"].as_object() {
            config.extend(changes.clone());
            server = Server::start(program, &config);
        } else if !jar.act(step) {
            let want = expected.next().unwrap();
            let have = client::send(&server, &mut jar, step);
            if let Some(difference) = compare::difference(want, &have) {
                return Err(format!("{}: {difference}", text(want, "request")).into());
            }
        }
    }
    assert!(expected.next().is_none(), "the transcript has more responses than requests");
    Ok(())
}

/// Checks that the comparison detects differences.
fn a_wrong_transcript_fails() -> Result<(), Failed> {
    let whole = transcripts().into_iter().find(|each| text(each, "name") == "log in, stay in, log out, stay out");
    let whole = whole.unwrap();
    for (key, wrong) in [
        ("status", Value::from(201)),
        ("location", Value::from("/elsewhere")),
        ("body", Value::Null),
        ("set_cookies", Value::Array(Vec::new())),
        ("vary_cookie", Value::from(false)),
    ] {
        let mut transcript = (*whole).clone();
        transcript["expected"][0][key] = wrong;
        if replay(&transcript, SERVERS[0].1).is_ok() {
            return Err(format!("a wrong {key} went unnoticed").into());
        }
    }
    Ok(())
}
