//! Runs a statement again when the database asks for that.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use sqlx::error::DatabaseError;
use tokio::time::{Instant, sleep};

use crate::error::{Error, Meaning};

/// A statement is started again within this time of its first start.
const RETRY_FOR: Duration = Duration::from_secs(10);

/// Before the second start. It doubles up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(128);

/// Runs a statement until the database reports no lock, deadlock or serialization failure. It must be a
/// single statement outside a transaction: then the one that failed had no effect.
pub(crate) async fn retry<T, F: Future<Output = Result<T, sqlx::Error>>>(
    meaning: fn(&dyn DatabaseError) -> Meaning,
    run: impl Fn() -> F,
) -> Result<T, Error> {
    let start = Instant::now();
    let mut pause = SHORTEST_PAUSE;
    loop {
        let error = match run().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let may_retry = error.as_database_error().is_some_and(|reported| meaning(reported) == Meaning::Retry);
        // Random, so that statements that disturbed each other do not meet again.
        let random = pause.mul_f64(0.5 + random() / 2.0);
        if !may_retry || start.elapsed() + random > RETRY_FOR {
            return Err(Error::new(&error, meaning));
        }
        sleep(random).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// From 0 to 1. It needs no better source: the hasher of the standard library has random keys.
fn random() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sqlx::{Connection, SqliteConnection};

    use super::*;

    /// An error that the database reports: there is no such table.
    async fn reported() -> sqlx::Error {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query("SELECT 1 FROM missing").execute(&mut connection).await.unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn it_retries_until_the_statement_succeeds() {
        let runs = Cell::new(0);
        let run = async || {
            runs.set(runs.get() + 1);
            if runs.get() < 5 { Err(reported().await) } else { Ok(7) }
        };
        assert_eq!(retry(|_| Meaning::Retry, run).await, Ok(7));
        assert_eq!(runs.get(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_after_ten_seconds() {
        let (start, runs) = (Instant::now(), Cell::new(0));
        let run = async || {
            runs.set(runs.get() + 1);
            Err::<(), _>(reported().await)
        };
        let error = retry(|_| Meaning::Retry, run).await;
        assert_eq!(error, Err(Error::Failed("(code: 1) no such table: missing".to_owned())));
        assert!(start.elapsed() > RETRY_FOR / 2 && start.elapsed() <= RETRY_FOR);
        assert!((78..=200).contains(&runs.get()), "{}", runs.get());
    }

    #[tokio::test(start_paused = true)]
    async fn it_retries_nothing_else() {
        for meaning in [|_: &dyn DatabaseError| Meaning::Other, |_: &dyn DatabaseError| Meaning::IdTaken] {
            let runs = Cell::new(0);
            let run = async || {
                runs.set(runs.get() + 1);
                Err::<(), _>(reported().await)
            };
            assert!(retry(meaning, run).await.is_err());
            assert_eq!(runs.get(), 1);
        }
        let runs = Cell::new(0);
        let run = async || {
            runs.set(runs.get() + 1);
            Err::<(), _>(sqlx::Error::PoolClosed)
        };
        assert!(retry(|_| Meaning::Retry, run).await.is_err());
        assert_eq!(runs.get(), 1);
    }
}
