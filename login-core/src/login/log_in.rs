//! Logging in.

use std::future::{IntoFuture, Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::clock::LAST_SECOND;
use crate::config::cookie::MAX_SIZE;
use crate::error::LoginError;
use crate::event::Event;
use crate::login::handle::Login;
use crate::login::state::{RememberChange, Resolution, Source};
use crate::session::transitions::{self, NewLogin};
use crate::user::User;

/// A login that is made when this is awaited, or with [`now`](Self::now).
///
/// If the session has a login of another user, that user's session data, flash messages
/// and remember cookie are dropped. So add data for the new user after logging in.
#[must_use = "the user is logged in only when this is awaited"]
pub struct LogIn<U: User> {
    login: Login<U>,
    user: Arc<U>,
    remember: bool,
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
        Self { login, user, remember: false, duration: None, force: false, fresh: true }
    }

    /// Whether a remember cookie restores the login after the browser was closed. Default:
    /// false.
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = remember;
        self
    }

    /// How long this login is remembered, in whole seconds. Default:
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
    /// [`LoginError::InactiveUser`] unless forced, [`LoginError::Duration`],
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`]. Then nothing is
    /// changed.
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
        let user_id = SmolStr::from(self.user.id());
        let auth = format.auth(&*self.user, &user_id);
        let token = if self.remember { format.write_remember(&user_id, auth, now, duration) } else { None };
        let size = config.remember_cookie.name.len() + token.as_ref().map_or(0, String::len);
        if size > MAX_SIZE {
            return Err(LoginError::CookieTooLarge {
                name: config.remember_cookie.name.to_string(),
                size,
                limit: MAX_SIZE,
            });
        }
        let seconds = self.duration.filter(|_| self.remember && format.is_flask());

        let mut guard = shared.state();
        let state = guard.for_change()?;
        let new = NewLogin {
            fresh: self.fresh,
            binding: format.bind(shared.client(&state.client), config.proxies.trusted),
            auth,
            login_id: self.login.new_login_id(),
            login_at: if self.fresh { self.login.login_time() } else { None },
            remember_seconds: seconds.map(|duration| duration.as_secs_f64()),
            user_id,
        };
        let replaces_another = transitions::is_another(&state.session, &new.user_id);
        let session = transitions::log_in(&state.session, new, now);
        self.login.check_size(&session, MAX_SIZE)?;
        state.set_session(session);
        if let Some(token) = token {
            state.remember = RememberChange::Set(token, duration);
        } else if replaces_another {
            state.remember = RememberChange::Delete;
        }
        let deferred = state.resolve(Resolution::User(Arc::clone(&self.user), Source::Login));
        drop(guard);
        deferred.run();
        setup.notify(&Event::LoggedIn { user: &self.user });
        Ok(())
    }
}

impl<U: User> IntoFuture for LogIn<U> {
    type Output = Result<(), LoginError>;
    type IntoFuture = Ready<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        ready(self.now())
    }
}
