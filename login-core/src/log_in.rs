//! Logging in.

use std::future::{IntoFuture, Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::clock::LAST_SECOND;
use crate::cookie::MAX_SIZE;
use crate::error::LoginError;
use crate::event::Event;
use crate::login::Login;
use crate::state::{Known, Remember, Source};
use crate::transitions::{self, NewLogin};
use crate::user::User;

/// A login about to be made; it is made when this is awaited, or by
/// [`now`](Self::now) where nothing can be.
///
/// Logging in as another user than the session's drops what the application kept
/// there for the first, flashed messages too, and the first's remember cookie. So
/// put data for the new user in after logging in.
#[must_use = "no one is logged in before this is awaited"]
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

    /// Whether the login outlives the browser, by a remember cookie; false by default.
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = remember;
        self
    }

    /// For how long this login is remembered, in whole seconds; by default as long
    /// as [`remember_duration`](crate::LoginManagerBuilder::remember_duration) says.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Whether an inactive user is logged in too; false by default.
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Whether the login is fresh; true by default. Say false where no credentials
    /// were given just now.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Logs in without awaiting, for servers that do not await.
    ///
    /// # Errors
    /// [`LoginError::InactiveUser`] unless forced; [`LoginError::Duration`],
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`]. Nothing is
    /// changed then.
    pub fn now(self) -> Result<(), LoginError> {
        let shared = &self.login.0;
        let manager = &shared.manager.0;
        let (wire, config, now) = (&manager.wire, &manager.config, shared.now());
        let duration = self.duration.map_or(config.remember_duration, |duration| duration.as_secs());
        if duration == 0 || now.saturating_add(duration) > LAST_SECOND {
            return Err(LoginError::Duration);
        }
        if !self.force && !self.user.is_active() {
            return Err(LoginError::InactiveUser);
        }
        let user_id = SmolStr::from(self.user.id());
        let auth = wire.auth(&*self.user, &user_id);
        let token = if self.remember { wire.write_remember(&user_id, auth, now, duration) } else { None };
        let size = config.remember_cookie.name.len() + token.as_ref().map_or(0, String::len);
        if size > MAX_SIZE {
            return Err(LoginError::CookieTooLarge {
                name: config.remember_cookie.name.to_string(),
                size,
                limit: MAX_SIZE,
            });
        }
        let seconds = self.duration.filter(|_| self.remember && wire.is_flask());

        let mut guard = shared.state();
        let state = guard.for_change()?;
        let new = NewLogin {
            fresh: self.fresh,
            binding: wire.bind(shared.client(&state.client), config.trusted_proxies),
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
            state.remember = Remember::Set(token, duration);
        } else if replaces_another {
            state.remember = Remember::Clear;
        }
        let released = state.know(Known::User(Arc::clone(&self.user), Source::Login));
        drop(guard);
        released.go();
        shared.tell(&Event::LoggedIn { user: &self.user });
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
