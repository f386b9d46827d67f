//! Runs one case and measures the cost of its requests, without the preparation.

use std::fmt;
use std::time::{Duration, Instant};

use crate::cases::Case;
use crate::counting;

/// Requests before the measured ones, so that caches and pools are filled.
const WARM: usize = 30;

/// So many requests are made at a time and then answered. They are then in the processor's
/// caches, like a request that a server has just read from a connection.
const BATCH: usize = 8;

pub struct Meter {
    pub n: usize,
    /// Plays the framework alone, with the requests of the case.
    pub is_bare: bool,
    measured: Cost,
}

/// The average cost of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    pub allocations: f64,
    pub bytes: f64,
    pub nanoseconds: f64,
}

impl Meter {
    /// Runs `play` `n` times and measures it. `prepare` is not measured.
    pub async fn repeat<T>(&mut self, mut prepare: impl FnMut() -> T, mut play: impl AsyncFnMut(T)) {
        for _ in 0..WARM {
            play(prepare()).await;
        }
        let (mut allocations, mut bytes, mut elapsed) = (0, 0, Duration::ZERO);
        let mut left = self.n;
        while left > 0 {
            let batch: Vec<T> = std::iter::repeat_with(&mut prepare).take(BATCH.min(left)).collect();
            left -= batch.len();
            let (allocations_before, bytes_before) = counting::so_far();
            let start = Instant::now();
            for each in batch {
                play(each).await;
            }
            elapsed += start.elapsed();
            let (allocations_now, bytes_now) = counting::so_far();
            allocations += allocations_now - allocations_before;
            bytes += bytes_now - bytes_before;
        }
        let per_request = |sum: f64| sum / self.n as f64;
        self.measured = Cost {
            allocations: per_request(allocations as f64),
            bytes: per_request(bytes as f64),
            nanoseconds: per_request(elapsed.as_nanos() as f64),
        };
    }
}

/// Runs a case on a single-threaded runtime, or the framework alone with the same requests.
pub fn play(case: &Case, n: usize, is_bare: bool) -> Cost {
    let mut meter = Meter { n, is_bare, measured: Cost::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, (case.play)(&mut meter));
    meter.measured
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.allocations, self.bytes, self.nanoseconds)
    }
}

impl std::str::FromStr for Cost {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = text.split_whitespace().map(|number| number.parse().map_err(drop));
        let mut next = || numbers.next().unwrap_or(Err(()));
        Ok(Self { allocations: next()?, bytes: next()?, nanoseconds: next()? })
    }
}
