//! Runs futures without a runtime: one to its end, or many at the same time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread until it is done. For stores that need no runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

enum Joined<F: Future> {
    Running(Pin<Box<F>>),
    Done(F::Output),
}

/// Runs all futures at the same time. Returns what they return, in their order.
pub(super) async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = futures.into_iter().map(|future| Joined::Running(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for one in &mut all {
            if let Joined::Running(future) = one {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *one = Joined::Done(output),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let output = |one| match one {
        Joined::Done(output) => Some(output),
        Joined::Running(_) => None,
    };
    all.into_iter().filter_map(output).collect()
}

/// Lets the other futures of [`join_all`] run first. Otherwise those of a store that never waits would
/// run one after the other.
pub(super) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn futures_that_are_joined_take_turns() {
        let turns = RefCell::new(String::new());
        let one = async |name: char| {
            for _ in 0..3 {
                turns.borrow_mut().push(name);
                yield_now().await;
            }
            name
        };
        assert_eq!(block_on(join_all("abc".chars().map(one))), ['a', 'b', 'c']);
        assert_eq!(*turns.borrow(), "abcabcabc");
    }

    #[test]
    fn another_thread_wakes_a_blocked_one() {
        let mut thread = None;
        let future = poll_fn(|context| {
            let waker = context.waker().clone();
            match thread.take() {
                None => {
                    thread = Some(thread::spawn(move || waker.wake()));
                    Poll::Pending
                }
                Some(thread) => Poll::Ready(thread.join().is_ok()),
            }
        });
        assert!(block_on(future));
    }
}
