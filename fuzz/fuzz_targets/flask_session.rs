//! Correctly signed sessions of Flask: of any text, and of values that Flask writes. Values that
//! do not change must be written again as they were.
//!
//! If the first byte is odd, the session is generated; if it is even, the rest is the text. With
//! bit 2 the text is compressed. With bit 4 the cookie has the greatest valid age.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use login_core::{LoginManager, SessionProtection};
use login_core_fuzz::account::{Account, keys as session_keys, whoever};
use login_core_fuzz::browser::Jar;
use login_core_fuzz::forge::Flask;
use login_core_fuzz::json::{self, Json, Key};
use login_core_fuzz::site::{self, FLASK_SESSION, MAX_COOKIE, MONTH, NOW};
use login_core_fuzz::tamper::Tamper;
use serde_json::Value;

static FORGER: LazyLock<Flask> = LazyLock::new(site::flask_forger);
static MANAGER: LazyLock<LoginManager<Account>> =
    // With protection, a session without a client would no longer be fresh.
    LazyLock::new(|| {
        site::flask().session_protection(SessionProtection::Off).build_without_loader().expect("a valid configuration")
    });

/// The library's own keys. Their values can be written with another type, but must be equal.
const OWN: [&str; 6] = ["_user_id", "_fresh", "_id", "_permanent", "_remember_seconds", "_login_at"];

fn cookie(text: &[u8], mode: u8) -> String {
    let time = if mode & 4 != 0 { NOW - MONTH } else { NOW };
    if mode & 2 != 0 {
        FORGER.zipped_session(&miniz_oxide::deflate::compress_to_vec_zlib(text, 6), time)
    } else {
        FORGER.session(text, time)
    }
}

fn assert_refused(cookie: impl AsRef<[u8]>) {
    let (request_login, login) = site::sending(&MANAGER, FLASK_SESSION, cookie);
    assert!(session_keys(&login).is_empty() && whoever(&login).is_none());
    assert!(request_login.finish(200).set_cookies.is_empty());
}

/// The texts of the values, or for the library's own keys the values themselves.
fn meanings(text: &str) -> BTreeMap<String, String> {
    let members = json::members(text.as_bytes()).expect("an object was written");
    let meaning = |key: &str, text: &str| match serde_json::from_str::<Value>(text) {
        Ok(Value::Number(number)) if key == "_remember_seconds" => format!("{:?}", number.as_f64()),
        Ok(value) if OWN.contains(&key) => value.to_string(),
        _ => text.to_owned(),
    };
    members.iter().map(|(key, value)| (key.clone(), meaning(key, value.get()))).collect()
}

fn any_text(text: &[u8], mode: u8) {
    let cookie = cookie(text, mode);
    assert_refused(text);
    if cookie.len() > MAX_COOKIE {
        return assert_refused(&cookie);
    }
    let (request_login, login) = site::sending(&MANAGER, FLASK_SESSION, &cookie);
    let keys = session_keys(&login);
    let Some(members) = json::members(text) else {
        // The library may accept or refuse this text. It must only not panic.
        assert!(keys.is_empty() || std::str::from_utf8(text).is_ok());
        let _ = (whoever(&login), login.insert("fuzz", &1), login.take_flashes(), request_login.finish(200));
        return;
    };
    assert_eq!(keys, members.keys().cloned().collect::<Vec<_>>());
    if login.insert("fuzz", &1).is_err() {
        return;
    }
    let mut jar = Jar::default();
    jar.keep(&request_login.finish(200).set_cookies);
    let written = jar.get(FLASK_SESSION).expect("it was changed");
    let mut expected = meanings(std::str::from_utf8(text).expect("JSON was read from it"));
    expected.insert("fuzz".to_owned(), "1".to_owned());
    assert_eq!(meanings(&FORGER.open_session(written).unwrap()), expected);
    let (_, again) = site::sending(&MANAGER, FLASK_SESSION, written);
    assert_eq!(session_keys(&again), session_keys(&login));
}

#[derive(Debug, Arbitrary)]
struct MadeUp {
    user_id: Option<String>,
    data: BTreeMap<Key, Json>,
    tamper: Tamper,
}

fn made_up(input: MadeUp, mode: u8) {
    let mut members: Vec<_> = input.data.iter().map(|(key, value)| (key.0.as_str(), value.text())).collect();
    let has = |key: &str| input.data.keys().any(|each| each.0 == key);
    let user_id = input.user_id.filter(|_| !has("_user_id"));
    let user_text = user_id.as_ref().map(|id| Json::Text(id.clone()).text());
    members.extend(user_text.map(|text| ("_user_id", text)));
    let text = json::dict(members);
    let cookie = cookie(text.as_bytes(), mode);
    let is_deep = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > 100;
    if cookie.len() > MAX_COOKIE || is_deep {
        return;
    }
    if let Some(changed) = input.tamper.change(&cookie) {
        assert_refused(changed);
    }
    let (request_login, login) = site::sending(&MANAGER, FLASK_SESSION, &cookie);
    for (key, value) in input.data.iter().filter(|(key, _)| !key.0.starts_with('_')) {
        if let Some(value) = value.value() {
            assert_eq!(login.get::<Value>(&key.0).unwrap(), Some(value), "{text}");
        }
    }
    if let Some(id) = &user_id {
        assert_eq!(whoever(&login).as_ref(), Some(id));
    }
    // A change and its reverse, so that the session is written without a difference.
    if has("fuzz") || login.insert("fuzz", &1).is_err() {
        return;
    }
    assert!(login.remove("fuzz").unwrap());
    let mut jar = Jar::default();
    jar.keep(&request_login.finish(200).set_cookies);
    let Some(written) = jar.get(FLASK_SESSION) else { return assert!(input.data.is_empty() && user_id.is_none()) };
    let written = FORGER.open_session(written).unwrap();
    match json::members(text.as_bytes()) {
        Some(_) => assert_eq!(meanings(&written), meanings(&text)),
        // A single key that looks like a tag, or a value that `serde_json` cannot represent.
        None => assert!(has("_remember_seconds") || written == text, "{written} was {text}"),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&mode, rest)) = input.split_first() else { return };
    if mode & 1 == 0 {
        any_text(rest, mode);
    } else if let Ok(input) = MadeUp::arbitrary_take_rest(Unstructured::new(rest)) {
        made_up(input, mode);
    }
});
