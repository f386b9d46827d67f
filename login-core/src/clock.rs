//! Time and randomness, which the core is given and never fetches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Tells the time. The adapters bring the machine's own.
///
/// Any `Fn() -> u64` is one.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    fn now(&self) -> u64;
}

impl<F: Fn() -> u64 + Send + Sync + 'static> Clock for F {
    fn now(&self) -> u64 {
        self()
    }
}

/// Gives random bytes. The adapters bring the operating system's own.
///
/// Any `Fn(&mut [u8])` is one. It must be good enough for keys.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

impl<F: Fn(&mut [u8]) + Send + Sync + 'static> Entropy for F {
    fn fill(&self, buffer: &mut [u8]) {
        self(buffer);
    }
}

/// A clock for tests, which stands still until it is told otherwise.
///
/// Clones show the same time: give one to the
/// [builder](crate::LoginManagerBuilder::clock) and keep the other.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    /// A clock that shows `now`, in seconds since 1970.
    #[must_use]
    pub fn new(now: u64) -> Self {
        Self(Arc::new(AtomicU64::new(now)))
    }

    /// Shows `now` from here on.
    pub fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// Moves forward by whole seconds.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The last second that a date of four-digit years can hold, 9999-12-31T23:59:59Z.
pub(crate) const LAST_SECOND: u64 = 253_402_300_799;

/// How far two servers' clocks may differ, in seconds (native format).
pub(crate) const CLOCK_SKEW: u64 = 60;
