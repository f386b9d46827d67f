//! Passwords: hashing, checking and changing them.

use crate::accounts::{Account, Accounts, Change};
use crate::error::Error;

/// The smallest number of characters in a password.
const SHORTEST: usize = 8;

/// Why a password is refused.
pub(crate) const TOO_SHORT: &str = "Choose a password of at least 8 characters.";

impl Accounts {
    /// Whether this is the account's password.
    ///
    /// # Errors
    /// [`Error::Hashing`].
    pub async fn is_password(&self, account: &Account, password: String) -> Result<bool, Error> {
        verify(password, account.password_hash.clone()).await
    }

    /// Changes the password, and deletes the account's API tokens. Logins stay: the handler ends
    /// them if the user wants it.
    ///
    /// # Errors
    /// [`Error::Database`] or [`Error::Hashing`].
    pub async fn set_password(&self, account: &Account, password: String) -> Result<Change, Error> {
        if !is_long_enough(&password) {
            return Ok(Change::Refused(TOO_SHORT));
        }
        let hash = hash(password).await?;
        // Both or neither: whoever knows the old password may have created a token.
        let mut both = self.pool.begin().await?;
        sqlx::query("DELETE FROM token WHERE account_id = ?").bind(account.id).execute(&mut *both).await?;
        let query = "UPDATE account SET password_hash = ? WHERE id = ? RETURNING *";
        let changed = sqlx::query_as(query).bind(hash).bind(account.id).fetch_one(&mut *both).await?;
        both.commit().await?;
        Ok(Change::Done(changed))
    }
}

pub(crate) fn is_long_enough(password: &str) -> bool {
    password.chars().count() >= SHORTEST
}

/// Hashes with Argon2id.
pub(crate) async fn hash(password: String) -> Result<String, Error> {
    elsewhere(move || password_auth::generate_hash(password)).await
}

pub(crate) async fn verify(password: String, hash: String) -> Result<bool, Error> {
    elsewhere(move || password_auth::verify_password(password, &hash).is_ok()).await
}

/// Runs slow work on a separate thread, where it does not block other requests.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
