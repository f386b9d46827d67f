//! The remember cookie of a login on the server: it restores the login, and is replaced.

use std::sync::Arc;

use crate::config::settings::{Config, LONGEST_COOKIE};
use crate::error::{Failed, LoadError, LoginError};
use crate::formats::format::{Remembered, Revoked};
use crate::formats::native::session::Ages;
use crate::formats::native::token::{Purpose, Token};
use crate::login::event::EventKind;
use crate::login::handle::Login;
use crate::login::keeping::Keeping;
use crate::login::resolution::{Resolution, Source};
use crate::login::state::{RememberChange, State};
use crate::login::steps::Step;
use crate::session::content::Session;
use crate::session::transitions::Change;
use crate::store::load::{self, Usable};
use crate::store::login_record::LoginRecord;
use crate::store::replay::RecordChange;
use crate::store::rotation::Presented;
use crate::store::step::StoreStep;
use crate::user::{User, id_text};

/// A login that the remember cookie would restore, as a new login of the same user goes on with it.
pub(crate) struct Continued {
    pub(crate) session: Session,
    restore: Option<Change>,
}

impl<U: User> Login<U> {
    /// What the remember cookie of a login on the server says, if it can restore the login.
    pub(crate) fn kept_remembered(keeping: &Keeping) -> Option<Remembered> {
        let Usable { login, token, .. } = keeping.restorable.as_ref()?;
        let remember = login.body.remember.as_ref()?;
        Some(Remembered {
            user_id: login.body.session.user_id.clone()?,
            auth: login.body.session.auth,
            duration: Some(remember.duration),
            ends_at: Some(remember.ends_at),
            began_at: login.body.session.began_at,
            key: token.key,
        })
    }

    /// A remember cookie restores the login of its record, if the user's auth hash is the same.
    pub(crate) fn restore_kept(&self, generation: u32, user: &Arc<U>, checked: Result<(), Revoked>) -> Step<U> {
        let now = self.0.now();
        let (step, settled) = self.settle_with(generation, |state| {
            state.resolution = match checked {
                Ok(()) => Resolution::User(Arc::clone(user), Source::Login),
                Err(Revoked) => Resolution::Anonymous,
            };
            match checked {
                Err(Revoked) => state.end_kept(),
                // For another site's page the login is valid in this request only.
                Ok(()) if state.response_begun || state.is_foreign => {}
                Ok(()) => self.restore_in(state, now),
            }
        });
        match settled {
            Some(()) if checked.is_ok() => self.0.notify(EventKind::LoadedFromCookie { user }),
            Some(()) => self.0.notify(EventKind::LoginRevoked { user }),
            None => {}
        }
        step
    }

    fn restore_in(&self, state: &mut State<U>, now: u64) {
        let (format, config) = (&self.0.setup.format, &self.0.setup.config);
        let binding = format.bind(self.0.client(&state.client), config.proxies.trusted);
        let seen = RecordChange::Client(self.seen_client(state));
        let (Some(keeping), Some(key)) = (state.keeping.as_deref_mut(), format.signing_key()) else { return };
        let Some(Usable { login, token, is_previous }) = keeping.restorable.take() else { return };
        let visitors = std::mem::take(&mut keeping.changes);
        let mut session = login.session();
        session.key = Some(token.key);
        let generation = login.body.secret.generation + u32::from(!is_previous);
        let next_session = token.successor(Purpose::Session, generation, key);
        let next_remember = token.successor(Purpose::Remember, token.generation + 1, key);
        let restore = Change::Restore(keeping.visitor.take().unwrap_or_default(), binding);
        if is_restored(&login, is_previous, config.ages(), now) {
            (session.fresh, session.login_at) = (Some(false), None);
            keeping.sees_another = true;
        } else {
            restore.apply(&mut session);
            let restore = if is_previous {
                RecordChange::Session(restore)
            } else {
                let (session, remember) = (next_session.clone(), next_remember.clone());
                RecordChange::Restore { change: restore, session, remember, at: now }
            };
            keeping.changes.extend([restore, seen]);
        }
        visitors.iter().for_each(|change| change.apply_to_session(&mut session));
        keeping.changes.extend(visitors);
        (keeping.session_cookie, keeping.remember_cookie) = (Some(next_session), Some(next_remember));
        keeping.base = Some(login);
        state.origin.id = session.id();
        state.set_session(session);
    }

    /// A user logs in whom the remember cookie would restore. The new login goes on with the data of
    /// that one, as it would after restoring it. Nothing is changed yet.
    pub(crate) fn continued(&self, state: &State<U>, user_id: &str) -> Option<Continued> {
        let keeping = state.keeping.as_deref()?;
        let Usable { login, is_previous, .. } = keeping.restorable.as_ref()?;
        if login.record.user_id != user_id.as_bytes() {
            return None;
        }
        let is_restored = is_restored(login, *is_previous, self.0.setup.config.ages(), self.0.now());
        let restore = (!is_restored).then(|| Change::Restore(keeping.visitor.clone().unwrap_or_default(), None));
        let mut session = login.session();
        restore.iter().for_each(|restore| _ = restore.apply(&mut session));
        keeping.changes.iter().for_each(|change| change.apply_to_session(&mut session));
        Some(Continued { session, restore })
    }

    /// The new login takes the place of the one that the remember cookie would restore.
    pub(crate) fn continue_remembered(&self, state: &mut State<U>, continued: Continued) {
        let Some(keeping) = state.keeping.as_deref_mut() else { return };
        keeping.base = keeping.restorable.take().map(|usable| usable.login);
        keeping.changes.splice(..0, continued.restore.map(RecordChange::Session));
    }

    /// The steps of [`login_remembered`](Self::login_remembered) with a session store. The user must
    /// be resolved before.
    pub fn login_remembered_steps(&self) -> StoreStep<Result<bool, LoginError>> {
        let (user, base, tokens) = {
            let state = self.0.state();
            let Resolution::User(user, Source::Login) = &state.resolution else { return StoreStep::Done(Ok(false)) };
            let Some(keeping) = state.keeping.as_deref().filter(|_| state.remember != RememberChange::Delete) else {
                return StoreStep::Done(Ok(false));
            };
            (Arc::clone(user), keeping.base.clone(), keeping.remember_tokens.clone())
        };
        self.any_remembers(user, base, tokens.into_iter())
    }

    /// Whether any of these tokens is one of a remember cookie that would log this user in.
    fn any_remembers(
        &self,
        user: Arc<U>,
        base: Option<LoginRecord>,
        mut tokens: std::vec::IntoIter<Token>,
    ) -> StoreStep<Result<bool, LoginError>> {
        let Some(token) = tokens.next() else { return StoreStep::Done(Ok(false)) };
        // Usually it is the cookie of the login that is there already.
        if let Some(login) = base.as_ref().filter(|login| login.record.id == token.id) {
            if self.remembers(&user, login, &token) {
                return StoreStep::Done(Ok(true));
            }
            return self.any_remembers(user, base, tokens);
        }
        let handle = self.clone();
        StoreStep::find(token.id, move |found| match load::read(found) {
            Ok(Some(login)) if handle.remembers(&user, &login, &token) => StoreStep::Done(Ok(true)),
            Ok(_) => handle.any_remembers(user, base, tokens),
            Err(cause) => StoreStep::Done(Err(handle.load_failed(LoadError::of(Failed::ReadingSession, cause)))),
        })
    }

    fn remembers(&self, user: &Arc<U>, login: &LoginRecord, token: &Token) -> bool {
        let (setup, now, user_id) = (&self.0.setup, self.0.now(), id_text(&**user));
        let is_own = login.record.user_id == user_id.as_bytes()
            && setup.format.check_auth(login.body.session.auth, &**user, &user_id).is_ok();
        let remember = login.body.remember.as_ref().filter(|_| is_own && login.is_remembered(setup.config.ages(), now));
        let judged = remember.map(|remember| remember.secret.judge(token, now));
        matches!(judged, Some(Presented::Current | Presented::Previous))
    }
}

/// Whether another request has restored this login with the same cookie. Then the secrets are there
/// already, its session counts, and it has what the visitor's session had.
fn is_restored(login: &LoginRecord, is_previous: bool, ages: Ages, now: u64) -> bool {
    is_previous && login.has_session(ages, now)
}

/// Until when a login that begins at `began_at` is remembered, in seconds since 1970.
pub(crate) fn remembered_until(began_at: u64, duration: u64, config: &Config, now: u64) -> u64 {
    let left = began_at.saturating_add(config.login_age()).saturating_sub(now);
    now.saturating_add(duration.min(LONGEST_COOKIE).min(left))
}
