//! Removes records that have ended, again and again.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use login_store::SessionStore;
use tokio::time::sleep;

/// How many records one statement removes at most.
const STEP: u64 = 256;

/// After a full step, so that requests come first.
const PAUSE: Duration = Duration::from_millis(100);

/// Removes the records that have ended, at once and then after each interval `every`. It runs until it is
/// dropped, or until its task is aborted:
///
/// ```
/// # use std::time::Duration;
/// # use login_store::SessionStore;
/// # fn f(store: impl SessionStore + Clone) {
/// tokio::spawn(login_store_sqlx::reap(store.clone(), Duration::from_secs(3600)));
/// # }
/// ```
///
/// It removes 256 records at a time and pauses for a tenth of a second in between. When the store fails,
/// it logs a warning and goes on after the interval.
pub async fn reap(store: impl SessionStore, every: Duration) -> ! {
    loop {
        let removed: Result<u64, Box<dyn Error + Send + Sync>> =
            store.remove_ended(now(), STEP).await.map_err(Into::into);
        let pause = match removed {
            Ok(STEP..) => PAUSE,
            Ok(_) => every,
            Err(error) => {
                tracing::warn!(target: "login", %error, "could not remove ended sessions, will try again");
                every
            }
        };
        // Not shorter than the pause: an interval of zero must not keep the database busy.
        sleep(pause.max(PAUSE)).await;
    }
}

/// The Unix time in milliseconds. A clock before 1970 gives 0, at which nothing has ended.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
