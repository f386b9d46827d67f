//! Loading the user, a step at a time: session, remember cookie, request loader.
//!
//! The core never asks a loader itself. [`Login::begin`] gives a [`Step`]; a step
//! that needs an answer is a token that is consumed by it. What a loader failed
//! to answer is never "no one": the token is failed instead.

use std::error::Error;
use std::sync::{Arc, MutexGuard};

use smol_str::SmolStr;

use crate::error::LoadError;
use crate::event::{self, Event};
use crate::login::Login;
use crate::request::Request;
use crate::session::Session;
use crate::state::{Known, Remember, Source, State};
use crate::transitions::{self, NewLogin, Protected};
use crate::user::User;
use crate::wire::{Remembered, Revoked};

/// What has to be known next to know the request's user.
#[must_use = "the user is not known before the last step"]
pub enum Step<U: User> {
    /// Load the user of this ID.
    LoadUser(LoadUser<U>),
    /// Ask for a user by the request itself.
    AskRequestLoader(AskRequestLoader<U>),
    /// The user is known: whoever is logged in, or no one, or loading failed
    /// before in this request.
    Done(Result<Option<Arc<U>>, LoadError>),
}

/// Whose ID is to be loaded, and why.
enum Reason {
    Session,
    RememberCookie(Remembered),
}

/// Asks for the user of an ID. Dropped without an answer, nothing has changed.
#[must_use = "answer it with what the loader found"]
pub struct LoadUser<U: User> {
    login: Login<U>,
    generation: u32,
    user_id: SmolStr,
    reason: Reason,
}

/// Asks for a user by the request. Dropped without an answer, nothing has changed.
#[must_use = "answer it with what the request loader found"]
pub struct AskRequestLoader<U: User> {
    login: Login<U>,
    generation: u32,
}

/// Shows no user: an application's own `Debug` may tell what no log should hold.
impl<U: User> std::fmt::Debug for Step<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LoadUser(_) => "LoadUser(..)",
            Self::AskRequestLoader(_) => "AskRequestLoader(..)",
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

impl<U: User> std::fmt::Debug for AskRequestLoader<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AskRequestLoader(..)")
    }
}

impl<U: User> Login<U> {
    /// Begins to find out who is logged in, by hand. [`user`](Login::user) does
    /// all of it where there is a runtime.
    pub fn begin(&self) -> Step<U> {
        let state = self.0.state();
        match known(&state.known) {
            Some(known) => Step::Done(known),
            None => self.begin_in(state),
        }
    }

    /// [`begin`](Self::begin) where the user is not known.
    pub(crate) fn begin_in(&self, mut guard: MutexGuard<'_, State<U>>) -> Step<U> {
        let state = &mut *guard;
        let accessed = !std::mem::replace(&mut state.announced_access, true);
        let manager = &self.0.manager.0;
        let client = self.0.client(&state.client);
        let protected = transitions::protect(&mut state.session, manager.config.protection, |session| {
            manager.wire.is_bound(session.binding.as_ref(), client, manager.config.trusted_proxies)
        });
        state.session_changed |= !matches!(protected, Protected::Passed | Protected::Weakened { changed: false });
        if protected == Protected::Ended {
            state.remember = Remember::Clear;
            state.known = Known::NoOne;
        }
        let generation = state.generation;
        let user_id = state.session.user_id.clone();
        drop(guard);
        // A load that was given up and begun again is told of once.
        if accessed {
            self.0.tell(&Event::Accessed);
            if protected != Protected::Passed {
                self.0.tell(&Event::SessionProtected);
            }
        }
        match (protected, user_id) {
            (Protected::Ended, _) => Step::Done(Ok(None)),
            (_, Some(user_id)) => {
                Step::LoadUser(LoadUser { login: self.clone(), generation, user_id, reason: Reason::Session })
            }
            (_, None) => self.ask_cookie(generation),
        }
    }

    fn ask_cookie(&self, generation: u32) -> Step<U> {
        let manager = &self.0.manager.0;
        let remembered = self.remembered();
        match remembered {
            Some(remembered) => Step::LoadUser(LoadUser {
                login: self.clone(),
                generation,
                user_id: remembered.user_id.clone(),
                reason: Reason::RememberCookie(remembered),
            }),
            None if manager.has_request_loader => {
                Step::AskRequestLoader(AskRequestLoader { login: self.clone(), generation })
            }
            None => self.settle(generation, Known::NoOne),
        }
    }

    /// Ends the steps with what `change` makes known, or, where a login or logout, or
    /// another load, was first, with that. Gives what `change` gave, if it was asked.
    fn settle_by<T>(&self, generation: u32, change: impl FnOnce(&mut State<U>) -> T) -> (Step<U>, Option<T>) {
        let mut state = self.0.state();
        let is_open = state.generation == generation && matches!(state.known, Known::NotYet);
        let changed = is_open.then(|| change(&mut state));
        (Step::Done(known(&state.known).unwrap_or(Ok(None))), changed)
    }

    fn settle(&self, generation: u32, result: Known<U>) -> Step<U> {
        self.settle_by(generation, |state| state.known = result).0
    }

    fn fail(&self, generation: u32, error: LoadError) -> LoadError {
        let settled = self.settle(generation, Known::Failed(error.clone()));
        if matches!(settled, Step::Done(Err(_))) {
            self.0.tell(&Event::LoadFailed { error: &error });
        }
        error
    }
}

pub(crate) fn known<U>(known: &Known<U>) -> Option<Result<Option<Arc<U>>, LoadError>> {
    match known {
        Known::NotYet => None,
        Known::User(user, _) => Some(Ok(Some(Arc::clone(user)))),
        Known::NoOne => Some(Ok(None)),
        Known::Failed(error) => Some(Err(error.clone())),
    }
}

impl<U: User> LoadUser<U> {
    /// The ID of the user to load.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Answers with what the loader found.
    pub fn answer(self, user: Option<impl Into<Arc<U>>>) -> Step<U> {
        match (user, self.reason) {
            (Some(user), Reason::Session) => Self::of_session(&self.login, self.generation, user.into()),
            (Some(user), Reason::RememberCookie(remembered)) => {
                Self::of_cookie(&self.login, self.generation, user.into(), remembered)
            }
            (None, Reason::Session) => self.login.ask_cookie(self.generation),
            (None, Reason::RememberCookie(_)) => self.login.settle(self.generation, Known::NoOne),
        }
    }

    /// Says that the loader failed: for the rest of this request no one is logged
    /// in nor anonymous, and the response is a 5xx.
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> LoadError {
        self.login.fail(self.generation, LoadError::new(cause))
    }

    fn of_session(login: &Login<U>, generation: u32, user: Arc<U>) -> Step<U> {
        let wire = &login.0.manager.0.wire;
        let (step, revoked) = login.settle_by(generation, |state| {
            let user_id = state.session.user_id.as_deref().unwrap_or_default();
            match wire.check_auth(state.session.auth, &*user, user_id) {
                Ok(current) => {
                    // Under the current key, should the session be written.
                    state.session.auth = current;
                    state.known = Known::User(user, Source::Login);
                    None
                }
                Err(Revoked) => {
                    transitions::end_login(&mut state.session);
                    state.session_changed = true;
                    state.remember = Remember::Clear;
                    state.known = Known::NoOne;
                    Some(user)
                }
            }
        });
        if let Some(user) = revoked.flatten() {
            login.0.tell(&Event::LoginRevoked { user: &user });
        }
        step
    }

    fn of_cookie(login: &Login<U>, generation: u32, user: Arc<U>, remembered: Remembered) -> Step<U> {
        let manager = &login.0.manager.0;
        let (wire, config, now) = (&manager.wire, &manager.config, login.0.now());
        let is_theirs = wire.check_auth(remembered.auth, &*user, &remembered.user_id).is_ok();
        let (step, settled) = login.settle_by(generation, |state| {
            if is_theirs {
                let client = login.0.client(&state.client);
                let restored = login.restored(&state.session, client, &user, remembered.user_id);
                // Where the application's data leaves no room the login holds for this request.
                let fits = wire.session_size(&restored, config, now) <= crate::cookie::MAX_SIZE;
                if fits && !state.response_begun {
                    state.set_session(restored);
                }
                state.known = Known::User(Arc::clone(&user), Source::Login);
                fits
            } else {
                state.remember = Remember::Clear;
                state.known = Known::NoOne;
                true
            }
        });
        if settled == Some(false) {
            event::warn(format_args!("the session cookie has no room for a remembered login"));
        }
        match settled {
            Some(_) if is_theirs => login.0.tell(&Event::LoadedFromCookie { user: &user }),
            Some(_) => login.0.tell(&Event::LoginRevoked { user: &user }),
            None => {}
        }
        step
    }
}

impl<U: User> Login<U> {
    /// The session of a login that the remember cookie restored: not fresh, and
    /// bound to the client that sent the cookie.
    fn restored(&self, session: &Session, client: &Request, user: &Arc<U>, user_id: SmolStr) -> Session {
        let manager = &self.0.manager.0;
        let login = NewLogin {
            fresh: false,
            binding: manager.wire.bind(client, manager.config.trusted_proxies),
            auth: manager.wire.auth(&**user, &user_id),
            login_id: self.new_login_id(),
            login_at: None,
            remember_seconds: session.remember_seconds,
            user_id,
        };
        transitions::log_in(session, login, self.0.now())
    }
}

impl<U: User> AskRequestLoader<U> {
    /// The request to find a user by.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.login.0.request()
    }

    /// Answers with what the request loader found.
    pub fn answer(self, user: Option<impl Into<Arc<U>>>) -> Step<U> {
        let Some(user) = user.map(Into::into) else { return self.login.settle(self.generation, Known::NoOne) };
        let step = self.login.settle(self.generation, Known::User(Arc::clone(&user), Source::Request));
        if matches!(&step, Step::Done(Ok(Some(known))) if Arc::ptr_eq(known, &user)) {
            self.login.0.tell(&Event::LoadedFromRequest { user: &user });
        }
        step
    }

    /// Says that the request loader failed; see [`LoadUser::fail`].
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> LoadError {
        self.login.fail(self.generation, LoadError::new(cause))
    }
}
