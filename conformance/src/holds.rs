//! Requests that wait until another request lets them go on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot::{self, Sender};

/// The longest time that a request waits.
const LONGEST: Duration = Duration::from_secs(30);

/// A request that waits.
#[derive(Debug)]
struct Waiting {
    name: String,
    sender: Sender<()>,
}

/// The requests that wait. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holds(Arc<Mutex<Vec<Waiting>>>);

impl Holds {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Waiting>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the name is released, for as long as a request may wait.
    pub(crate) async fn wait(&self, name: String) {
        let (sender, released) = oneshot::channel();
        self.with(|waiting| waiting.push(Waiting { name, sender }));
        let _ = tokio::time::timeout(LONGEST, released).await;
    }

    /// Whether a request waits under this name.
    pub(crate) fn is_held(&self, name: &str) -> bool {
        self.with(|waiting| waiting.iter().any(|each| each.name == name && !each.sender.is_closed()))
    }

    /// Lets the requests of this name go on. Returns whether there was one.
    pub(crate) fn release(&self, name: &str) -> bool {
        let released: Vec<_> = self.with(|waiting| waiting.extract_if(.., |each| each.name == name).collect());
        released.into_iter().filter_map(|each| each.sender.send(()).ok()).count() > 0
    }
}
