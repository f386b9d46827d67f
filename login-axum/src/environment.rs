//! The machine's clock and randomness, which the core does without.

use std::time::UNIX_EPOCH;

use login_core::SecretKey;

/// Seconds since 1970, by the machine's clock: what a
/// [`LoginManager`](crate::LoginManager) goes by unless it is given another clock.
#[must_use]
pub fn system_clock() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

#[expect(clippy::panic, reason = "without randomness no login can be safe, and the system never lacks it")]
pub(crate) fn system_entropy(buffer: &mut [u8]) {
    if getrandom::fill(buffer).is_err() {
        panic!("the operating system gives no random bytes");
    }
}

/// A random key for development: every login ends when the program does.
///
/// It says so on standard error. In production take the key from
/// [`SecretKey::from_env`], the same one on every machine.
#[must_use]
#[expect(clippy::panic, reason = "32 bytes are a key")]
pub fn development_key() -> SecretKey {
    let mut bytes = [0; 32];
    system_entropy(&mut bytes);
    eprintln!("WARNING: signing logins with a random development key: they all end when this program stops.");
    eprintln!("WARNING: in production give it a key of its own, such as the output of `openssl rand -hex 32`.");
    match SecretKey::from_bytes(bytes) {
        Ok(key) => key,
        Err(error) => panic!("{error}"),
    }
}
