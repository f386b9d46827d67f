//! What all handles of one request's login share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Wake;

use crate::config::settings::SessionProtection;
use crate::formats::format::Remembered;
use crate::login::event::SessionOrigin;
use crate::login::keeping::Keeping;
use crate::login::setup::Setup;
use crate::login::state::{RememberChange, State};
use crate::request::client::{self, Client as _, InPlace};
use crate::request::cookies::CookieName;
use crate::request::cross_site;
use crate::request::head::RequestHead;
use crate::request::view::Request;
use crate::session::content::Session;
use crate::session::kept::Kept;
use crate::session::transitions::{self, Protected};
use crate::user::{User, canonical_id};

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
            state: Mutex::new(State::new()),
        }
    }

    /// Locks the state. A panic leaves it consistent, because every change is made at once.
    pub(crate) fn state(&self) -> MutexGuard<'_, State<U>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_accessed(&self) -> bool {
        self.accessed.load(Ordering::Acquire)
    }

    /// Nothing is read from the request any more.
    pub(crate) fn set_accessed(&self) {
        self.accessed.store(true, Ordering::Release);
    }

    /// Reads the session the first time, and protects it. `client` copies what identifies
    /// the client, if the whole request was not copied. `is_foreign` says whether another
    /// site's page sent the request.
    pub(crate) fn access(&self, client: impl FnOnce() -> Option<Request>, is_foreign: impl Fn() -> bool) {
        self.access_read(None, client, is_foreign);
    }

    /// Like [`access`](Self::access), with what was read of the session cookie, if it was.
    fn access_read(
        &self,
        read: Option<Option<Session>>,
        client: impl FnOnce() -> Option<Request>,
        is_foreign: impl Fn() -> bool,
    ) {
        if self.is_accessed() {
            return;
        }
        // All of this may run code of the application or of its server, so the state is not
        // locked. If two tasks do it at the same time, the first result counts.
        let (now, copied) = (self.now(), client());
        let Setup { format, config, .. } = &*self.setup;
        let none = Request::empty();
        let client = self.client(copied.as_ref().unwrap_or(&none));
        let (read, keeping) = read.map_or_else(|| self.read(client, now), |read| (read, None));
        let has_token = keeping.as_deref().is_some_and(|keeping| !keeping.session_tokens.is_empty());
        let is_unreadable = read.is_none() && !has_token && client.has_cookie(&config.session_cookie.name);
        let mut session = self.canonical_session(read.unwrap_or_default());
        let origin = SessionOrigin { id: session.id(), key: session.key };
        let kept = if format.is_flask() { Kept::Data } else { Kept::Only { keys: &[], flashes: 0 } };
        let protected = transitions::protect(&mut session, config.protection, kept, |session| {
            format.is_bound(session.binding.as_ref(), client, config.proxies.trusted)
        });
        let may_restore = session.user_id.is_none() && client.has_cookie(&config.remember_cookie.name);
        let is_foreign = (protected != Protected::Passed || may_restore || has_token) && is_foreign();
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
        (state.protected, state.is_foreign, state.origin) = (protected, is_foreign, origin);
        state.keeping = keeping;
        if let Some(copied) = copied {
            state.client = copied;
        }
        self.accessed.store(true, Ordering::Release);
    }

    /// Like [`access`](Self::access), but reads the framework's own request. Nothing is copied if there is
    /// no session and no remember cookie, or if the session is readable and this client's.
    /// Otherwise what identifies the client is copied.
    pub(crate) fn access_in_place(&self, head: &impl RequestHead) {
        if self.is_accessed() {
            return;
        }
        let Setup { format, config, .. } = &*self.setup;
        let client = InPlace(head);
        let may_need_more = config.refresh_each_request
            || config.proxies.trusted > 0
            || head.method() == "POST"
            || self.request.get().is_some()
            || client.has_cookie(&config.remember_cookie.name);
        let mut read = None;
        if !may_need_more {
            read = format.read_session(&client, config, self.now());
            let is_carried = read.is_some();
            if is_carried || !client.has_cookie(&config.session_cookie.name) {
                let session = self.canonical_session(read.take().unwrap_or_default());
                let is_free = session.user_id.is_none() || config.protection == SessionProtection::Off;
                if !format.has_old_binding(&session.binding)
                    && (is_free || format.is_bound(session.binding.as_ref(), &client, config.proxies.trusted))
                {
                    return self.set_in_place(session, is_carried);
                }
                read = Some(session);
            }
        }
        let copied = || Some(Request::client_from(head, config.proxies.trusted > 0));
        let read = (!may_need_more).then_some(read);
        self.access_read(read, copied, || self.is_foreign(&Request::from_head(head)));
    }

    fn set_in_place(&self, session: Session, is_carried: bool) {
        let mut state = self.state();
        if !self.is_accessed() {
            state.origin = SessionOrigin { id: session.id(), key: session.key };
            (state.session, state.read_in_place) = (session, is_carried);
            self.accessed.store(true, Ordering::Release);
        }
    }

    /// Reads the session that the cookie contains, and what it says of a session in a store.
    fn read(&self, client: &Request, now: u64) -> (Option<Session>, Option<Box<Keeping>>) {
        let Setup { format, config, store, .. } = &*self.setup;
        if store.is_none() {
            return (format.read_session(client, config, now), None);
        }
        let tokens = format.read_tokens(client, config, now);
        (tokens.visitor, Some(Box::new(Keeping::new(tokens.sessions, tokens.remembers))))
    }

    /// Stores the whole request, the first time.
    pub(crate) fn store_request(&self, request: impl FnOnce() -> Request) -> &Request {
        self.request.get_or_init(|| {
            let mut request = request();
            if let Some(form) = request.form.take() {
                self.state().form = Some(form);
            }
            request
        })
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

    /// Whether the request has a cookie with this name.
    pub(crate) fn carries(&self, state: &State<U>, name: &CookieName) -> bool {
        let in_place = self.has_only_session(state) && **name == *self.setup.config.session_cookie.name;
        in_place || self.client(&state.client).has_cookie(name)
    }

    /// Whether nothing is known of the request but the session that it had.
    pub(crate) fn has_only_session(&self, state: &State<U>) -> bool {
        state.read_in_place && self.request.get().is_none()
    }

    /// Whether another site's page sent this request.
    pub(crate) fn is_foreign(&self, request: &Request) -> bool {
        cross_site::is_from_another_site(request, client::origin(request, self.setup.config.proxies))
    }

    /// A session with its ID as this library would write it. The state must not be locked.
    pub(crate) fn canonical_session(&self, session: Session) -> Session {
        if !self.setup.format.is_flask() {
            return session;
        }
        Session { user_id: session.user_id.map(canonical_id::<U>), ..session }
    }

    /// A remember cookie with its ID as this library would write it. The state must not be locked.
    pub(crate) fn canonical(&self, remembered: Remembered) -> Remembered {
        if !self.setup.format.is_flask() {
            return remembered;
        }
        Remembered { user_id: canonical_id::<U>(remembered.user_id), ..remembered }
    }

    /// Sets the time of this request, for tests of applications.
    pub(crate) fn set_now(&self, now: u64) {
        // Zero would mean that the time was not read yet.
        self.now.store(now.max(1), Ordering::Relaxed);
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
