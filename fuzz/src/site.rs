//! The fuzzed sites: one key, a fixed time, and both formats.

use login_core::adapter::RequestLogin;
use login_core::{LoginManager, LoginManagerBuilder, Request, SecretKey};

use crate::account::Account;
use crate::forge;

pub const SECRET: &str = "a secret key for fuzzing, of more than 32 bytes";
pub const NOW: u64 = 1_700_000_000;

/// The default lifetime of sessions, in seconds.
pub const MONTH: u64 = 31 * 24 * 60 * 60;

/// The largest size of a cookie, in bytes.
pub const MAX_COOKIE: usize = 4096;

pub const NATIVE_SESSION: &str = "__Host-session";
pub const NATIVE_REMEMBER: &str = "__Host-remember_token";
pub const FLASK_SESSION: &str = "session";
pub const FLASK_REMEMBER: &str = "remember_token";

/// A builder for the native format.
pub fn native() -> LoginManagerBuilder<Account> {
    let key = SecretKey::from_text(SECRET).expect("a key that is not empty");
    LoginManager::builder(key, || NOW, |buffer: &mut [u8]| buffer.fill(7))
}

/// A builder for Flask's format.
pub fn flask() -> LoginManagerBuilder<Account> {
    native().flask_compatible()
}

/// Forges cookies that [`native`] accepts.
pub fn native_forger() -> forge::Native {
    forge::Native::new(SECRET.as_bytes(), NATIVE_SESSION, NATIVE_REMEMBER)
}

/// Forges cookies that [`flask`] accepts.
pub fn flask_forger() -> forge::Flask {
    forge::Flask::new(SECRET.as_bytes())
}

/// A request with these cookies.
pub fn with_cookies(header: impl AsRef<[u8]>) -> Request {
    Request::new("GET", "/").with_header("cookie", header.as_ref())
}

/// Accesses the login of a request with one cookie.
pub fn sending(
    manager: &LoginManager<Account>,
    name: &str,
    value: impl AsRef<[u8]>,
) -> (RequestLogin<Account>, login_core::Login<Account>) {
    let request_login = manager.begin();
    let header = [name.as_bytes(), b"=", value.as_ref()].concat();
    let login = request_login.access(|| with_cookies(header));
    (request_login, login)
}
