//! Awaiting the user: whoever is first loads, the others wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::config::Refusal;
use crate::error::LoadError;
use crate::guard::Requirement;
use crate::login::Login;
use crate::state::{Known, State};
use crate::step::{Loading, Step};
use crate::user::User;

/// What [`Login::user`] gives: loads the user, or waits for who already does.
///
/// Dropped half-way it leaves nothing locked: whoever waits takes over.
#[must_use = "futures do nothing unless awaited"]
pub struct UserFuture<U: User>(Knowing<U>);

/// What [`Login::require`] gives: the user whom a guard lets in, or why it does not.
#[must_use = "futures do nothing unless awaited"]
pub struct Require<U: User> {
    knowing: Knowing<U>,
    requirement: Requirement,
}

/// Why a guard lets a request not through.
#[derive(Debug, Clone)]
pub enum Denied {
    /// The user does not meet the requirement, or there is none.
    Refused(Refusal),
    /// The application's loader failed: the response is a 5xx.
    Failed(LoadError),
}

impl<U: User> UserFuture<U> {
    pub(crate) fn new(login: Login<U>) -> Self {
        Self(Knowing { login, loading: None })
    }
}

impl<U: User> Require<U> {
    pub(crate) fn new(login: Login<U>, requirement: Requirement) -> Self {
        Self { knowing: Knowing { login, loading: None }, requirement }
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

/// Waits until the user is known, and loads where no one else does.
struct Knowing<U: User> {
    login: Login<U>,
    /// Set while this one is the one that loads.
    loading: Option<Loading>,
}

impl<U: User> Knowing<U> {
    /// Gives what `then` makes of the state in which the user is known.
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        then: impl FnOnce(&Login<U>, &State<U>) -> T,
    ) -> Poll<Result<T, LoadError>> {
        if self.loading.is_none() {
            let mut state = self.login.0.state();
            match &state.known {
                Known::NotYet => {}
                Known::Failed(error) => return Poll::Ready(Err(error.clone())),
                Known::User(..) | Known::NoOne => return Poll::Ready(Ok(then(&self.login, &state))),
            }
            if state.loading {
                if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                    state.waiting.push(context.waker().clone());
                }
                return Poll::Pending;
            }
            // Taken before the lock is let go: no two may load.
            state.loading = true;
            match self.login.begin_in(state) {
                Step::Done(_) => return Poll::Ready(self.conclude(then)),
                step @ (Step::LoadUser(_) | Step::AskRequestLoader(_)) => {
                    self.loading = Some(Arc::clone(&self.login.0.manager.0.loaders).drive(step));
                }
            }
        }
        match self.loading.as_mut().map(|loading| loading.as_mut().poll(context)) {
            Some(Poll::Ready(())) => Poll::Ready(self.conclude(then)),
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }

    /// Lets those who wait go on, and reads what is known now.
    fn conclude<T>(&mut self, then: impl FnOnce(&Login<U>, &State<U>) -> T) -> Result<T, LoadError> {
        self.loading = None;
        let mut state = self.login.0.state();
        state.loading = false;
        let waiting = std::mem::take(&mut state.waiting);
        let concluded = match &state.known {
            Known::Failed(error) => Err(error.clone()),
            Known::User(..) | Known::NoOne => Ok(then(&self.login, &state)),
            // Given up half-way, which only `drop` does.
            Known::NotYet => Err(LoadError::new("the user was not loaded")),
        };
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        concluded
    }
}

impl<U: User> Drop for Knowing<U> {
    fn drop(&mut self) {
        if self.loading.is_some() {
            // Whoever waits loads in its place.
            let _ = self.conclude(|_, _| ());
        }
    }
}
