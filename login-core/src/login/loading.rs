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
use crate::store::step::StoreStep;
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

/// The future of [`Login::load`]. It loads the session once for all who wait in a request.
#[must_use = "futures do nothing unless awaited"]
pub struct SessionFuture<U: User>(Resolving<U>);

impl<U: User> UserFuture<U> {
    pub(crate) fn new(login: Login<U>) -> Self {
        Self(Resolving::new(login, Goal::User), false)
    }

    pub(crate) fn including_inactive(login: Login<U>) -> Self {
        Self(Resolving::new(login, Goal::User), true)
    }
}

impl<U: User> Login<U> {
    /// Loads the session from its store, if it is not loaded. The extractors and guards of the
    /// adapters await this. Without a session store there is nothing to wait for.
    ///
    /// # Errors
    /// [`LoadError`] if the store failed. The response is then a 5xx.
    pub fn load(&self) -> SessionFuture<U> {
        SessionFuture(Resolving::new(self.clone(), Goal::Session))
    }
}

impl<U: User> Require<U> {
    pub(crate) fn new(login: Login<U>, requirement: Requirement) -> Self {
        Self { resolving: Resolving::new(login, Goal::User), requirement }
    }
}

impl<U: User> std::fmt::Debug for UserFuture<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserFuture(..)")
    }
}

impl<U: User> std::fmt::Debug for SessionFuture<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionFuture(..)")
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

impl<U: User> Future for SessionFuture<U> {
    type Output = Result<(), LoadError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let loaded = self.0.poll(context, |_, _| ());
        loaded.map_err(|error| self.0.login.answerable(error))
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

/// What a future waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Session,
    User,
}

impl Goal {
    /// The error, if the state is one that the future waits for. `None`: it must go on waiting.
    fn reached<U>(self, state: &State<U>) -> Option<Result<(), LoadError>> {
        match (self, &state.resolution) {
            (_, Resolution::Unresolved) if state.is_pending() => None,
            (Self::Session, _) => Some(state.load_error().map_or(Ok(()), Err)),
            (Self::User, Resolution::Failed(error)) => Some(Err(error.clone())),
            (Self::User, Resolution::User(..) | Resolution::Anonymous) => Some(Ok(())),
            (Self::User, Resolution::Unresolved) => None,
        }
    }
}

/// Waits until the session is loaded, or the user resolved. The load belongs to the request, and
/// not to the task that began it: each waiting task continues it, so none depends on another.
struct Resolving<U: User> {
    login: Login<U>,
    goal: Goal,
    /// Whether this future is counted as waiting.
    is_waiting: bool,
}

impl<U: User> Resolving<U> {
    fn new(login: Login<U>, goal: Goal) -> Self {
        Self { login, goal, is_waiting: false }
    }

    /// Returns the result of `then` for the state that this waits for.
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        then: impl FnOnce(&Login<U>, &State<U>) -> T,
    ) -> Poll<Result<T, LoadError>> {
        let mut state = self.login.0.state();
        // A load of the session alone may come before that of the user.
        for _ in 0..2 {
            if self.goal.reached(&state).is_some() {
                break;
            }
            // Taken before the lock is released, so that no two tasks load the user.
            let load = std::mem::replace(&mut state.load, Load::Polling);
            if matches!(load, Load::Polling) {
                wait(&mut self.is_waiting, &mut state, context);
                return Poll::Pending;
            }
            state = Turn::take(&self.login, self.goal, state, load).poll();
            // A login or logout may have resolved the user meanwhile.
            if matches!(state.load, Load::Suspended(_)) && self.goal.reached(&state).is_none() {
                wait(&mut self.is_waiting, &mut state, context);
                // A task that began to wait after the wake-up, this one included, missed it.
                let deferred = if state.woken_while_polling { state.wake_all() } else { Deferred::default() };
                drop(state);
                deferred.run();
                return Poll::Pending;
            }
        }
        let result = match self.goal.reached(&state) {
            Some(reached) => reached.map(|()| then(&self.login, &state)),
            // No load ends like this. If one did, it must not mean "no user".
            None => Err(LoadError::new("the user was not loaded")),
        };
        state.waiting -= usize::from(std::mem::take(&mut self.is_waiting));
        // If only the session is loaded, others may wait for the user, and go on with their load.
        let is_over = !matches!(state.resolution, Resolution::Unresolved) || state.waiting == 0;
        let deferred = if is_over { state.end_load() } else { state.wake_all() };
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
    fn take(login: &'l Login<U>, goal: Goal, mut state: MutexGuard<'l, State<U>>, load: Load) -> Self {
        state.woken_while_polling = false;
        let mut turn = Self { login, loading: None, has_ended: false };
        match load {
            Load::Suspended(loading) => {
                drop(state);
                turn.loading = Some(loading);
            }
            Load::None | Load::Polling if goal == Goal::Session => {
                drop(state);
                if let step @ StoreStep::Ask(_) = login.load_steps() {
                    let setup = Arc::clone(&login.0.setup);
                    turn.loading = Some(Box::pin(async move { setup.run(step).await.unwrap_or_default() }));
                }
            }
            Load::None | Load::Polling => match login.resolve_in(state) {
                Step::Done(_) => {}
                step @ (Step::AskStore(_) | Step::LoadUser { .. } | Step::LoadUserFromRequest(_)) => {
                    let setup = Arc::clone(&login.0.setup);
                    turn.loading = Some(Arc::clone(&setup.loaders).drive(step, setup));
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
