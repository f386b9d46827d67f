//! Loads that fail at intervals, for the load test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;

/// Which loads fail, by their number, so that every run has the same share of failures.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LoaderFaults {
    fail_every: u64,
    hang_every: u64,
    timeout_ms: u64,
}

/// Counts loads and makes some of them fail.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    wanted: LoaderFaults,
    loads: AtomicU64,
}

impl Faults {
    pub(crate) fn new(wanted: LoaderFaults) -> Self {
        Self { wanted, loads: AtomicU64::new(0) }
    }

    /// Must be called before each load. It writes each fault to standard error, where the load
    /// test counts them.
    pub(crate) async fn strike(&self) -> Result<(), &'static str> {
        let load = self.loads.fetch_add(1, Ordering::Relaxed) + 1;
        let is_nth = |every: u64| every != 0 && load.is_multiple_of(every);
        if is_nth(self.wanted.hang_every) {
            eprintln!("loader fault: load {load} hangs");
            let table = std::future::pending::<()>();
            let _ = tokio::time::timeout(Duration::from_millis(self.wanted.timeout_ms), table).await;
            return Err("the user table took too long");
        }
        if is_nth(self.wanted.fail_every) {
            eprintln!("loader fault: load {load} fails");
            return Err("the user table does not answer");
        }
        Ok(())
    }
}
