//! API tokens: a program sends one as `Authorization: Bearer …`, and acts for the account that
//! created it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use login_core::{Request, RequestLoader};
use sha2::{Digest, Sha256};

use crate::accounts::{Account, Accounts};
use crate::error::Error;
use crate::error_body::is_below_api;

impl RequestLoader for Accounts {
    type User = Account;
    type Error = Error;

    /// The account of the request's token. Tokens are valid below `/api` only, so a program
    /// cannot open the pages for people, such as the one for administrators.
    async fn load_user_from_request(&self, request: &Request) -> Result<Option<Account>, Error> {
        match request.bearer_token() {
            Some(token) if is_below_api(request.path()) => self.by_token(token).await,
            _ => Ok(None),
        }
    }
}

impl Accounts {
    /// Creates a token for the account. Only its hash is stored, so it cannot be shown again,
    /// and a copy of the database lets no one in.
    ///
    /// # Errors
    /// [`Error::Database`] or [`Error::Random`].
    pub async fn create_token(&self, account: &Account) -> Result<String, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let query = "INSERT INTO token (hash, account_id) VALUES (?, ?)";
        sqlx::query(query).bind(hash(&token)).bind(account.id).execute(&self.pool).await?;
        Ok(token)
    }

    /// How many tokens the account has.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn count_tokens(&self, account: &Account) -> Result<i64, Error> {
        let query = "SELECT COUNT(*) FROM token WHERE account_id = ?";
        Ok(sqlx::query_scalar(query).bind(account.id).fetch_one(&self.pool).await?)
    }

    /// Deletes all tokens of the account.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delete_tokens(&self, account: &Account) -> Result<(), Error> {
        sqlx::query("DELETE FROM token WHERE account_id = ?").bind(account.id).execute(&self.pool).await?;
        Ok(())
    }

    async fn by_token(&self, token: &str) -> Result<Option<Account>, Error> {
        let query = "SELECT account.* FROM account JOIN token ON token.account_id = account.id WHERE token.hash = ?";
        Ok(sqlx::query_as(query).bind(hash(token)).fetch_optional(&self.pool).await?)
    }
}

/// A fast hash is enough: unlike a password, a token of 32 random bytes cannot be guessed.
fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}
