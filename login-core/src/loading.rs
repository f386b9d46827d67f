//! Awaiting the user, whom all who ask load together.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

use crate::config::Refusal;
use crate::error::LoadError;
use crate::guard::Requirement;
use crate::loaders::Loading;
use crate::login::Login;
use crate::state::{Known, Load, Released, State};
use crate::step::Step;
use crate::user::User;

/// What [`Login::user`] gives: loads the user, once for all who ask in one request.
///
/// Dropped half-way, or kept and not polled, it holds no one up: whoever else waits goes
/// on with the load.
#[must_use = "futures do nothing unless awaited"]
pub struct UserFuture<U: User>(Knowing<U>);

/// What [`Login::require`] gives: the user whom a guard lets in, or why it does not.
#[must_use = "futures do nothing unless awaited"]
pub struct Require<U: User> {
    knowing: Knowing<U>,
    requirement: Requirement,
}

/// Why a guard does not let a request through.
#[derive(Debug, Clone)]
pub enum Denied {
    /// The user does not meet the requirement, or there is none.
    Refused(Refusal),
    /// The application's loader failed: the response is a 5xx.
    Failed(LoadError),
}

impl<U: User> UserFuture<U> {
    pub(crate) fn new(login: Login<U>) -> Self {
        Self(Knowing::new(login))
    }
}

impl<U: User> Require<U> {
    pub(crate) fn new(login: Login<U>, requirement: Requirement) -> Self {
        Self { knowing: Knowing::new(login), requirement }
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
    type Output = Result<Option<Arc<U>>, LoadError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context, |_, state| state.user().cloned())
    }
}

impl<U: User> Future for Require<U> {
    type Output = Result<Arc<U>, Denied>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let requirement = self.requirement;
        let judged = self.knowing.poll(context, |login, state| login.judge_by(state, requirement));
        judged.map(|judged| match judged {
            Ok(Ok(user)) => Ok(user),
            Ok(Err(refused)) => Err(Denied::Refused(refused.tell())),
            Err(error) => Err(Denied::Failed(error)),
        })
    }
}

/// Waits until the user is known. The load is the request's, not that of whoever asked
/// first: each who waits goes on with it, so that none hangs on another.
struct Knowing<U: User> {
    login: Login<U>,
    /// Whether this one is counted among those who wait.
    waits: bool,
}

impl<U: User> Knowing<U> {
    fn new(login: Login<U>) -> Self {
        Self { login, waits: false }
    }

    /// Gives what `then` makes of the state in which the user is known.
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        then: impl FnOnce(&Login<U>, &State<U>) -> T,
    ) -> Poll<Result<T, LoadError>> {
        let mut state = self.login.0.state();
        if matches!(state.known, Known::NotYet) {
            // Taken before the lock is let go: no two may load.
            let load = std::mem::replace(&mut state.load, Load::Running);
            if matches!(load, Load::Running) {
                wait(&mut self.waits, &mut state, context);
                return Poll::Pending;
            }
            state = Turn::take(&self.login, state, load).go_on();
            // Or a login or logout was first meanwhile.
            if matches!(state.load, Load::Idle(_)) && matches!(state.known, Known::NotYet) {
                wait(&mut self.waits, &mut state, context);
                // Those who began to wait after it called, this one too, have not heard it.
                let called = if state.load_has_called { state.call() } else { Released::default() };
                drop(state);
                called.go();
                return Poll::Pending;
            }
        }
        let concluded = match &state.known {
            Known::Failed(error) => Err(error.clone()),
            Known::User(..) | Known::NoOne => Ok(then(&self.login, &state)),
            // No load ends so; and if one did, no one would be logged in, nor anonymous.
            Known::NotYet => Err(LoadError::new("the user was not loaded")),
        };
        // No load follows on this: no one need be counted any more.
        self.waits = false;
        let released = state.release();
        drop(state);
        released.go();
        Poll::Ready(concluded)
    }
}

/// Counts one in among those who wait.
fn wait<U>(waits: &mut bool, state: &mut State<U>, context: &Context<'_>) {
    state.waiters += usize::from(!std::mem::replace(waits, true));
    if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
        state.waiting.push(context.waker().clone());
    }
}

impl<U: User> Drop for Knowing<U> {
    fn drop(&mut self) {
        if self.waits {
            let mut state = self.login.0.state();
            state.waiters -= 1;
            // With no one left the load ends, and begins anew where it is asked for.
            let released = if state.waiters == 0 { state.release() } else { Released::default() };
            drop(state);
            released.go();
        }
    }
}

/// Goes on with the load, which no one else does meanwhile. However it ends, by a panic of
/// the loader or a listener too, others can take the next turn.
struct Turn<'l, U: User> {
    login: &'l Login<U>,
    loading: Option<Loading>,
    has_ended: bool,
}

impl<'l, U: User> Turn<'l, U> {
    fn take(login: &'l Login<U>, mut state: MutexGuard<'l, State<U>>, load: Load) -> Self {
        state.load_has_called = false;
        let mut turn = Self { login, loading: None, has_ended: false };
        match load {
            Load::Idle(loading) => {
                drop(state);
                turn.loading = Some(loading);
            }
            Load::No | Load::Running => match login.begin_in(state) {
                Step::Done(_) => {}
                step @ (Step::LoadUser(_) | Step::AskRequestLoader(_)) => {
                    turn.loading = Some(Arc::clone(&login.0.manager.0.loaders).drive(step));
                }
            },
        }
        turn
    }

    fn go_on(mut self) -> MutexGuard<'l, State<U>> {
        // It calls all who wait and not only who polls it: that one may never poll again.
        let waker = Waker::from(Arc::clone(&self.login.0));
        let mut context = Context::from_waker(&waker);
        self.loading = self.loading.take().and_then(|mut loading| match loading.as_mut().poll(&mut context) {
            Poll::Ready(()) => None,
            Poll::Pending => Some(loading),
        });
        self.has_ended = true;
        let mut state = self.login.0.state();
        state.load = self.loading.take().map_or(Load::No, Load::Idle);
        state
    }
}

impl<U: User> Drop for Turn<'_, U> {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut state = self.login.0.state();
            state.load = Load::No;
            let called = state.call();
            drop(state);
            called.go();
        }
    }
}
