//! The clock and the randomness of the operating system.
//!
//! `login-core` contains neither. The adapters pass it these, and so can a custom server:
//!
//! ```
//! use login_core::{LoginManager, User};
//! use login_system::{development_key, system_clock, system_entropy};
//!
//! # struct Account;
//! # impl User for Account {
//! #     type Id = String;
//! #     fn id(&self) -> String { String::new() }
//! #     fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> { Default::default() }
//! # }
//! let manager: LoginManager<Account> =
//!     LoginManager::builder(development_key(), system_clock, system_entropy).build_without_loader()?;
//! # Ok::<(), login_core::ConfigError>(())
//! ```

use std::time::UNIX_EPOCH;

use login_core::SecretKey;

/// The current Unix time in seconds, from the system clock.
#[must_use]
pub fn system_clock() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// Fills the buffer with random bytes from the operating system.
///
/// # Panics
/// If the operating system has no random bytes. No login would be safe then.
#[expect(clippy::panic, reason = "no login is safe without randomness")]
pub fn system_entropy(buffer: &mut [u8]) {
    if getrandom::fill(buffer).is_err() {
        panic!("the operating system has no random bytes");
    }
}

/// A random key for development. All logins end when the program stops.
///
/// It prints a warning to standard error. In production, load a key that stays the same and
/// is the same on every machine, such as with [`SecretKey::from_env`].
///
/// # Panics
/// If the operating system has no random bytes.
#[must_use]
#[expect(clippy::panic, reason = "32 bytes are always a key")]
pub fn development_key() -> SecretKey {
    let mut bytes = [0; 32];
    system_entropy(&mut bytes);
    eprintln!("WARNING: logins are signed with a random development key and end when this program stops.");
    eprintln!("WARNING: in production, set a secret key, such as the output of `openssl rand -hex 32`.");
    match SecretKey::from_bytes(bytes) {
        Ok(key) => key,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_filled_in() {
        let mut buffers = [[0; 32]; 2];
        buffers.iter_mut().for_each(|buffer| system_entropy(buffer));
        assert_ne!(buffers[0], buffers[1]);
        assert_ne!(buffers[0], [0; 32]);
    }
}
