//! A record as the core reads it: a login with its times, and until when it can be used.

use std::fmt;

use login_store::Record;

use crate::clock::is_valid;
use crate::formats::native::session::Ages;
use crate::session::content::Session;
use crate::store::body::Body;

/// The longest user ID that a record takes, in bytes.
pub(crate) const LONGEST_ID: usize = 1024;

/// A record, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoginRecord {
    /// Its body may be older than [`body`](Self::body).
    pub(crate) record: Record,
    pub(crate) body: Body,
}

/// A record's content cannot be read, so it must not count as no record.
#[derive(Debug)]
pub(crate) struct UnreadableRecord;

impl fmt::Display for UnreadableRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a record of the session store cannot be read: another program, or a newer version of this library, has written it",
        )
    }
}

impl std::error::Error for UnreadableRecord {}

impl LoginRecord {
    pub(crate) fn read(mut record: Record) -> Result<Self, UnreadableRecord> {
        let mut body = Body::read(&record.body).ok_or(UnreadableRecord)?;
        let user_id = std::str::from_utf8(&record.user_id).map_err(|_| UnreadableRecord)?;
        body.session.user_id = Some(user_id.into());
        body.session.login_id = *record.id.as_bytes();
        record.body = Vec::new();
        Ok(Self { record, body })
    }

    /// The record with the body as it is now.
    pub(crate) fn to_record(&self) -> Record {
        Record { body: self.body.write(), ..self.record.clone() }
    }

    /// The session, as the request sees it.
    pub(crate) fn session(&self) -> Session {
        self.body.session.clone()
    }

    /// Whether the session cookie can be used, as far as time says.
    pub(crate) fn has_session(&self, ages: Ages, now: u64) -> bool {
        self.exists_at(ages, now) && now <= self.session_ends(ages)
    }

    /// When the session cookie can be used no more, in seconds since 1970. With an idle timeout, and
    /// if the session is permanent, each use counts, and otherwise only a change, as with cookies.
    fn session_ends(&self, ages: Ages) -> u64 {
        let session = &self.body.session;
        let written_at = session.written_at.unwrap_or_default();
        let since = if ages.by_use || session.is_permanent() { self.seen().max(written_at) } else { written_at };
        since.saturating_add(ages.session)
    }

    /// Whether the remember cookie can be used, as far as time says.
    pub(crate) fn is_remembered(&self, ages: Ages, now: u64) -> bool {
        self.exists_at(ages, now) && self.body.remember.as_ref().is_some_and(|remember| now < remember.ends_at)
    }

    /// Whether any browser can still use the login.
    pub(crate) fn is_usable(&self, ages: Ages, now: u64) -> bool {
        self.has_session(ages, now) || self.is_remembered(ages, now)
    }

    /// Neither older than a login may be, nor made by a clock that is too far ahead.
    fn exists_at(&self, ages: Ages, now: u64) -> bool {
        let began_at = self.body.session.began_at.unwrap_or_default();
        is_valid(began_at, now, ages.login) && is_valid(self.record.created / 1000, now, u64::MAX)
    }

    /// When the login was last used, in seconds since 1970.
    pub(crate) fn seen(&self) -> u64 {
        self.record.seen / 1000
    }

    /// Whether use must be noted now: an idle session ends early by no more than a minute, or a
    /// twentieth of its timeout if that is less.
    pub(crate) fn is_touch_due(&self, ages: Ages, now: u64) -> bool {
        now.saturating_sub(self.seen()) >= (ages.session / 20).clamp(1, 60)
    }

    /// The login is used. Its end moves with it.
    pub(crate) fn touch(&mut self, ages: Ages, now: u64) {
        self.record.seen = self.record.seen.max(millis(now));
        self.record.ends = self.record.ends.max(self.ends(ages));
    }

    /// When neither cookie can be used any more, in milliseconds since 1970.
    fn ends(&self, ages: Ages) -> u64 {
        let remember = self.body.remember.as_ref().map_or(0, |remember| remember.ends_at);
        let last = self.body.session.began_at.unwrap_or_default().saturating_add(ages.login);
        millis(self.session_ends(ages).max(remember).min(last))
    }
}

/// Milliseconds, within what a record can have.
pub(crate) fn millis(seconds: u64) -> u64 {
    seconds.saturating_mul(1000).min(i64::MAX as u64)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::store::body::Remember;
    use crate::store::body::tests::bare;
    use login_store::SessionId;

    pub(crate) const NOW: u64 = 1_700_000_000;
    pub(crate) const AGES: Ages = Ages { session: 600, login: 10_000, by_use: true };

    pub(crate) fn login_record() -> LoginRecord {
        let mut body = bare();
        (body.session.began_at, body.session.written_at) = (Some(NOW), Some(NOW));
        let record = Record {
            id: SessionId::from_bytes([4; 16]),
            user_id: b"1".to_vec(),
            version: 1,
            created: NOW * 1000,
            seen: NOW * 1000,
            ends: (NOW + 600) * 1000,
            body: body.write(),
        };
        LoginRecord::read(record).unwrap()
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_a_login_at_its_lifetime() {
        let mut login = login_record();
        assert!(login.has_session(AGES, NOW + 600) && !login.has_session(AGES, NOW + 601));
        assert!(!login.is_remembered(AGES, NOW));
        login.body.remember =
            Some(Remember { secret: login.body.secret.clone(), ends_at: NOW + 20_000, duration: 20_000 });
        assert!(!login.has_session(AGES, NOW + 601) && login.is_usable(AGES, NOW + 601));
        assert!(login.is_remembered(AGES, NOW + 10_000) && !login.is_usable(AGES, NOW + 10_001));
        login.body.remember.as_mut().unwrap().ends_at = NOW + 700;
        assert!(login.is_remembered(AGES, NOW + 699) && !login.is_remembered(AGES, NOW + 700));
        login.body.remember.as_mut().unwrap().ends_at = NOW + 20_000;
        let changed = Ages { by_use: false, ..AGES };
        login.touch(changed, NOW + 600);
        assert!(login.has_session(AGES, NOW + 1200) && !login.has_session(changed, NOW + 601), "use is no change");
        login.body.session.permanent = Some(true);
        assert!(login.has_session(changed, NOW + 1200));
        login.body.session.permanent = None;
        login.touch(AGES, NOW + 600);
        assert!(login.has_session(AGES, NOW + 1200));
        assert_eq!(login.record.ends, (NOW + 10_000) * 1000);
    }

    #[test]
    fn a_record_from_the_future_is_no_login() {
        let login = login_record();
        assert!(login.has_session(AGES, NOW - 60) && !login.has_session(AGES, NOW - 61));
        let mut ordered = login_record();
        ordered.record.created = (NOW + 61) * 1000;
        assert!(!ordered.has_session(AGES, NOW));
    }

    #[test]
    fn use_is_noted_now_and_then() {
        let login = login_record();
        for (session, after) in [(600, 30), (u64::MAX, 60), (5, 1)] {
            let ages = Ages { session, ..AGES };
            assert!(!login.is_touch_due(ages, NOW + after - 1) && login.is_touch_due(ages, NOW + after), "{session}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let record = login_record().to_record();
        assert_eq!(LoginRecord::read(record.clone()).unwrap(), login_record());
        assert!(LoginRecord::read(Record { body: vec![9], ..record.clone() }).is_err());
        assert!(LoginRecord::read(Record { user_id: vec![0xff], ..record }).is_err());
    }
}
