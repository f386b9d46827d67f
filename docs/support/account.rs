//! The users of the documentation.

use std::borrow::Cow;
use std::convert::Infallible;

use login_core::User;

/// A user. 1 is ann, who is an administrator; 2 is ben; 3 is gone, whose account is not active.
#[derive(Clone, Debug)]
pub struct Account {
    /// The ID.
    pub id: u32,
    /// The name to log in with.
    pub name: String,
    /// The hash of the password. A new one ends the logins.
    pub password_hash: String,
    /// May everything.
    pub is_admin: bool,
    /// May log in.
    pub is_active: bool,
}

impl User for Account {
    type Id = u32;

    fn id(&self) -> u32 {
        self.id
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.password_hash.as_bytes().into()
    }

    fn is_active(&self) -> bool {
        self.is_active
    }
}

const NAMES: [&str; 3] = ["ann", "ben", "gone"];

/// The user with an ID.
///
/// # Errors
///
/// None.
pub async fn find_account(id: u32) -> Result<Option<Account>, Infallible> {
    let name = id.checked_sub(1).and_then(|at| NAMES.get(at as usize));
    Ok(name.map(|name| Account {
        id,
        name: (*name).to_owned(),
        password_hash: format!("hash of {name}'s password"),
        is_admin: id == 1,
        is_active: id != 3,
    }))
}

/// The user with a name, if the password is right. It is "secret".
pub async fn check_password(name: &str, password: &str) -> Option<Account> {
    let at = NAMES.iter().position(|known| *known == name)?;
    let account = find_account(u32::try_from(at).ok()? + 1).await.ok()?;
    account.filter(|_| password == "secret")
}
