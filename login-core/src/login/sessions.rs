//! Listing and ending the sessions of a user.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use login_store::{Record, SessionId};

use crate::error::{Failed, LoadError, LoginError};
use crate::login::handle::Login;
use crate::login::resolution::{Resolution, Source};
use crate::login::setup::Setup;
use crate::store::limit;
use crate::store::load;
use crate::store::login_record::LoginRecord;
use crate::store::step::{Failure, StoreStep};
use crate::user::{User, id_text};

/// A session of a user, in a list of the browsers in which they are logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The ID, with which the session can be [ended](Login::end_session).
    pub id: SessionId,
    /// Whether it is the session of this request.
    pub is_current: bool,
    /// When the user logged in.
    pub created: SystemTime,
    /// When the session was last used. It may be up to a minute behind.
    pub seen: SystemTime,
    /// The client's address when the user logged in, entered credentials again, or was restored by
    /// the remember cookie.
    pub address: Option<String>,
    /// The browser at that time, as it names itself: up to 256 characters, not escaped for HTML.
    pub user_agent: Option<String>,
    /// Whether a remember cookie restores the login after the browser was closed.
    pub is_remembered: bool,
}

impl SessionInfo {
    fn new(login: &LoginRecord, current: Option<SessionId>, now: u64) -> Self {
        let at = |millis: u64| UNIX_EPOCH + Duration::from_millis(millis);
        Self {
            id: login.record.id,
            is_current: Some(login.record.id) == current,
            created: at(login.record.created),
            seen: at(login.record.seen),
            address: login.body.client.address.clone(),
            user_agent: login.body.client.user_agent.clone(),
            is_remembered: login.body.remember.as_ref().is_some_and(|remember| now < remember.ends_at),
        }
    }
}

/// What a step ends with.
pub(crate) type Listed = Result<Vec<SessionInfo>, LoadError>;

impl<U: User> Setup<U> {
    /// The sessions of a user that can be used, the oldest first. With the user, those that their
    /// auth hash has ended are left out.
    pub(crate) fn list_steps(
        self: &Arc<Self>,
        user_id: &str,
        user: Option<Arc<U>>,
        current: Option<SessionId>,
    ) -> StoreStep<Listed> {
        let (setup, user_id) = (Arc::clone(self), user_id.to_owned());
        StoreStep::of_user(user_id.as_bytes().to_vec(), move |records| {
            StoreStep::Done(setup.list(&user_id, records, user.as_deref(), current))
        })
    }

    fn list(
        &self,
        user_id: &str,
        records: Result<Vec<Record>, Failure>,
        user: Option<&U>,
        current: Option<SessionId>,
    ) -> Listed {
        let now = self.clock.now();
        let usable = records.and_then(|records| limit::usable(records, self.config.ages(), now));
        let usable = usable.map_err(|cause| LoadError::of(Failed::ReadingSession, cause))?;
        let is_valid = |login: &&LoginRecord| {
            user.is_none_or(|user| self.format.check_auth(login.body.session.auth, user, user_id).is_ok())
        };
        Ok(usable.iter().filter(is_valid).map(|login| SessionInfo::new(login, current, now)).collect())
    }

    /// Ends the sessions of a user, except for one. Returns them.
    pub(crate) fn end_steps(
        self: &Arc<Self>,
        user_id: &str,
        except: Option<SessionId>,
    ) -> StoreStep<Result<Vec<SessionId>, LoadError>> {
        let user_id = user_id.as_bytes().to_vec();
        let failed = |cause| StoreStep::Done(Err(LoadError::of(Failed::WritingSession, cause)));
        StoreStep::of_user(user_id.clone(), move |records| {
            let ids = match records {
                Ok(records) => records.into_iter().map(|record| record.id).filter(|id| Some(*id) != except).collect(),
                Err(cause) => return failed(cause),
            };
            StoreStep::remove_of_user(user_id, except, move |removed| match removed {
                Ok(_) => StoreStep::Done(Ok(ids)),
                Err(cause) => failed(cause),
            })
        })
    }
}

impl<U: User> Login<U> {
    /// Whether no one is logged in because the login of the request's cookies was ended, for a page that
    /// says so. A login is ended elsewhere (this needs a session store), by a new auth hash of the user,
    /// or by session protection. The response deletes the cookies, so the next request gets false.
    ///
    /// A logout in this request does not count, nor does a login whose time is over or whose user no
    /// longer exists.
    ///
    /// # Errors
    /// [`LoginError::Load`] if loader or store failed.
    pub async fn login_ended(&self) -> Result<bool, LoginError> {
        if self.user_including_inactive().await?.is_some() {
            return Ok(false);
        }
        let state = self.0.state();
        let is_gone =
            state.keeping.as_deref().is_some_and(|keeping| keeping.session_is_gone || keeping.remember_is_gone);
        Ok(!state.logged_out && (state.login_ended || is_gone))
    }

    /// The sessions of the user who is logged in: one for each browser, the oldest first. Sessions
    /// that can no longer be used are left out, and a login that was made in this request is missing
    /// until it is [saved](Login::save). It needs a
    /// [`session_store`](crate::LoginManagerBuilder::session_store).
    ///
    /// # Errors
    /// [`LoginError::NotLoggedIn`], [`LoginError::Load`] if loader or store failed,
    /// [`LoginError::NoSessionStore`].
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, LoginError> {
        self.user().await?;
        self.0.setup.run(self.sessions_steps()).await
    }

    /// The steps of [`sessions`](Self::sessions). The user must be resolved before.
    pub fn sessions_steps(&self) -> StoreStep<Result<Vec<SessionInfo>, LoginError>> {
        let (user, current) = match self.owner() {
            Ok(owner) => owner,
            Err(error) => return StoreStep::Done(Err(error)),
        };
        let login = self.clone();
        self.0
            .setup
            .list_steps(&id_text(&*user), Some(user), current)
            .and_then(move |listed| StoreStep::Done(listed.map_err(|error| login.load_failed(error))))
    }

    /// Ends one session of the user who is logged in. Returns whether there was one: the ID of
    /// another user's session is not found. If it is the session of this request, the user is
    /// logged out.
    ///
    /// # Errors
    /// Those of [`sessions`](Self::sessions), and [`LoginError::ResponseBegun`] if it is the session
    /// of this request.
    pub async fn end_session(&self, id: SessionId) -> Result<bool, LoginError> {
        self.user().await?;
        self.0.setup.run(self.end_session_steps(id)).await
    }

    /// The steps of [`end_session`](Self::end_session). The user must be resolved before.
    pub fn end_session_steps(&self, id: SessionId) -> StoreStep<Result<bool, LoginError>> {
        let (user, current) = match self.owner() {
            Ok(owner) => owner,
            Err(error) => return StoreStep::Done(Err(error)),
        };
        if current == Some(id) {
            return self.end_current(true);
        }
        let (user_id, login) = (id_text(&*user), self.clone());
        let failed =
            |login: &Self, cause| StoreStep::Done(Err(login.load_failed(LoadError::of(Failed::WritingSession, cause))));
        StoreStep::find(id, move |found| match load::read(found) {
            Ok(Some(found)) if found.record.user_id == user_id.as_bytes() => {
                StoreStep::remove(id, move |removed| match removed {
                    Ok(was_there) => {
                        if was_there {
                            login.0.notify_ended(&user_id, &[id]);
                        }
                        StoreStep::Done(Ok(was_there))
                    }
                    Err(cause) => failed(&login, cause),
                })
            }
            Ok(_) => StoreStep::Done(Ok(false)),
            Err(cause) => failed(&login, cause),
        })
    }

    /// Ends all other sessions of the user who is logged in. Returns how many.
    ///
    /// # Errors
    /// Those of [`sessions`](Self::sessions).
    pub async fn end_other_sessions(&self) -> Result<usize, LoginError> {
        self.user().await?;
        self.0.setup.run(self.end_other_sessions_steps()).await
    }

    /// The steps of [`end_other_sessions`](Self::end_other_sessions). The user must be resolved
    /// before.
    pub fn end_other_sessions_steps(&self) -> StoreStep<Result<usize, LoginError>> {
        match self.owner() {
            Ok((user, current)) => self.end_of(&user, current),
            Err(error) => StoreStep::Done(Err(error)),
        }
    }

    /// Ends all sessions of the user who is logged in, and logs them out here too. Returns how many
    /// there were.
    ///
    /// # Errors
    /// Those of [`sessions`](Self::sessions), and [`LoginError::ResponseBegun`].
    pub async fn end_all_sessions(&self) -> Result<usize, LoginError> {
        self.user().await?;
        self.0.setup.run(self.end_all_sessions_steps()).await
    }

    /// The steps of [`end_all_sessions`](Self::end_all_sessions). The user must be resolved before.
    pub fn end_all_sessions_steps(&self) -> StoreStep<Result<usize, LoginError>> {
        let user = match self.owner() {
            Ok((user, _)) => user,
            Err(error) => return StoreStep::Done(Err(error)),
        };
        if let Err(error) = self.0.state().for_change() {
            return StoreStep::Done(Err(error));
        }
        let login = self.clone();
        self.end_of(&user, None).and_then(move |ended| match ended {
            Ok(ended) => login.end_current(ended),
            Err(error) => StoreStep::Done(Err(error)),
        })
    }

    fn end_of(&self, user: &U, except: Option<SessionId>) -> StoreStep<Result<usize, LoginError>> {
        let (user_id, login) = (id_text(user), self.clone());
        self.0.setup.end_steps(&user_id, except).and_then(move |ended| {
            StoreStep::Done(match ended {
                Ok(ended) => {
                    login.0.notify_ended(&user_id, &ended);
                    Ok(ended.len())
                }
                Err(error) => Err(login.load_failed(error)),
            })
        })
    }

    /// Ends the login of this request, as a logout does.
    fn end_current<T: Send + 'static>(&self, result: T) -> StoreStep<Result<T, LoginError>> {
        self.log_out().steps().and_then(move |ended| StoreStep::Done(ended.map(|()| result)))
    }

    /// The user who is logged in, and the session of this request. Their own code runs here.
    fn owner(&self) -> Result<(Arc<U>, Option<SessionId>), LoginError> {
        if !self.0.setup.is_store() {
            return Err(LoginError::NoSessionStore);
        }
        let state = self.0.state();
        let (user, current) = match &state.resolution {
            Resolution::User(user, Source::Login) => (Arc::clone(user), state.session.id()),
            Resolution::User(user, Source::Request) => (Arc::clone(user), None),
            Resolution::Failed(error) => {
                let error = error.clone();
                drop(state);
                return Err(self.load_failed(error));
            }
            Resolution::Unresolved | Resolution::Anonymous => return Err(LoginError::NotLoggedIn),
        };
        drop(state);
        if user.is_authenticated() { Ok((user, current)) } else { Err(LoginError::NotLoggedIn) }
    }
}
