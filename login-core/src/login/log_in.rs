//! Logging in.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::clock::LAST_SECOND;
use crate::config::cookie::MAX_SIZE;
use crate::error::LoginError;
use crate::formats::format::NewRemember;
use crate::login::event::{EventKind, SessionOrigin};
use crate::login::handle::{Limit, Login};
use crate::login::kept_remember::remembered_until;
use crate::login::loading::SessionFuture;
use crate::login::resolution::{Resolution, Source};
use crate::login::state::{RememberChange, State};
use crate::session::transitions::{self, Change, NewLogin};
use crate::store::login_record::LONGEST_ID;
use crate::store::new_record::NewRemember as KeptRemember;
use crate::user::{User, id_text};

/// A login that is made when this is awaited, or with [`now`](Self::now).
///
/// A visitor who was not logged in keeps the session's data, and so does the same user. If the
/// session has a login of another user, that user's data, flash messages and `next` are
/// dropped. So add data for the new user after logging in. (In the flask format `next` stays.)
///
/// A remember cookie of another user is deleted.
///
/// With a session store the login takes effect in this request at once, and for others when the
/// response is ready, or [`save`](crate::Login::save) was awaited. Then the logins are ended whose
/// cookies the request carried.
#[must_use = "the user is logged in only when this is awaited"]
pub struct LogIn<U: User> {
    login: Login<U>,
    user: Arc<U>,
    remember: Option<bool>,
    duration: Option<Duration>,
    force: bool,
    fresh: bool,
}

impl<U: User> std::fmt::Debug for LogIn<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogIn(..)")
    }
}

impl<U: User> LogIn<U> {
    pub(crate) fn new(login: Login<U>, user: Arc<U>) -> Self {
        Self { login, user, remember: None, duration: None, force: false, fresh: true }
    }

    /// Whether a remember cookie restores the login after the browser was closed. False
    /// deletes a remember cookie that the request carried. By default, a remember cookie of
    /// the same user stays, and it expires when it would have.
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = Some(remember);
        self
    }

    /// How long this login is remembered, in whole seconds, up to the
    /// [`login_lifetime`](crate::LoginManagerBuilder::login_lifetime) and 400 days. Default:
    /// [`remember_duration`](crate::LoginManagerBuilder::remember_duration).
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Whether to log in a user who is not active. Default: false.
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Whether the login is fresh. Default: true. Set it to false if the user did not enter
    /// credentials just now.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Logs in without `await`.
    ///
    /// # Errors
    /// [`LoginError::InactiveUser`] unless forced, [`LoginError::UnreadableId`],
    /// [`LoginError::Duration`], [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`], and with a
    /// session store [`LoginError::IdTooLong`] and [`LoginError::NotLoaded`]. Then nothing is changed.
    pub fn now(self) -> Result<(), LoginError> {
        let shared = &self.login.0;
        let setup = &shared.setup;
        let (format, config, now) = (&setup.format, &setup.config, shared.now());
        let duration = self.duration.map_or(config.remember_duration, |duration| duration.as_secs());
        if duration == 0 || now.saturating_add(duration) > LAST_SECOND {
            return Err(LoginError::Duration);
        }
        if !self.force && !self.user.is_active() {
            return Err(LoginError::InactiveUser);
        }
        // The user's own code and the entropy run here, so the state is not locked.
        setup.check_auth_hash_is_used(&self.user);
        let user_id = id_text(&*self.user);
        if setup.is_store() && user_id.len() > LONGEST_ID {
            return Err(LoginError::IdTooLong);
        }
        if !user_id.parse::<U::Id>().is_ok_and(|id| id == self.user.id()) {
            return Err(LoginError::UnreadableId);
        }
        let auth = format.auth(&*self.user, &user_id);
        let login_id = self.login.new_login_id();
        let login_at = if self.fresh { self.login.login_time() } else { None };
        let secrets = self.login.new_secrets();
        let is_remembered = self.remember == Some(true);
        let new = NewRemember { user_id: &user_id, auth, began_at: now, duration };
        let is_written = is_remembered && !setup.is_store();
        let written = if is_written { format.write_remember(new, config, now) } else { None };
        self.check_remember_size(written.as_ref().map_or(0, |(token, _)| token.len()))?;
        let seconds = self.duration.filter(|_| is_remembered && format.is_flask());
        let carried = self.login.remembered().filter(|_| !setup.is_store());

        let mut guard = shared.state();
        let state = guard.for_change()?;
        let client = shared.client(&state.client);
        // A cookie that this request already deletes, such as by a logout, stays deleted.
        let carried = carried.filter(|_| state.remember != RememberChange::Delete);
        let replaces_another = transitions::is_another(&state.session, &user_id);
        let remember = match (written, self.remember, carried) {
            // Whether the login is remembered is in its record.
            (None, Some(true) | None, _) if setup.is_store() => Some(RememberChange::Keep),
            (Some((token, seconds)), ..) => Some(RememberChange::Set(token, seconds)),
            (None, Some(_), _) => Some(RememberChange::Delete),
            (None, None, Some(carried)) if carried.user_id != user_id => Some(RememberChange::Delete),
            (None, None, Some(carried)) => {
                let renewed = format.renewed_remember(&carried, auth, config, now);
                renewed.map(|(token, seconds)| RememberChange::Set(token, seconds))
            }
            (None, None, None) => replaces_another.then_some(RememberChange::Delete),
        };
        let new = NewLogin {
            fresh: self.fresh,
            binding: format.bind(client, config.proxies.trusted),
            auth,
            login_id,
            began_at: now,
            login_at,
            remember_seconds: seconds.map(|duration| duration.as_secs_f64()),
            user_id,
        };
        let kept = state.kept(format.is_flask(), &[]);
        let logged_in = setup.is_store().then(|| Change::LogIn(Box::new(new.clone()), state.new_flashes));
        let continued = self.login.continued(state, &new.user_id);
        let before = continued.as_ref().map_or(&state.session, |continued| &continued.session);
        let session = transitions::log_in(before, new, kept);
        self.login.check_size(state, &session, Limit::Application)?;
        if let Some(continued) = continued {
            self.login.continue_remembered(state, continued);
        }
        state.origin = SessionOrigin { id: session.id(), key: None };
        match logged_in {
            Some(logged_in) => {
                state.set_changed(session, logged_in);
                self.login.keep_new(state, secrets, self.kept_remember(state, duration));
            }
            None => state.set_session(session),
        }
        if let Some(remember) = remember {
            state.remember = remember;
        }
        let deferred = state.resolve(Resolution::User(Arc::clone(&self.user), Source::Login));
        drop(guard);
        deferred.run();
        shared.notify(EventKind::LoggedIn { user: &self.user });
        Ok(())
    }
}

impl<U: User> LogIn<U> {
    /// Whether the login on the server is remembered.
    fn kept_remember(&self, state: &State<U>, duration: u64) -> KeptRemember {
        let (config, now) = (&self.login.0.setup.config, self.login.0.now());
        match (self.remember, state.keeping.as_deref()) {
            (Some(true), _) => KeptRemember::Until(remembered_until(now, duration, config, now), duration),
            // A cookie that this request already deletes, such as by a logout, stays deleted.
            (None, Some(keeping)) if state.remember != RememberChange::Delete => {
                KeptRemember::As(keeping.remember_tokens.clone())
            }
            (Some(false) | None, _) => KeptRemember::No,
        }
    }

    fn check_remember_size(&self, value: usize) -> Result<(), LoginError> {
        let name = &self.login.0.setup.config.remember_cookie.name;
        let size = name.len() + value;
        if size <= MAX_SIZE {
            return Ok(());
        }
        Err(LoginError::CookieTooLarge { name: name.to_string(), size, limit: MAX_SIZE })
    }
}

impl<U: User> IntoFuture for LogIn<U> {
    type Output = Result<(), LoginError>;
    type IntoFuture = LogInFuture<U>;

    fn into_future(self) -> LogInFuture<U> {
        LogInFuture { session: self.login.load(), log_in: Some(self) }
    }
}

/// The future of [`LogIn`]. It loads the session, if it is in a store, and then logs in.
#[must_use = "futures do nothing unless awaited"]
pub struct LogInFuture<U: User> {
    session: SessionFuture<U>,
    log_in: Option<LogIn<U>>,
}

impl<U: User> std::fmt::Debug for LogInFuture<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogInFuture(..)")
    }
}

impl<U: User> Future for LogInFuture<U> {
    type Output = Result<(), LoginError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(Pin::new(&mut self.session).poll(context))?;
        match self.log_in.take() {
            Some(log_in) => Poll::Ready(log_in.now()),
            None => Poll::Pending,
        }
    }
}
