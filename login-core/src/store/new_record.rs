//! Writes a login that was made in this request: its record is inserted, and then those are
//! removed whose place it takes.

use login_store::{Record, SessionId, Versioned};
use smol_str::SmolStr;

use crate::formats::native::token::Token;
use crate::session::content::Session;
use crate::store::body::{Body, Client, Remember};
use crate::store::commit::{Commit, CommitError, Committed, Committing, MAX_CONFLICTS, failed};
use crate::store::limit;
use crate::store::load;
use crate::store::login_record::LoginRecord;
use crate::store::replay::replayed;
use crate::store::rotation::{Presented, Rotation};
use crate::store::step::StoreStep;

/// How many records that have ended are removed at each login. One login makes one record, so
/// a store does not grow.
const CLEANUP: u64 = 16;

/// A login that was made in this request.
#[derive(Clone)]
pub(crate) struct NewRecord {
    pub(crate) user_id: SmolStr,
    /// The tokens of the new cookies.
    pub(crate) session_token: Token,
    pub(crate) remember_token: Token,
    pub(crate) remember: NewRemember,
    pub(crate) client: Client,
    /// The logins whose place it takes, besides the one of the request.
    pub(crate) replaced: Vec<SessionId>,
}

/// Whether the new login is remembered.
#[derive(Clone)]
pub(crate) enum NewRemember {
    No,
    /// Until then, in seconds since 1970, and for so many seconds.
    Until(u64, u64),
    /// As one of these remember cookies says, if it is the same user's.
    As(Vec<Token>),
}

impl NewRecord {
    /// Inserts the record with this session, and does what comes with it.
    pub(crate) fn insert(mut self, session: Session, commit: Commit) -> Committing {
        if let NewRemember::As(tokens) = &mut self.remember {
            let is_base = |token: &Token| commit.base.as_ref().filter(|base| base.record.id == token.id).cloned();
            return match tokens.pop() {
                Some(token) if is_base(&token).is_some() => self.carry(&token, is_base(&token), session, commit),
                Some(token) => StoreStep::find(token.id, move |found| match load::read(found) {
                    Ok(login) => self.carry(&token, login, session, commit),
                    Err(error) => failed(error),
                }),
                None => Self { remember: NewRemember::No, ..self }.insert(session, commit),
            };
        }
        if commit.limit.is_none() {
            return self.insert_at(commit.created, session, commit);
        }
        StoreStep::of_user(self.user_id.as_bytes().to_vec(), move |others| match others {
            Ok(others) => {
                let created = limit::created_after(others, commit.created, commit.ages, commit.now);
                self.insert_at(created, session, commit)
            }
            Err(error) => failed(error),
        })
    }

    /// The new login is remembered as long as the old one was, if that is the same user's.
    fn carry(mut self, token: &Token, login: Option<LoginRecord>, session: Session, commit: Commit) -> Committing {
        let is_own = |login: &LoginRecord| {
            login.record.user_id == self.user_id.as_bytes() && login.is_remembered(commit.ages, commit.now)
        };
        let remember = login.filter(is_own).and_then(|login| login.body.remember);
        let is_valid = |remember: &Remember| {
            matches!(remember.secret.judge(token, commit.now), Presented::Current | Presented::Previous)
        };
        if let Some(remember) = remember.filter(is_valid) {
            self.remember = NewRemember::Until(remember.ends_at, remember.duration);
        }
        self.insert(session, commit)
    }

    fn insert_at(self, created: u64, session: Session, commit: Commit) -> Committing {
        let now = commit.now;
        let remember = match self.remember {
            NewRemember::Until(ends_at, duration) => {
                Some(Remember { secret: Rotation::new(&self.remember_token, now), ends_at, duration })
            }
            NewRemember::No | NewRemember::As(_) => None,
        };
        let body = Body {
            session: Session { written_at: Some(now), ..session },
            secret: Rotation::new(&self.session_token, now),
            remember,
            client: self.client,
        };
        let record = Record {
            id: self.session_token.id,
            user_id: self.user_id.as_bytes().to_vec(),
            version: 1,
            created,
            seen: commit.now_millis(),
            ends: 0,
            body: Vec::new(),
        };
        let mut login = LoginRecord { record, body };
        login.touch(commit.ages, now);
        let replaced = self.replaced;
        StoreStep::insert(login.to_record(), move |inserted| match inserted {
            Ok(()) => replace(commit, login, replaced),
            // The store may have inserted it nevertheless, unless the record there is another one.
            Err(error) => StoreStep::find(login.record.id, move |found| match load::read(found) {
                Ok(Some(found)) if found.body.secret != login.body.secret => failed(error),
                Ok(None) => failed(error),
                Ok(Some(_)) | Err(_) => undo(login, error),
            }),
        })
    }
}

/// Removes the records whose place the new one takes.
fn replace(mut commit: Commit, login: LoginRecord, replaced: Vec<SessionId>) -> Committing {
    match commit.base.take() {
        Some(base) if base.record.user_id == login.record.user_id => {
            copy_and_remove(commit, base, login, replaced, MAX_CONFLICTS)
        }
        Some(base) => {
            let replaced = replaced.into_iter().chain([base.record.id]).collect();
            remove_replaced(commit, login, replaced)
        }
        None => remove_replaced(commit, login, replaced),
    }
}

/// Removes the record whose data the new one has. If another request has changed it meanwhile,
/// the data is copied again.
fn copy_and_remove(
    commit: Commit,
    base: LoginRecord,
    mut login: LoginRecord,
    replaced: Vec<SessionId>,
    tries: u32,
) -> Committing {
    let (id, version) = (base.record.id, base.record.version);
    StoreStep::remove_version(id, version, move |removed| match removed {
        Ok(Versioned::Done | Versioned::Gone) => remove_replaced(commit, login, replaced),
        Ok(Versioned::Conflict) if tries == 0 => undo(login, CommitError::Contention),
        Ok(Versioned::Conflict) => StoreStep::find(id, move |found| {
            let base = match load::read(found) {
                Ok(Some(base)) => base,
                Ok(None) => return remove_replaced(commit, login, replaced),
                Err(error) => return undo(login, error),
            };
            let written_at = login.body.session.written_at;
            login.body.session = Session { written_at, ..replayed(&base, &commit.changes).body.session };
            StoreStep::update(login.to_record(), move |updated| match updated {
                Ok(Versioned::Done) => {
                    login.record.version += 1;
                    copy_and_remove(commit, base, login, replaced, tries - 1)
                }
                // The new login was ended already. It has ended the others all the same.
                Ok(Versioned::Gone) => {
                    let ended = replaced.into_iter().chain([base.record.id]).collect();
                    Commit::of_ended(ended, commit.ages, commit.now).run()
                }
                // No one else knows the new login.
                Ok(Versioned::Conflict) => undo(login, CommitError::Contention),
                Err(error) => undo(login, error),
            })
        }),
        Err(error) => undo(login, error),
    })
}

fn remove_replaced(commit: Commit, login: LoginRecord, mut replaced: Vec<SessionId>) -> Committing {
    match replaced.pop() {
        Some(id) => StoreStep::remove(id, move |removed| match removed {
            Ok(_) => remove_replaced(commit, login, replaced),
            Err(error) => undo(login, error),
        }),
        None => hold_limit(commit, login),
    }
}

/// Removes the oldest sessions if there are too many. Requests that log in at the same time see
/// each other's records, because each inserts first.
fn hold_limit(commit: Commit, login: LoginRecord) -> Committing {
    let Some(limit) = commit.limit else { return clean_up(commit, login, Vec::new()) };
    StoreStep::of_user(login.record.user_id.clone(), move |all| match all {
        Ok(all) => {
            let surplus = limit::surplus(all, limit, commit.ages, commit.now);
            remove_surplus(commit, login, surplus, Vec::new())
        }
        Err(error) => undo(login, error),
    })
}

fn remove_surplus(
    commit: Commit,
    login: LoginRecord,
    mut left: Vec<SessionId>,
    mut removed: Vec<SessionId>,
) -> Committing {
    let Some(id) = left.pop() else { return clean_up(commit, login, removed) };
    StoreStep::remove(id, move |was_there| match was_there {
        Ok(was_there) => {
            removed.extend(was_there.then_some(id));
            remove_surplus(commit, login, left, removed)
        }
        Err(error) => undo(login, error),
    })
}

/// Removes some records that have ended, of any user. That it failed does not matter.
fn clean_up(commit: Commit, login: LoginRecord, surplus: Vec<SessionId>) -> Committing {
    StoreStep::remove_ended(commit.now_millis(), CLEANUP, move |cleaned| {
        let is_left = !surplus.contains(&login.record.id);
        let user_id = login.body.session.user_id.clone().unwrap_or_default();
        let login = is_left.then_some(login);
        StoreStep::Done(Ok(Committed { login, is_touched: true, surplus, user_id, ignored: cleaned.err() }))
    })
}

/// The response will be an error without cookies, so the new record is of no use to anyone.
fn undo(login: LoginRecord, error: impl Into<CommitError>) -> Committing {
    let error = error.into();
    StoreStep::remove(login.record.id, move |_| StoreStep::Done(Err(error)))
}
