//! A login on the server, as it goes through a request: found, made, confirmed.

use login_store::SessionId;

use crate::error::{Failed, LoadError};
use crate::formats::native::keys::Secret;
use crate::formats::native::token::{Purpose, Token};
use crate::login::event::{EventKind, SessionOrigin};
use crate::login::handle::Login;
use crate::login::keeping::{Keeping, SessionLoad};
use crate::login::state::{RememberChange, State};
use crate::request::client::{self, Client as _};
use crate::session::kept::Kept;
use crate::session::transitions::{self, Change, Protected};
use crate::store::body::{Client, Remember};
use crate::store::load::{Found, Search, Usable};
use crate::store::new_record::{NewRecord, NewRemember};
use crate::store::replay::RecordChange;
use crate::store::step::{Failure, StoreStep};
use crate::user::User;

/// The longest part of a user agent that a record keeps, in characters.
const LONGEST_AGENT: usize = 256;

impl<U: User> Login<U> {
    /// The steps that load the session from its store, if it is not loaded. Await
    /// [`load`](Self::load) instead with an async runtime.
    pub fn load_steps(&self) -> StoreStep<Result<(), LoadError>> {
        let setup = &self.0.setup;
        let (now, state) = (self.0.now(), self.0.state());
        let pending = state.keeping.as_deref().filter(|keeping| matches!(keeping.load, SessionLoad::Pending));
        let Some(keeping) = pending else { return StoreStep::Done(state.load_error().map_or(Ok(()), Err)) };
        let (sessions, remembers) = (keeping.session_tokens.clone(), keeping.remember_tokens.clone());
        drop(state);
        let ends_all_on_reuse = setup.config.ends_all_on_reuse;
        let login = self.clone();
        Search { ages: setup.config.ages(), now, ends_all_on_reuse }
            .run(sessions, remembers)
            .and_then(move |found| StoreStep::Done(login.install(found)))
    }

    /// Begins the request with the login that was found.
    fn install(&self, found: Result<Found, Failure>) -> Result<(), LoadError> {
        let found = match found {
            Ok(found) => found,
            // What kind of answer the request can use is found out later, because a guard may have
            // copied only what identifies the client.
            Err(cause) => return Err(self.fail_load(cause)),
        };
        let now = self.0.now();
        let mut guard = self.0.state();
        let state = &mut *guard;
        let Some(mut keeping) = state.keeping.take() else { return Ok(()) };
        if matches!(keeping.load, SessionLoad::Pending) {
            keeping.load = SessionLoad::Loaded;
            (keeping.session_is_gone, keeping.remember_is_gone) = (found.session_is_gone, found.remember_is_gone);
            let has_session = found.session.is_some();
            if let Some(usable) = found.session {
                self.begin_with(state, &mut keeping, usable, now);
            }
            keeping.visitor = found.remember.as_ref().map(|_| Box::new(state.session.clone()));
            keeping.restorable = found.remember;
            // Its cookie has ended, and a change that no one asked for must not replace it.
            let has_ended = !has_session && !keeping.session_tokens.is_empty() && !keeping.session_is_gone;
            state.session_is_unreadable |= has_ended;
        }
        // Neither of its cookies is of any use now.
        keeping.session_is_gone |= found.reused.is_some() && !keeping.session_tokens.is_empty();
        state.keeping = Some(keeping);
        if let Some(reused) = found.reused {
            state.origin = SessionOrigin { id: Some(reused.record.id), key: None };
            (state.login_ended, state.remember) = (true, RememberChange::Delete);
            drop(guard);
            let user_id = reused.body.session.user_id.unwrap_or_default();
            self.0.notify(EventKind::RememberTokenReused { user_id: &user_id });
        }
        Ok(())
    }

    fn begin_with(&self, state: &mut State<U>, keeping: &mut Keeping, usable: Usable, now: u64) {
        let setup = &self.0.setup;
        let (format, config) = (&setup.format, &setup.config);
        let Usable { login, token, is_previous } = usable;
        let mut session = login.session();
        session.key = Some(token.key);
        state.origin = SessionOrigin { id: session.id(), key: session.key };
        let client = self.0.client(&state.client);
        let none = Kept::Only { keys: &[], flashes: 0 };
        state.protected = transitions::protect(&mut session, config.protection, none, |session| {
            format.is_bound(session.binding.as_ref(), client, config.proxies.trusted)
        });
        state.session = session;
        let awaits = |remember: &Remember| remember.secret.awaits_presentation();
        let awaits = login.body.secret.awaits_presentation() || login.body.remember.as_ref().is_some_and(awaits);
        let session = login.body.secret.generation;
        let remember = login.body.remember.as_ref().map(|remember| remember.secret.generation);
        keeping.session_cookie = format
            .signing_key()
            .filter(|_| is_previous)
            .map(|key| token.successor(Purpose::Session, token.generation + 1, key));
        (keeping.base, keeping.is_previous) = (Some(login), is_previous);
        keeping.presented = Some(token);
        if state.is_foreign {
            // Nothing is written in answer to another site's request that no one asked for.
            keeping.session_cookie = None;
            keeping.sees_another = state.protected != Protected::Passed;
            if state.protected == Protected::Ended {
                keeping.forget();
            }
            return;
        }
        match state.protected {
            Protected::Passed => self.resend_remember(keeping),
            Protected::Weakened { changed: false } => {}
            Protected::Weakened { changed: true } => keeping.record(|| Change::Weaken),
            Protected::Ended => {
                keeping.end();
                (state.session_changed, state.login_ended) = (true, true);
                state.remember = RememberChange::Delete;
                return;
            }
        }
        if awaits && !is_previous {
            keeping.changes.push(RecordChange::Presented { session, remember, at: now });
        }
    }

    /// The session is valid, and the remember cookie is the one before the current one: the browser got the
    /// response of an earlier request last. It gets the current cookies, before that one counts as stolen.
    fn resend_remember(&self, keeping: &mut Keeping) {
        let (Some(login), Some(key)) = (&keeping.base, self.0.setup.format.signing_key()) else { return };
        let Some(Remember { secret, .. }) = &login.body.remember else { return };
        let session = &login.body.secret;
        let tokens = keeping.remember_tokens.iter().filter(|token| token.id == login.record.id);
        for token in tokens.filter(|token| token.generation.checked_add(1) == Some(secret.generation)) {
            let next = token.successor(Purpose::Remember, secret.generation, key);
            let next_session = token.successor(Purpose::Session, session.generation, key);
            if secret.is_current(&next) {
                keeping.remember_cookie = Some(next);
                // Both were made of this remember cookie.
                if keeping.is_previous && session.is_current(&next_session) {
                    keeping.session_cookie = Some(next_session);
                }
            }
        }
    }

    /// The session could not be loaded, and so could not the user.
    fn fail_load(&self, cause: Failure) -> LoadError {
        let error = LoadError::of(Failed::ReadingSession, cause);
        let mut state = self.0.state();
        let generation = state.generation;
        if let Some(keeping) = state.keeping.as_deref_mut() {
            keeping.load = SessionLoad::Failed(error.clone());
        }
        drop(state);
        self.fail(generation, error)
    }

    /// A login is made in this request, with these random secrets.
    pub(crate) fn keep_new(&self, state: &mut State<U>, secrets: [Secret; 2], remember: NewRemember) {
        let client = self.seen_client(state);
        let Some(user_id) = state.session.user_id.clone() else { return };
        let Some(keeping) = state.keeping.as_deref_mut() else { return };
        let [session_token, remember_token] =
            secrets.map(|secret| Token::first(SessionId::from_bytes(state.session.login_id), secret));
        let tokens = keeping.session_tokens.iter().chain(&keeping.remember_tokens);
        let base = keeping.base.as_ref().map(|login| login.record.id);
        let ended = &keeping.ended;
        let mut replaced: Vec<SessionId> =
            tokens.map(|token| token.id).filter(|id| Some(*id) != base && !ended.contains(id)).collect();
        replaced.sort_unstable();
        replaced.dedup();
        (keeping.session_cookie, keeping.remember_cookie) = (Some(session_token.clone()), Some(remember_token.clone()));
        keeping.restorable = None;
        keeping.new = Some(NewRecord { user_id, session_token, remember_token, remember, client, replaced });
    }

    /// The user entered credentials, so the session cookie gets a new secret: whoever has a copy of
    /// the old one is not confirmed.
    pub(crate) fn rotate_session(&self, state: &mut State<U>) {
        let (now, client) = (self.0.now(), self.seen_client(state));
        let Some(keeping) = state.keeping.as_deref_mut().filter(|keeping| keeping.base.is_some()) else { return };
        let Some(key) = self.0.setup.format.signing_key() else { return };
        keeping.changes.push(RecordChange::Client(client));
        let was_confirmed = std::mem::replace(&mut keeping.is_confirmed, true);
        if keeping.new.is_some() || keeping.is_previous || was_confirmed {
            return;
        }
        if let Some(presented) = keeping.session_cookie.as_ref().or(keeping.presented.as_ref()) {
            let next = presented.successor(Purpose::Session, presented.generation + 1, key);
            keeping.changes.push(RecordChange::RotateSession { next: next.clone(), at: now });
            keeping.session_cookie = Some(next);
        }
    }

    /// The client of this request, as people recognize it in a list of sessions.
    pub(crate) fn seen_client(&self, state: &State<U>) -> Client {
        let request = self.0.client(&state.client);
        let address = client::address(request, self.0.setup.config.proxies.trusted);
        let user_agent = request.user_agent();
        Client {
            address: address.map(|address| address.to_string()),
            user_agent: user_agent.map(|agent| String::from_utf8_lossy(&agent).chars().take(LONGEST_AGENT).collect()),
        }
    }
}
