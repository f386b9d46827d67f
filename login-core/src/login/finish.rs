//! The end of a request: what the login adds to the response.

use crate::clock::LAST_SECOND;
use crate::config::cookie::MAX_SIZE;
use crate::formats::format::Remembered;
use crate::log;
use crate::login::request_login::RequestLogin;
use crate::login::state::{RememberChange, Resolution, Shared, State};
use crate::session::content::Session;
use crate::user::User;

/// What the login adds to a response. It is empty if the login was not accessed.
///
/// `Debug` shows the number of cookies, not their values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ResponseParts {
    /// The values of the Set-Cookie headers to add. They are ASCII.
    pub set_cookies: Vec<String>,
    /// Whether the response varies by cookie. See [`needs_vary`](Self::needs_vary).
    pub vary_cookie: bool,
    /// Whether the response is for one user, so that shared caches must not store it. See
    /// [`needs_private`](Self::needs_private).
    pub is_private: bool,
    /// Whether the user could not be loaded. See [`replaces`](Self::replaces).
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
    /// Whether the response stays as it is.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.vary_cookie && !self.is_private && !self.has_failed && self.set_cookies.is_empty()
    }

    /// Whether a response with this status must be replaced by a 500: the user could not be
    /// loaded, and the status is not a 5xx.
    #[must_use]
    pub fn replaces(&self, status: u16) -> bool {
        self.has_failed && !(500..600).contains(&status)
    }

    /// Whether to add the header `Vary: Cookie`, given the values of the present Vary headers.
    #[must_use]
    pub fn needs_vary<'v>(&self, present: impl IntoIterator<Item = &'v str>) -> bool {
        let mut names = present.into_iter().flat_map(|line| line.split(',')).map(str::trim);
        self.vary_cookie && !names.any(|name| name == "*" || name.eq_ignore_ascii_case("cookie"))
    }

    /// The value of Cache-Control for a response that shared caches must not store.
    pub const PRIVATE: &str = "private, no-cache";

    /// Whether to set Cache-Control to [`PRIVATE`](Self::PRIVATE), given the values of the
    /// present Cache-Control headers.
    ///
    /// A response for a user needs it if the application has not set the header. A response
    /// with a login cookie needs it unless the application has already excluded shared
    /// caches with `private` or `no-store` (RFC 9111, 5.2.2). `private` with field names
    /// does not count.
    #[must_use]
    pub fn needs_private<'c>(&self, present: impl IntoIterator<Item = &'c str>) -> bool {
        let mut present = present.into_iter().peekable();
        if self.set_cookies.is_empty() {
            return self.is_private && present.peek().is_none();
        }
        let (mut is_shared, mut is_excluded) = (false, false);
        for directive in present.flat_map(|line| line.split(',')).map(str::trim) {
            let is = |name: &str| directive.eq_ignore_ascii_case(name);
            is_shared |= is("public") || directive.get(..8).is_some_and(|name| name.eq_ignore_ascii_case("s-maxage"));
            is_excluded |= is("private") || is("no-store");
        }
        is_shared || !is_excluded
    }
}

impl<U: User> RequestLogin<U> {
    /// Ends the request's login and returns what to add to the response. Later changes are
    /// errors.
    ///
    /// It does not fail. A change that cannot be written has failed when it was made.
    #[must_use = "the response must set the cookies"]
    pub fn finish(&self) -> ResponseParts {
        let shared = &*self.0;
        let mut state = shared.state();
        state.response_begun = true;
        let is_accessed = shared.is_accessed();
        if !is_accessed && !shared.setup.config.refresh_each_request {
            return ResponseParts::default();
        }
        let mut parts = ResponseParts { vary_cookie: is_accessed, ..ResponseParts::default() };
        let mut is_too_large = false;
        if matches!(state.resolution, Resolution::Failed(_)) {
            parts.has_failed = true;
            return parts;
        }
        if is_accessed {
            // A handler may have read the session of a user without loading the user.
            parts.is_private = state.user().is_some() || state.session.user_id.is_some();
            let session = session_cookie(shared, &state);
            is_too_large = session.is_err();
            parts.set_cookies.extend(session.unwrap_or_default());
        }
        parts.set_cookies.extend(remember_cookie(shared, &state));
        parts.vary_cookie |= !parts.set_cookies.is_empty();
        drop(state);
        if is_too_large {
            log::warn(format_args!("the session cookie would be too large and is not sent"));
        }
        parts
    }
}

/// The session cookie has no space for a change that the application did not make, such as
/// one by session protection.
struct TooLarge;

fn session_cookie<U: User>(shared: &Shared<U>, state: &State<U>) -> Result<Option<String>, TooLarge> {
    let config = &shared.setup.config;
    let name = &config.session_cookie.name;
    if state.session.is_empty() {
        let is_carried = state.session_changed && shared.client(&state.client).has_cookie(name);
        return Ok(is_carried.then(|| shared.setup.session_cookie.delete()));
    }
    if !state.session_changed && !state.session.is_permanent() {
        return Ok(None);
    }
    let format = &shared.setup.format;
    let now = shared.now();
    let session = renewed(shared, state);
    let Some(value) = format.write_session(&session, now) else { return Ok(None) };
    if name.len() + value.len() > MAX_SIZE {
        return Err(TooLarge);
    }
    let life = session.is_permanent().then_some(config.session_lifetime);
    Ok(Some(shared.setup.session_cookie.set(&value, life, now)))
}

/// The session as it is written. A client digest made with an old key is made again with
/// the current one.
fn renewed<U: User>(shared: &Shared<U>, state: &State<U>) -> Session {
    let mut session = state.session.clone();
    session.started_at.get_or_insert(shared.now());
    let (format, proxies) = (&shared.setup.format, shared.setup.config.proxies.trusted);
    let client = shared.client(&state.client);
    if !format.is_flask() && format.is_bound(session.binding.as_ref(), client, proxies) {
        session.binding = format.bind(client, proxies);
    }
    session
}

fn remember_cookie<U: User>(shared: &Shared<U>, state: &State<U>) -> Option<String> {
    let config = &shared.setup.config;
    match &state.remember {
        RememberChange::Set(value, life) => Some(shared.setup.remember_cookie.set(value, Some(*life), shared.now())),
        RememberChange::Delete => {
            let is_carried = shared.client(&state.client).has_cookie(&config.remember_cookie.name);
            is_carried.then(|| shared.setup.remember_cookie.delete())
        }
        RememberChange::Keep if config.refresh_each_request => refreshed(shared, state),
        RememberChange::Keep => None,
    }
}

/// The request's remember cookie with a new expiry, if it is valid.
fn refreshed<U: User>(shared: &Shared<U>, state: &State<U>) -> Option<String> {
    let setup = &shared.setup;
    let now = shared.now();
    let remembered = setup.format.read_remember(shared.client(&state.client), &setup.config, now)?;
    let duration = duration(shared, state, &remembered);
    // If the user is loaded, the digest is checked and made again with the current key.
    let checked = state.user().map(|user| setup.format.check_remembered(&remembered, &**user));
    let Ok(auth) = checked.unwrap_or(Ok(remembered.auth)) else { return Some(setup.remember_cookie.delete()) };
    let value = setup.format.write_remember(&remembered.user_id, auth, now, duration)?;
    // In quotes, an ID may need more space than in the client's own spelling.
    let fits = setup.config.remember_cookie.name.len() + value.len() <= MAX_SIZE;
    fits.then(|| setup.remember_cookie.set(&value, Some(duration), now))
}

/// The remember duration that the login was made with. Flask-Login's cookie does not
/// contain it, but the session may. Reading it from there does not count as an access.
fn duration<U: User>(shared: &Shared<U>, state: &State<U>, remembered: &Remembered) -> u64 {
    let setup = &shared.setup;
    let configured = setup.config.remember_duration;
    if let Some(duration) = remembered.duration {
        return duration;
    }
    let client = shared.client(&state.client);
    let unread;
    let session = if shared.is_accessed() {
        &state.session
    } else {
        unread = setup.format.read_session(client, &setup.config, shared.now()).unwrap_or_default();
        &unread
    };
    let is_theirs = session.user_id.as_deref() == Some(&remembered.user_id);
    let latest = LAST_SECOND.saturating_sub(shared.now()) as f64;
    match session.remember_seconds {
        Some(seconds) if is_theirs && (1.0..=latest).contains(&seconds) => seconds as u64,
        _ => configured,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_is_added_once() {
        let accessed = ResponseParts { vary_cookie: true, ..ResponseParts::default() };
        assert!(accessed.needs_vary([]) && accessed.needs_vary(["Accept", "Cookies"]));
        assert!(!accessed.needs_vary(["*"]) && !accessed.needs_vary(["Accept, COOKIE"]));
        assert!(!ResponseParts::default().needs_vary([]));
    }

    #[test]
    fn a_failed_load_is_a_5xx() {
        let failed = ResponseParts { has_failed: true, ..ResponseParts::default() };
        for (status, replaced) in [(200, true), (302, true), (499, true), (500, false), (503, false), (600, true)] {
            assert_eq!(failed.replaces(status), replaced, "{status}");
            assert!(!ResponseParts::default().replaces(status));
        }
    }

    #[test]
    fn shared_caches_are_excluded() {
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
            assert_eq!(parts.needs_private(present), expected, "{present:?}");
        }
        assert!(!cookie.needs_private(["max-age=60", "no-store"]), "all headers count");
        assert!(!private.needs_private(["", "max-age=60"]));
    }
}
