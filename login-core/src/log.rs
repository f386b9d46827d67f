//! The log: everything the library reports to the operator, by `tracing`.
//!
//! Without the feature `tracing` these functions do nothing.

use std::fmt::Arguments;

/// Reports a failure.
#[cfg(feature = "tracing")]
pub fn error(message: Arguments<'_>) {
    tracing::error!(target: "login", "{message}");
}

/// Reports a failure.
#[cfg(not(feature = "tracing"))]
pub fn error(_: Arguments<'_>) {}

/// Reports something that may be a mistake.
#[cfg(feature = "tracing")]
pub fn warn(message: Arguments<'_>) {
    tracing::warn!(target: "login", "{message}");
}

/// Reports something that may be a mistake.
#[cfg(not(feature = "tracing"))]
pub fn warn(_: Arguments<'_>) {}
