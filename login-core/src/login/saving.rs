//! Writing the login to its store before and at the end of the request.

use crate::error::{Failed, LoadError, LoginError};
use crate::login::event::EventKind;
use crate::login::handle::Login;
use crate::login::resolution::Resolution;
use crate::login::setup::Warning;
use crate::login::shared::Shared;
use crate::login::state::State;
use crate::session::content::Session;
use crate::store::commit::{Commit, CommitError, Committed};
use crate::store::replay::replayed;
use crate::store::step::{Failure, StoreStep};
use crate::user::User;

/// It is not known what was written.
pub(crate) fn abandoned() -> LoadError {
    LoadError::of(
        Failed::WritingSession,
        "a handler did not wait until the session was saved, or saved it twice at once",
    )
}

/// What a save writes.
struct Saved {
    had_login: bool,
    changes: usize,
    ended: usize,
}

impl Saved {
    fn of(commit: &Commit) -> Self {
        let had_login = commit.base.is_some() || commit.new.is_some();
        Self { had_login, changes: commit.changes.len(), ended: commit.ended.len() }
    }
}

impl<U: User> Login<U> {
    /// Writes the login and the session to the store now, instead of at the end of the request.
    /// For a handler that does something else afterwards which must not happen if the login cannot
    /// be written. Without a session store it does nothing.
    ///
    /// A login that was made in this request takes effect: the one before it has ended. If the
    /// response is a 5xx nevertheless, the new login is removed.
    ///
    /// A handler must not stop waiting for it, such as by a timeout, and save only once at a time.
    /// Otherwise it is not known what was written, and the response is a 5xx.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the store failed, and then the response is a 5xx.
    /// [`LoginError::LoginEnded`] if the login was ended meanwhile, [`LoginError::NotLoaded`],
    /// [`LoginError::ResponseBegun`].
    pub async fn save(&self) -> Result<(), LoginError> {
        self.load().await?;
        self.0.setup.run(self.save_steps()).await
    }

    /// The steps of [`save`](Self::save), for a server that runs them.
    pub fn save_steps(&self) -> StoreStep<Result<(), LoginError>> {
        let mut guard = self.0.state();
        if let Err(error) = guard.for_change() {
            return StoreStep::Done(Err(error));
        }
        let Some(commit) = self.0.commit(&guard) else { return StoreStep::Done(Ok(())) };
        if let Some(keeping) = guard.keeping.as_deref_mut() {
            if std::mem::replace(&mut keeping.is_saving, true) {
                drop(guard);
                return StoreStep::Done(Err(self.load_failed(abandoned())));
            }
            keeping.saved.extend(commit.new.as_ref().map(|(new, _)| new.session_token.id));
        }
        drop(guard);
        let (login, saved) = (self.clone(), Saved::of(&commit));
        commit.run().and_then(move |committed| StoreStep::Done(login.saved(committed, saved)))
    }

    fn saved(&self, committed: Result<Committed, CommitError>, saved: Saved) -> Result<(), LoginError> {
        if let Some(keeping) = self.0.state().keeping.as_deref_mut() {
            keeping.is_saving = false;
        }
        let committed = match committed {
            Ok(committed) => self.0.noted(committed),
            Err(error) => return Err(self.load_failed(self.0.write_failed(error))),
        };
        let mut guard = self.0.state();
        let state = &mut *guard;
        let Some(keeping) = state.keeping.as_deref_mut() else { return Ok(()) };
        keeping.committed(saved.changes, saved.ended);
        match committed.login {
            Some(login) => {
                // Another request may have changed it before this one. That one may have confirmed the
                // login, which does not make this request's any fresher.
                let left = replayed(&login, &keeping.changes).body.session;
                let seen = &mut state.session;
                keeping.sees_another |= (left.fresh, left.login_at) != (seen.fresh, seen.login_at);
                (seen.data, seen.permanent) = (left.data, left.permanent);
                keeping.presented = keeping.session_cookie.clone().or_else(|| keeping.presented.clone());
                keeping.base = Some(login);
                Ok(())
            }
            None if saved.had_login => {
                keeping.forget();
                // What the handler does now is a visitor's. The cookie stays as it is.
                (state.session, state.session_changed) = (Session::default(), false);
                let deferred = state.resolve(Resolution::Anonymous);
                drop(guard);
                deferred.run();
                Err(LoginError::LoginEnded)
            }
            None => Ok(()),
        }
    }

    /// The steps that remove the logins which ended in this request.
    pub(crate) fn remove_ended_steps(&self) -> StoreStep<Result<(), LoginError>> {
        let state = self.0.state();
        let ended = state.keeping.as_deref().map_or_else(Vec::new, |keeping| keeping.ended.clone());
        drop(state);
        if ended.is_empty() {
            return StoreStep::Done(Ok(()));
        }
        let (login, count) = (self.clone(), ended.len());
        Commit::of_ended(ended, self.0.setup.config.ages(), self.0.now()).run().and_then(move |removed| {
            StoreStep::Done(match removed {
                Ok(_) => {
                    if let Some(keeping) = login.0.state().keeping.as_deref_mut() {
                        keeping.ended.drain(..count.min(keeping.ended.len()));
                    }
                    Ok(())
                }
                Err(error) => Err(login.load_failed(login.0.write_failed(error))),
            })
        })
    }
}

impl<U: User> Shared<U> {
    /// What is to be written of the request's login, if it is kept in a store.
    pub(crate) fn commit(&self, state: &State<U>) -> Option<Commit> {
        let (config, now) = (&self.setup.config, self.now());
        let commit = state.keeping.as_deref()?.commit(&state.session, config.ages(), now);
        let created = if commit.new.is_some() { self.setup.created(now) } else { 0 };
        Some(Commit { created, limit: config.max_sessions, ..commit })
    }

    /// Notifies and logs what came with a write.
    pub(crate) fn noted(&self, mut committed: Committed) -> Committed {
        let user_id = std::mem::take(&mut committed.user_id);
        self.notify_ended(&user_id, &committed.surplus);
        if let Some(failure) = committed.ignored.take() {
            let message = format_args!("the session store failed, without consequences for the request: {failure}");
            self.setup.warn_once(Warning::StoreIgnored, message);
        }
        committed
    }

    /// The login could not be written: the response is a 5xx.
    pub(crate) fn write_failed(&self, error: CommitError) -> LoadError {
        let error = match error {
            CommitError::Store(cause) => LoadError::of(Failed::WritingSession, cause),
            CommitError::Contention => {
                let cause: Failure = "another request changed the session each time".into();
                LoadError::of(Failed::Contention, cause)
            }
        };
        if let Some(keeping) = self.state().keeping.as_deref_mut() {
            keeping.forget();
            keeping.failure = Some(error.clone());
        }
        self.notify(EventKind::LoadFailed { error: &error });
        error
    }
}
