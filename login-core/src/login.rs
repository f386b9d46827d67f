//! What a handler holds: the login of its request.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::CLOCK_SKEW;
use crate::cookie::MAX_SIZE;
use crate::error::{LoadError, LoginError};
use crate::event::Event;
use crate::guard::Requirement;
use crate::loading::{Require, UserFuture};
use crate::log_in::LogIn;
use crate::request::Request;
use crate::session::Session;
use crate::state::{Known, Remember, Shared, Source, State};
use crate::transitions;
use crate::url;
use crate::user::User;
use crate::wire::Remembered;

/// The login and the session of the request at hand.
///
/// An adapter gives one to each handler that asks for it; all on one request are
/// the same. Session data ([`get`](Self::get), [`insert`](Self::insert)), flashes
/// and redirects are methods of it as well.
pub struct Login<U: User>(pub(crate) Arc<Shared<U>>);

impl<U: User> Clone for Login<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: User> std::fmt::Debug for Login<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(..)")
    }
}

impl<U: User> Login<U> {
    /// Whoever is logged in, inactive users too (Flask-Login's `current_user`).
    ///
    /// Loaded at most once a request, however many ask at the same time.
    ///
    /// # Errors
    /// [`LoadError`] where the application's loader failed; the response is then a 5xx.
    pub fn user(&self) -> UserFuture<U> {
        UserFuture::new(self.clone())
    }

    /// The user, if they meet a requirement: what a guard awaits. It refuses nothing by
    /// itself; see [`refuse`](Self::refuse).
    ///
    /// # Errors
    /// [`Denied`](crate::Denied).
    pub fn require(self, requirement: Requirement) -> Require<U> {
        Require::new(self, requirement)
    }

    /// Logs a user in, once it is awaited (Flask-Login's `login_user`).
    ///
    /// ```
    /// # async fn f<U: login_core::User>(login: login_core::Login<U>, user: U) -> Result<(), login_core::LoginError> {
    /// login.log_in(user).remember(true).await?;
    /// # Ok(()) }
    /// ```
    pub fn log_in(&self, user: impl Into<Arc<U>>) -> LogIn<U> {
        LogIn::new(self.clone(), user.into())
    }

    /// Logs out whoever is logged in (Flask-Login's `logout_user`): the session
    /// loses the login and keeps the application's data, the remember cookie goes.
    ///
    /// # Errors
    /// [`LoginError::Load`] where the user, whom the event names, could not be
    /// loaded; [`LoginError::ResponseBegun`] where it is too late.
    pub async fn log_out(&self) -> Result<(), LoginError> {
        self.user().await?;
        self.log_out_now()
    }

    /// [`log_out`](Self::log_out) without awaiting, for servers that do not await:
    /// run the steps before, or the event will not name the user.
    ///
    /// # Errors
    /// [`LoginError::ResponseBegun`] where it is too late.
    pub fn log_out_now(&self) -> Result<(), LoginError> {
        let mut guard = self.0.state();
        let state = guard.for_change()?;
        let has_cookie = self.0.client(&state.client).has_cookie(&self.0.manager.0.config.remember_cookie.name);
        let user = state.user().cloned();
        state.session_changed |= transitions::log_out(&mut state.session, has_cookie);
        state.remember = Remember::Clear;
        let released = state.know(Known::NoOne);
        drop(guard);
        released.go();
        self.0.tell(&Event::LoggedOut { user: user.as_ref() });
        Ok(())
    }

    /// The user has just given their credentials again: the login is fresh, and
    /// bound to this client (Flask-Login's `confirm_login`). `false` where no one
    /// is logged in by session; then nothing is done.
    ///
    /// # Errors
    /// [`LoginError::CookieTooLarge`], [`LoginError::ResponseBegun`].
    pub fn confirm(&self) -> Result<bool, LoginError> {
        let manager = &self.0.manager.0;
        let mut guard = self.0.state();
        let state = guard.for_change()?;
        let binding = manager.wire.bind(self.0.client(&state.client), manager.config.trusted_proxies);
        let login_at = self.login_time();
        // Whom the request loader found is logged in for this request alone.
        let is_anonymous = !matches!(state.known, Known::NotYet | Known::User(_, Source::Login));
        let mut session = state.session.clone();
        if is_anonymous || !transitions::confirm(&mut session, binding, login_at) {
            return Ok(false);
        }
        self.check_size(&session, MAX_SIZE)?;
        state.set_session(session);
        let user = state.user().cloned();
        drop(guard);
        self.0.tell(&Event::LoginConfirmed { user: user.as_ref() });
        Ok(true)
    }

    /// Whether the login was made with credentials in this session, and not from
    /// another client (Flask-Login's `login_fresh`); false where no one is logged
    /// in, and for a user whom the request loader found.
    ///
    /// # Errors
    /// [`LoadError`] where the application's loader failed.
    pub async fn login_fresh(&self) -> Result<bool, LoadError> {
        Ok(self.user().await?.is_some() && self.is_fresh(&self.0.state(), None))
    }

    /// Whether credentials were given within this time. A login of unknown age was
    /// not: in the flask format, unless
    /// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
    ///
    /// # Errors
    /// [`LoadError`] where the application's loader failed.
    pub async fn login_fresh_within(&self, age: Duration) -> Result<bool, LoadError> {
        Ok(self.user().await?.is_some() && self.is_fresh(&self.0.state(), Some(age.as_secs())))
    }

    /// Whether the request brought a remember cookie that is good (Flask-Login's
    /// `login_remembered`); false where no one is logged in.
    ///
    /// # Errors
    /// [`LoadError`] where the application's loader failed.
    pub async fn login_remembered(&self) -> Result<bool, LoadError> {
        let Some(user) = self.user().await? else { return Ok(false) };
        let remembered = self.remembered();
        Ok(remembered.is_some_and(|remembered| self.0.manager.0.wire.check_remembered(&remembered, &*user).is_ok()))
    }

    /// Where the client wanted to go before it was sent to log in, if that is on
    /// this site: a path to redirect to. From the request's query, or, where the
    /// manager keeps it there, from the session, which then forgets it.
    ///
    /// Any other address, however it is disguised, is `None`.
    #[must_use]
    pub fn next_url(&self) -> Option<String> {
        let config = &self.0.manager.0.config;
        let request = self.0.request();
        let next = if config.session_for_next {
            let mut state = self.0.state();
            let json = if state.response_begun { None } else { state.session.data.remove(crate::session::NEXT) };
            state.session_changed |= json.is_some();
            json.and_then(|json| serde_json::from_str(&json).ok())
        } else {
            request.query_value("next")
        };
        next.filter(|next: &String| self.is_safe_redirect(next)).map(|next| url::to_location(&next))
    }

    /// Where a login handler redirects to at its end: [`next_url`](Self::next_url), or
    /// else `fallback`, which is the application's own and may lead anywhere. As a
    /// Location header holds it, percent-encoded where it must be.
    #[must_use]
    pub fn next_or(&self, fallback: &str) -> String {
        self.next_url().unwrap_or_else(|| url::to_location(fallback))
    }

    /// Whether a redirect to this address stays on this site, whatever a browser
    /// makes of it: a path that begins with exactly one slash, or a whole address
    /// of this request's scheme and host; no backslash or control character.
    #[must_use]
    pub fn is_safe_redirect(&self, address: &str) -> bool {
        url::stays_here(address, crate::client::origin(self.0.request(), &self.0.manager.0.config))
    }

    /// The request as the library saw it.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.0.request()
    }

    /// Whether the login is fresh, and where `max_age` (seconds) is given, young enough.
    pub(crate) fn is_fresh(&self, state: &State<U>, max_age: Option<u64>) -> bool {
        let configured = self.0.manager.0.config.fresh_max_age;
        let max_age = max_age.into_iter().chain(configured).min();
        matches!(state.known, Known::User(_, Source::Login))
            && transitions::is_fresh(&state.session, max_age, self.0.now(), CLOCK_SKEW)
    }

    /// The time to write down for credentials given now, where the format tells it.
    pub(crate) fn login_time(&self) -> Option<u64> {
        let manager = &self.0.manager.0;
        (!manager.wire.is_flask() || manager.config.fresh_max_age.is_some()).then(|| self.0.now())
    }

    pub(crate) fn new_login_id(&self) -> [u8; 16] {
        let mut login_id = [0; 16];
        if !self.0.manager.0.wire.is_flask() {
            self.0.manager.0.entropy.fill(&mut login_id);
        }
        login_id
    }

    /// What the request's remember cookie says, unless it is to be cleared.
    pub(crate) fn remembered(&self) -> Option<Remembered> {
        let manager = &self.0.manager.0;
        let state = self.0.state();
        if state.remember == Remember::Clear {
            return None;
        }
        manager.wire.read_remember(self.0.client(&state.client), &manager.config, self.0.now())
    }

    /// Refuses a session whose cookie, name and value, has more bytes than `limit`.
    pub(crate) fn check_size(&self, session: &Session, limit: usize) -> Result<(), LoginError> {
        let manager = &self.0.manager.0;
        let size = manager.wire.session_size(session, &manager.config, self.0.now());
        if size <= limit {
            return Ok(());
        }
        Err(LoginError::CookieTooLarge { name: manager.config.session_cookie.name.to_string(), size, limit })
    }
}
