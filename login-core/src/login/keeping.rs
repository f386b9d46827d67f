//! The request's login as a session store keeps it.

use login_store::SessionId;

use crate::error::LoadError;
use crate::formats::native::session::Ages;
use crate::formats::native::token::Token;
use crate::session::content::Session;
use crate::session::transitions::Change;
use crate::store::commit::Commit;
use crate::store::load::Usable;
use crate::store::login_record::LoginRecord;
use crate::store::new_record::NewRecord;
use crate::store::replay::RecordChange;

/// Whether the request's session was loaded from the store.
pub(crate) enum SessionLoad {
    Pending,
    Loaded,
    Failed(LoadError),
}

/// The request's login as a session store keeps it. A manager without a store has none of it.
pub(crate) struct Keeping {
    pub(crate) load: SessionLoad,
    /// What the request's cookies say. Each of them is verified.
    pub(crate) session_tokens: Vec<Token>,
    pub(crate) remember_tokens: Vec<Token>,
    /// The login that the session is in.
    pub(crate) base: Option<LoginRecord>,
    /// The secret by which it was found.
    pub(crate) presented: Option<Token>,
    /// Whether that is the secret before the current one.
    pub(crate) is_previous: bool,
    /// Whether credentials were confirmed in this request, so that the session has a new secret. A
    /// second one would leave requests behind that were sent before.
    pub(crate) is_confirmed: bool,
    /// The login that the remember cookie can restore.
    pub(crate) restorable: Option<Usable>,
    /// The visitor's session as the request brought it, if there is such a login.
    pub(crate) visitor: Option<Box<Session>>,
    /// What the request changes in the login, or will when it is restored.
    pub(crate) changes: Vec<RecordChange>,
    /// Whether this request sees another session than the one in the login.
    pub(crate) sees_another: bool,
    /// A login that was made in this request and is not written yet.
    pub(crate) new: Option<NewRecord>,
    /// What the response sends, if the secret is then the current one.
    pub(crate) session_cookie: Option<Token>,
    pub(crate) remember_cookie: Option<Token>,
    /// Logins that ended in this request and are not removed yet.
    pub(crate) ended: Vec<SessionId>,
    /// The logins that this request has written before its end, or began to write.
    pub(crate) saved: Vec<SessionId>,
    /// Whether a save has begun and not ended. If no one waits for it any more, it is not known what
    /// was written.
    pub(crate) is_saving: bool,
    /// Whether there is no record for the cookies.
    pub(crate) session_is_gone: bool,
    pub(crate) remember_is_gone: bool,
    /// A write that failed. The response is a 5xx.
    pub(crate) failure: Option<LoadError>,
}

impl Keeping {
    pub(crate) fn new(session_tokens: Vec<Token>, remember_tokens: Vec<Token>) -> Self {
        let is_nothing = session_tokens.is_empty() && remember_tokens.is_empty();
        Self {
            load: if is_nothing { SessionLoad::Loaded } else { SessionLoad::Pending },
            session_tokens,
            remember_tokens,
            base: None,
            presented: None,
            is_previous: false,
            is_confirmed: false,
            restorable: None,
            visitor: None,
            changes: Vec::new(),
            sees_another: false,
            new: None,
            session_cookie: None,
            remember_cookie: None,
            ended: Vec::new(),
            saved: Vec::new(),
            is_saving: false,
            session_is_gone: false,
            remember_is_gone: false,
            failure: None,
        }
    }

    /// Records a change of the session, to write it at the end. The login that a visitor's remember
    /// cookie restores later has the changes too.
    pub(crate) fn record(&mut self, change: impl FnOnce() -> Change) {
        if self.base.is_some() || self.restorable.is_some() {
            self.changes.push(RecordChange::Session(change()));
        }
    }

    /// The request's login has ended, and its record is to be removed.
    pub(crate) fn end(&mut self) {
        let base = self.base.take().map(|login| login.record.id);
        let restorable = self.restorable.take().map(|usable| usable.login.record.id);
        self.ended.extend(base.into_iter().chain(restorable));
        self.forget();
    }

    /// A handler logs out: whatever the cookies name has ended, whether it was loaded or not.
    pub(crate) fn log_out(&mut self) {
        if matches!(self.load, SessionLoad::Pending) {
            self.load = SessionLoad::Loaded;
        }
        let tokens = self.session_tokens.iter().chain(&self.remember_tokens);
        let named: Vec<SessionId> = tokens.map(|token| token.id).collect();
        self.end();
        self.ended.extend(named);
        self.ended.sort_unstable();
        self.ended.dedup();
    }

    /// The request has no login any more, and writes nothing of it.
    pub(crate) fn forget(&mut self) {
        (self.base, self.new, self.restorable) = (None, None, None);
        (self.session_cookie, self.remember_cookie, self.presented) = (None, None, None);
        self.changes.clear();
    }

    /// What is to be written. `session` is the session as the request has changed it.
    pub(crate) fn commit(&self, session: &Session, ages: Ages, now: u64) -> Commit {
        Commit {
            ages,
            now,
            created: 0,
            limit: None,
            ended: self.ended.clone(),
            base: self.base.clone(),
            changes: self.changes.clone(),
            session: (!self.sees_another && self.new.is_none()).then(|| session.clone()),
            new: self.new.clone().map(|new| (new, session.clone())),
            touches: false,
        }
    }

    /// What was to be written is written: so many changes, and so many logins that ended.
    pub(crate) fn committed(&mut self, changes: usize, ended: usize) {
        self.changes.drain(..changes.min(self.changes.len()));
        self.ended.drain(..ended.min(self.ended.len()));
        self.new = None;
    }
}
