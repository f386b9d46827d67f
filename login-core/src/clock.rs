//! Time and randomness. The core gets both from its caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A source of the current time. Every `Fn() -> u64` is one.
///
/// The adapters use the system clock.
pub trait Clock: Send + Sync + 'static {
    /// The current Unix time: seconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;
}

impl<F: Fn() -> u64 + Send + Sync + 'static> Clock for F {
    fn now(&self) -> u64 {
        self()
    }
}

/// A source of random bytes. Every `Fn(&mut [u8])` is one.
///
/// The bytes must be good enough for cryptographic keys. The adapters use the operating
/// system's generator.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

impl<F: Fn(&mut [u8]) + Send + Sync + 'static> Entropy for F {
    fn fill(&self, buffer: &mut [u8]) {
        self(buffer);
    }
}

/// A clock for tests. It stands still until the test sets or advances it.
///
/// Clones share the same time: give one to the
/// [builder](crate::LoginManagerBuilder::clock) and keep the other.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    /// A clock at the Unix time `now`, in seconds.
    #[must_use]
    pub fn new(now: u64) -> Self {
        Self(Arc::new(AtomicU64::new(now)))
    }

    /// Sets the Unix time, in seconds.
    pub fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// Moves the clock forward by whole seconds.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The last second of the year 9999, the end of what a cookie date can express.
pub(crate) const LAST_SECOND: u64 = 253_402_300_799;

/// How far the clocks of two servers may differ, in seconds (native format).
pub(crate) const CLOCK_SKEW: u64 = 60;

/// Whether something from the time `at` is at most `age` seconds old, by a clock that may be
/// [`CLOCK_SKEW`] behind.
pub(crate) fn is_valid(at: u64, now: u64, age: u64) -> bool {
    at <= now.saturating_add(CLOCK_SKEW) && now.saturating_sub(at) <= age
}
