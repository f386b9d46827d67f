//! The steps that resolve the user: session, remember cookie, request loader.
//!
//! The core never calls a loader. [`Login::resolve`] returns a [`Step`]. A step that needs
//! an answer is a token, and answering it consumes the token. If a loader fails, the token
//! is failed; a failure never means "no user".

use std::error::Error;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::config::cookie::MAX_SIZE;
use crate::error::LoadError;
use crate::formats::format::{Remembered, Revoked};
use crate::login::event::EventKind;
use crate::login::handle::Login;
use crate::login::resolution::{Resolution, Source};
use crate::login::setup::Warning;
use crate::login::state::RememberChange;
use crate::request::view::Request;
use crate::session::transitions::{self, NewLogin};
use crate::store::step::{StoreCall, StoreStep};
use crate::user::User;

/// What is needed next to resolve the request's user.
#[must_use = "the user is resolved only after the last step"]
pub enum Step<U: User> {
    /// Ask the session store. Its last step returns the next step of these.
    AskStore(StoreCall<Step<U>>),
    /// Load a user.
    LoadUser {
        /// The user's ID.
        id: U::Id,
        /// Answers the step.
        token: LoadUser<U>,
    },
    /// Find a user by the request.
    LoadUserFromRequest(LoadUserFromRequest<U>),
    /// The user is resolved: the authenticated user, or `Ok(None)` if there is none. `Err`: a
    /// loader has failed in this request.
    Done(Result<Option<Arc<U>>, LoadError>),
}

/// Where the ID of the user to load comes from.
pub(crate) enum Reason {
    Session,
    RememberCookie(Remembered),
}

/// A request to load the user with an ID. If it is dropped without an answer, nothing has
/// changed.
#[must_use = "answer it with the result of the user loader"]
pub struct LoadUser<U: User> {
    pub(crate) login: Login<U>,
    pub(crate) generation: u32,
    pub(crate) user_id: SmolStr,
    pub(crate) reason: Reason,
}

/// A request to find a user by the request. If it is dropped without an answer, nothing
/// has changed.
#[must_use = "answer it with the result of the request loader"]
pub struct LoadUserFromRequest<U: User> {
    pub(crate) login: Login<U>,
    pub(crate) generation: u32,
    /// The request with its form, if it has one.
    pub(crate) with_form: Option<Request>,
}

/// Steps that ask a store, and end with the next step of the user.
impl<U: User> From<StoreStep<Self>> for Step<U> {
    fn from(step: StoreStep<Self>) -> Self {
        match step {
            StoreStep::Ask(call) => Self::AskStore(call),
            StoreStep::Done(step) => step,
        }
    }
}

impl<U: User> Step<U> {
    /// The last step. A user who is not authenticated counts as none. Their own code decides
    /// that, so the state must not be locked.
    pub(crate) fn done(result: Result<Option<Arc<U>>, LoadError>) -> Self {
        Self::Done(result.map(|user| user.filter(|user| user.is_authenticated())))
    }
}

/// Without the user: the `Debug` of a user may contain secrets.
impl<U: User> std::fmt::Debug for Step<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AskStore(_) => "AskStore(..)",
            Self::LoadUser { .. } => "LoadUser(..)",
            Self::LoadUserFromRequest(_) => "LoadUserFromRequest(..)",
            Self::Done(Ok(Some(_))) => "Done(Ok(Some(..)))",
            Self::Done(Ok(None)) => "Done(Ok(None))",
            Self::Done(Err(_)) => "Done(Err(..))",
        })
    }
}

impl<U: User> std::fmt::Debug for LoadUser<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoadUser(..)")
    }
}

impl<U: User> std::fmt::Debug for LoadUserFromRequest<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoadUserFromRequest(..)")
    }
}

impl<U: User> LoadUser<U> {
    /// Answers with the result of the user loader.
    pub fn answer(self, user: Option<impl Into<Arc<U>>>) -> Step<U> {
        match (user, self.reason) {
            (Some(user), Reason::Session) => {
                Self::from_session(&self.login, self.generation, &self.user_id, user.into())
            }
            (Some(user), Reason::RememberCookie(remembered)) => {
                Self::from_cookie(&self.login, self.generation, user.into(), remembered)
            }
            (None, Reason::Session) => self.login.resolve_without_session_user(self.generation, &self.user_id),
            (None, Reason::RememberCookie(_)) => self.login.settle(self.generation, Resolution::Anonymous),
        }
    }

    /// Answers that the loader failed. For the rest of the request the user stays
    /// unresolved with this error, and the response is a 5xx.
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> LoadError {
        self.login.fail(self.generation, LoadError::new(cause))
    }

    fn from_session(login: &Login<U>, generation: u32, user_id: &str, user: Arc<U>) -> Step<U> {
        let setup = &login.0.setup;
        let digest = login.0.state().session.auth;
        // The user's own code runs here, so the state is not locked.
        setup.check_auth_hash_is_used(&user);
        let checked = setup.format.check_auth(digest, &*user, user_id);
        let is_revoked = checked.is_err();
        let (step, settled) = login.settle_with(generation, |state| match checked {
            Ok(auth) => {
                // Made with the current key, in case the session is written.
                state.session.auth = auth;
                state.resolution = Resolution::User(Arc::clone(&user), Source::Login);
            }
            Err(Revoked) => {
                let kept = state.kept(setup.format.is_flask(), &[]);
                transitions::end_login(&mut state.session, kept);
                state.session_changed = true;
                state.end_kept();
                state.resolution = Resolution::Anonymous;
            }
        });
        if settled.is_some() && is_revoked {
            login.0.notify(EventKind::LoginRevoked { user: &user });
        }
        step
    }

    fn from_cookie(login: &Login<U>, generation: u32, user: Arc<U>, remembered: Remembered) -> Step<U> {
        let setup = &login.0.setup;
        let now = login.0.now();
        // The user's own code and the entropy run here, so the state is not locked.
        let checked = setup.format.check_auth(remembered.auth, &*user, &remembered.user_id);
        if setup.is_store() {
            return login.restore_kept(generation, &user, checked.map(|_| ()));
        }
        let is_valid = checked.is_ok();
        let login_id = login.new_login_id();
        let (step, settled) = login.settle_with(generation, |state| {
            if is_valid {
                let restored = NewLogin {
                    fresh: false,
                    binding: setup.format.bind(login.0.client(&state.client), setup.config.proxies.trusted),
                    auth: checked.unwrap_or_default(),
                    login_id,
                    began_at: remembered.began_at.unwrap_or(now),
                    login_at: None,
                    remember_seconds: state.session.remember_seconds,
                    user_id: remembered.user_id,
                };
                let kept = state.kept(setup.format.is_flask(), &[]);
                // It is not fresh, and it is bound to the client that sent the cookie.
                let restored = transitions::log_in(&state.session, restored, kept);
                // If the application's data leaves no space, or if another site's page sent the
                // request, perhaps without the session cookie, the login is valid in this request,
                // and the next one restores it again.
                let fits = setup.format.session_size(&restored, &setup.config, now) <= MAX_SIZE;
                if fits && !state.response_begun && !state.is_foreign {
                    state.origin.id = restored.id();
                    state.set_session(restored);
                }
                state.resolution = Resolution::User(Arc::clone(&user), Source::Login);
                fits
            } else {
                state.login_ended = true;
                state.remember = RememberChange::Delete;
                state.resolution = Resolution::Anonymous;
                true
            }
        });
        if settled == Some(false) {
            setup.warn_once(
                Warning::NoSpaceForLogin,
                format_args!("the session cookie has no space for the restored login"),
            );
        }
        match settled {
            Some(_) if is_valid => login.0.notify(EventKind::LoadedFromCookie { user: &user }),
            Some(_) => login.0.notify(EventKind::LoginRevoked { user: &user }),
            None => {}
        }
        step
    }
}

impl<U: User> LoadUserFromRequest<U> {
    /// The request, with the form that it posts, if the server stored it.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.with_form.as_ref().unwrap_or_else(|| self.login.0.request())
    }

    /// Answers with the result of the request loader.
    pub fn answer(self, user: Option<impl Into<Arc<U>>>) -> Step<U> {
        let Some(user) = user.map(Into::into) else {
            return self.login.resolve_without_request_user(self.generation);
        };
        let resolution = Resolution::User(Arc::clone(&user), Source::Request);
        let (step, settled) = self.login.settle_with(self.generation, |state| state.resolution = resolution);
        if settled.is_some() {
            // The session, if there is one, may be another user's.
            self.login.0.notify_without_session(EventKind::LoadedFromRequest { user: &user });
        }
        step
    }

    /// Answers that the loader failed. See [`LoadUser::fail`].
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> LoadError {
        self.login.fail(self.generation, LoadError::new(cause))
    }
}
