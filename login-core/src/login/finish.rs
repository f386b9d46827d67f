//! The end of a request: what the login adds to the response.

use crate::answer::Answer;
use crate::clock::LAST_SECOND;
use crate::config::cookie::MAX_SIZE;
use crate::formats::format::{NewRemember, Remembered, Revoked};
use crate::login::event::EventKind;
use crate::login::request_login::RequestLogin;
use crate::login::resolution::Resolution;
use crate::login::response_parts::ResponseParts;
use crate::login::setup::{Setup, Warning};
use crate::login::shared::Shared;
use crate::login::state::{RememberChange, State};
use crate::request::cookies::CookieName;
use crate::session::content::Session;
use crate::session::kept::Kept;
use crate::session::transitions;
use crate::user::User;

impl<U: User> RequestLogin<U> {
    /// Ends the request's login and returns what to add to the response, which has this
    /// status. Later changes are errors.
    ///
    /// A 5xx logs no one in: it gets no new login and no new data. A login that has ended
    /// stays ended.
    ///
    /// With a session store use [`finish_with_store`](Self::finish_with_store), or run the
    /// [steps](Self::finish_steps): this writes nothing to a store, and is then a 500.
    ///
    /// It does not fail. A change that cannot be written has failed when it was made.
    #[must_use = "the response must set the cookies"]
    pub fn finish(&self, status: u16) -> ResponseParts {
        let shared = &*self.0;
        if shared.setup.is_store() {
            return self.finish_without_writing();
        }
        let is_accessed = shared.is_accessed();
        let refreshes = shared.setup.config.refresh_each_request;
        // Both may run the application's code, so the state is not locked.
        let now = if is_accessed || refreshes { shared.now() } else { 0 };
        let refreshed = if refreshes { self.checked_remember(now) } else { None };
        let mut state = shared.state();
        state.response_begun = true;
        if !is_accessed && !refreshes {
            return ResponseParts::default();
        }
        let mut parts = shared.first_parts(&state);
        let has_failed = matches!(state.resolution, Resolution::Failed(_));
        parts.failure = has_failed.then(|| failure(shared, &state));
        let mut is_too_large = false;
        if has_failed || (500..600).contains(&status) {
            parts.is_private = !has_failed && state.user().is_some();
            if state.login_ended {
                parts.set_cookies.extend(ended_session_cookie(shared, &state));
                parts.set_cookies.extend(deleted_remember_cookie(shared, &state));
            }
        } else {
            if is_accessed {
                // A handler may have read the session of a user without loading the user.
                parts.is_private = state.user().is_some() || state.session.user_id.is_some();
                let session = session_cookie(shared, &state);
                is_too_large = session.is_err();
                parts.set_cookies.extend(session.unwrap_or_default());
            }
            parts.set_cookies.extend(remember_cookie(shared, &state, refreshed));
        }
        drop(state);
        shared.last_parts(parts, is_too_large)
    }

    /// The request's remember cookie and the digest of the auth hash for a new one. `Err` if
    /// the cookie is revoked.
    fn checked_remember(&self, now: u64) -> Option<Result<Remembered, Revoked>> {
        let (setup, state) = (&self.0.setup, self.0.state());
        let client = self.0.client(&state.client);
        let remembered = setup.format.read_remember(client, &setup.config, now)?;
        // Flask-Login's cookie does not contain the duration, but the session may. Reading it from
        // there does not count as an access.
        let is_unread = remembered.duration.is_none() && !self.0.is_accessed();
        let unread = if is_unread { setup.format.read_session(client, &setup.config, now) } else { None };
        let user = state.user().cloned();
        drop(state);
        let mut remembered = self.0.canonical(remembered);
        if let Some(session) = unread {
            remembered.duration = remember_seconds(&self.0.canonical_session(session), &remembered.user_id, now);
        }
        // If the user is loaded, the digest is checked and made again with the current key.
        let checked = user.map(|user| setup.format.check_remembered(&remembered, &*user));
        Some(checked.unwrap_or(Ok(remembered.auth)).map(|auth| Remembered { auth, ..remembered }))
    }
}

impl<U: User> Shared<U> {
    /// What every response gets.
    pub(crate) fn first_parts(&self, state: &State<U>) -> ResponseParts {
        ResponseParts {
            vary_cookie: self.is_accessed(),
            vary_authorization: state.asked_request_loader,
            clears_site_data: state.logged_out && self.setup.config.clears_site_data,
            ..ResponseParts::default()
        }
    }

    /// The end of it, with what is told about it. The state must not be locked.
    pub(crate) fn last_parts(&self, mut parts: ResponseParts, is_too_large: bool) -> ResponseParts {
        parts.vary_cookie |= !parts.set_cookies.is_empty();
        let is_protected = self.state().take_protection_event();
        if is_protected {
            self.notify(EventKind::SessionProtected);
        }
        if is_too_large {
            let message = format_args!("the session cookie would be too large and is not sent");
            self.setup.warn_once(Warning::SessionTooLarge, message);
        }
        parts
    }
}

/// The response if the user could not be loaded.
pub(crate) fn failure<U: User>(shared: &Shared<U>, state: &State<U>) -> Answer {
    Answer::load_failed(shared.setup.config.kind(shared.client(&state.client)))
}

/// The session cookie has no space for a change that the application did not make, such as
/// one by session protection.
pub(crate) struct TooLarge;

pub(crate) fn session_cookie<U: User>(shared: &Shared<U>, state: &State<U>) -> Result<Option<String>, TooLarge> {
    let config = &shared.setup.config;
    let name = &config.session_cookie.name;
    if state.session.is_empty() {
        let is_deleted = state.session_changed && deletes(shared, state, name);
        return Ok(is_deleted.then(|| shared.setup.session_cookie.delete()));
    }
    if !state.session_changed && !is_renewed_by_use(shared, state) {
        return Ok(None);
    }
    let format = &shared.setup.format;
    let now = shared.now();
    let session = renewed(shared, state);
    let Some(value) = format.write_session(&session, now) else { return Ok(None) };
    if name.len() + value.len() > MAX_SIZE {
        return Err(TooLarge);
    }
    Ok(Some(shared.setup.session_cookie.set(&value, max_age(shared, &session), now)))
}

/// Whether to write a session that has not changed, so that use extends it. With an idle timeout
/// that is so once a twentieth of it has passed: the session may expire early by that much.
/// Without one, a permanent session is written with each response, as in Flask.
fn is_renewed_by_use<U: User>(shared: &Shared<U>, state: &State<U>) -> bool {
    let config = &shared.setup.config;
    match (config.idle_timeout, state.session.written_at) {
        _ if state.is_foreign => false,
        (Some(timeout), Some(written_at)) => shared.now().saturating_sub(written_at) >= (timeout / 20).max(1),
        _ => state.session.is_permanent(),
    }
}

/// The `Max-Age` of a session's cookie, if it is permanent. In the native format it does not
/// outlive the login.
pub(crate) fn max_age<U: User>(shared: &Shared<U>, session: &Session) -> Option<u64> {
    let Setup { config, format, .. } = &*shared.setup;
    let ends_at = session.began_at.filter(|_| !format.is_flask()).map(|at| at.saturating_add(config.login_age()));
    let left = ends_at.map_or(u64::MAX, |ends_at| ends_at.saturating_sub(shared.now()));
    session.is_permanent().then(|| config.session_age().min(left))
}

/// The session as it is written.
fn renewed<U: User>(shared: &Shared<U>, state: &State<U>) -> Session {
    let mut session = state.session.clone();
    let (format, proxies) = (&shared.setup.format, shared.setup.config.proxies.trusted);
    session.binding = format.renewed_binding(session.binding, shared.client(&state.client), proxies);
    session
}

/// Whether to delete the cookie with this name: the request carried it, or a handler logged
/// out and the request carried the other one. (A path may keep a cookie from being sent.)
pub(crate) fn deletes<U: User>(shared: &Shared<U>, state: &State<U>, name: &CookieName) -> bool {
    let config = &shared.setup.config;
    let has_either =
        || [&config.session_cookie, &config.remember_cookie].iter().any(|cookie| shared.carries(state, &cookie.name));
    shared.carries(state, name) || (state.logged_out && has_either())
}

pub(crate) fn deleted_remember_cookie<U: User>(shared: &Shared<U>, state: &State<U>) -> Option<String> {
    let name = &shared.setup.config.remember_cookie.name;
    deletes(shared, state, name).then(|| shared.setup.remember_cookie.delete())
}

/// The session cookie of a failed response in which a login ended: the session that the
/// request brought, without its login.
fn ended_session_cookie<U: User>(shared: &Shared<U>, state: &State<U>) -> Option<String> {
    let Setup { format, config, session_cookie, .. } = &*shared.setup;
    let read = || format.read_session(shared.client(&state.client), config, shared.now());
    // If the session was read in place, no handler has had the login, so only its end has changed it.
    let is_ended = shared.has_only_session(state);
    let mut session = if is_ended { state.session.clone() } else { read().unwrap_or_default() };
    if !is_ended && session.user_id.is_none() && !session.has_foreign_login() {
        // Without a login there is nothing to end. If the session is not readable, a logout
        // deletes it.
        let is_deleted = session.is_empty() && state.logged_out;
        return (is_deleted && deletes(shared, state, &config.session_cookie.name)).then(|| session_cookie.delete());
    }
    let kept = if format.is_flask() { Kept::Data } else { Kept::Only { keys: &[], flashes: 0 } };
    transitions::end_login(&mut session, kept);
    if session.is_empty() {
        return deletes(shared, state, &config.session_cookie.name).then(|| session_cookie.delete());
    }
    let value = format.write_session(&session, shared.now())?;
    Some(session_cookie.set(&value, max_age(shared, &session), shared.now()))
}

fn remember_cookie<U: User>(
    shared: &Shared<U>,
    state: &State<U>,
    refreshed: Option<Result<Remembered, Revoked>>,
) -> Option<String> {
    match &state.remember {
        RememberChange::Set(value, life) => Some(shared.setup.remember_cookie.set(value, Some(*life), shared.now())),
        RememberChange::Delete => deleted_remember_cookie(shared, state),
        RememberChange::Keep => match refreshed? {
            Ok(remembered) => refreshed_cookie(shared, state, &remembered),
            Err(Revoked) => Some(shared.setup.remember_cookie.delete()),
        },
    }
}

/// The request's remember cookie with a new expiry.
fn refreshed_cookie<U: User>(shared: &Shared<U>, state: &State<U>, remembered: &Remembered) -> Option<String> {
    let setup = &shared.setup;
    let now = shared.now();
    let in_session = || remember_seconds(&state.session, &remembered.user_id, now);
    let duration = remembered.duration.or_else(in_session).unwrap_or(setup.config.remember_duration);
    let new = NewRemember {
        user_id: &remembered.user_id,
        auth: remembered.auth,
        began_at: remembered.began_at.unwrap_or(now),
        duration,
    };
    let (value, seconds) = setup.format.write_remember(new, &setup.config, now)?;
    // In quotes, an ID may need more space than in the client's own spelling.
    let fits = setup.config.remember_cookie.name.len() + value.len() <= MAX_SIZE;
    fits.then(|| setup.remember_cookie.set(&value, Some(seconds), now))
}

/// The remember duration that the login of this user was made with, in seconds, if the session has
/// it (flask format).
fn remember_seconds(session: &Session, user_id: &str, now: u64) -> Option<u64> {
    let latest = LAST_SECOND.saturating_sub(now) as f64;
    let seconds = session.remember_seconds.filter(|seconds| (1.0..=latest).contains(seconds))?;
    (session.user_id.as_deref() == Some(user_id)).then_some(seconds as u64)
}
