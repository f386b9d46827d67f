//! The end of a request: what its login does to the response.

use crate::event;
use crate::manager::RequestLogin;
use crate::session::Session;
use crate::state::{Known, Remember, Shared, State};
use crate::user::User;
use crate::wire::Remembered;

/// What a response is to carry. Empty where nothing was looked at.
///
/// Its `Debug` shows the number of cookies, not their values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ResponseParts {
    /// The values of the Set-Cookie lines to add, in ASCII.
    pub set_cookies: Vec<String>,
    /// Whether `Vary: Cookie` belongs to the response.
    pub vary_cookie: bool,
    /// Whether the response was made for a user and shared caches must not keep it.
    pub is_private: bool,
    /// Whether loading the user failed; see [`replaces`](Self::replaces).
    pub has_failed: bool,
}

impl std::fmt::Debug for ResponseParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseParts")
            .field("set_cookies", &self.set_cookies.len())
            .field("vary_cookie", &self.vary_cookie)
            .field("is_private", &self.is_private)
            .field("has_failed", &self.has_failed)
            .finish()
    }
}

impl ResponseParts {
    /// Whether the response is to carry anything, or be replaced.
    #[inline]
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.vary_cookie || self.is_private || self.has_failed || !self.set_cookies.is_empty()
    }

    /// Whether a response of this status must be replaced by a 500: loading the user
    /// failed, and it is no 5xx already.
    #[must_use]
    pub fn replaces(&self, status: u16) -> bool {
        self.has_failed && !(500..600).contains(&status)
    }

    /// Whether a line `Vary: Cookie` is to be added, given the ones that there are.
    #[must_use]
    pub fn adds_vary<'v>(&self, present: impl IntoIterator<Item = &'v str>) -> bool {
        let mut names = present.into_iter().flat_map(|line| line.split(',')).map(str::trim);
        self.vary_cookie && !names.any(|name| name == "*" || name.eq_ignore_ascii_case("cookie"))
    }

    /// The Cache-Control of a response that shared caches must not keep.
    pub const PRIVATE: &str = "private, no-cache";

    /// Whether [`PRIVATE`](Self::PRIVATE) is to be the response's Cache-Control, given
    /// the lines of it that there are.
    ///
    /// A response for a user gets it where the application said nothing. One with a
    /// login cookie gets it unless what the application said keeps it out of shared
    /// caches already: `private` or `no-store` (RFC 9111, 5.2.2), and not only of some
    /// fields.
    #[must_use]
    pub fn makes_private<'c>(&self, present: impl IntoIterator<Item = &'c str>) -> bool {
        let mut present = present.into_iter().peekable();
        if self.set_cookies.is_empty() {
            return self.is_private && present.peek().is_none();
        }
        let (mut is_shared, mut is_kept_out) = (false, false);
        for directive in present.flat_map(|line| line.split(',')).map(str::trim) {
            let is = |name: &str| directive.eq_ignore_ascii_case(name);
            is_shared |= is("public") || directive.get(..8).is_some_and(|name| name.eq_ignore_ascii_case("s-maxage"));
            is_kept_out |= is("private") || is("no-store");
        }
        is_shared || !is_kept_out
    }
}

impl<U: User> RequestLogin<U> {
    /// Ends the request's login: gives what the response is to carry. Later
    /// changes are errors.
    ///
    /// It cannot fail: what could has failed at the change that made it so.
    #[must_use = "without it no login is ever kept"]
    pub fn finish(&self) -> ResponseParts {
        let shared = &*self.0;
        let mut state = shared.state();
        state.response_begun = true;
        let looked = shared.has_looked();
        if !looked && !shared.manager.0.config.refresh_each_request {
            return ResponseParts::default();
        }
        let mut parts = ResponseParts { vary_cookie: looked, ..ResponseParts::default() };
        let mut is_kept_back = false;
        if matches!(state.known, Known::Failed(_)) {
            parts.has_failed = true;
            return parts;
        }
        if looked {
            // A handler may have read whose session it is without loading the user.
            parts.is_private = state.user().is_some() || state.session.user_id.is_some();
            let session = session_cookie(shared, &state);
            is_kept_back = session.is_err();
            parts.set_cookies.extend(session.unwrap_or_default());
        }
        parts.set_cookies.extend(remember_cookie(shared, &state));
        parts.vary_cookie |= !parts.set_cookies.is_empty();
        drop(state);
        if is_kept_back {
            event::warn(format_args!("the session cookie would be too large and was not sent"));
        }
        parts
    }
}

/// The session has no room for a change that no one asked for, such as a mark of protection.
struct TooLarge;

fn session_cookie<U: User>(shared: &Shared<U>, state: &State<U>) -> Result<Option<String>, TooLarge> {
    let config = &shared.manager.0.config;
    let settings = &config.session_cookie;
    if state.session.is_empty() {
        let is_carried = state.session_changed && shared.client(&state.client).has_cookie(&settings.name);
        return Ok(is_carried.then(|| settings.delete()));
    }
    if !state.session_changed && !state.session.is_permanent() {
        return Ok(None);
    }
    let wire = &shared.manager.0.wire;
    let now = shared.now();
    let session = renewed(shared, state);
    let Some(value) = wire.write_session(&session, now) else { return Ok(None) };
    if settings.name.len() + value.len() > crate::cookie::MAX_SIZE {
        return Err(TooLarge);
    }
    let life = session.is_permanent().then_some(config.session_lifetime);
    Ok(Some(settings.set(&value, life, now)))
}

/// The session as it is written anew: what an old key made is made with the current one.
fn renewed<U: User>(shared: &Shared<U>, state: &State<U>) -> Session {
    let mut session = state.session.clone();
    session.started_at.get_or_insert(shared.now());
    let (wire, proxies) = (&shared.manager.0.wire, shared.manager.0.config.trusted_proxies);
    let client = shared.client(&state.client);
    if !wire.is_flask() && wire.is_bound(session.binding.as_ref(), client, proxies) {
        session.binding = wire.bind(client, proxies);
    }
    session
}

fn remember_cookie<U: User>(shared: &Shared<U>, state: &State<U>) -> Option<String> {
    let manager = &shared.manager.0;
    let settings = &manager.config.remember_cookie;
    match &state.remember {
        Remember::Set(value, life) => Some(settings.set(value, Some(*life), shared.now())),
        Remember::Clear => {
            let is_carried = shared.client(&state.client).has_cookie(&settings.name);
            is_carried.then(|| settings.delete())
        }
        Remember::Leave if manager.config.refresh_each_request => refreshed(shared, state),
        Remember::Leave => None,
    }
}

/// A remember cookie that the client sent and that is good, its time begun anew.
fn refreshed<U: User>(shared: &Shared<U>, state: &State<U>) -> Option<String> {
    let manager = &shared.manager.0;
    let now = shared.now();
    let remembered = manager.wire.read_remember(shared.client(&state.client), &manager.config, now)?;
    let settings = &manager.config.remember_cookie;
    let duration = duration(shared, state, &remembered);
    // Where the user is known, the digest too is made anew, under the current key.
    let checked = state.user().map(|user| manager.wire.check_remembered(&remembered, &**user));
    let Ok(auth) = checked.unwrap_or(Ok(remembered.auth)) else { return Some(settings.delete()) };
    let value = manager.wire.write_remember(&remembered.user_id, auth, now, duration)?;
    // Quoted, an ID may need more room than the client's own spelling of it did.
    let fits = settings.name.len() + value.len() <= crate::cookie::MAX_SIZE;
    fits.then(|| settings.set(&value, Some(duration), now))
}

/// For how long the login asked to be remembered. Flask-Login's cookie does not
/// tell, but its session may, which is then read without being looked at.
fn duration<U: User>(shared: &Shared<U>, state: &State<U>, remembered: &Remembered) -> u64 {
    let manager = &shared.manager.0;
    let configured = manager.config.remember_duration;
    if let Some(duration) = remembered.duration {
        return duration;
    }
    let client = shared.client(&state.client);
    let unread;
    let session = if shared.has_looked() {
        &state.session
    } else {
        unread = manager.wire.read_session(client, &manager.config, shared.now()).unwrap_or_default();
        &unread
    };
    let is_theirs = session.user_id.as_deref() == Some(&remembered.user_id);
    let latest = (crate::clock::LAST_SECOND.saturating_sub(shared.now())) as f64;
    match session.remember_seconds {
        Some(seconds) if is_theirs && (1.0..=latest).contains(&seconds) => seconds as u64,
        _ => configured,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_is_said_once() {
        let looked = ResponseParts { vary_cookie: true, ..ResponseParts::default() };
        assert!(looked.adds_vary([]) && looked.adds_vary(["Accept", "Cookies"]));
        assert!(!looked.adds_vary(["*"]) && !looked.adds_vary(["Accept, COOKIE"]));
        assert!(!ResponseParts::default().adds_vary([]));
    }

    #[test]
    fn what_failed_is_a_5xx() {
        let failed = ResponseParts { has_failed: true, ..ResponseParts::default() };
        for (status, replaced) in [(200, true), (302, true), (499, true), (500, false), (503, false), (600, true)] {
            assert_eq!(failed.replaces(status), replaced, "{status}");
            assert!(!ResponseParts::default().replaces(status));
        }
    }

    #[test]
    fn shared_caches_are_kept_away() {
        let nothing = ResponseParts::default();
        let private = ResponseParts { is_private: true, ..nothing.clone() };
        let cookie = ResponseParts { set_cookies: vec!["a=b".to_owned()], ..nothing.clone() };
        for (parts, present, expected) in [
            (&nothing, None, false),
            (&nothing, Some("public"), false),
            (&private, None, true),
            (&private, Some("public"), false),
            (&private, Some("max-age=60"), false),
            (&cookie, None, true),
            (&cookie, Some("Public, max-age=60"), true),
            (&cookie, Some("max-age=60"), true),
            (&cookie, Some("no-cache, s-maxage=9"), true),
            (&cookie, Some("no-store"), false),
            (&cookie, Some("Private , max-age=60"), false),
            (&cookie, Some("max-age=60,private,S-MaxAge=9"), true),
            (&cookie, Some("private=\"x\""), true),
            (&cookie, Some("no-cache"), true),
        ] {
            assert_eq!(parts.makes_private(present), expected, "{present:?}");
        }
        assert!(!cookie.makes_private(["max-age=60", "no-store"]), "all lines count");
        assert!(!private.makes_private(["", "max-age=60"]));
    }
}
