//! Awaiting the user. All tasks that wait in one request share one load.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

use crate::error::{LoadError, LoginError};
use crate::login::guard::{Denied, Requirement};
use crate::login::handle::Login;
use crate::login::loaders::Loading;
use crate::login::resolution::Resolution;
use crate::login::state::{Deferred, Load, State};
use crate::login::steps::Step;
use crate::user::User;

/// The future of [`Login::user`] and [`Login::user_including_inactive`]. It loads the user once for all who wait in a request.
///
/// If it is dropped or no longer polled, the others that wait continue the load.
#[must_use = "futures do nothing unless awaited"]
pub struct UserFuture<U: User>(Resolving<U>, bool);

/// The future of [`Login::require`]: the user that a guard accepts, or why it accepts none.
#[must_use = "futures do nothing unless awaited"]
pub struct Require<U: User> {
    resolving: Resolving<U>,
    requirement: Requirement,
}

impl<U: User> UserFuture<U> {
    pub(crate) fn new(login: Login<U>) -> Self {
        Self(Resolving::new(login), false)
    }

    pub(crate) fn including_inactive(login: Login<U>) -> Self {
        Self(Resolving::new(login), true)
    }
}

impl<U: User> Require<U> {
    pub(crate) fn new(login: Login<U>, requirement: Requirement) -> Self {
        Self { resolving: Resolving::new(login), requirement }
    }
}

impl<U: User> std::fmt::Debug for UserFuture<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserFuture(..)")
    }
}

impl<U: User> std::fmt::Debug for Require<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Require({:?})", self.requirement)
    }
}

impl<U: User> Future for UserFuture<U> {
    type Output = Result<Option<Arc<U>>, LoginError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let user = self.0.poll(context, |_, state| state.user().cloned());
        // Not while the state is locked: it is the user's own code.
        let accepts_inactive = self.1;
        let user = user.map_ok(|user| user.filter(|user| accepts_inactive || user.is_authenticated()));
        user.map_err(|error| self.0.login.load_failed(error))
    }
}

impl<U: User> Future for Require<U> {
    type Output = Result<Arc<U>, Denied>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let requirement = self.requirement;
        let candidate = self.resolving.poll(context, |login, state| login.candidate(state, requirement));
        candidate.map(|candidate| match candidate {
            Ok(candidate) => self.resolving.login.decide(candidate).map_err(Denied::Refused),
            Err(error) => Err(Denied::Failed(error)),
        })
    }
}

/// Waits until the user is resolved. The load belongs to the request, and not to the task
/// that began it: each waiting task continues it, so none depends on another.
struct Resolving<U: User> {
    login: Login<U>,
    /// Whether this future is counted as waiting.
    is_waiting: bool,
}

impl<U: User> Resolving<U> {
    fn new(login: Login<U>) -> Self {
        Self { login, is_waiting: false }
    }

    /// Returns the result of `then` for the state in which the user is resolved.
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        then: impl FnOnce(&Login<U>, &State<U>) -> T,
    ) -> Poll<Result<T, LoadError>> {
        let mut state = self.login.0.state();
        if matches!(state.resolution, Resolution::Unresolved) {
            // Taken before the lock is released, so that no two tasks load the user.
            let load = std::mem::replace(&mut state.load, Load::Polling);
            if matches!(load, Load::Polling) {
                wait(&mut self.is_waiting, &mut state, context);
                return Poll::Pending;
            }
            state = Turn::take(&self.login, state, load).poll();
            // A login or logout may have resolved the user meanwhile.
            if matches!(state.load, Load::Suspended(_)) && matches!(state.resolution, Resolution::Unresolved) {
                wait(&mut self.is_waiting, &mut state, context);
                // A task that began to wait after the wake-up, this one included, missed it.
                let deferred = if state.woken_while_polling { state.wake_all() } else { Deferred::default() };
                drop(state);
                deferred.run();
                return Poll::Pending;
            }
        }
        let result = match &state.resolution {
            Resolution::Failed(error) => Err(error.clone()),
            Resolution::User(..) | Resolution::Anonymous => Ok(then(&self.login, &state)),
            // No load ends like this. If one did, it must not mean "no user".
            Resolution::Unresolved => Err(LoadError::new("the user was not loaded")),
        };
        // There will be no other load, so the count does not matter any more.
        self.is_waiting = false;
        let deferred = state.end_load();
        drop(state);
        deferred.run();
        Poll::Ready(result)
    }
}

/// Counts a future as waiting and stores its task's waker.
fn wait<U>(is_waiting: &mut bool, state: &mut State<U>, context: &Context<'_>) {
    state.waiting += usize::from(!std::mem::replace(is_waiting, true));
    if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
        state.wakers.push(context.waker().clone());
    }
}

impl<U: User> Drop for Resolving<U> {
    fn drop(&mut self) {
        if self.is_waiting {
            let mut state = self.login.0.state();
            state.waiting -= 1;
            // When no one waits, the load is dropped. It begins again if it is needed.
            let deferred = if state.waiting == 0 { state.end_load() } else { Deferred::default() };
            drop(state);
            deferred.run();
        }
    }
}

/// The right to poll the load, which one task has at a time. Whatever ends it, even a
/// panic in a loader or listener, another task can take the next turn.
struct Turn<'l, U: User> {
    login: &'l Login<U>,
    loading: Option<Loading>,
    has_ended: bool,
}

impl<'l, U: User> Turn<'l, U> {
    fn take(login: &'l Login<U>, mut state: MutexGuard<'l, State<U>>, load: Load) -> Self {
        state.woken_while_polling = false;
        let mut turn = Self { login, loading: None, has_ended: false };
        match load {
            Load::Suspended(loading) => {
                drop(state);
                turn.loading = Some(loading);
            }
            Load::None | Load::Polling => match login.resolve_in(state) {
                Step::Done(_) => {}
                step @ (Step::LoadUser { .. } | Step::LoadUserFromRequest(_)) => {
                    turn.loading = Some(Arc::clone(&login.0.setup.loaders).drive(step));
                }
            },
        }
        turn
    }

    fn poll(mut self) -> MutexGuard<'l, State<U>> {
        // The request's own waker wakes all waiting tasks. The task that polls now may never
        // poll again.
        let waker = Waker::from(Arc::clone(&self.login.0));
        let mut context = Context::from_waker(&waker);
        self.loading = self.loading.take().and_then(|mut loading| match loading.as_mut().poll(&mut context) {
            Poll::Ready(()) => None,
            Poll::Pending => Some(loading),
        });
        self.has_ended = true;
        let mut state = self.login.0.state();
        state.load = self.loading.take().map_or(Load::None, Load::Suspended);
        state
    }
}

impl<U: User> Drop for Turn<'_, U> {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut state = self.login.0.state();
            state.load = Load::None;
            let deferred = state.wake_all();
            drop(state);
            deferred.run();
        }
    }
}
