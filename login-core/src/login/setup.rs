//! What all logins of one manager share.

use std::fmt::Arguments;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::{Clock, Entropy};
use crate::config::set_cookie::SetCookie;
use crate::config::settings::Config;
use crate::formats::format::Format;
use crate::log;
use crate::login::event::{Event, EventKind, Listener, SessionOrigin};
use crate::login::loaders::Drive;
use crate::request::client;
use crate::request::cross_site;
use crate::request::view::Request;
use crate::store::erased::{AnyStore, NoStore};
use crate::store::login_record::millis;
use crate::store::step::StoreStep;
use crate::user::User;

/// How many origins of refused cross-site requests are logged as a warning.
const MAX_ORIGINS: usize = 32;

/// How much of an origin is logged, in bytes.
const MAX_ORIGIN: usize = 128;

/// The parts of a login manager that the logins of its requests need.
pub(crate) struct Setup<U: User> {
    pub(crate) config: Config,
    pub(crate) session_cookie: SetCookie,
    pub(crate) remember_cookie: SetCookie,
    pub(crate) format: Format,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) listeners: Vec<Listener<U>>,
    pub(crate) loaders: Arc<dyn Drive<U>>,
    pub(crate) has_request_loader: bool,
    /// Where sessions are kept, if not in cookies.
    pub(crate) store: Option<Arc<dyn AnyStore>>,
    /// When the last login was made, in milliseconds since 1970.
    pub(crate) last_created: AtomicU64,
    /// The origins whose cross-site requests are logged already.
    pub(crate) refused_origins: Mutex<Vec<String>>,
    /// Which of the [`Warning`]s are logged already.
    pub(crate) warned: [AtomicBool; 8],
}

/// A warning that a client's requests can cause. Each is logged only once, so that no client
/// can make the log grow with each request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Warning {
    UnknownAge,
    MessageNotFlashed,
    NextNotStored,
    NoSpaceForLogin,
    SessionTooLarge,
    AuthHashUnused,
    UnsafeFallback,
    StoreIgnored,
}

impl<U: User> Setup<U> {
    /// The time of a login that is made in this second, in milliseconds since 1970. Within the
    /// second, each is later than the ones before, so that a list of them has an order.
    pub(crate) fn created(&self, now: u64) -> u64 {
        let (first, last) = (millis(now), millis(now).saturating_add(999));
        let next = |created: u64| created.saturating_add(1).clamp(first, last);
        let update =
            self.last_created.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |created| Some(next(created)));
        update.map_or(first, next)
    }

    /// Whether sessions are kept in a store.
    pub(crate) fn is_store(&self) -> bool {
        self.store.is_some()
    }

    /// Runs the steps with the session store.
    pub(crate) async fn run<T>(&self, step: StoreStep<T>) -> T {
        step.run(self.store.as_deref().unwrap_or(&NoStore)).await
    }

    /// Logs a warning the first time.
    pub(crate) fn warn_once(&self, warning: Warning, message: Arguments<'_>) {
        let is_logged = self.warned.get(warning as usize);
        if is_logged.is_some_and(|is_logged| !is_logged.swap(true, Ordering::Relaxed)) {
            log::warn(format_args!("{message} (logged once)"));
        }
    }

    /// Logs a warning if the user has an auth hash that the format does not store. The user's
    /// own code runs here, so the request's state must not be locked.
    pub(crate) fn check_auth_hash_is_used(&self, user: &U) {
        let is_logged = self.warned.get(Warning::AuthHashUnused as usize).is_some_and(|it| it.load(Ordering::Relaxed));
        if self.format.is_flask() && !is_logged && !user.auth_hash().is_empty() {
            self.warn_once(
                Warning::AuthHashUnused,
                format_args!(
                    "`auth_hash` is not used with Flask's cookies: a new password ends no login; make a version number part of `id`"
                ),
            );
        }
    }

    /// Notifies the listeners that another site's page sent this request, and logs it. Each
    /// origin is logged as a warning once, for the first of them; after that for debugging only,
    /// because whoever sends such requests must not make the log grow.
    pub(crate) fn notify_cross_site(&self, request: &Request) {
        let origin = cross_site::origin(request);
        let named = origin.map_or("an unknown origin", shortened);
        // A browser sends `null` if it hides the origin, which cannot be trusted.
        let advice = match origin {
            Some("null") | None => "",
            Some(_) => "; accept it with `trusted_origin`",
        };
        let message = format_args!(
            "a {} request from {named:?} was refused, because another site's page sent it{advice}",
            request.method(),
        );
        if self.is_first(named) {
            log::warn(message)
        } else {
            log::debug(message)
        }
        self.notify(EventKind::CrossSiteRefused { origin }, request, SessionOrigin::default());
    }

    /// Whether this is the first refused request of an origin, of the origins that are kept.
    fn is_first(&self, origin: &str) -> bool {
        let mut refused = self.refused_origins.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = refused.len() < MAX_ORIGINS && refused.iter().all(|each| each != origin);
        if is_first {
            refused.push(origin.to_owned());
        }
        is_first
    }

    /// Notifies all listeners. The request's state must not be locked, because a listener
    /// may use the login.
    pub(crate) fn notify(&self, kind: EventKind<'_, U>, request: &Request, origin: SessionOrigin) {
        kind.log();
        let event = Event { kind, request, address: client::address(request, self.config.proxies.trusted), origin };
        self.listeners.iter().for_each(|listener| listener(&event));
    }
}

fn shortened(origin: &str) -> &str {
    let end = (0..=MAX_ORIGIN.min(origin.len())).rev().find(|end| origin.is_char_boundary(*end));
    origin.get(..end.unwrap_or_default()).unwrap_or_default()
}
