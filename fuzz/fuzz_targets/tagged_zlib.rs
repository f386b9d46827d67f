//! Compressed sessions: any bytes as a zlib stream, and compression bombs.
//!
//! If the first byte is even, the rest is the stream. If it is odd, the next two bytes are the
//! length of a run, the third is how often the length is doubled, and the fourth is the repeated
//! byte. The rest is put before the run. With bit 2 of an odd first byte, the second byte chooses
//! one of a few bombs.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use login_core::LoginManager;
use login_core_fuzz::account::{Account, keys as session_keys, whoever};
use login_core_fuzz::forge::Flask;
use login_core_fuzz::site::{self, FLASK_SESSION, MAX_COOKIE, NOW};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

/// The largest inflated size that the library accepts, in bytes.
const LIMIT: usize = 256 * 1024;

static FORGER: LazyLock<Flask> = LazyLock::new(site::flask_forger);
static MANAGER: LazyLock<LoginManager<Account>> =
    LazyLock::new(|| site::flask().build_without_loader().expect("a valid configuration"));

/// The keys of the session. The session is also written again.
fn keys(cookie: &str) -> Vec<String> {
    let (request_login, login) = site::sending(&MANAGER, FLASK_SESSION, cookie);
    let keys = session_keys(&login);
    let _ = (whoever(&login), login.get::<String>("run"), login.insert("fuzz", &1), request_login.finish(200));
    keys
}

fn any_stream(zlib: &[u8]) {
    let keys = keys(&FORGER.zipped_session(zlib, NOW));
    let inflated = decompress_to_vec_zlib_with_limit(zlib, LIMIT);
    assert!(keys.is_empty() || inflated.is_ok_and(|json| json.trim_ascii_start().starts_with(b"{")));
}

fn cookie_of(json: &[u8]) -> String {
    FORGER.zipped_session(&compress_to_vec_zlib(json, 6), NOW)
}

fn json_of(size: usize, of: u8, before: &[u8]) -> Vec<u8> {
    let mut json = b"{\"run\":\"".to_vec();
    json.extend(before.iter().filter(|byte| byte.is_ascii_alphanumeric()));
    json.resize(json.len() + size, of);
    json.extend_from_slice(b"\"}");
    json
}

/// Cookies of sessions of up to three megabytes, which are small enough to be sent, and two
/// larger ones.
static BOMBS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let sizes = [LIMIT, 2 * LIMIT, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 16_000_000];
    sizes.map(|size| cookie_of(&json_of(size, b'x', b""))).to_vec()
});

fn run(size: usize, of: u8, before: &[u8]) {
    let json = json_of(size, if of.is_ascii_alphanumeric() { of } else { b'x' }, before);
    let cookie = cookie_of(&json);
    let is_readable = json.len() <= LIMIT && cookie.len() <= MAX_COOKIE;
    assert_eq!(keys(&cookie), if is_readable { vec!["run"] } else { Vec::new() });
}

fuzz_target!(|input: &[u8]| {
    match input {
        [mode, zlib @ ..] if mode & 1 == 0 => any_stream(zlib),
        [mode, which, ..] if mode & 2 != 0 => {
            assert!(keys(&BOMBS[usize::from(*which) % BOMBS.len()]).is_empty());
        }
        // The size can be a little larger than the library's limit.
        [_, a, b, doubled, of, before @ ..] => {
            run(usize::from(u16::from_be_bytes([*a, *b])) << (doubled % 3), *of, before);
        }
        _ => {}
    }
});
