//! The steps that resolve the user: session, remember cookie, request loader.
//!
//! The core never calls a loader. [`Login::resolve`] returns a [`Step`]. A step that needs
//! an answer is a token, and answering it consumes the token. If a loader fails, the token
//! is failed; a failure never means "no user".

use std::error::Error;
use std::sync::{Arc, MutexGuard};

use smol_str::SmolStr;

use crate::config::cookie::MAX_SIZE;
use crate::error::LoadError;
use crate::event::Event;
use crate::formats::format::{Remembered, Revoked};
use crate::log;
use crate::login::handle::Login;
use crate::login::state::{RememberChange, Resolution, Source, State};
use crate::request::view::Request;
use crate::session::content::Session;
use crate::session::transitions::{self, NewLogin, Protected};
use crate::user::User;

/// What is needed next to resolve the request's user.
#[must_use = "the user is resolved only after the last step"]
pub enum Step<U: User> {
    /// Load the user with this ID.
    LoadUser(LoadUser<U>),
    /// Find a user by the request.
    LoadUserFromRequest(LoadUserFromRequest<U>),
    /// The user is resolved. `Ok(None)`: no user is logged in. `Err`: a loader has failed in
    /// this request.
    Done(Result<Option<Arc<U>>, LoadError>),
}

/// Where the ID of the user to load comes from.
enum Reason {
    Session,
    RememberCookie(Remembered),
}

/// A request to load the user with an ID. If it is dropped without an answer, nothing has
/// changed.
#[must_use = "answer it with the result of the user loader"]
pub struct LoadUser<U: User> {
    login: Login<U>,
    generation: u32,
    user_id: SmolStr,
    reason: Reason,
}

/// A request to find a user by the request. If it is dropped without an answer, nothing
/// has changed.
#[must_use = "answer it with the result of the request loader"]
pub struct LoadUserFromRequest<U: User> {
    login: Login<U>,
    generation: u32,
}

/// Without the user: the `Debug` of a user may contain secrets.
impl<U: User> std::fmt::Debug for Step<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LoadUser(_) => "LoadUser(..)",
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

impl<U: User> Login<U> {
    /// Begins to resolve the user by steps. With an async runtime, await
    /// [`user`](Login::user) instead, which runs all steps.
    pub fn resolve(&self) -> Step<U> {
        let state = self.0.state();
        match state.resolution.result() {
            Some(result) => Step::Done(result),
            None => self.resolve_in(state),
        }
    }

    /// [`resolve`](Self::resolve) for a user that is not resolved.
    pub(crate) fn resolve_in(&self, mut guard: MutexGuard<'_, State<U>>) -> Step<U> {
        let state = &mut *guard;
        let is_first = !std::mem::replace(&mut state.access_notified, true);
        let setup = &self.0.setup;
        let client = self.0.client(&state.client);
        let protected = transitions::protect(&mut state.session, setup.config.protection, |session| {
            setup.format.is_bound(session.binding.as_ref(), client, setup.config.proxies.trusted)
        });
        state.session_changed |= !matches!(protected, Protected::Passed | Protected::Weakened { changed: false });
        if protected == Protected::Ended {
            state.remember = RememberChange::Delete;
            state.resolution = Resolution::Anonymous;
        }
        let generation = state.generation;
        let user_id = state.session.user_id.clone();
        drop(guard);
        // A load that was dropped and begun again is the same access.
        if is_first {
            setup.notify(&Event::Accessed);
            if protected != Protected::Passed {
                setup.notify(&Event::SessionProtected);
            }
        }
        match (protected, user_id) {
            (Protected::Ended, _) => Step::Done(Ok(None)),
            (_, Some(user_id)) => {
                Step::LoadUser(LoadUser { login: self.clone(), generation, user_id, reason: Reason::Session })
            }
            (_, None) => self.resolve_by_cookie(generation),
        }
    }

    fn resolve_by_cookie(&self, generation: u32) -> Step<U> {
        match self.remembered() {
            Some(remembered) => Step::LoadUser(LoadUser {
                login: self.clone(),
                generation,
                user_id: remembered.user_id.clone(),
                reason: Reason::RememberCookie(remembered),
            }),
            None if self.0.setup.has_request_loader => {
                Step::LoadUserFromRequest(LoadUserFromRequest { login: self.clone(), generation })
            }
            None => self.settle(generation, Resolution::Anonymous),
        }
    }

    /// Ends the steps with `change`, unless a login, a logout or another load has resolved
    /// the user meanwhile. Returns the result of `change` if it was called.
    fn settle_with<T>(&self, generation: u32, change: impl FnOnce(&mut State<U>) -> T) -> (Step<U>, Option<T>) {
        let mut state = self.0.state();
        let is_open = state.generation == generation && matches!(state.resolution, Resolution::Unresolved);
        let changed = is_open.then(|| change(&mut state));
        (Step::Done(state.resolution.result().unwrap_or(Ok(None))), changed)
    }

    fn settle(&self, generation: u32, resolution: Resolution<U>) -> Step<U> {
        self.settle_with(generation, |state| state.resolution = resolution).0
    }

    fn fail(&self, generation: u32, error: LoadError) -> LoadError {
        let settled = self.settle(generation, Resolution::Failed(error.clone()));
        if matches!(settled, Step::Done(Err(_))) {
            self.0.setup.notify(&Event::LoadFailed { error: &error });
        }
        error
    }
}

impl<U: User> LoadUser<U> {
    /// The ID of the user to load.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Answers with the result of the user loader.
    pub fn answer(self, user: Option<impl Into<Arc<U>>>) -> Step<U> {
        match (user, self.reason) {
            (Some(user), Reason::Session) => Self::from_session(&self.login, self.generation, user.into()),
            (Some(user), Reason::RememberCookie(remembered)) => {
                Self::from_cookie(&self.login, self.generation, user.into(), remembered)
            }
            (None, Reason::Session) => self.login.resolve_by_cookie(self.generation),
            (None, Reason::RememberCookie(_)) => self.login.settle(self.generation, Resolution::Anonymous),
        }
    }

    /// Answers that the loader failed. For the rest of the request the user stays
    /// unresolved with this error, and the response is a 5xx.
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> LoadError {
        self.login.fail(self.generation, LoadError::new(cause))
    }

    fn from_session(login: &Login<U>, generation: u32, user: Arc<U>) -> Step<U> {
        let setup = &login.0.setup;
        let (step, revoked) = login.settle_with(generation, |state| {
            let user_id = state.session.user_id.as_deref().unwrap_or_default();
            match setup.format.check_auth(state.session.auth, &*user, user_id) {
                Ok(auth) => {
                    // Made with the current key, in case the session is written.
                    state.session.auth = auth;
                    state.resolution = Resolution::User(user, Source::Login);
                    None
                }
                Err(Revoked) => {
                    transitions::end_login(&mut state.session);
                    state.session_changed = true;
                    state.remember = RememberChange::Delete;
                    state.resolution = Resolution::Anonymous;
                    Some(user)
                }
            }
        });
        if let Some(user) = revoked.flatten() {
            setup.notify(&Event::LoginRevoked { user: &user });
        }
        step
    }

    fn from_cookie(login: &Login<U>, generation: u32, user: Arc<U>, remembered: Remembered) -> Step<U> {
        let setup = &login.0.setup;
        let now = login.0.now();
        let is_valid = setup.format.check_auth(remembered.auth, &*user, &remembered.user_id).is_ok();
        let (step, settled) = login.settle_with(generation, |state| {
            if is_valid {
                let client = login.0.client(&state.client);
                let restored = login.restored(&state.session, client, &user, remembered.user_id);
                // If the application's data leaves no space, the login is valid in this
                // request, and the next one restores it again.
                let fits = setup.format.session_size(&restored, &setup.config, now) <= MAX_SIZE;
                if fits && !state.response_begun {
                    state.set_session(restored);
                }
                state.resolution = Resolution::User(Arc::clone(&user), Source::Login);
                fits
            } else {
                state.remember = RememberChange::Delete;
                state.resolution = Resolution::Anonymous;
                true
            }
        });
        if settled == Some(false) {
            log::warn(format_args!("the session cookie has no space for the restored login"));
        }
        match settled {
            Some(_) if is_valid => setup.notify(&Event::LoadedFromCookie { user: &user }),
            Some(_) => setup.notify(&Event::LoginRevoked { user: &user }),
            None => {}
        }
        step
    }
}

impl<U: User> Login<U> {
    /// The session of a login that the remember cookie restores. It is not fresh, and it is
    /// bound to the client that sent the cookie.
    fn restored(&self, session: &Session, client: &Request, user: &Arc<U>, user_id: SmolStr) -> Session {
        let setup = &self.0.setup;
        let login = NewLogin {
            fresh: false,
            binding: setup.format.bind(client, setup.config.proxies.trusted),
            auth: setup.format.auth(&**user, &user_id),
            login_id: self.new_login_id(),
            login_at: None,
            remember_seconds: session.remember_seconds,
            user_id,
        };
        transitions::log_in(session, login, self.0.now())
    }
}

impl<U: User> LoadUserFromRequest<U> {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.login.0.request()
    }

    /// Answers with the result of the request loader.
    pub fn answer(self, user: Option<impl Into<Arc<U>>>) -> Step<U> {
        let Some(user) = user.map(Into::into) else {
            return self.login.settle(self.generation, Resolution::Anonymous);
        };
        let step = self.login.settle(self.generation, Resolution::User(Arc::clone(&user), Source::Request));
        if matches!(&step, Step::Done(Ok(Some(resolved))) if Arc::ptr_eq(resolved, &user)) {
            self.login.0.setup.notify(&Event::LoadedFromRequest { user: &user });
        }
        step
    }

    /// Answers that the loader failed. See [`LoadUser::fail`].
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> LoadError {
        self.login.fail(self.generation, LoadError::new(cause))
    }
}
