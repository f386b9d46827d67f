//! Finds the login that a request's cookies name.

use login_store::Record;

use crate::formats::native::session::Ages;
use crate::formats::native::token::Token;
use crate::store::login_record::LoginRecord;
use crate::store::rotation::Presented;
use crate::store::step::{Failure, StoreStep};

/// A login whose cookie can be used.
pub(crate) struct Usable {
    pub(crate) login: LoginRecord,
    pub(crate) token: Token,
    /// Whether it is the secret before the current one, so that the cookie is sent again.
    pub(crate) is_previous: bool,
}

/// What the store knows of a request's cookies.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) session: Option<Usable>,
    /// The login that the remember cookie can restore, if the session cookie has none.
    pub(crate) remember: Option<Usable>,
    /// A remember cookie was presented that its browser must have replaced. The login is removed.
    pub(crate) reused: Option<LoginRecord>,
    /// Whether there is no record for a session cookie, or a remember cookie.
    pub(crate) session_is_gone: bool,
    pub(crate) remember_is_gone: bool,
}

/// By what a login is found.
#[derive(Clone, Copy)]
pub(crate) struct Search {
    pub(crate) ages: Ages,
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// Whether a reused remember cookie ends all logins of its user.
    pub(crate) ends_all_on_reuse: bool,
}

type Finding = StoreStep<Result<Found, Failure>>;

impl Search {
    /// Finds the login of the first of these session cookies that can be used, or else of the
    /// remember cookies. Cookies that say the same are asked for once.
    pub(crate) fn run(self, sessions: Vec<Token>, remembers: Vec<Token>) -> Finding {
        self.by_session(sessions.into_iter(), remembers, Found::default(), None)
    }

    fn by_session(
        self,
        mut sessions: std::vec::IntoIter<Token>,
        remembers: Vec<Token>,
        mut found: Found,
        last: Option<LoginRecord>,
    ) -> Finding {
        let Some(token) = sessions.next() else { return self.by_remember(remembers.into_iter(), found, last) };
        StoreStep::find(token.id, move |record| {
            let login = match read(record) {
                Ok(login) => login,
                Err(error) => return StoreStep::Done(Err(error)),
            };
            let Some(login) = login else {
                found.session_is_gone = true;
                return self.by_session(sessions, remembers, found, None);
            };
            let is_alive = login.has_session(self.ages, self.now);
            let judged = if is_alive { login.body.secret.judge(&token, self.now) } else { Presented::Unknown };
            match judged {
                Presented::Current | Presented::Previous => {
                    found.session = Some(Usable { login, token, is_previous: judged == Presented::Previous });
                    StoreStep::Done(Ok(found))
                }
                Presented::Replaced | Presented::Unknown => self.by_session(sessions, remembers, found, Some(login)),
            }
        })
    }

    fn by_remember(self, mut remembers: std::vec::IntoIter<Token>, found: Found, last: Option<LoginRecord>) -> Finding {
        let Some(token) = remembers.next() else { return StoreStep::Done(Ok(found)) };
        match last {
            // Usually both cookies are of one login.
            Some(login) if login.record.id == token.id => self.judge_remember(token, remembers, found, Some(login)),
            _ => StoreStep::find(token.id, move |record| match read(record) {
                Ok(login) => self.judge_remember(token, remembers, found, login),
                Err(error) => StoreStep::Done(Err(error)),
            }),
        }
    }

    fn judge_remember(
        self,
        token: Token,
        remembers: std::vec::IntoIter<Token>,
        mut found: Found,
        login: Option<LoginRecord>,
    ) -> Finding {
        found.remember_is_gone |= login.is_none();
        let Some(login) = login.filter(|login| login.is_remembered(self.ages, self.now)) else {
            return self.by_remember(remembers, found, None);
        };
        let judged = login.body.remember.as_ref().map(|remember| remember.secret.judge(&token, self.now));
        match judged {
            Some(judged @ (Presented::Current | Presented::Previous)) => {
                found.remember = Some(Usable { login, token, is_previous: judged == Presented::Previous });
                StoreStep::Done(Ok(found))
            }
            Some(Presented::Replaced) => self.end_reused(login, found),
            Some(Presented::Unknown) | None => self.by_remember(remembers, found, None),
        }
    }

    /// Two browsers have the same remember cookie, and one of them stole it.
    fn end_reused(self, login: LoginRecord, mut found: Found) -> Finding {
        let (id, user_id) = (login.record.id, login.record.user_id.clone());
        found.reused = Some(login);
        let then = move |removed: Result<(), Failure>| StoreStep::Done(removed.map(|()| found));
        if self.ends_all_on_reuse {
            StoreStep::remove_of_user(user_id, None, move |removed| then(removed.map(|_| ())))
        } else {
            StoreStep::remove(id, move |removed| then(removed.map(|_| ())))
        }
    }
}

/// Reads a record that was found.
pub(crate) fn read(record: Result<Option<Record>, Failure>) -> Result<Option<LoginRecord>, Failure> {
    record?.map(LoginRecord::read).transpose().map_err(Into::into)
}
