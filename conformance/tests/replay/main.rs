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

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value};

use crate::client::{Sent, SessionIds};
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

/// The configuration in which a transcript is played. Its session store is in this folder.
fn config(transcript: &Value, folder: &Path) -> Map<String, Value> {
    let mut config = transcript["config"].as_object().cloned().unwrap_or_default();
    if transcript["wire"] != "store" {
        config.insert("wire".to_owned(), transcript["wire"].clone());
        return config;
    }
    // The native format, with a session store in a new file.
    let file = folder.join("sessions.db");
    for (key, value) in [("wire", "native"), ("store", "sqlite"), ("store_file", file.to_str().unwrap())] {
        config.insert(key.to_owned(), value.into());
    }
    config
}

/// Runs the steps and compares each response with the recorded one.
fn replay(transcript: &Value, program: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(transcript, folder.path());
    let mut server = Server::start(program, &config);
    let (mut jars, mut browser, mut ids) = (BTreeMap::from([("", Jar::default())]), "", SessionIds::default());
    let mut held = BTreeMap::new();
    let mut expected = transcript["expected"].as_array().unwrap().iter();
    for step in transcript["steps"].as_array().unwrap() {
        let jar = jars.get_mut(browser).unwrap();
        let (sender, sent) = if let Some(changes) = step["restart"].as_object() {
            config.extend(changes.clone());
            server = Server::start(program, &config);
            continue;
        } else if let Some(name) = step["browser"].as_str() {
            // A copy of a cookie can be used elsewhere.
            let saved = std::mem::take(&mut jar.saved);
            jars.entry(name).or_default().saved = saved;
            browser = name;
            continue;
        } else if let Some(name) = step["hold"].as_str() {
            held.insert(name, (browser, Sent::held(&server, jar, &ids, step, name)));
            continue;
        } else if let Some(name) = step["release"].as_str() {
            client::ask(&server, &format!("/release?hold={name}"));
            held.remove(name).unwrap()
        } else if jar.act(step) {
            continue;
        } else {
            (browser, Sent::new(&server, jar, &ids, step, None))
        };
        let want = expected.next().unwrap();
        let have = sent.answer(jars.get_mut(sender).unwrap(), &mut ids);
        if let Some(difference) = compare::difference(want, &have) {
            return Err(format!("{}: {difference}", text(want, "request")).into());
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
