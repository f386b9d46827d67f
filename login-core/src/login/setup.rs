//! What all logins of one manager share.

use std::fmt::Arguments;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::{Clock, Entropy};
use crate::config::set_cookie::SetCookie;
use crate::config::settings::Config;
use crate::event::{Event, Listener};
use crate::formats::format::Format;
use crate::log;
use crate::login::loaders::Drive;
use crate::user::User;

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
    /// Which of the [`Warning`]s are logged already.
    pub(crate) warned: [AtomicBool; 5],
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
}

impl<U: User> Setup<U> {
    /// Logs a warning the first time.
    pub(crate) fn warn_once(&self, warning: Warning, message: Arguments<'_>) {
        let is_logged = self.warned.get(warning as usize);
        if is_logged.is_some_and(|is_logged| !is_logged.swap(true, Ordering::Relaxed)) {
            log::warn(format_args!("{message} (logged once)"));
        }
    }

    /// Notifies all listeners. The request's state must not be locked, because a listener
    /// may use the login.
    pub(crate) fn notify(&self, event: &Event<'_, U>) {
        event.log();
        self.listeners.iter().for_each(|listener| listener(event));
    }
}
