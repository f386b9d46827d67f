//! What all logins of one manager share.

use std::sync::Arc;

use crate::clock::{Clock, Entropy};
use crate::config::set_cookie::SetCookie;
use crate::config::settings::Config;
use crate::event::{Event, Listener};
use crate::formats::format::Format;
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
}

impl<U: User> Setup<U> {
    /// Notifies all listeners. The request's state must not be locked, because a listener
    /// may use the login.
    pub(crate) fn notify(&self, event: &Event<'_, U>) {
        event.log();
        self.listeners.iter().for_each(|listener| listener(event));
    }
}
