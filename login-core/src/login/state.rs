//! The state of one request's login.

use std::sync::Arc;
use std::task::Waker;

use crate::error::{LoadError, LoginError};
use crate::login::event::SessionOrigin;
use crate::login::keeping::{Keeping, SessionLoad};
use crate::login::loaders::Loading;
use crate::login::resolution::Resolution;
use crate::request::view::Request;
use crate::session::content::Session;
use crate::session::kept::Kept;
use crate::session::transitions::{Change, Protected};

/// What the response does with the remember cookie.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum RememberChange {
    #[default]
    Keep,
    /// Sets it to a value that expires after so many seconds.
    Set(String, u64),
    Delete,
}

/// The load of the request's user.
pub(crate) enum Load {
    None,
    /// Begun. Any of the waiting tasks may continue it.
    Suspended(Loading),
    /// A task is polling it right now.
    Polling,
}

/// Work for after the state is unlocked, because it may run the application's code: wakers
/// to wake, and a load and a user to drop.
#[must_use]
pub(crate) struct Deferred<U> {
    wakers: Vec<Waker>,
    _load: Option<Loading>,
    _resolution: Option<Resolution<U>>,
}

impl<U> Default for Deferred<U> {
    fn default() -> Self {
        Self { wakers: Vec::new(), _load: None, _resolution: None }
    }
}

impl<U> Deferred<U> {
    pub(crate) fn run(self) {
        self.wakers.into_iter().for_each(Waker::wake);
    }
}

pub(crate) struct State<U> {
    /// A copy of what identifies the client, if nothing needed the whole request. See
    /// [`Shared::client`].
    pub(crate) client: Request,
    pub(crate) session: Session,
    pub(crate) session_changed: bool,
    /// Whether the request had session cookies of which none could be read.
    pub(crate) session_is_unreadable: bool,
    /// Whether the session was read from the framework's own request, of which `client` has nothing.
    pub(crate) read_in_place: bool,
    /// Whether another site's page sent the request, so that neither session protection nor a
    /// remember cookie writes the session. It is found out only if one of them may act.
    pub(crate) is_foreign: bool,
    /// How many of the waiting messages this request has flashed.
    pub(crate) new_flashes: usize,
    /// Whether a login ended in this request: by a logout, by session protection, or because
    /// the auth hash has changed. Then it stays ended even if the response is a 5xx.
    pub(crate) login_ended: bool,
    /// Whether a handler logged out. Then both cookies are deleted.
    pub(crate) logged_out: bool,
    pub(crate) remember: RememberChange,
    pub(crate) resolution: Resolution<U>,
    /// Where the request's login comes from, for events. It stays when the login ends.
    pub(crate) origin: SessionOrigin,
    /// Whether the request loader was asked.
    pub(crate) asked_request_loader: bool,
    /// Counts logins and logouts. The result of a load from before the last one is dropped.
    pub(crate) generation: u32,
    pub(crate) access_notified: bool,
    /// What session protection did when the session was read.
    pub(crate) protected: Protected,
    pub(crate) protection_notified: bool,
    pub(crate) load: Load,
    /// Whether the load's waker was called while a task was polling it.
    pub(crate) woken_while_polling: bool,
    /// How many futures wait for the load.
    pub(crate) waiting: usize,
    /// The wakers of their tasks.
    pub(crate) wakers: Vec<Waker>,
    pub(crate) response_begun: bool,
    /// The form that the request posts. Only the request loader sees it: not a listener, which may
    /// log the request.
    pub(crate) form: Option<Arc<Vec<u8>>>,
    /// The login as a session store keeps it, if there is one.
    pub(crate) keeping: Option<Box<Keeping>>,
}

impl<U> State<U> {
    /// The state of a request whose login nothing has accessed.
    pub(crate) fn new() -> Self {
        Self {
            client: Request::empty(),
            session: Session::default(),
            session_changed: false,
            session_is_unreadable: false,
            read_in_place: false,
            is_foreign: false,
            new_flashes: 0,
            login_ended: false,
            logged_out: false,
            remember: RememberChange::Keep,
            resolution: Resolution::Unresolved,
            origin: SessionOrigin::default(),
            asked_request_loader: false,
            generation: 0,
            access_notified: false,
            protected: Protected::Passed,
            protection_notified: false,
            load: Load::None,
            woken_while_polling: false,
            waiting: 0,
            wakers: Vec::new(),
            response_begun: false,
            form: None,
            keeping: None,
        }
    }

    pub(crate) fn user(&self) -> Option<&Arc<U>> {
        match &self.resolution {
            Resolution::User(user, _) => Some(user),
            Resolution::Unresolved | Resolution::Anonymous | Resolution::Failed(_) => None,
        }
    }

    /// The state for a change, unless the response has begun.
    pub(crate) fn for_change(&mut self) -> Result<&mut Self, LoginError> {
        self.loaded()?;
        // After a write that failed, the response is a 5xx whatever comes.
        if let Some(failure) = self.keeping.as_deref().and_then(|keeping| keeping.failure.clone()) {
            return Err(LoginError::Load(failure));
        }
        self.for_end()
    }

    /// The state for a logout, which needs no session, unless the response has begun.
    pub(crate) fn for_end(&mut self) -> Result<&mut Self, LoginError> {
        if self.response_begun { Err(LoginError::ResponseBegun) } else { Ok(self) }
    }

    /// An error if the session was not loaded from its store.
    pub(crate) fn loaded(&self) -> Result<(), LoginError> {
        if self.is_pending() {
            return Err(LoginError::NotLoaded);
        }
        self.load_error().map_or(Ok(()), |error| Err(LoginError::Load(error)))
    }

    /// The error of the session store, if the session could not be loaded.
    pub(crate) fn load_error(&self) -> Option<LoadError> {
        match self.keeping.as_deref().map(|keeping| &keeping.load) {
            Some(SessionLoad::Failed(error)) => Some(error.clone()),
            None | Some(SessionLoad::Loaded | SessionLoad::Pending) => None,
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.keeping.as_deref().is_some_and(|keeping| matches!(keeping.load, SessionLoad::Pending))
    }

    /// Changes the session. Returns whether there was anything to change.
    pub(crate) fn change(&mut self, change: Change) -> bool {
        let is_changed = change.apply(&mut self.session);
        self.session_changed |= is_changed;
        if let Some(keeping) = self.keeping.as_deref_mut().filter(|_| is_changed) {
            keeping.record(|| change);
        }
        is_changed
    }

    /// The login ends, not by a logout: its record is removed at the end of the request, even if
    /// the response is a 5xx.
    pub(crate) fn end_kept(&mut self) {
        if let Some(keeping) = self.keeping.as_deref_mut() {
            keeping.end();
        }
        (self.login_ended, self.remember) = (true, RememberChange::Delete);
    }

    /// A login or logout resolves the user. The current load, if any, is dropped.
    pub(crate) fn resolve(&mut self, resolution: Resolution<U>) -> Deferred<U> {
        self.generation = self.generation.wrapping_add(1);
        let previous = std::mem::replace(&mut self.resolution, resolution);
        Deferred { _resolution: Some(previous), ..self.end_load() }
    }

    /// Whether to notify the listeners now that session protection acted. True only once.
    pub(crate) fn take_protection_event(&mut self) -> bool {
        self.protected != Protected::Passed && !std::mem::replace(&mut self.protection_notified, true)
    }

    /// What stays in the session if the login ends now.
    pub(crate) fn kept<'k>(&self, is_flask: bool, keys: &'k [String]) -> Kept<'k> {
        if is_flask { Kept::Data } else { Kept::Only { keys, flashes: self.new_flashes } }
    }

    /// Wakes all tasks that wait for the load.
    pub(crate) fn wake_all(&mut self) -> Deferred<U> {
        Deferred { wakers: std::mem::take(&mut self.wakers), ..Deferred::default() }
    }

    /// Wakes all tasks and drops the load. A load keeps the login alive, and with it itself.
    pub(crate) fn end_load(&mut self) -> Deferred<U> {
        let wakers = std::mem::take(&mut self.wakers);
        let load = match std::mem::replace(&mut self.load, Load::None) {
            Load::Suspended(load) => Some(load),
            Load::None => None,
            Load::Polling => {
                self.load = Load::Polling;
                None
            }
        };
        Deferred { wakers, _load: load, _resolution: None }
    }

    /// Sets the session that a change has made.
    pub(crate) fn set_changed(&mut self, session: Session, change: Change) {
        self.set_session(session);
        if let Some(keeping) = self.keeping.as_deref_mut() {
            keeping.record(|| change);
        }
    }

    pub(crate) fn set_session(&mut self, session: Session) {
        self.session = session;
        self.session_changed = true;
    }
}
