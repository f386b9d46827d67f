//! One request's login while the request lasts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Wake, Waker};

use crate::error::{LoadError, LoginError};
use crate::event::Event;
use crate::loaders::Loading;
use crate::manager::LoginManager;
use crate::request::Request;
use crate::session::Session;
use crate::user::User;

/// How the request's user became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The session or the remember cookie, or a login in this request.
    Login,
    /// The request loader: for this request alone.
    Request,
}

/// What is known of the request's user.
pub(crate) enum Known<U> {
    NotYet,
    User(Arc<U>, Source),
    NoOne,
    Failed(LoadError),
}

/// What the response does about the remember cookie.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Remember {
    #[default]
    Leave,
    /// A cookie's value, and its life in seconds.
    Set(String, u64),
    Clear,
}

/// The load of the request's user.
pub(crate) enum Load {
    No,
    /// Begun, and whoever waits may go on with it.
    Idle(Loading),
    /// Someone goes on with it right now.
    Running,
}

/// Who is to be called, and a load that no one needs any more: let go once the state is
/// unlocked.
#[must_use]
#[derive(Default)]
pub(crate) struct Released {
    waiting: Vec<Waker>,
    /// Only to be dropped: that may run the application's own code.
    _loading: Option<Loading>,
}

impl Released {
    pub(crate) fn go(self) {
        self.waiting.into_iter().for_each(Waker::wake);
    }
}

pub(crate) struct State<U> {
    /// What tells who sends the request, where nothing needed all of it; see
    /// [`Shared::client`].
    pub(crate) client: Request,
    pub(crate) session: Session,
    pub(crate) session_changed: bool,
    pub(crate) remember: Remember,
    pub(crate) known: Known<U>,
    /// Counts logins and logouts: a load that one of them overtook is discarded.
    pub(crate) generation: u32,
    pub(crate) announced_access: bool,
    pub(crate) load: Load,
    /// Whether what is loaded called while someone went on with it.
    pub(crate) load_has_called: bool,
    /// How many wait for the load, and who is to be called when it can go on.
    pub(crate) waiters: usize,
    pub(crate) waiting: Vec<Waker>,
    pub(crate) response_begun: bool,
}

impl<U> State<U> {
    pub(crate) fn user(&self) -> Option<&Arc<U>> {
        match &self.known {
            Known::User(user, _) => Some(user),
            Known::NotYet | Known::NoOne | Known::Failed(_) => None,
        }
    }

    /// Refuses a change that would come too late.
    pub(crate) fn for_change(&mut self) -> Result<&mut Self, LoginError> {
        if self.response_begun { Err(LoginError::ResponseBegun) } else { Ok(self) }
    }

    /// A login or logout: whoever loads or waits is overtaken.
    pub(crate) fn know(&mut self, known: Known<U>) -> Released {
        self.generation = self.generation.wrapping_add(1);
        self.known = known;
        self.release()
    }

    /// Calls those who wait for the load.
    pub(crate) fn call(&mut self) -> Released {
        Released { waiting: std::mem::take(&mut self.waiting), _loading: None }
    }

    /// The same, and gives the load up, which holds a login and so keeps itself alive.
    pub(crate) fn release(&mut self) -> Released {
        let waiting = std::mem::take(&mut self.waiting);
        let loading = match std::mem::replace(&mut self.load, Load::No) {
            Load::Idle(loading) => Some(loading),
            Load::No => None,
            Load::Running => {
                self.load = Load::Running;
                None
            }
        };
        Released { waiting, _loading: loading }
    }

    pub(crate) fn set_session(&mut self, session: Session) {
        self.session = session;
        self.session_changed = true;
    }
}

/// What the load calls when it can go on: all who wait, since none need be polled again.
impl<U: User> Wake for Shared<U> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state();
        state.load_has_called = true;
        let called = state.call();
        drop(state);
        called.go();
    }
}

/// What all handles on one request's login share.
pub(crate) struct Shared<U: User> {
    pub(crate) manager: LoginManager<U>,
    /// All of the request, where anything needed it.
    request: OnceLock<Request>,
    /// Seconds since 1970; 0 until it is asked for.
    now: AtomicU64,
    /// Whether the session was read; until then nothing was.
    looked: AtomicBool,
    state: Mutex<State<U>>,
}

impl<U: User> Shared<U> {
    pub(crate) fn new(manager: LoginManager<U>) -> Self {
        Self {
            manager,
            request: OnceLock::new(),
            now: AtomicU64::new(0),
            looked: AtomicBool::new(false),
            state: Mutex::new(State {
                client: Request::empty(),
                session: Session::default(),
                session_changed: false,
                remember: Remember::Leave,
                known: Known::NotYet,
                generation: 0,
                announced_access: false,
                load: Load::No,
                load_has_called: false,
                waiters: 0,
                waiting: Vec::new(),
                response_begun: false,
            }),
        }
    }

    /// A handler that panicked has left the state whole: no change is made by halves.
    pub(crate) fn state(&self) -> MutexGuard<'_, State<U>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_looked(&self) -> bool {
        self.looked.load(Ordering::Acquire)
    }

    /// Reads the session, the first time. `client` is what tells who sends the request,
    /// where no view of the whole of it was kept.
    pub(crate) fn look(&self, client: impl FnOnce() -> Option<Request>) {
        if self.has_looked() {
            return;
        }
        let mut state = self.state();
        if self.has_looked() {
            return;
        }
        if let Some(client) = client() {
            state.client = client;
        }
        let manager = &self.manager.0;
        let session = manager.wire.read_session(self.client(&state.client), &manager.config, self.now());
        if let Some(session) = session {
            state.session = session;
        }
        self.looked.store(true, Ordering::Release);
    }

    /// Takes the view of the whole request, once.
    pub(crate) fn keep_request(&self, request: impl FnOnce() -> Request) -> &Request {
        self.request.get_or_init(request)
    }

    /// The whole request; one without anything where nothing was looked at.
    pub(crate) fn request(&self) -> &Request {
        self.keep_request(|| self.state().client.clone())
    }

    /// What tells who sends the request: `shown` (the state's), or the whole of it where
    /// there is that.
    pub(crate) fn client<'s>(&'s self, shown: &'s Request) -> &'s Request {
        self.request.get().unwrap_or(shown)
    }

    /// The time of this request, in seconds since 1970: the same all through it.
    pub(crate) fn now(&self) -> u64 {
        match self.now.load(Ordering::Relaxed) {
            0 => {
                let now = self.manager.0.clock.now();
                // Of two that ask at the same time the second takes the first's.
                self.now
                    .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed)
                    .map_or_else(|first| first, |_| now)
            }
            now => now,
        }
    }

    /// Tells all listeners. The state must not be locked: they may look at the login.
    pub(crate) fn tell(&self, event: &Event<'_, U>) {
        crate::event::trace(event);
        self.manager.0.listeners.iter().for_each(|listener| listener(event));
    }
}
