//! A request and its handler, which tells the model what it saw and did.

use std::sync::{Arc, Mutex, MutexGuard};

use login_core::adapter::ResponseParts;
use login_core::{Login, LoginError, Request};
use login_store::SessionId;

use super::browser::Sent;
use super::model::Model;
use super::script::{Action, Script};
use crate::common::{Account, Manager, account};

/// The users who log in.
pub(crate) const USERS: [&str; 2] = ["1", "2"];

const KEPT: &str = "kept";
const LOG: &str = "log";
/// A visitor's value replaces the one in a login that is restored, so it has a key of its own.
const VISITORS_LOG: &str = "visitors_log";

pub(crate) struct Visitor {
    pub(crate) manager: Manager,
    pub(crate) model: Arc<Mutex<Model>>,
    pub(crate) number: usize,
    /// Which browser it is, for the data of those who are not logged in.
    pub(crate) browser: usize,
    pub(crate) script: Script,
}

impl Visitor {
    /// Handles the request. Returns the status and what the login adds to the response.
    pub(crate) async fn handle(self, request: Request, sent: Sent) -> (u16, ResponseParts) {
        let request_login = self.manager.begin();
        self.model().begin(self.number, self.browser, sent);
        let mut status = self.script.status;
        if !self.script.actions.is_empty() {
            let login = request_login.access(|| request);
            for action in &self.script.actions {
                self.model().begin_action(self.number, Some(*action));
                let result = self.perform(&login, *action).await;
                self.model().end_action(self.number, result.as_ref().err());
                match result {
                    Err(error) if !self.script.goes_on => {
                        status = error.answer().status();
                        break;
                    }
                    _ => {}
                }
            }
        }
        self.model().begin_action(self.number, None);
        let parts = request_login.finish_with_store(status).await;
        self.model().finish(self.number, &self.script, status, &parts);
        (status, parts)
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    async fn look(&self, login: &Login<Account>) -> Result<Option<String>, LoginError> {
        let user = login.user().await?.map(|user| user.id.clone());
        self.model().saw_user(self.number, user.as_deref());
        Ok(user)
    }

    /// A value that no other request writes. It names whose it is.
    fn value(&self, kind: char, user: Option<&str>) -> String {
        let tag = self.model().new_tag();
        user.map_or_else(|| format!("{kind}{tag}:g{}", self.browser), |user| format!("{kind}{tag}:{user}"))
    }

    async fn perform(&self, login: &Login<Account>, action: Action) -> Result<(), LoginError> {
        let number = self.number;
        match action {
            Action::Look => self.look(login).await.map(|_| ()),
            Action::Read => self.read(login).await,
            Action::IsFresh => {
                self.look(login).await?;
                let is_fresh = login.login_fresh().await?;
                self.model().saw_freshness(number, is_fresh);
                Ok(())
            }
            Action::LogIn(user, remember) => {
                let log_in = login.log_in(account(USERS[user]));
                match remember {
                    Some(remember) => log_in.remember(remember).await,
                    None => log_in.await,
                }
            }
            Action::LogOut(keeps) => {
                let log_out = if keeps { login.log_out().keep([KEPT]) } else { login.log_out() };
                let result = log_out.await;
                self.model().logged_out(number, result.is_ok());
                result
            }
            Action::Confirm => {
                let Some(user) = self.look(login).await? else { return Ok(()) };
                self.model().confirming(number);
                login.confirm(&account(&user)).await
            }
            Action::SetPermanent(permanent) => {
                self.look(login).await?;
                login.set_permanent(permanent)
            }
            Action::Recheck => {
                let user = login.recheck().await?.map(|user| user.id.clone());
                self.model().rechecked(number, user.as_deref());
                Ok(())
            }
            Action::Save => {
                let result = login.save().await;
                self.model().saved(number, &result);
                result
            }
            Action::Sessions => self.sessions(login).await.map(|_| ()),
            Action::EndOne(at) => self.end_one(login, at).await,
            Action::EndOthers | Action::EndAll => self.end_many(login, action).await,
            Action::Insert
            | Action::InsertKept
            | Action::InsertUnseen
            | Action::Remove(_)
            | Action::Update
            | Action::Flash
            | Action::TakeFlashes => self.change(login, action).await,
        }
    }

    async fn read(&self, login: &Login<Account>) -> Result<(), LoginError> {
        login.load().await?;
        for key in login.keys() {
            let values = match key.as_str() {
                KEPT => continue,
                LOG | VISITORS_LOG => login.get::<Vec<String>>(&key)?.unwrap_or_default(),
                key => login.get::<String>(key)?.into_iter().collect(),
            };
            values.iter().for_each(|value| self.model().saw_value(self.number, value));
        }
        Ok(())
    }

    async fn change(&self, login: &Login<Account>, action: Action) -> Result<(), LoginError> {
        if action == Action::InsertUnseen {
            login.load().await?;
            let value = self.value('i', None);
            return login.insert(value.split(':').next().unwrap(), &value);
        }
        let user = self.look(login).await?;
        let user = user.as_deref();
        match action {
            Action::InsertKept => login.insert(KEPT, "of anyone"),
            Action::Insert => {
                let value = self.value('i', user);
                login.insert(value.split(':').next().unwrap(), &value)?;
                self.model().added(self.number, value);
                Ok(())
            }
            Action::Update => {
                let value = self.value('u', user);
                let added = value.clone();
                let key = if user.is_some() { LOG } else { VISITORS_LOG };
                login.update(key, move |log: Option<Vec<String>>| {
                    log.unwrap_or_default().into_iter().chain([added.clone()]).collect::<Vec<_>>()
                })?;
                self.model().added(self.number, value);
                Ok(())
            }
            Action::Flash => {
                // A message stays if the same request ends the login, so it is for whoever comes next.
                let value = self.value('f', user.filter(|_| !self.script.ends_logins()));
                login.flash(&value)?;
                self.model().added(self.number, value);
                Ok(())
            }
            Action::TakeFlashes => {
                for flash in login.take_flashes()? {
                    let mut model = self.model();
                    model.saw_value(self.number, &flash.message);
                    model.dropped(self.number, flash.message);
                }
                Ok(())
            }
            Action::Remove(at) => {
                let keys: Vec<_> = login.keys().into_iter().filter(|key| key.starts_with('i')).collect();
                let Some(key) = keys.get(at % keys.len().max(1)) else { return Ok(()) };
                let value = login.get::<String>(key)?;
                if login.remove(key)? {
                    value.into_iter().for_each(|value| self.model().dropped(self.number, value));
                }
                Ok(())
            }
            _ => unreachable!("it changes no data"),
        }
    }

    async fn sessions(&self, login: &Login<Account>) -> Result<Vec<SessionId>, LoginError> {
        self.look(login).await?;
        let sessions = login.sessions().await?;
        let listed: Vec<_> = sessions.iter().map(|session| (session.id, session.is_current)).collect();
        self.model().listed(self.number, &listed);
        Ok(listed.into_iter().map(|(id, _)| id).collect())
    }

    async fn end_one(&self, login: &Login<Account>, at: usize) -> Result<(), LoginError> {
        // Sometimes the session of another user, which is not found.
        let ids = if at.is_multiple_of(5) { self.model().all_ids() } else { self.sessions(login).await? };
        let Some(id) = ids.get(at % ids.len().max(1)) else { return Ok(()) };
        self.look(login).await?;
        let result = login.end_session(*id).await;
        self.model().ended_one(self.number, *id, result.as_ref().ok().copied());
        result.map(|_| ())
    }

    async fn end_many(&self, login: &Login<Account>, action: Action) -> Result<(), LoginError> {
        let user = self.look(login).await?;
        let ids = self.model().ids_of(user.as_deref());
        if action == Action::EndAll {
            let result = login.end_all_sessions().await;
            self.model().ended_all(self.number, &ids, result.is_ok());
            return result.map(|_| ());
        }
        let result = login.end_other_sessions().await;
        if result.is_ok() {
            self.model().ended_others(self.number, &ids);
        }
        result.map(|_| ())
    }
}

/// An administrator ends the sessions of a user.
pub(crate) async fn end_sessions_of(manager: Manager, model: Arc<Mutex<Model>>, user: &'static str) {
    let ids = model.lock().unwrap().ids_of(Some(user));
    if manager.end_sessions_of(&user.to_owned()).await.is_ok() {
        model.lock().unwrap().ended(&ids);
    }
}
