//! Every change that a login goes through, as functions of what is known: the
//! session, the remember cookie, the client, the configuration, the time.
//!
//! None of them reads a cookie, asks a loader or tells a listener; those who call
//! them do. Each gives the session as it is to be, or changes it whole.

use smol_str::SmolStr;

use crate::config::SessionProtection;
use crate::native::Digest;
use crate::session::{Binding, FLASHES, NEXT, Session};

/// What protection found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protected {
    /// The session is the client's own, or holds no login, or is not protected.
    Passed,
    /// Another client's: the login is not fresh any more. `changed` says whether it was.
    Weakened { changed: bool },
    /// Another client's: the login is gone.
    Ended,
}

/// A session arrives. `is_own` tells whether it is bound to the client that sent it.
pub(crate) fn protect(
    session: &mut Session,
    mode: SessionProtection,
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
    end_login(session);
    Protected::Ended
}

/// A login ends by itself: another client's under strong protection, or one whose
/// user has another auth hash now. The application's own data stays.
pub(crate) fn end_login(session: &mut Session) {
    session.forget_login();
    session.remember_seconds = None;
    session.data.remove(NEXT);
}

/// Who logs in and how.
pub(crate) struct NewLogin {
    pub(crate) user_id: SmolStr,
    pub(crate) fresh: bool,
    pub(crate) binding: Option<Binding>,
    pub(crate) auth: Option<Digest>,
    pub(crate) login_id: [u8; 16],
    /// When credentials were given, in seconds since 1970, where the format is to tell.
    pub(crate) login_at: Option<u64>,
    /// The duration asked for, in seconds, where the format is to tell.
    pub(crate) remember_seconds: Option<f64>,
}

/// A user logs in, with credentials or by a remember cookie. What another user
/// left in the session goes; what the same user or an anonymous one left stays.
pub(crate) fn log_in(session: &Session, login: NewLogin, now: u64) -> Session {
    let mut session = session.clone();
    if is_another(&session, &login.user_id) {
        session.data.retain_only(NEXT);
    }
    session.user_id = Some(login.user_id);
    session.has_numeric_id = false;
    session.fresh = Some(login.fresh);
    session.binding = login.binding;
    session.auth = login.auth;
    session.login_id = login.login_id;
    session.login_at = login.login_at;
    session.remember_seconds = login.remember_seconds;
    session.started_at.get_or_insert(now);
    session
}

/// Whether the session holds a login of someone else.
pub(crate) fn is_another(session: &Session, user_id: &str) -> bool {
    session.user_id.as_deref().map_or_else(|| session.has_foreign_login(), |id| id != user_id)
}

/// The user gave their credentials again, from this client. Without a login in
/// the session there is nothing to confirm.
pub(crate) fn confirm(session: &mut Session, binding: Option<Binding>, login_at: Option<u64>) -> bool {
    if session.user_id.is_none() {
        return false;
    }
    session.fresh = Some(true);
    session.binding = binding;
    session.login_at = login_at;
    true
}

/// Someone logs out; gives whether the session held a login. Where the request
/// has a remember cookie, what was to be remembered goes as well.
pub(crate) fn log_out(session: &mut Session, has_remember_cookie: bool) -> bool {
    let mut changed = session.forget_login();
    if has_remember_cookie {
        changed |= session.remember_seconds.take().is_some();
    }
    changed
}

/// Whether a login is fresh, and where `max_age` (seconds) is given, young enough.
/// An unknown age is not; one that lies in the future by more than `skew` is unknown.
pub(crate) fn is_fresh(session: &Session, max_age: Option<u64>, now: u64, skew: u64) -> bool {
    session.fresh == Some(true)
        && max_age.is_none_or(|max_age| {
            session.login_at.is_some_and(|at| at <= now.saturating_add(skew) && now.saturating_sub(at) <= max_age)
        })
}

/// A request was refused and is sent to a login view; `next` is kept in the
/// session. The flask format binds an anonymous session to the refused client,
/// as Flask-Login does; a login is never bound to another client by this.
pub(crate) fn keep_next(session: &Session, next: &str, binding: Option<Binding>) -> Session {
    let mut session = session.clone();
    session.data.set(NEXT, crate::json::quote(next));
    if session.user_id.is_none() && binding.is_some() {
        session.binding = binding;
    }
    session
}

/// A message is put behind those that wait. `item` is in the format's own shape.
pub(crate) fn flash(session: &Session, item: &str) -> Session {
    let mut session = session.clone();
    let waiting = session.data.get(FLASHES).and_then(crate::json::items).unwrap_or_default();
    let list = waiting.into_iter().chain([item]).collect::<Vec<_>>().join(",");
    session.data.set(FLASHES, format!("[{list}]"));
    session
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user_id: &str) -> Session {
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

    fn login(user_id: &str) -> NewLogin {
        NewLogin {
            user_id: user_id.into(),
            fresh: true,
            binding: None,
            auth: None,
            login_id: [2; 16],
            login_at: None,
            remember_seconds: None,
        }
    }

    #[test]
    fn protection_by_mode() {
        let other = |_: &Session| false;
        let mut session = of("1");
        assert_eq!(protect(&mut session, SessionProtection::Strong, |_| true), Protected::Passed);
        assert_eq!(protect(&mut session, SessionProtection::Off, other), Protected::Passed);
        assert_eq!(session, of("1"));
        assert_eq!(protect(&mut session, SessionProtection::Basic, other), Protected::Weakened { changed: true });
        assert_eq!(protect(&mut session, SessionProtection::Basic, other), Protected::Weakened { changed: false });
        session.permanent = Some(true);
        assert_eq!(protect(&mut session, SessionProtection::Strong, other), Protected::Weakened { changed: false });
        session.permanent = None;
        assert_eq!(protect(&mut session, SessionProtection::Strong, other), Protected::Ended);
        assert_eq!((session.user_id.as_ref(), session.remember_seconds), (None, None));
        assert_eq!(session.data.keys().collect::<Vec<_>>(), ["colour"]);
        assert_eq!(
            protect(&mut session, SessionProtection::Strong, other),
            Protected::Passed,
            "no login, no protection"
        );
    }

    #[test]
    fn only_another_user_finds_the_session_emptied() {
        let keys = |session: Session| session.data.keys().collect::<Vec<_>>();
        assert_eq!(keys(log_in(&of("1"), login("1"), 0)), ["colour", NEXT]);
        assert_eq!(keys(log_in(&of("1"), login("2"), 0)), [NEXT]);
        let mut anonymous = of("1");
        anonymous.forget_login();
        assert_eq!(keys(log_in(&anonymous, login("2"), 0)), ["colour", NEXT]);
    }

    #[test]
    fn a_login_of_a_user_that_only_flask_knows_is_one() {
        let with = |key: &str, json: &str| {
            let mut session = Session::default();
            session.data.set("colour", "1");
            session.data.set(key, json);
            session
        };
        let keys = |session: &Session| session.data.keys().collect::<Vec<_>>();
        assert_eq!(keys(&log_in(&with("_user_id", "{\" u\":\"ab\"}"), login("1"), 0)), [] as [&str; 0]);
        assert_eq!(keys(&log_in(&with("_user_id", "null"), login("1"), 0)), ["colour", "_user_id"]);
        for key in ["_user_id", "_fresh", "_id"] {
            let mut session = with(key, "[1]");
            assert!(log_out(&mut session, false), "{key}");
            assert_eq!(keys(&session), ["colour"]);
        }
        assert!(!log_out(&mut with("other", "[1]"), true));
    }

    #[test]
    fn each_key_of_a_login_is_one() {
        let nothing = Session::default();
        for mut session in [
            Session { user_id: Some("1".into()), ..nothing.clone() },
            Session { fresh: Some(false), ..nothing.clone() },
            Session { binding: Some(Binding::Keyed([1; 16])), ..nothing.clone() },
        ] {
            assert!(log_out(&mut session, false));
            assert_eq!(session, nothing);
        }
    }

    #[test]
    fn freshness_has_an_age() {
        let session = of("1");
        assert!(is_fresh(&session, None, 999, 60));
        assert!(is_fresh(&session, Some(50), 150, 60) && !is_fresh(&session, Some(50), 151, 60));
        assert!(is_fresh(&session, Some(50), 40, 60) && !is_fresh(&session, Some(50), 39, 60));
        assert!(!is_fresh(&Session { login_at: None, ..session.clone() }, Some(50), 100, 60));
        assert!(!is_fresh(&Session { fresh: Some(false), ..session }, None, 100, 60));
    }

    #[test]
    fn a_refusal_binds_only_the_anonymous() {
        let client = Some(Binding::Keyed([9; 16]));
        assert_eq!(keep_next(&of("1"), "/x", client.clone()).binding, of("1").binding);
        assert_eq!(keep_next(&Session::default(), "/x", client.clone()).binding, client);
    }

    #[test]
    fn logging_out_forgets_the_duration_with_the_cookie() {
        let mut session = of("1");
        assert!(log_out(&mut session, false));
        assert_eq!(session.remember_seconds, Some(5.0));
        assert!(log_out(&mut session, true));
        assert!(!log_out(&mut session, true));
    }
}
