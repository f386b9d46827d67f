//! Every transition of a login, as pure functions of the session.
//!
//! None of them reads a cookie, calls a loader or notifies a listener. Each returns the
//! new session or changes the session it is given.

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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn of(user_id: &str) -> Session {
        let mut session = Session {
            user_id: Some(user_id.into()),
            fresh: Some(true),
            binding: Some(Binding::Keyed([1; 16])),
            login_at: Some(100),
            remember_seconds: Some(5.0),
            ..Session::default()
        };
        session.data.set("colour", "1");
        session.data.set(NEXT, "\"/\"");
        session
    }

    pub(crate) fn login(user_id: &str) -> NewLogin {
        NewLogin {
            user_id: user_id.into(),
            fresh: true,
            binding: None,
            auth: None,
            login_id: [2; 16],
            began_at: 100,
            login_at: None,
            remember_seconds: None,
        }
    }

    #[test]
    fn protection_by_mode() {
        let other = |_: &Session| false;
        let mut session = of("1");
        assert_eq!(protect(&mut session, SessionProtection::Strong, Kept::Data, |_| true), Protected::Passed);
        assert_eq!(protect(&mut session, SessionProtection::Off, Kept::Data, other), Protected::Passed);
        assert_eq!(session, of("1"));
        assert_eq!(
            protect(&mut session, SessionProtection::Basic, Kept::Data, other),
            Protected::Weakened { changed: true }
        );
        assert_eq!(
            protect(&mut session, SessionProtection::Basic, Kept::Data, other),
            Protected::Weakened { changed: false }
        );
        session.permanent = Some(true);
        assert_eq!(
            protect(&mut session, SessionProtection::Strong, Kept::Data, other),
            Protected::Weakened { changed: false }
        );
        session.permanent = None;
        assert_eq!(protect(&mut session, SessionProtection::Strong, Kept::Data, other), Protected::Ended);
        assert_eq!((session.user_id.as_ref(), session.remember_seconds), (None, None));
        assert_eq!(session.data.keys().collect::<Vec<_>>(), ["colour"]);
        assert_eq!(
            protect(&mut session, SessionProtection::Strong, Kept::Data, other),
            Protected::Passed,
            "a session without a login is not protected"
        );
    }

    #[test]
    fn only_a_login_as_another_user_drops_the_data() {
        let keys = |session: Session| session.data.keys().collect::<Vec<_>>();
        assert_eq!(keys(log_in(&of("1"), login("1"), Kept::Data)), ["colour", NEXT]);
        assert_eq!(keys(log_in(&of("1"), login("2"), Kept::Data)), [NEXT]);
        let mut anonymous = of("1");
        anonymous.remove_login();
        assert_eq!(keys(log_in(&anonymous, login("2"), Kept::Data)), ["colour", NEXT]);
    }

    #[test]
    fn a_login_that_only_flask_can_use_counts_as_a_login() {
        let with = |key: &str, json: &str| {
            let mut session = Session::default();
            session.data.set("colour", "1");
            session.data.set(key, json);
            session
        };
        let keys = |session: &Session| session.data.keys().collect::<Vec<_>>();
        assert_eq!(keys(&log_in(&with("_user_id", "{\" u\":\"ab\"}"), login("1"), Kept::Data)), [] as [&str; 0]);
        assert_eq!(keys(&log_in(&with("_user_id", "null"), login("1"), Kept::Data)), ["colour", "_user_id"]);
        for key in ["_user_id", "_fresh", "_id"] {
            let mut session = with(key, "[1]");
            assert!(log_out(&mut session, Kept::Data, false), "{key}");
            assert_eq!(keys(&session), ["colour"]);
        }
        assert!(!log_out(&mut with("other", "[1]"), Kept::Data, true));
    }

    #[test]
    fn each_key_of_a_login_counts() {
        let nothing = Session::default();
        for mut session in [
            Session { user_id: Some("1".into()), ..nothing.clone() },
            Session { fresh: Some(false), ..nothing.clone() },
            Session { binding: Some(Binding::Keyed([1; 16])), ..nothing.clone() },
        ] {
            assert!(log_out(&mut session, Kept::Data, false));
            assert_eq!(session, nothing);
        }
    }

    #[test]
    fn a_fresh_login_ages() {
        let session = of("1");
        assert!(is_fresh(&session, None, 999, 60));
        assert!(is_fresh(&session, Some(50), 150, 60) && !is_fresh(&session, Some(50), 151, 60));
        assert!(is_fresh(&session, Some(50), 40, 60) && !is_fresh(&session, Some(50), 39, 60));
        assert!(!is_fresh(&Session { login_at: None, ..session.clone() }, Some(50), 100, 60));
        assert!(!is_fresh(&Session { fresh: Some(false), ..session }, None, 100, 60));
    }

    #[test]
    fn a_refusal_binds_only_a_session_without_a_login() {
        let client = Some(Binding::Keyed([9; 16]));
        assert_eq!(store_next(&of("1"), "/x", client.clone()).binding, of("1").binding);
        assert_eq!(store_next(&Session::default(), "/x", client.clone()).binding, client);
    }

    #[test]
    fn logging_out_removes_the_duration_with_the_cookie() {
        let mut session = of("1");
        assert!(log_out(&mut session, Kept::Data, false));
        assert_eq!(session.remember_seconds, Some(5.0));
        assert!(log_out(&mut session, Kept::Data, true));
        assert!(!log_out(&mut session, Kept::Data, true));
    }
}
