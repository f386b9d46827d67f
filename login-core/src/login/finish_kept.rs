//! The end of a request whose session is kept in a store: what is written, and which cookies the
//! response sets.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use login_store::SessionId;

use crate::answer::Answer;
use crate::error::LoadError;
use crate::formats::native::token::{Purpose, Token};
use crate::log;
use crate::login::finish::{deleted_remember_cookie, deletes, failure, max_age, session_cookie};
use crate::login::keeping::Keeping;
use crate::login::kept_remember::remembered_until;
use crate::login::request_login::RequestLogin;
use crate::login::resolution::Resolution;
use crate::login::response_parts::ResponseParts;
use crate::login::saving;
use crate::login::shared::Shared;
use crate::login::state::{RememberChange, State};
use crate::session::transitions::Change;
use crate::store::commit::{Commit, CommitError, Committed};
use crate::store::login_record::LoginRecord;
use crate::store::replay::RecordChange;
use crate::store::step::StoreStep;
use crate::user::User;

/// The future of [`RequestLogin::finish_with_store`]. It is ready at once if nothing has to be
/// written.
#[must_use = "futures do nothing unless awaited"]
pub enum Finish {
    #[doc(hidden)]
    Ready(ResponseParts),
    #[doc(hidden)]
    Waiting(Pin<Box<dyn Future<Output = ResponseParts> + Send>>),
}

impl std::fmt::Debug for Finish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Finish(..)")
    }
}

impl Future for Finish {
    type Output = ResponseParts;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ResponseParts> {
        match &mut *self {
            Self::Ready(parts) => Poll::Ready(std::mem::take(parts)),
            Self::Waiting(writing) => writing.as_mut().poll(context),
        }
    }
}

impl<U: User> RequestLogin<U> {
    /// Like [`finish`](Self::finish), and writes the session to its store before. Without a store
    /// there is nothing to wait for.
    ///
    /// It does not fail. If the store does, the response must be [replaced](ResponseParts::replacement).
    pub fn finish_with_store(&self, status: u16) -> Finish {
        match self.finish_steps(status) {
            StoreStep::Done(parts) => Finish::Ready(parts),
            step @ StoreStep::Ask(_) => {
                let setup = Arc::clone(&self.0.setup);
                Finish::Waiting(Box::pin(async move { setup.run(step).await }))
            }
        }
    }

    /// The steps of [`finish_with_store`](Self::finish_with_store), for a server that runs them.
    #[must_use = "the response must set the cookies"]
    pub fn finish_steps(&self, status: u16) -> StoreStep<ResponseParts> {
        let shared = &*self.0;
        if !shared.setup.is_store() {
            return StoreStep::Done(self.finish(status));
        }
        let mut state = shared.state();
        state.response_begun = true;
        if !shared.is_accessed() {
            return StoreStep::Done(ResponseParts::default());
        }
        let is_failure = has_failed(&mut state) || (500..600).contains(&status);
        let commit = shared.last_commit(&mut state, is_failure);
        drop(state);
        let Some(commit) = commit else { return StoreStep::Done(shared.kept_parts(is_failure, None)) };
        let login = self.clone();
        commit.run().and_then(move |committed| {
            // A response without cookies: what was saved is of no use to anyone.
            let useless = if committed.is_err() { login.0.take_saved() } else { Vec::new() };
            let config = &login.0.setup.config;
            Commit::of_ended(useless, config.ages(), login.0.now())
                .run()
                .and_then(move |_| StoreStep::Done(login.0.kept_parts(is_failure, Some(committed))))
        })
    }

    /// With a session store, [`finish`](Self::finish) would lose the session, so it is a failure.
    pub(crate) fn finish_without_writing(&self) -> ResponseParts {
        let message =
            format_args!("`finish` does not write sessions to their store: use `finish_with_store` or `finish_steps`");
        log::error_once(&message.to_string());
        self.0.state().response_begun = true;
        let failure = Some(Answer::internal_error());
        ResponseParts { failure, vary_cookie: true, ..ResponseParts::default() }
    }
}

fn has_failed<U: User>(state: &mut State<U>) -> bool {
    if let Some(keeping) = state.keeping.as_deref_mut().filter(|keeping| keeping.is_saving) {
        keeping.failure.get_or_insert_with(saving::abandoned);
    }
    let has_store_failed = state.keeping.as_deref().is_some_and(|keeping| keeping.failure.is_some());
    has_store_failed || matches!(state.resolution, Resolution::Failed(_))
}

impl<U: User> Shared<U> {
    /// The logins that a save has written.
    fn take_saved(&self) -> Vec<SessionId> {
        self.state().keeping.as_deref_mut().map(|keeping| std::mem::take(&mut keeping.saved)).unwrap_or_default()
    }

    /// What is to be written at the end. A failed request writes nothing, but what ended stays
    /// ended.
    fn last_commit(&self, state: &mut State<U>, is_failure: bool) -> Option<Commit> {
        let (config, now) = (&self.setup.config, self.now());
        let is_foreign = state.is_foreign;
        let keeping = state.keeping.as_deref_mut()?;
        if is_failure {
            keeping.ended.append(&mut keeping.saved);
            keeping.forget();
            let ended = std::mem::take(&mut keeping.ended);
            return (!ended.is_empty()).then(|| Commit::of_ended(ended, config.ages(), now));
        }
        if config.refresh_each_request && !is_foreign {
            self.extend_remember(keeping);
        }
        let is_due = |login: &LoginRecord| !is_foreign && login.is_touch_due(config.ages(), now);
        let is_due = keeping.base.as_ref().is_some_and(is_due);
        if is_due || !keeping.changes.is_empty() {
            self.renew_by_current_key(state);
        }
        let keeping = state.keeping.as_deref_mut()?;
        let writes = is_due || keeping.new.is_some() || !keeping.changes.is_empty() || !keeping.ended.is_empty();
        let commit = if writes { self.commit(state) } else { None };
        commit.map(|commit| Commit { touches: is_due, ..commit })
    }

    /// A session that an older key has signed is signed again when it is written, and its digests are
    /// made again, because that key will be taken away.
    fn renew_by_current_key(&self, state: &mut State<U>) {
        let (format, proxies) = (&self.setup.format, self.setup.config.proxies.trusted);
        let is_old = |token: &&Token| token.key != 0;
        let old = state.keeping.as_deref().and_then(|keeping| keeping.presented.as_ref().filter(is_old)).cloned();
        let Some(old) = old.filter(|_| !state.is_foreign) else { return };
        let client = self.client(&state.client);
        let is_bound = format.is_bound(state.session.binding.as_ref(), client, proxies);
        let binding = if is_bound { format.bind(client, proxies) } else { None };
        let renewal = Change::RenewDigests(binding, state.session.auth);
        renewal.apply(&mut state.session);
        if let Some(keeping) = state.keeping.as_deref_mut() {
            keeping.session_cookie.get_or_insert(old);
            keeping.record(|| renewal);
        }
    }

    /// The remember cookie of the request's login expires later, because it is used.
    fn extend_remember(&self, keeping: &mut Keeping) {
        let (config, now) = (&self.setup.config, self.now());
        let Some((login, remember)) =
            keeping.base.as_ref().and_then(|login| Some((login, login.body.remember.as_ref()?)))
        else {
            return;
        };
        let presented = keeping.remember_tokens.iter().find(|token| remember.secret.is_current(token));
        if let Some(presented) = presented.filter(|token| token.id == login.record.id) {
            let began_at = login.body.session.began_at.unwrap_or(now);
            let ends_at = remembered_until(began_at, remember.duration, config, now);
            keeping.remember_cookie.get_or_insert_with(|| presented.clone());
            keeping.changes.push(RecordChange::ExtendRemember { ends_at });
        }
    }

    fn kept_parts(&self, is_failure: bool, committed: Option<Result<Committed, CommitError>>) -> ResponseParts {
        let committed = match committed.transpose() {
            Ok(committed) => committed.map(|committed| self.noted(committed)),
            Err(error) => {
                let error = self.write_failed(error);
                return self.failed_parts(Some(error));
            }
        };
        if is_failure {
            return self.failed_parts(None);
        }
        let (parts, is_too_large) = {
            let state = self.state();
            let mut parts = self.first_parts(&state);
            parts.is_private = state.user().is_some() || state.session.user_id.is_some();
            let is_too_large = self.kept_cookies(&state, committed.as_ref(), &mut parts);
            (parts, is_too_large)
        };
        self.last_parts(parts, is_too_large)
    }

    /// A response without cookies, but for the deletions of a login that ended.
    fn failed_parts(&self, error: Option<LoadError>) -> ResponseParts {
        let parts = {
            let state = self.state();
            let mut parts = self.first_parts(&state);
            let kept = state.keeping.as_deref().and_then(|keeping| keeping.failure.clone());
            let kind = self.setup.config.kind(self.client(&state.client));
            parts.failure = match error.or(kept) {
                Some(error) => Some(error.with_kind(kind).answer()),
                None => matches!(state.resolution, Resolution::Failed(_)).then(|| failure(self, &state)),
            };
            parts.is_private = parts.failure.is_none() && state.user().is_some();
            let has_token = state.keeping.as_deref().is_some_and(|keeping| !keeping.session_tokens.is_empty());
            if state.login_ended {
                let is_ended = has_token || (state.logged_out && state.session.is_empty());
                let name = &self.setup.config.session_cookie.name;
                let is_deleted = is_ended && deletes(self, &state, name);
                parts.set_cookies.extend(is_deleted.then(|| self.setup.session_cookie.delete()));
                parts.set_cookies.extend(deleted_remember_cookie(self, &state));
            }
            parts
        };
        self.last_parts(parts, false)
    }

    /// Sets the cookies. Returns whether a visitor's session is too large for one.
    fn kept_cookies(&self, state: &State<U>, committed: Option<&Committed>, parts: &mut ResponseParts) -> bool {
        let Some(keeping) = state.keeping.as_deref() else { return false };
        let had_login = keeping.base.is_some() || keeping.new.is_some();
        let login = committed.map_or(keeping.base.as_ref(), |committed| committed.login.as_ref());
        if let Some(login) = login {
            let is_touched = committed.is_some_and(|committed| committed.is_touched);
            parts.set_cookies.extend(self.kept_session_cookie(keeping, login, is_touched));
            parts.set_cookies.extend(self.kept_remember_cookie(state, keeping, login));
            return false;
        }
        if had_login {
            // It was ended meanwhile. A newer login of the browser may have set its own cookies.
            return false;
        }
        let session = session_cookie(self, state);
        let is_too_large = session.is_err();
        let session = session.unwrap_or_default();
        let own = !state.is_foreign;
        let is_dead = own && keeping.session_is_gone && state.session.is_empty() && session.is_none();
        parts.set_cookies.extend(session.or_else(|| is_dead.then(|| self.setup.session_cookie.delete())));
        if state.remember == RememberChange::Delete || (own && keeping.remember_is_gone && keeping.restorable.is_none())
        {
            parts.set_cookies.extend(deleted_remember_cookie(self, state));
        }
        is_too_large
    }

    /// The session cookie of a login, if it has changed or is to last longer. A secret that is not
    /// the current one is not sent: another request was faster, and sends its own.
    fn kept_session_cookie(&self, keeping: &Keeping, login: &LoginRecord, is_touched: bool) -> Option<String> {
        let session = &login.body.session;
        let sets_lifetime = |change: &RecordChange| matches!(change, RecordChange::Session(Change::Permanent(_)));
        let lasts = (is_touched && session.is_permanent()) || keeping.changes.iter().any(sets_lifetime);
        let is_current = |token: &&Token| login.body.secret.is_current(token);
        let changed = keeping.session_cookie.as_ref().filter(is_current);
        let token = changed.or_else(|| keeping.presented.as_ref().filter(|_| lasts).filter(is_current))?;
        let value = self.setup.format.write_token(token, Purpose::Session)?;
        Some(self.setup.session_cookie.set(&value, max_age(self, session), self.now()))
    }

    fn kept_remember_cookie(&self, state: &State<U>, keeping: &Keeping, login: &LoginRecord) -> Option<String> {
        let current = login.body.remember.as_ref().and_then(|remember| {
            let token = keeping.remember_cookie.as_ref().filter(|token| remember.secret.is_current(token))?;
            let value = self.setup.format.write_token(token, Purpose::Remember)?;
            let seconds = remember.ends_at.saturating_sub(self.now());
            Some(self.setup.remember_cookie.set(&value, Some(seconds), self.now()))
        });
        let is_new = keeping.new.is_some() || !keeping.saved.is_empty();
        let is_dropped = is_new && login.body.remember.is_none();
        let is_deleted = is_dropped || state.remember == RememberChange::Delete;
        current.or_else(|| is_deleted.then(|| deleted_remember_cookie(self, state)).flatten())
    }
}
