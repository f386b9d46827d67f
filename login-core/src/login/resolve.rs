//! Which step comes next, and how the steps end.

use std::sync::MutexGuard;

use crate::error::LoadError;
use crate::login::event::{EventKind, SessionOrigin};
use crate::login::handle::Login;
use crate::login::resolution::Resolution;
use crate::login::state::{RememberChange, State};
use crate::login::steps::{LoadUser, LoadUserFromRequest, Reason, Step};
use crate::session::transitions::Protected;
use crate::store::step::StoreStep;
use crate::user::User;

impl<U: User> Login<U> {
    /// Begins to resolve the user by steps. With an async runtime, await
    /// [`user`](Login::user) instead, which runs all steps.
    pub fn resolve(&self) -> Step<U> {
        let state = self.0.state();
        let result = state.resolution.result();
        match result {
            Some(result) => {
                drop(state);
                Step::done(result)
            }
            None => self.resolve_in(state),
        }
    }

    /// [`resolve`](Self::resolve) for a user that is not resolved.
    pub(crate) fn resolve_in(&self, mut state: MutexGuard<'_, State<U>>) -> Step<U> {
        if state.is_pending() {
            drop(state);
            let login = self.clone();
            return self.load_steps().and_then(move |_| StoreStep::Done(login.resolve())).into();
        }
        // A load that was dropped and begun again is the same access.
        let is_first = !std::mem::replace(&mut state.access_notified, true);
        let is_protected = state.take_protection_event();
        let generation = state.generation;
        let asks_first = self.0.setup.config.request_loader_first;
        state.asked_request_loader |= asks_first;
        drop(state);
        if is_first {
            self.0.notify(EventKind::Accessed);
        }
        if is_protected {
            self.0.notify(EventKind::SessionProtected);
        }
        if asks_first {
            return self.load_from_request(generation);
        }
        self.resolve_by_session(generation)
    }

    /// The step that asks the request loader, which alone sees the form.
    fn load_from_request(&self, generation: u32) -> Step<U> {
        let form = self.0.state().form.clone();
        let with_form = form.map(|form| self.0.request().clone().with_shared_form(form));
        Step::LoadUserFromRequest(LoadUserFromRequest { login: self.clone(), generation, with_form })
    }

    /// The request loader was asked first, and found no user. Credentials that name no user do
    /// not turn into the login of a cookie.
    pub(crate) fn resolve_without_request_user(&self, generation: u32) -> Step<U> {
        let has_credentials = self.0.request().header_lines("authorization").next().is_some();
        if self.0.setup.config.request_loader_first && !has_credentials {
            self.resolve_by_session(generation)
        } else {
            self.settle(generation, Resolution::Anonymous)
        }
    }

    fn resolve_by_session(&self, generation: u32) -> Step<U> {
        let (protected, user_id) = {
            let state = self.0.state();
            (state.protected, state.session.user_id.clone())
        };
        match (protected, user_id) {
            (Protected::Ended, _) => self.settle(generation, Resolution::Anonymous),
            (_, Some(user_id)) => {
                self.load_user(LoadUser { login: self.clone(), generation, user_id, reason: Reason::Session })
            }
            (_, None) => self.resolve_by_cookie(generation),
        }
    }

    /// The step that loads a user. An ID that cannot be read as one is no user's.
    fn load_user(&self, token: LoadUser<U>) -> Step<U> {
        match token.user_id.parse() {
            Ok(id) => Step::LoadUser { id, token },
            Err(_) => token.answer(None::<U>),
        }
    }

    pub(crate) fn resolve_by_cookie(&self, generation: u32) -> Step<U> {
        let setup = &self.0.setup;
        match self.remembered() {
            Some(remembered) => {
                let mut state = self.0.state();
                if state.generation == generation {
                    state.origin = SessionOrigin { id: None, key: Some(remembered.key) };
                }
                drop(state);
                let (login, user_id) = (self.clone(), remembered.user_id.clone());
                self.load_user(LoadUser { login, generation, user_id, reason: Reason::RememberCookie(remembered) })
            }
            None if setup.has_request_loader && !setup.config.request_loader_first => {
                self.0.state().asked_request_loader = true;
                self.load_from_request(generation)
            }
            None => self.settle(generation, Resolution::Anonymous),
        }
    }

    /// The session's user does not exist. A remember cookie of another user is not used but
    /// deleted: a login must never turn into another user's.
    pub(crate) fn resolve_without_session_user(&self, generation: u32, user_id: &str) -> Step<U> {
        if self.remembered().is_some_and(|remembered| remembered.user_id != user_id) {
            self.0.state().remember = RememberChange::Delete;
        }
        self.resolve_by_cookie(generation)
    }

    /// Ends the steps with `change`, unless a login, a logout or another load has resolved
    /// the user meanwhile. Returns the result of `change` if it was called.
    pub(crate) fn settle_with<T>(
        &self,
        generation: u32,
        change: impl FnOnce(&mut State<U>) -> T,
    ) -> (Step<U>, Option<T>) {
        let mut state = self.0.state();
        let is_open = state.generation == generation && matches!(state.resolution, Resolution::Unresolved);
        let changed = is_open.then(|| change(&mut state));
        let result = state.resolution.result().unwrap_or(Ok(None));
        drop(state);
        (Step::done(result), changed)
    }

    pub(crate) fn settle(&self, generation: u32, resolution: Resolution<U>) -> Step<U> {
        self.settle_with(generation, |state| state.resolution = resolution).0
    }

    pub(crate) fn fail(&self, generation: u32, error: LoadError) -> LoadError {
        let (_, settled) = self.settle_with(generation, |state| state.resolution = Resolution::Failed(error.clone()));
        if settled.is_some() {
            self.0.notify(EventKind::LoadFailed { error: &error });
        }
        error
    }
}
