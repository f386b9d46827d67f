//! The native session cookie.

use crate::clock::is_valid;
use crate::formats::native::envelope::{self, Fields};
use crate::formats::native::keys::NativeKey;
use crate::session::content::{Binding, Session};
use crate::session::json::{self, Object};

const LOGIN: u8 = 1;
const FRESH: u8 = 2;
const PERMANENT: u8 = 4;
const BOUND: u8 = 8;
const AUTH: u8 = 16;

/// How long sessions and logins are valid, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ages {
    /// After the session was written.
    pub(crate) session: u64,
    /// After the login was made.
    pub(crate) login: u64,
    /// Whether use of a session on the server makes it last longer, and not only a change.
    pub(crate) by_use: bool,
}

/// Reads a session that has not expired. `None` if it is not readable.
pub(crate) fn read_session(cookie: &[u8], keys: &[NativeKey], now: u64, ages: Ages) -> Option<Session> {
    envelope::open(
        cookie,
        envelope::WHOLE,
        keys,
        |key| &key.session,
        |key, fields| Some(Session { key: Some(key), ..session(fields, now, ages)? }),
    )
}

fn session(mut fields: Fields<'_>, now: u64, ages: Ages) -> Option<Session> {
    let [flags] = fields.take()?;
    let signed_at = fields.number()?;
    is_valid(signed_at, now, ages.session).then_some(())?;
    let mut session = Session { written_at: Some(signed_at), ..Session::default() };
    session.permanent = (flags & PERMANENT != 0).then_some(true);
    if flags & LOGIN != 0 {
        session.login_id = fields.take()?;
        session.began_at = Some(fields.number()?);
        is_valid(session.began_at?, now, ages.login).then_some(())?;
        session.login_at = Some(fields.number()?).filter(|at| *at != 0);
        session.user_id = Some(fields.text()?.into());
        session.fresh = Some(flags & FRESH != 0);
    }
    if flags & BOUND != 0 {
        session.binding = Some(Binding::Keyed(fields.take()?));
    }
    if flags & AUTH != 0 {
        session.auth = Some(fields.take()?);
    }
    let data = fields.rest()?;
    if !data.is_empty() {
        session.data = Object::parse(data)?;
    }
    Some(session)
}

/// Writes a session with the time `now`, in seconds since 1970.
pub(crate) fn write_session(session: &Session, key: &NativeKey, now: u64) -> String {
    envelope::seal(envelope::WHOLE, key, &key.session, |bytes| {
        let flag = |flag: u8, set: bool| if set { flag } else { 0 };
        let binding = match &session.binding {
            Some(Binding::Keyed(client)) => Some(client),
            Some(Binding::Hex(_)) | None => None,
        };
        bytes.push(
            flag(LOGIN, session.user_id.is_some())
                | flag(FRESH, session.user_id.is_some() && session.fresh == Some(true))
                | flag(PERMANENT, session.is_permanent())
                | flag(BOUND, binding.is_some())
                | flag(AUTH, session.auth.is_some()),
        );
        bytes.extend_from_slice(&now.to_be_bytes());
        if let Some(user_id) = &session.user_id {
            bytes.extend_from_slice(&session.login_id);
            bytes.extend_from_slice(&session.began_at.unwrap_or(now).to_be_bytes());
            bytes.extend_from_slice(&session.login_at.unwrap_or(0).to_be_bytes());
            // A longer ID is refused before: its cookie would be too large.
            bytes.extend_from_slice(&u16::try_from(user_id.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(user_id.as_bytes());
        }
        binding.iter().for_each(|client| bytes.extend_from_slice(*client));
        session.auth.iter().for_each(|auth| bytes.extend_from_slice(auth));
        if !session.data.is_empty() {
            bytes.extend_from_slice(session.data.to_text().as_bytes());
        }
    })
}

/// The size of what [`write_session`] returns, in bytes.
pub(crate) fn session_size(session: &Session) -> usize {
    let login = session.user_id.as_ref().map_or(0, |id| 34 + id.len());
    let optional = 16 * (usize::from(session.binding.is_some()) + usize::from(session.auth.is_some()));
    let data = if session.data.is_empty() { 0 } else { session.data.text_len() };
    envelope::sealed_size(9 + login + optional + data)
}

/// The JSON text of a flashed message: the category first, as in Flask's tuples.
pub(crate) fn flash_item(category: &str, message: &str) -> String {
    format!("[{},{}]", json::quote(category), json::quote(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::CLOCK_SKEW;
    use crate::config::secret::SecretKey;
    use crate::formats::native::remember::{RememberToken, read_remember, write_remember};

    const NOW: u64 = 1_700_000_000;
    const AGES: Ages = Ages { session: 600, login: u64::MAX, by_use: false };

    fn key(text: &str) -> NativeKey {
        NativeKey::new(&SecretKey::from_text(text).unwrap(), "session", "remember_token")
    }

    fn sample() -> Session {
        let mut data = Object::default();
        data.set("colour", "\"red\"");
        Session {
            user_id: Some("佐藤".into()),
            fresh: Some(true),
            binding: Some(Binding::Keyed([7; 16])),
            permanent: Some(true),
            login_at: Some(NOW - 5),
            login_id: [9; 16],
            auth: Some([3; 16]),
            began_at: Some(NOW - 10),
            written_at: Some(NOW),
            key: Some(0),
            data,
            ..Session::default()
        }
    }

    #[test]
    fn a_written_session_is_read_again_and_has_the_expected_size() {
        let keys = [key("one key")];
        let bare = Session { written_at: Some(NOW), key: Some(0), ..Session::default() };
        let empty_id = Session { user_id: Some("".into()), fresh: Some(false), began_at: Some(1), ..bare.clone() };
        for session in [sample(), bare, empty_id] {
            let cookie = write_session(&session, &keys[0], NOW);
            assert_eq!(read_session(cookie.as_bytes(), &keys, NOW, AGES), Some(session.clone()));
            assert_eq!(cookie.len(), session_size(&session));
        }
    }

    #[test]
    fn the_server_judges_the_age() {
        let keys = [key("one key")];
        let cookie = write_session(&sample(), &keys[0], NOW);
        let readable_at = |now| read_session(cookie.as_bytes(), &keys, now, AGES).is_some();
        assert!(readable_at(NOW + 600) && !readable_at(NOW + 601));
        assert!(readable_at(NOW - CLOCK_SKEW) && !readable_at(NOW - CLOCK_SKEW - 1));
    }

    #[test]
    fn a_login_ends_at_its_absolute_lifetime() {
        let keys = [key("one key")];
        let login = Session { user_id: Some("1".into()), began_at: Some(NOW), ..Session::default() };
        let ages = Ages { session: 600, login: 1000, ..AGES };
        let readable_at = |session: &Session, now| {
            let cookie = write_session(session, &keys[0], now);
            read_session(cookie.as_bytes(), &keys, now, ages).is_some()
        };
        assert!(readable_at(&login, NOW + 1000) && !readable_at(&login, NOW + 1001), "however often it is written");
        assert!(!readable_at(&login, NOW - CLOCK_SKEW - 1));
        assert!(readable_at(&Session::default(), NOW + 9999), "a session without a login has none");
    }

    #[test]
    fn every_changed_character_and_every_truncation_is_refused() {
        let keys = [key("one key")];
        let cookie = write_session(&sample(), &keys[0], NOW);
        envelope::tests::assert_unforgeable(&cookie, |cookie| read_session(cookie, &keys, NOW, AGES).is_some());
    }

    #[test]
    fn one_cookie_is_never_valid_as_another() {
        let keys = [key("one key")];
        let token =
            RememberToken { user_id: "1".into(), began_at: NOW, issued_at: NOW, ends_at: NOW + 100, auth: None };
        let remember = write_remember(&token, &keys[0]);
        let session = write_session(&sample(), &keys[0], NOW);
        assert_eq!(read_session(remember.as_bytes(), &keys, NOW, AGES), None);
        assert_eq!(read_remember(session.as_bytes(), &keys, NOW, 1), None);
        let renamed = [NativeKey::new(&SecretKey::from_text("one key").unwrap(), "sid", "keep")];
        assert_eq!(read_session(session.as_bytes(), &renamed, NOW, AGES), None);
        assert_eq!(read_remember(remember.as_bytes(), &renamed, NOW, 1), None);
        assert_eq!(read_session(session.as_bytes(), &[key("another")], NOW, AGES), None);
        let read = read_session(session.as_bytes(), &[key("another"), key("one key")], NOW, AGES);
        assert_eq!(read.unwrap().key, Some(1));
    }

    /// Cookies of every released format stay readable.
    #[test]
    fn golden_value() {
        let keys = [key("conformance secret key, at least 32 bytes long")];
        let session = write_session(&sample(), &keys[0], NOW);
        assert_eq!(session, include_str!("../../../tests/golden/native_session.txt").trim_end());
    }
}
