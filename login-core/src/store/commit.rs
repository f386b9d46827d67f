//! Writes what a request has changed.

use login_store::{SessionId, Versioned};
use smol_str::SmolStr;

use crate::formats::native::session::Ages;
use crate::session::content::Session;
use crate::store::load;
use crate::store::login_record::{LoginRecord, millis};
use crate::store::new_record::NewRecord;
use crate::store::replay::{RecordChange, replayed};
use crate::store::step::{Failure, StoreStep};

/// How often changes are made again because another request was faster.
pub(crate) const MAX_CONFLICTS: u32 = 64;

/// What a request has changed.
pub(crate) struct Commit {
    pub(crate) ages: Ages,
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// When a new login was made, in milliseconds since 1970.
    pub(crate) created: u64,
    /// How many sessions a user may have.
    pub(crate) limit: Option<usize>,
    /// Logins that the request has ended.
    pub(crate) ended: Vec<SessionId>,
    /// The login of the request.
    pub(crate) base: Option<LoginRecord>,
    pub(crate) changes: Vec<RecordChange>,
    /// The session as the request has changed it, unless it sees another one than the record has.
    pub(crate) session: Option<Session>,
    /// A login that takes the place of `base`.
    pub(crate) new: Option<(NewRecord, Session)>,
    /// Whether use of the login is noted even if nothing else changes.
    pub(crate) touches: bool,
}

/// What was written.
#[derive(Default)]
pub(crate) struct Committed {
    /// The login as it is now in the store. `None` if it has none, or was ended meanwhile.
    pub(crate) login: Option<LoginRecord>,
    /// Whether the use of the login was noted, so that its cookie is to last longer.
    pub(crate) is_touched: bool,
    /// The sessions that were too many, and their user.
    pub(crate) surplus: Vec<SessionId>,
    pub(crate) user_id: SmolStr,
    /// What failed without consequences.
    pub(crate) ignored: Option<Failure>,
}

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum CommitError {
    Store(Failure),
    /// Too many other requests change the same session.
    Contention,
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        Self::Store(failure)
    }
}

pub(crate) type Committing = StoreStep<Result<Committed, CommitError>>;

pub(crate) fn failed(error: impl Into<CommitError>) -> Committing {
    StoreStep::Done(Err(error.into()))
}

impl Commit {
    /// Only removes logins that have ended.
    pub(crate) fn of_ended(ended: Vec<SessionId>, ages: Ages, now: u64) -> Self {
        let (base, changes, session, new) = (None, Vec::new(), None, None);
        Self { ages, now, created: 0, limit: None, ended, base, changes, session, new, touches: false }
    }

    /// Writes everything.
    pub(crate) fn run(mut self) -> Committing {
        match self.ended.pop() {
            Some(id) => StoreStep::remove(id, move |removed| match removed {
                Ok(_) => self.run(),
                Err(error) => failed(error),
            }),
            None => self.write(),
        }
    }

    fn write(mut self) -> Committing {
        if let Some((new, session)) = self.new.take() {
            return new.insert(session, self);
        }
        let Some(base) = self.base.take() else { return StoreStep::Done(Ok(Committed::default())) };
        if !self.changes.is_empty() {
            return self.update(base, MAX_CONFLICTS);
        }
        if self.touches && base.is_touch_due(self.ages, self.now) {
            return self.touch(base);
        }
        StoreStep::Done(Ok(Committed { login: Some(base), ..Committed::default() }))
    }

    /// Changes the record of the login. If another request was faster, the changes are made to
    /// what that one has left.
    fn update(mut self, base: LoginRecord, tries: u32) -> Committing {
        let mut login = replayed(&base, &self.changes);
        if let Some(session) = self.session.take() {
            login.body.session = session;
        }
        let is_written = self.changes.iter().any(RecordChange::writes_session);
        login.body.session.written_at = if is_written { Some(self.now) } else { base.body.session.written_at };
        login.touch(self.ages, self.now);
        StoreStep::update(login.to_record(), move |updated| match updated {
            Ok(Versioned::Done) => {
                login.record.version += 1;
                StoreStep::Done(Ok(Committed { login: Some(login), is_touched: true, ..Committed::default() }))
            }
            Ok(Versioned::Gone) => StoreStep::Done(Ok(Committed::default())),
            Ok(Versioned::Conflict) if tries == 0 => failed(CommitError::Contention),
            Ok(Versioned::Conflict) => StoreStep::find(login.record.id, move |found| match load::read(found) {
                Ok(Some(base)) => self.update(base, tries - 1),
                Ok(None) => StoreStep::Done(Ok(Committed::default())),
                Err(error) => failed(error),
            }),
            Err(error) => failed(error),
        })
    }

    /// Notes the use of the login. That it failed does not matter to the request.
    fn touch(self, mut login: LoginRecord) -> Committing {
        login.touch(self.ages, self.now);
        let (id, seen, ends) = (login.record.id, login.record.seen, login.record.ends);
        StoreStep::touch(id, seen, ends, move |touched| {
            let is_touched = touched.is_ok();
            StoreStep::Done(Ok(Committed {
                login: Some(login),
                is_touched,
                ignored: touched.err(),
                ..Committed::default()
            }))
        })
    }

    pub(crate) fn now_millis(&self) -> u64 {
        millis(self.now)
    }
}
