//! Tests of the transitions.

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
