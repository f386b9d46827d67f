//! The state of one request's login.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Wake, Waker};

use crate::error::LoginError;
use crate::login::loaders::Loading;
use crate::login::resolution::Resolution;
use crate::login::setup::Setup;
use crate::request::client;
use crate::request::cross_site;
use crate::request::view::Request;
use crate::session::content::Session;
use crate::session::kept::Kept;
use crate::session::transitions::{self, Protected};
use crate::user::User;

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
}

impl<U> State<U> {
    pub(crate) fn user(&self) -> Option<&Arc<U>> {
        match &self.resolution {
            Resolution::User(user, _) => Some(user),
            Resolution::Unresolved | Resolution::Anonymous | Resolution::Failed(_) => None,
        }
    }

    /// The state for a change, unless the response has begun.
    pub(crate) fn for_change(&mut self) -> Result<&mut Self, LoginError> {
        if self.response_begun { Err(LoginError::ResponseBegun) } else { Ok(self) }
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

    pub(crate) fn set_session(&mut self, session: Session) {
        self.session = session;
        self.session_changed = true;
    }
}

/// The waker of the load wakes all waiting tasks, because any one of them may never poll
/// again.
impl<U: User> Wake for Shared<U> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state();
        state.woken_while_polling = true;
        let deferred = state.wake_all();
        drop(state);
        deferred.run();
    }
}

/// What all handles of one request's login share.
pub(crate) struct Shared<U: User> {
    pub(crate) setup: Arc<Setup<U>>,
    /// The whole request, if anything needed it.
    request: OnceLock<Request>,
    /// Seconds since 1970; 0 until the time is needed.
    now: AtomicU64,
    /// Whether the session was read. Until then nothing was.
    accessed: AtomicBool,
    state: Mutex<State<U>>,
}

impl<U: User> Shared<U> {
    pub(crate) fn new(setup: Arc<Setup<U>>) -> Self {
        Self {
            setup,
            request: OnceLock::new(),
            now: AtomicU64::new(0),
            accessed: AtomicBool::new(false),
            state: Mutex::new(State {
                client: Request::empty(),
                session: Session::default(),
                session_changed: false,
                session_is_unreadable: false,
                is_foreign: false,
                new_flashes: 0,
                login_ended: false,
                logged_out: false,
                remember: RememberChange::Keep,
                resolution: Resolution::Unresolved,
                generation: 0,
                access_notified: false,
                protected: Protected::Passed,
                protection_notified: false,
                load: Load::None,
                woken_while_polling: false,
                waiting: 0,
                wakers: Vec::new(),
                response_begun: false,
            }),
        }
    }

    /// Locks the state. A panic leaves it consistent, because every change is made at once.
    pub(crate) fn state(&self) -> MutexGuard<'_, State<U>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_accessed(&self) -> bool {
        self.accessed.load(Ordering::Acquire)
    }

    /// Reads the session the first time, and protects it. `client` copies what identifies
    /// the client, if the whole request was not copied. `is_foreign` says whether another
    /// site's page sent the request.
    pub(crate) fn access(&self, client: impl FnOnce() -> Option<Request>, is_foreign: impl Fn() -> bool) {
        if self.is_accessed() {
            return;
        }
        // All of this may run code of the application or of its server, so the state is not
        // locked. If two tasks do it at the same time, the first result counts.
        let (now, copied) = (self.now(), client());
        let Setup { format, config, .. } = &*self.setup;
        let none = Request::empty();
        let client = self.client(copied.as_ref().unwrap_or(&none));
        let read = format.read_session(client, config, now);
        let is_unreadable = read.is_none() && client.has_cookie(&config.session_cookie.name);
        let mut session = read.unwrap_or_default();
        let kept = if format.is_flask() { Kept::Data } else { Kept::Only { keys: &[], flashes: 0 } };
        let protected = transitions::protect(&mut session, config.protection, kept, |session| {
            format.is_bound(session.binding.as_ref(), client, config.proxies.trusted)
        });
        let may_restore = session.user_id.is_none() && client.has_cookie(&config.remember_cookie.name);
        let is_foreign = (protected != Protected::Passed || may_restore) && is_foreign();
        let mut guard = self.state();
        if self.is_accessed() {
            return;
        }
        let state = &mut *guard;
        // The application did not ask for a change by session protection.
        if !is_foreign {
            state.session_changed |= !matches!(protected, Protected::Passed | Protected::Weakened { changed: false });
            if protected == Protected::Ended {
                state.login_ended = true;
                state.remember = RememberChange::Delete;
            }
        }
        (state.session, state.session_is_unreadable) = (session, is_unreadable);
        (state.protected, state.is_foreign) = (protected, is_foreign);
        if let Some(copied) = copied {
            state.client = copied;
        }
        self.accessed.store(true, Ordering::Release);
    }

    /// Stores the whole request, the first time.
    pub(crate) fn store_request(&self, request: impl FnOnce() -> Request) -> &Request {
        self.request.get_or_init(request)
    }

    /// The whole request. It is empty if nothing was accessed.
    pub(crate) fn request(&self) -> &Request {
        self.store_request(|| self.state().client.clone())
    }

    /// What identifies the client: the whole request if it was copied, or `client` from the
    /// state.
    pub(crate) fn client<'s>(&'s self, client: &'s Request) -> &'s Request {
        self.request.get().unwrap_or(client)
    }

    /// Whether another site's page sent this request.
    pub(crate) fn is_foreign(&self, request: &Request) -> bool {
        cross_site::is_from_another_site(request, client::origin(request, self.setup.config.proxies))
    }

    /// The time of this request, in seconds since 1970. It is the same during the whole
    /// request.
    pub(crate) fn now(&self) -> u64 {
        match self.now.load(Ordering::Relaxed) {
            0 => {
                let now = self.setup.clock.now();
                // If two tasks read the clock at the same time, the first time counts.
                self.now
                    .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed)
                    .map_or_else(|first| first, |_| now)
            }
            now => now,
        }
    }
}
