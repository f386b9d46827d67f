//! Correctly signed remember cookies of Flask-Login with any payload, sent plain and quoted.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use login_core::{LoginManager, SecretKey, decode_cookie, encode_cookie};
use login_core_fuzz::account::{Account, whoever};
use login_core_fuzz::browser::Jar;
use login_core_fuzz::forge::{Flask, quote_cookie};
use login_core_fuzz::site::{self, FLASK_REMEMBER, FLASK_SESSION, MAX_COOKIE};
use login_core_fuzz::tamper::Tamper;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    is_quoted: bool,
    tamper: Tamper,
    payload: &'a [u8],
}

static FORGER: LazyLock<Flask> = LazyLock::new(site::flask_forger);
static MANAGER: LazyLock<LoginManager<Account>> = LazyLock::new(|| {
    site::flask().refresh_remember_cookie_each_request().build_without_loader().expect("a valid configuration")
});

/// The user that the cookie logs in, and the Set-Cookie lines of the response.
fn sent(value: &[u8]) -> (Option<String>, Vec<String>) {
    let (request_login, login) = site::sending(&MANAGER, FLASK_REMEMBER, value);
    let user = whoever(&login);
    (user, request_login.finish(200).set_cookies)
}

/// Whether the value is one cookie in a Cookie header, without quotes.
fn is_plain(value: &[u8]) -> bool {
    !value.iter().any(|byte| b" \t\";".contains(byte))
}

fuzz_target!(|input: Input<'_>| {
    let key = SecretKey::from_text(site::SECRET).expect("a key that is not empty");
    let cookie = FORGER.remember(input.payload);
    let text = std::str::from_utf8(input.payload).ok();
    if let Some(text) = text {
        assert_eq!(encode_cookie(text, &key).as_bytes(), cookie);
        let cookie = std::str::from_utf8(&cookie).unwrap();
        assert_eq!(decode_cookie(cookie, &key).as_deref(), Some(text));
        assert_eq!(decode_cookie(text, &key), None);
    }
    assert_eq!(sent(input.payload), (None, Vec::new()));
    if let Some(changed) = input.tamper.change(&cookie) {
        // Quoted, so that the change affects only the value and not the header.
        assert_eq!(sent(&quote_cookie(&changed)), (None, Vec::new()));
    }

    if !input.is_quoted && !is_plain(&cookie) {
        return;
    }
    let value = if input.is_quoted { quote_cookie(&cookie) } else { cookie.clone() };
    let (user, lines) = sent(&value);
    assert_eq!(user.as_deref(), text.filter(|_| cookie.len() <= MAX_COOKIE));
    let Some(user) = user else { return };

    let mut jar = Jar::default();
    jar.keep(&lines);
    if let Some(refreshed) = jar.get(FLASK_REMEMBER) {
        assert_eq!(sent(refreshed.as_bytes()).0.as_ref(), Some(&user));
    }
    if let Some(session) = jar.get(FLASK_SESSION) {
        let (_, login) = site::sending(&MANAGER, FLASK_SESSION, session);
        assert_eq!(whoever(&login), Some(user));
    }
});
