//! Compares the flask format with values that Flask and Flask-Login made
//! (`tests/golden/flask.py`).

use serde::Deserialize;

use crate::config::secret::SecretKey;
use crate::formats::flask::client_id::ClientId;
use crate::formats::flask::keys::FlaskKey;
use crate::formats::flask::remember::{decode_cookie, encode_cookie, quote};
use crate::formats::flask::session::{read_session, to_json, write_session};
use crate::request::cookies::{cookies, unquote};
use crate::session::content::Session;

const MONTH: u64 = 31 * 24 * 60 * 60;

#[derive(Deserialize)]
struct Golden {
    sessions: Vec<GoldenSession>,
    remembers: Vec<GoldenRemember>,
    identifiers: Vec<GoldenIdentifier>,
    headers: Vec<GoldenHeader>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    Text(String),
    Bytes(String),
}

#[derive(Deserialize)]
struct GoldenSession {
    name: String,
    key: Key,
    time: u64,
    json: String,
    cookie: String,
}

#[derive(Deserialize)]
struct GoldenRemember {
    user_id: String,
    key: Key,
    value: String,
    header: String,
}

#[derive(Deserialize)]
struct GoldenIdentifier {
    address: Option<String>,
    agent: Option<String>,
    id: String,
}

#[derive(Deserialize)]
struct GoldenHeader {
    header: String,
    parsed: Vec<(String, String)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/flask.json")).unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn key(key: &Key) -> SecretKey {
    match key {
        Key::Text(text) => SecretKey::from_text(text.as_str()),
        Key::Bytes(hex) => SecretKey::from_bytes(unhex(hex)),
    }
    .unwrap()
}

fn read(golden: &GoldenSession, now: u64) -> Option<Session> {
    read_session(&golden.cookie, &[FlaskKey::new(&key(&golden.key))], now, MONTH)
}

#[test]
fn sessions_are_read_and_written_byte_for_byte() {
    for golden in golden().sessions {
        let key = FlaskKey::new(&key(&golden.key));
        let session = read(&golden, golden.time).unwrap_or_else(|| panic!("{} is not readable", golden.name));
        let written = write_session(&session, &key, golden.time);
        // Another zlib may compress the same text to other bytes.
        if !golden.cookie.starts_with('.') {
            assert_eq!(written, golden.cookie, "{}", golden.name);
        }
        assert_eq!(to_json(&session), golden.json, "{}", golden.name);
        let again = read_session(&written, &[key], golden.time, 0);
        assert_eq!(again, Some(session), "{}", golden.name);
    }
}

#[test]
fn the_logins_own_keys_are_found() {
    let by_name = |name: &str| read(golden().sessions.iter().find(|each| each.name == name).unwrap(), 1_700_000_000);
    let login = by_name("a login to be remembered").unwrap();
    assert_eq!((login.user_id.as_deref(), login.fresh, login.permanent), (Some("1"), Some(true), Some(true)));
    assert_eq!(login.remember_seconds, Some(100.0));
    assert!(login.binding.is_some() && login.data.is_empty());
    assert_eq!(by_name("an integer ID").unwrap().user_id.as_deref(), Some("7"));
    assert_eq!(by_name("an ID outside ASCII").unwrap().user_id.as_deref(), Some("佐藤"));
}

#[test]
fn a_session_has_the_age_that_flask_gives_it() {
    let golden = &golden().sessions[0];
    assert!(read(golden, golden.time + MONTH).is_some());
    assert!(read(golden, golden.time + MONTH + 1).is_none());
    assert!(read(golden, golden.time - 1).is_none());
}

#[test]
fn changed_cookies_and_other_keys_are_refused() {
    for golden in golden().sessions.iter().take(6) {
        let keys = [FlaskKey::new(&key(&golden.key))];
        let readable = |cookie: &str| read_session(cookie, &keys, golden.time, MONTH).is_some();
        for at in 0..golden.cookie.len() {
            assert!(!readable(&golden.cookie[..at]));
            for other in "AQgw_-.9z".chars() {
                let mut changed = golden.cookie.clone();
                changed.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
                assert!(changed == golden.cookie || !readable(&changed), "{} {at}", golden.name);
            }
        }
        let other = [FlaskKey::new(&SecretKey::from_text("another").unwrap())];
        assert!(read_session(&golden.cookie, &other, golden.time, MONTH).is_none());
    }
}

#[test]
fn remember_cookies_are_read_and_written_byte_for_byte() {
    for golden in golden().remembers {
        let key = key(&golden.key);
        assert_eq!(encode_cookie(&golden.user_id, &key), golden.value);
        assert_eq!(decode_cookie(&golden.value, &key).as_deref(), Some(&*golden.user_id));
        assert_eq!(unquote(golden.header.as_bytes()), golden.value.as_bytes());
        // Werkzeug does not escape some control characters, which a header must not contain.
        if !golden.user_id.contains('\u{1f}') {
            assert_eq!(quote(&golden.value), golden.header);
        }
        let upper = golden.value.to_uppercase();
        assert!(upper == golden.value || decode_cookie(&upper, &key).is_none());
    }
    let key = SecretKey::from_text("key").unwrap();
    for bad in ["", "|", "1", "1|", "1|é", &format!("1|{}", "é".repeat(64)), &format!("1|{}", "0".repeat(128))] {
        assert_eq!(decode_cookie(bad, &key), None, "{bad}");
    }
}

#[test]
fn identifiers_are_flask_logins() {
    for golden in golden().identifiers {
        let address = golden.address.map(|address| address.parse().unwrap());
        let agent = golden.agent.as_deref().map(unhex);
        assert_eq!(ClientId::new(address, agent.as_deref()).as_str(), golden.id, "{:?}", golden.agent);
    }
}

#[test]
fn cookie_headers_are_read_as_werkzeug_reads_them() {
    for golden in golden().headers {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let parsed: Vec<_> =
            cookies(golden.header.as_bytes()).map(|(name, value)| (text(name), text(&unquote(value)))).collect();
        assert_eq!(parsed, golden.parsed, "{}", golden.header);
    }
}

#[test]
fn a_bomb_is_not_inflated() {
    let key = FlaskKey::new(&SecretKey::from_text("key").unwrap());
    let mut session = Session::default();
    session.data.set("v", format!("\"{}\"", "x".repeat(1_000_000)));
    let cookie = write_session(&session, &key, 0);
    assert!(cookie.len() < 4096, "it has the size of a cookie");
    assert!(read_session(&cookie, &[key], 0, 0).is_none());
}
