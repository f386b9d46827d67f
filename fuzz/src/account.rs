//! The users of the fuzzed sites.

use std::borrow::Cow;
use std::sync::Arc;

use login_core::adapter::{Step, session_entries};
use login_core::{LoadError, Login, User};

/// A user with a chosen ID, auth hash and state.
#[derive(Debug, Clone, Default)]
pub struct Account {
    pub id: String,
    pub suspended: bool,
    pub hash: Option<Vec<u8>>,
}

impl Account {
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn is_active(&self) -> bool {
        !self.suspended
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.hash.as_deref().unwrap_or_default().into()
    }
}

/// Runs the steps to their end. `load` is the user loader, and no user is found by request.
pub fn load(
    login: &Login<Account>,
    mut load: impl FnMut(&str) -> Option<Account>,
) -> Result<Option<Arc<Account>>, LoadError> {
    let mut step = login.resolve();
    loop {
        step = match step {
            Step::LoadUser { id, token } => {
                let user = load(&id);
                token.answer(user)
            }
            Step::LoadUserFromRequest(token) => token.answer(None::<Account>),
            Step::AskStore(_) => panic!("there is no store"),
            Step::Done(user) => return user,
        };
    }
}

/// The ID of the user that the cookies log in, with a loader that finds a user for every ID.
pub fn whoever(login: &Login<Account>) -> Option<String> {
    let user = load(login, |id| Some(Account::new(id)));
    user.expect("nothing failed").map(|user| user.id.clone())
}

/// The keys of the whole session, including the library's own.
pub fn keys(login: &Login<Account>) -> Vec<String> {
    session_entries(login).into_iter().map(|(key, _)| key).collect()
}
