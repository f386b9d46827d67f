//! Every transition of a login, as pure functions of the session.
//!
//! None of them reads a cookie, calls a loader or notifies a listener. Each returns the
//! new session or changes the session it is given. A [`Change`] can be made again, to a session
//! on the server that another request has changed meanwhile.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::config::settings::SessionProtection;
use crate::session::content::{Binding, Digest, FLASHES, NEXT, Session};
use crate::session::json;
use crate::session::json_text;
use crate::session::kept::Kept;

/// What session protection did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protected {
    /// Nothing: the session belongs to the client, has no login, or is not protected.
    Passed,
    /// The session belongs to another client, and the login is no longer fresh. `changed`
    /// says whether it was fresh before.
    Weakened { changed: bool },
    /// The session belongs to another client, and the login has ended.
    Ended,
}

/// A request brings a session. `is_own` says whether the session is bound to the client
/// that sent it.
pub(crate) fn protect(
    session: &mut Session,
    mode: SessionProtection,
    kept: Kept<'_>,
    is_own: impl FnOnce(&Session) -> bool,
) -> Protected {
    if session.user_id.is_none() || mode == SessionProtection::Off || is_own(session) {
        return Protected::Passed;
    }
    if mode == SessionProtection::Basic || session.is_permanent() {
        let changed = session.fresh != Some(false);
        session.fresh = Some(false);
        return Protected::Weakened { changed };
    }
    end_login(session, kept);
    Protected::Ended
}

/// The library ends a login, because of strong protection or because the user's auth hash
/// has changed.
pub(crate) fn end_login(session: &mut Session, kept: Kept<'_>) {
    session.remove_login();
    session.remember_seconds = None;
    session.data.remove(NEXT);
    kept.apply(session);
}

/// A login that is about to be made.
#[derive(Clone)]
pub(crate) struct NewLogin {
    pub(crate) user_id: SmolStr,
    pub(crate) fresh: bool,
    pub(crate) binding: Option<Binding>,
    pub(crate) auth: Option<Digest>,
    pub(crate) login_id: [u8; 16],
    /// When the login was made, in seconds since 1970.
    pub(crate) began_at: u64,
    /// When the user entered credentials, in seconds since 1970, if the format stores it.
    pub(crate) login_at: Option<u64>,
    /// The remember duration in seconds, if the format stores it.
    pub(crate) remember_seconds: Option<f64>,
}

/// A user logs in with credentials or by a remember cookie. Data of another user is
/// dropped; in the flask format `next` stays. Data of the same user, or of a visitor who was
/// not logged in, stays.
pub(crate) fn log_in(session: &Session, login: NewLogin, kept: Kept<'_>) -> Session {
    let mut session = session.clone();
    if is_another(&session, &login.user_id) {
        match kept {
            Kept::Data => session.data.retain(|key| key == NEXT),
            Kept::Only { .. } => kept.apply(&mut session),
        }
    }
    session.user_id = Some(login.user_id);
    session.has_numeric_id = false;
    session.fresh = Some(login.fresh);
    session.binding = login.binding;
    session.auth = login.auth;
    session.login_id = login.login_id;
    session.login_at = login.login_at;
    session.remember_seconds = login.remember_seconds;
    session.began_at = Some(login.began_at);
    // Nothing has written it yet.
    session.written_at = None;
    session
}

/// Whether the session has a login of another user.
pub(crate) fn is_another(session: &Session, user_id: &str) -> bool {
    session.user_id.as_deref().map_or_else(|| session.has_foreign_login(), |id| id != user_id)
}

/// The user of the session enters their credentials again.
pub(crate) fn confirm(session: &mut Session, binding: Option<Binding>, login_at: Option<u64>) {
    session.fresh = Some(true);
    session.binding = binding;
    session.login_at = login_at;
}

/// The user logs out. Returns whether the session changed. If the request has a remember
/// cookie, the remember duration is removed too. A session without a login keeps its data.
pub(crate) fn log_out(session: &mut Session, kept: Kept<'_>, has_remember_cookie: bool) -> bool {
    let mut changed = session.remove_login();
    if changed {
        kept.apply(session);
    }
    if has_remember_cookie {
        changed |= session.remember_seconds.take().is_some();
    }
    changed
}

/// Whether a login is fresh and, with `max_age`, at most so many seconds old. A login of
/// unknown age is too old, and so is one that is more than `skew` seconds in the future.
pub(crate) fn is_fresh(session: &Session, max_age: Option<u64>, now: u64, skew: u64) -> bool {
    session.fresh == Some(true)
        && max_age.is_none_or(|max_age| {
            session.login_at.is_some_and(|at| at <= now.saturating_add(skew) && now.saturating_sub(at) <= max_age)
        })
}

/// A request is refused and redirected to the login view, and the session stores `next`.
/// The flask format also binds a session without a login to the client, as Flask-Login
/// does. The binding of a login never changes here.
pub(crate) fn store_next(session: &Session, next: &str, binding: Option<Binding>) -> Session {
    let mut session = session.clone();
    session.data.set(NEXT, json::quote(next));
    if session.user_id.is_none() && binding.is_some() {
        session.binding = binding;
    }
    session
}

/// Whether this message waits already. `item` is its JSON text in the cookie format.
pub(crate) fn is_waiting(session: &Session, item: &str) -> bool {
    session.data.get(FLASHES).and_then(json_text::items).is_some_and(|waiting| waiting.contains(&item))
}

/// A message is flashed: it is added after the waiting ones. `item` is its JSON text in
/// the cookie format.
pub(crate) fn flash(session: &Session, item: &str) -> Session {
    let mut session = session.clone();
    let waiting = session.data.get(FLASHES).and_then(json_text::items).unwrap_or_default();
    let list = waiting.into_iter().chain([item]).collect::<Vec<_>>().join(",");
    session.data.set(FLASHES, format!("[{list}]"));
    session
}

/// What a handler makes of the JSON text under a key. `None` leaves it as it is.
pub(crate) type Updater = Arc<dyn Fn(Option<&str>) -> Option<String> + Send + Sync>;

/// A change of a session.
#[derive(Clone)]
pub(crate) enum Change {
    /// A value is set, as JSON text.
    Insert(String, String),
    Remove(String),
    /// A value is made of the one that is there. It runs the application's code.
    Update(String, Updater),
    Permanent(Option<bool>),
    /// A message is flashed: its JSON text in the cookie format.
    Flash(String),
    /// These messages were read.
    TakeFlashes(Vec<String>),
    /// A refused request asked for this page. See [`store_next`].
    StoreNext(String, Option<Binding>),
    /// This `next` was read, as JSON text.
    TakeNext(String),
    Confirm(Option<Binding>, Option<u64>),
    /// Session protection found another client.
    Weaken,
    /// A login is made, and so many messages were flashed before.
    LogIn(Box<NewLogin>, usize),
    /// The digests of the client and of the auth hash are made again, with the current key.
    RenewDigests(Option<Binding>, Option<Digest>),
    /// A remember cookie restores the login of this session. The other one is the visitor's.
    Restore(Box<Session>, Option<Binding>),
}

impl Change {
    /// Makes the change. Returns whether there was anything to change.
    pub(crate) fn apply(&self, session: &mut Session) -> bool {
        match self {
            Self::Insert(key, value) => session.data.set(key, value.as_str()),
            Self::Remove(key) => return session.data.remove(key).is_some(),
            Self::Update(key, update) => match update(session.data.get(key)) {
                Some(value) => session.data.set(key, value),
                None => return false,
            },
            Self::Permanent(permanent) => session.permanent = *permanent,
            Self::Flash(item) => *session = flash(session, item),
            Self::TakeFlashes(read) => return take_flashes(session, read),
            Self::StoreNext(next, binding) => *session = store_next(session, next, binding.clone()),
            Self::TakeNext(read) => {
                let is_read = session.data.get(NEXT) == Some(read.as_str());
                return is_read && session.data.remove(NEXT).is_some();
            }
            Self::Confirm(binding, login_at) => confirm(session, binding.clone(), *login_at),
            Self::Weaken => session.fresh = Some(false),
            Self::LogIn(login, flashes) => {
                *session = log_in(session, (**login).clone(), Kept::Only { keys: &[], flashes: *flashes });
            }
            Self::RenewDigests(binding, auth) => {
                let renewed = (binding.clone().or(session.binding.take()), auth.or(session.auth));
                (session.binding, session.auth) = renewed;
            }
            Self::Restore(visitor, binding) => restore(session, visitor, binding.clone()),
        }
        true
    }
}

/// Messages were read: they are removed, and those that another request has flashed meanwhile
/// stay.
fn take_flashes(session: &mut Session, read: &[String]) -> bool {
    let Some(waiting) = session.data.remove(FLASHES) else { return false };
    let mut left = json_text::items(&waiting).unwrap_or_default();
    for item in read {
        left.iter().position(|each| *each == item.as_str()).map(|at| left.remove(at));
    }
    if !left.is_empty() {
        session.data.set(FLASHES, format!("[{}]", left.join(",")));
    }
    true
}

/// A remember cookie restores a login that is kept on the server, with its data. What the visitor
/// did since stays too.
fn restore(session: &mut Session, visitor: &Session, binding: Option<Binding>) {
    session.fresh = Some(false);
    session.login_at = None;
    session.binding = binding;
    // The browser was closed, so the session cookie is a new one.
    session.permanent = visitor.permanent;
    for key in visitor.data.keys() {
        match visitor.data.get(&key) {
            Some(value) if key == FLASHES => {
                // Several requests may restore the login, each with the same messages.
                for item in json_text::items(value).unwrap_or_default() {
                    if !is_waiting(session, item) {
                        *session = flash(session, item);
                    }
                }
            }
            Some(value) => session.data.set(&key, value),
            None => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
