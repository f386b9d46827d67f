//! The accounts of the recipes, where an application has its database.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use login_core::User;

/// A user.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: u32,
    pub name: String,
    pub password_hash: String,
    /// Who the user is at the provider that they log in with.
    pub subject: Option<String>,
}

impl User for Account {
    type Id = u32;

    fn id(&self) -> u32 {
        self.id
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.password_hash.as_bytes().into()
    }
}

/// The database.
#[derive(Clone, Default)]
pub struct Accounts(Arc<Mutex<Vec<Account>>>);

impl Accounts {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Account>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds an account.
    pub fn add(&self, name: &str, password_hash: &str, subject: Option<&str>) -> Account {
        self.with(|all| {
            let id = u32::try_from(all.len()).unwrap_or_default() + 1;
            let subject = subject.map(str::to_owned);
            let account = Account { id, name: name.to_owned(), password_hash: password_hash.to_owned(), subject };
            all.push(account.clone());
            account
        })
    }

    pub async fn find(self, id: u32) -> Result<Option<Account>, Infallible> {
        Ok(self.with(|all| all.iter().find(|account| account.id == id).cloned()))
    }

    pub async fn by_name(&self, name: &str) -> Result<Option<Account>, Infallible> {
        Ok(self.with(|all| all.iter().find(|account| account.name == name).cloned()))
    }

    /// The account of a user of the provider. It is made at the first login.
    pub async fn of_subject(&self, subject: &str) -> Result<Account, Infallible> {
        let known = self.with(|all| all.iter().find(|account| account.subject.as_deref() == Some(subject)).cloned());
        Ok(known.unwrap_or_else(|| self.add(subject, "", Some(subject))))
    }

    /// Changes the hash, and returns the changed account.
    pub async fn set_password_hash(&self, id: u32, hash: String) -> Result<Option<Account>, Infallible> {
        Ok(self.with(|all| {
            let account = all.iter_mut().find(|account| account.id == id)?;
            account.password_hash = hash;
            Some(account.clone())
        }))
    }
}
