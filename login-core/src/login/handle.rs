//! The handle that a request handler gets: its request's login.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::CLOCK_SKEW;
use crate::config::cookie::MAX_SIZE;
use crate::error::LoginError;
use crate::formats::format::Remembered;
use crate::formats::native::keys::Secret;
use crate::login::event::EventKind;
use crate::login::guard::Requirement;
use crate::login::loading::{Require, UserFuture};
use crate::login::log_in::LogIn;
use crate::login::log_out::LogOut;
use crate::login::resolution::{Resolution, Source};
use crate::login::shared::Shared;
use crate::login::state::{RememberChange, State};
use crate::request::view::Request;
use crate::session::content::Session;
use crate::session::transitions::{self, Change};
use crate::user::{IntoUser, User, id_text};

/// Who changes a session, which decides how large it may become.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// The application. The cookie must be one that browsers accept.
    Application,
    /// A refusal. Anyone can cause refusals, so they count uncompressed and leave space for
    /// a login.
    Refusal,
}

/// The largest data of a session that is kept on the server, in bytes. A store takes 1 MiB, and the
/// rest of the record needs some of it.
const LARGEST_SESSION: usize = 1_000_000;

/// The space that refusals leave in the session cookie, in bytes.
const SPACE_FOR_LOGIN: usize = 512;

/// The login and the session of a request.
///
/// The adapters pass it to each handler that asks for it. All handles of one request share
/// the same login. Session data ([`get`](Self::get), [`insert`](Self::insert)), flash
/// messages and redirects are methods of it too.
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
    /// The logged-in user (Flask-Login's `current_user`). A user who is not
    /// [authenticated](crate::User::is_authenticated), such as a deactivated one, counts as
    /// none.
    ///
    /// The user is loaded at most once in a request, even if several tasks ask at the same
    /// time.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the application's loader failed. The response is then a 5xx.
    #[doc(alias = "current_user")]
    pub fn user(&self) -> UserFuture<U> {
        UserFuture::new(self.clone())
    }

    /// Like [`user`](Self::user), but it also returns a user who is logged in and has been
    /// deactivated since. Guards do not accept such a user: check
    /// [`is_active`](crate::User::is_active) before you trust it.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the application's loader failed. The response is then a 5xx.
    pub fn user_including_inactive(&self) -> UserFuture<U> {
        UserFuture::including_inactive(self.clone())
    }

    /// The user if they meet a requirement. Guards await this. It does not answer the
    /// request; see [`refuse`](Self::refuse).
    ///
    /// # Errors
    /// [`Denied`](crate::adapter::Denied).
    pub fn require(self, requirement: Requirement) -> Require<U> {
        Require::new(self, requirement)
    }

    /// Like [`user_including_inactive`](Self::user_including_inactive), for the library itself: it is
    /// no access by the application.
    pub(crate) fn user_without_access(&self) -> UserFuture<U> {
        self.0.state().access_notified = true;
        self.user_including_inactive()
    }

    /// Logs a user in when it is awaited (Flask-Login's `login_user`).
    ///
    /// ```
    /// # use login_core::{Login, LoginError, User};
    /// # async fn f<U: User>(login: Login<U>, user: U) -> Result<(), LoginError> {
    /// login.log_in(user).remember(true).await?;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "login_user")]
    pub fn log_in(&self, user: impl IntoUser<U>) -> LogIn<U> {
        LogIn::new(self.clone(), user.into_user())
    }

    /// Notifies the listeners that someone could not log in with this name, such as because of a
    /// wrong password. It changes nothing else. See
    /// [`EventKind::LoginFailed`](crate::EventKind::LoginFailed).
    pub fn failed(&self, name: &str) {
        self.0.notify(EventKind::LoginFailed { name });
    }

    /// Logs the user out when it is awaited (Flask-Login's `logout_user`). See [`LogOut`].
    ///
    /// ```
    /// # use login_core::{Login, LoginError, User};
    /// # async fn f<U: User>(login: Login<U>) -> Result<(), LoginError> {
    /// login.log_out().keep(["cart"]).await?;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "logout_user")]
    pub fn log_out(&self) -> LogOut<U> {
        LogOut::new(self.clone())
    }

    /// Marks the login as fresh and binds it to this client, after `user` has entered their
    /// credentials again (Flask-Login's `confirm_login`).
    ///
    /// # Errors
    /// [`LoginError::NotLoggedIn`] if the session has no login, [`LoginError::AnotherUser`] if
    /// it is not the login of `user`, [`LoginError::Load`], [`LoginError::CookieTooLarge`],
    /// [`LoginError::ResponseBegun`]. Then nothing is changed.
    #[doc(alias = "confirm_login")]
    pub async fn confirm(&self, user: &U) -> Result<(), LoginError> {
        self.user_without_access().await?;
        self.confirm_now(user)
    }

    /// Like [`confirm`](Self::confirm), without `await`. The user must be resolved before.
    ///
    /// # Errors
    /// Those of [`confirm`](Self::confirm). [`LoginError::NotLoggedIn`] if the user is not
    /// resolved.
    pub fn confirm_now(&self, user: &U) -> Result<(), LoginError> {
        let setup = &self.0.setup;
        // Both run the application's code, so the state is not locked.
        let (user_id, login_at) = (id_text(user), self.login_time());
        let mut guard = self.0.state();
        let state = guard.for_change()?;
        // A user from the request loader is logged in for this request only.
        let confirmed = match &state.resolution {
            Resolution::User(user, Source::Login) => Arc::clone(user),
            Resolution::User(_, Source::Request) | Resolution::Unresolved | Resolution::Anonymous => {
                return Err(LoginError::NotLoggedIn);
            }
            Resolution::Failed(error) => {
                let error = error.clone();
                drop(guard);
                return Err(self.load_failed(error));
            }
        };
        match state.session.user_id.as_deref() {
            None => return Err(LoginError::NotLoggedIn),
            Some(id) if id != user_id => return Err(LoginError::AnotherUser),
            Some(_) => {}
        }
        let binding = setup.format.bind(self.0.client(&state.client), setup.config.proxies.trusted);
        self.change_in(state, Limit::Application, Change::Confirm(binding, login_at))?;
        self.rotate_session(state);
        drop(guard);
        self.0.notify(EventKind::LoginConfirmed { user: &confirmed });
        Ok(())
    }

    /// Whether the login is fresh: the user entered credentials in this session, and session
    /// protection has not found another client (Flask-Login's `login_fresh`). False if no
    /// user is logged in, and for a user from the request loader. It does not say whether the
    /// user is active.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the application's loader failed.
    pub async fn login_fresh(&self) -> Result<bool, LoginError> {
        Ok(self.user_including_inactive().await?.is_some() && self.is_fresh(&self.0.state(), None))
    }

    /// Whether the login is fresh and the user entered credentials within `age`. A login of
    /// unknown age is too old. In the flask format the age is unknown unless
    /// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the application's loader failed.
    pub async fn login_fresh_within(&self, age: Duration) -> Result<bool, LoginError> {
        Ok(self.user_including_inactive().await?.is_some() && self.is_fresh(&self.0.state(), Some(age.as_secs())))
    }

    /// Whether the request has a valid remember cookie (Flask-Login's `login_remembered`).
    /// False if no user is logged in, and for a user from the request loader.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the application's loader failed.
    pub async fn login_remembered(&self) -> Result<bool, LoginError> {
        let Some(user) = self.user_including_inactive().await? else { return Ok(false) };
        if matches!(self.0.state().resolution, Resolution::User(_, Source::Request)) {
            return Ok(false);
        }
        if self.0.setup.is_store() {
            return self.0.setup.run(self.login_remembered_steps()).await;
        }
        let remembered = self.remembered();
        Ok(remembered.is_some_and(|remembered| self.0.setup.format.check_remembered(&remembered, &*user).is_ok()))
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.0.request()
    }

    /// Whether the login is fresh and, with `max_age`, at most so many seconds old.
    pub(crate) fn is_fresh(&self, state: &State<U>, max_age: Option<u64>) -> bool {
        let configured = self.0.setup.config.fresh_max_age;
        let max_age = max_age.into_iter().chain(configured).min();
        matches!(state.resolution, Resolution::User(_, Source::Login))
            && transitions::is_fresh(&state.session, max_age, self.0.now(), CLOCK_SKEW)
    }

    /// The time that the session stores for credentials entered now, if the format stores it.
    pub(crate) fn login_time(&self) -> Option<u64> {
        let setup = &self.0.setup;
        (!setup.format.is_flask() || setup.config.fresh_max_age.is_some()).then(|| self.0.now())
    }

    pub(crate) fn new_login_id(&self) -> [u8; 16] {
        let mut login_id = [0; 16];
        if !self.0.setup.format.is_flask() {
            self.0.setup.entropy.fill(&mut login_id);
        }
        login_id
    }

    /// Random secrets for the two cookies of a login that is kept on the server.
    pub(crate) fn new_secrets(&self) -> [Secret; 2] {
        let mut secrets = [Secret::default(), Secret::default()];
        if self.0.setup.is_store() {
            secrets.iter_mut().for_each(|secret| self.0.setup.entropy.fill(&mut **secret));
        }
        secrets
    }

    /// The content of the request's remember cookie, unless the response deletes it.
    pub(crate) fn remembered(&self) -> Option<Remembered> {
        let setup = &self.0.setup;
        let state = self.0.state();
        if state.remember == RememberChange::Delete {
            return None;
        }
        if let Some(keeping) = state.keeping.as_deref() {
            return Self::kept_remembered(keeping);
        }
        let read = setup.format.read_remember(self.0.client(&state.client), &setup.config, self.0.now());
        drop(state);
        read.map(|remembered| self.0.canonical(remembered))
    }

    /// Checks the size of a changed session.
    pub(crate) fn check_size(&self, state: &State<U>, session: &Session, limit: Limit) -> Result<(), LoginError> {
        let setup = &self.0.setup;
        // A login that is kept on the server is not in its cookie.
        let is_kept = state.keeping.is_some() && session.user_id.is_some();
        if is_kept && matches!(limit, Limit::Application) {
            let size = session.data.text_len();
            let limit = LARGEST_SESSION;
            return if size <= limit { Ok(()) } else { Err(LoginError::SessionTooLarge { size, limit }) };
        }
        let (size, limit) = match limit {
            Limit::Application => (setup.format.session_size(session, &setup.config, self.0.now()), MAX_SIZE),
            Limit::Refusal => (setup.format.plain_size(session, &setup.config), MAX_SIZE - SPACE_FOR_LOGIN),
        };
        if size <= limit {
            return Ok(());
        }
        Err(LoginError::CookieTooLarge { name: setup.config.session_cookie.name.to_string(), size, limit })
    }
}
