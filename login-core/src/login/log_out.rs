//! Logging out.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::config::cookie::MAX_SIZE;
use crate::error::LoginError;
use crate::login::event::EventKind;
use crate::login::handle::Login;
use crate::login::loading::UserFuture;
use crate::login::resolution::{Resolution, Source};
use crate::login::setup::Setup;
use crate::login::state::RememberChange;
use crate::session::content::{self, Session};
use crate::session::transitions;
use crate::store::step::StoreStep;
use crate::user::User;

/// A logout that is made when this is awaited, or with [`now`](Self::now).
///
/// In the native format the session's data ends with the login: the application's data, the
/// flash messages and `next`. Messages that the same request flashes stay, and so does the
/// data that [`keep`](Self::keep) names. In the flask format only the login is removed, as in
/// Flask: the next user of the browser can read the data.
///
/// If the request carried the session cookie or the remember cookie, both are deleted. A copy of
/// them stays valid until it expires, unless there is a session store: then the login is removed
/// from it before the logout returns, and no copy works any more.
#[must_use = "the user is logged out only when this is awaited"]
pub struct LogOut<U: User> {
    login: Login<U>,
    keep: Vec<String>,
}

impl<U: User> std::fmt::Debug for LogOut<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogOut(..)")
    }
}

impl<U: User> LogOut<U> {
    pub(crate) fn new(login: Login<U>) -> Self {
        Self { login, keep: Vec::new() }
    }

    /// Keeps the session data under these keys. Whoever uses the browser next can read it. With a
    /// session store it moves into the cookie, as far as it fits: 4096 bytes, the keys that are
    /// named first.
    pub fn keep<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keep.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Logs out without `await`. With a session store the record is removed at the end of the
    /// request; awaiting the logout removes it at once. The event contains the user only if the user was resolved
    /// before.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the user could not be loaded: the user is logged out, and the
    /// response is a 5xx. [`LoginError::ReservedKey`] if [`keep`](Self::keep) names a key of
    /// the library, and [`LoginError::ResponseBegun`]: then nothing is changed.
    pub fn now(self) -> Result<(), LoginError> {
        if let Some(key) = self.keep.iter().find(|key| content::is_reserved(key)) {
            return Err(LoginError::ReservedKey(key.clone()));
        }
        let shared = &self.login.0;
        let setup = &shared.setup;
        let mut guard = shared.state();
        let state = guard.for_end()?;
        let has_cookie = shared.client(&state.client).has_cookie(&setup.config.remember_cookie.name);
        // A user whom the request loader found has no login that could end.
        let user = match &state.resolution {
            Resolution::User(user, Source::Login) => Some(Arc::clone(user)),
            Resolution::User(_, Source::Request)
            | Resolution::Unresolved
            | Resolution::Anonymous
            | Resolution::Failed(_) => None,
        };
        let kept = state.kept(setup.format.is_flask(), &self.keep);
        state.session_changed |= transitions::log_out(&mut state.session, kept, has_cookie);
        // A session cookie that could not be read may still be valid on another server.
        state.session_changed |= state.session.is_empty();
        if let Some(keeping) = state.keeping.as_deref_mut() {
            keeping.log_out();
            self.drop_what_does_not_fit(&mut state.session);
        }
        state.remember = RememberChange::Delete;
        (state.login_ended, state.logged_out) = (true, true);
        // A failed load stays a failure: the response is a 5xx.
        let failure = match &state.resolution {
            Resolution::Failed(error) => Some(error.clone()),
            Resolution::Unresolved | Resolution::User(..) | Resolution::Anonymous => None,
        };
        let deferred = state.resolve(failure.clone().map_or(Resolution::Anonymous, Resolution::Failed));
        drop(guard);
        deferred.run();
        shared.notify(EventKind::LoggedOut { user: user.as_ref() });
        failure.map_or(Ok(()), |error| Err(self.login.load_failed(error)))
    }
}

impl<U: User> LogOut<U> {
    /// What is kept moves from the record into the cookie, as far as it fits: the keys that are
    /// named first.
    fn drop_what_does_not_fit(&self, session: &mut Session) {
        let Setup { format, config, .. } = &*self.login.0.setup;
        let fits = |session: &Session| format.session_size(session, config, self.login.0.now()) <= MAX_SIZE;
        let named = self.keep.iter().map(String::as_str).rev();
        for key in named.chain([content::FLASHES]) {
            if fits(session) {
                return;
            }
            session.data.remove(key);
        }
    }
}

impl<U: User> IntoFuture for LogOut<U> {
    type Output = Result<(), LoginError>;
    type IntoFuture = LogOutFuture<U>;

    fn into_future(self) -> LogOutFuture<U> {
        LogOutFuture { user: self.login.user_including_inactive(), log_out: Some(self), removing: None }
    }
}

/// The future of [`LogOut`]. It resolves the user for the event, and then logs out, even if
/// the user could not be loaded.
#[must_use = "futures do nothing unless awaited"]
pub struct LogOutFuture<U: User> {
    user: UserFuture<U>,
    log_out: Option<LogOut<U>>,
    removing: Option<Removing>,
}

/// The result of the logout, once the records are removed.
type Removing = Pin<Box<dyn Future<Output = Result<(), LoginError>> + Send>>;

impl<U: User> std::fmt::Debug for LogOutFuture<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogOutFuture(..)")
    }
}

impl<U: User> Future for LogOutFuture<U> {
    type Output = Result<(), LoginError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.removing.is_none() {
            // The failure is in the state, where `now` finds it.
            let _ = ready!(Pin::new(&mut self.user).poll(context));
            let Some(log_out) = self.log_out.take() else { return Poll::Pending };
            let login = log_out.login.clone();
            let logged_out = log_out.now();
            let StoreStep::Ask(call) = login.remove_ended_steps() else { return Poll::Ready(logged_out) };
            self.removing = Some(Box::pin(async move {
                let removed = login.0.setup.run(StoreStep::Ask(call)).await;
                logged_out.and(removed)
            }));
        }
        match self.removing.as_mut() {
            Some(removing) => removing.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<U: User> LogOut<U> {
    /// The steps of a logout for a server that runs them: the record is removed at once. See
    /// [`now`](Self::now).
    pub fn steps(self) -> StoreStep<Result<(), LoginError>> {
        let login = self.login.clone();
        let logged_out = self.now();
        login.remove_ended_steps().and_then(move |removed| StoreStep::Done(logged_out.and(removed)))
    }
}
