//! The log: everything the library reports to the operator, by `tracing`.
//!
//! Without the feature `tracing` these functions do nothing.

use std::fmt::Arguments;
#[cfg(feature = "tracing")]
use std::sync::{Mutex, PoisonError};

/// Reports a failure.
#[cfg(feature = "tracing")]
pub(crate) fn error(message: Arguments<'_>) {
    tracing::error!(target: "login", "{message}");
}

/// Reports a failure.
#[cfg(not(feature = "tracing"))]
pub(crate) fn error(_: Arguments<'_>) {}

/// Reports a mistake in the program, the first time. Each request finds it again, and must not
/// make the log grow.
#[cfg(feature = "tracing")]
pub fn error_once(message: &str) {
    static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    if logged.iter().all(|each| each != message) {
        logged.push(message.to_owned());
        drop(logged);
        error(format_args!("{message}"));
    }
}

/// Reports a mistake in the program, the first time.
#[cfg(not(feature = "tracing"))]
pub fn error_once(_: &str) {}

/// Reports something that may be a mistake.
#[cfg(feature = "tracing")]
pub fn warn(message: Arguments<'_>) {
    tracing::warn!(target: "login", "{message}");
}

/// Reports something that may be a mistake.
#[cfg(not(feature = "tracing"))]
pub fn warn(_: Arguments<'_>) {}

/// Reports something that is useful for debugging only.
#[cfg(feature = "tracing")]
pub(crate) fn debug(message: Arguments<'_>) {
    tracing::debug!(target: "login", "{message}");
}

/// Reports something that is useful for debugging only.
#[cfg(not(feature = "tracing"))]
pub(crate) fn debug(_: Arguments<'_>) {}
