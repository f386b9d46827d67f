//! Accounts and their notes, in SQLite.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use login_core::{User, UserLoader};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::error::Error;

/// The largest number of characters in a note.
const LONGEST_NOTE: usize = 500;

/// The account of a user who signed up.
#[derive(sqlx::FromRow)]
pub struct Account {
    id: i64,
    /// In lower case, unique.
    pub email: String,
    password_hash: String,
    session_version: i64,
}

impl User for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    /// Logins end when this value changes: with a new password, or with a new version.
    fn auth_hash(&self) -> Cow<'_, [u8]> {
        format!("{} {}", self.session_version, self.password_hash).into_bytes().into()
    }
}

/// A note of a user.
#[derive(sqlx::FromRow)]
pub struct Note {
    /// The note's ID.
    pub id: i64,
    /// The note's text.
    pub text: String,
}

/// The result of signing up.
pub enum SignUp {
    /// The new account.
    Done(Account),
    /// No account was made, for this reason.
    Refused(&'static str),
}

/// All accounts. Clones share the same database.
#[derive(Clone)]
pub struct Accounts {
    pool: SqlitePool,
    /// A hash to check for unknown addresses, so that the time reveals no accounts.
    decoy: Arc<str>,
}

impl UserLoader for Accounts {
    type User = Account;
    type Error = Error;

    async fn load_user(&self, id: i64) -> Result<Option<Account>, Error> {
        Ok(sqlx::query_as("SELECT * FROM account WHERE id = ?").bind(id).fetch_optional(&self.pool).await?)
    }
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    session_version INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id),
    text TEXT NOT NULL
);";

impl Accounts {
    /// Opens the database in this file, or creates it.
    ///
    /// # Errors
    /// [`Error::Database`] or [`Error::Hashing`].
    pub async fn open(file: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(true);
        Self::set_up(SqlitePoolOptions::new().connect_with(options).await?).await
    }

    /// Opens a database in memory, for tests.
    ///
    /// # Errors
    /// [`Error::Database`] or [`Error::Hashing`].
    pub async fn in_memory() -> Result<Self, Error> {
        // Each connection would have its own database.
        Self::set_up(SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?).await
    }

    /// Closes the database, for tests of a failing database. Every later call fails.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn set_up(pool: SqlitePool) -> Result<Self, Error> {
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        let decoy = hash("no one's password".to_owned()).await?;
        Ok(Self { pool, decoy: decoy.into() })
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::Database`] or [`Error::Hashing`].
    pub async fn sign_up(&self, email: &str, password: String) -> Result<SignUp, Error> {
        let Some(email) = normalized(email) else { return Ok(SignUp::Refused("That is no e-mail address.")) };
        if password.chars().count() < 8 {
            return Ok(SignUp::Refused("Choose a password of at least 8 characters."));
        }
        let query = "INSERT INTO account (email, password_hash) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING *";
        let made = sqlx::query_as(query).bind(email).bind(hash(password).await?).fetch_optional(&self.pool).await?;
        Ok(made.map_or(SignUp::Refused("There is an account for this address already."), SignUp::Done))
    }

    /// The account with this address, if the password is right. It takes the same time if
    /// there is no such account.
    ///
    /// # Errors
    /// [`Error::Database`] or [`Error::Hashing`].
    pub async fn check(&self, email: &str, password: String) -> Result<Option<Account>, Error> {
        let email = normalized(email).unwrap_or_default();
        let found: Option<Account> =
            sqlx::query_as("SELECT * FROM account WHERE email = ?").bind(email).fetch_optional(&self.pool).await?;
        let known_hash = found.as_ref().map_or(&*self.decoy, |account| &account.password_hash);
        let is_right = verify(password, known_hash.to_owned()).await?;
        Ok(found.filter(|_| is_right))
    }

    /// Whether this is the account's password.
    ///
    /// # Errors
    /// [`Error::Hashing`].
    pub async fn is_password(&self, account: &Account, password: String) -> Result<bool, Error> {
        verify(password, account.password_hash.clone()).await
    }

    /// Changes the address of the account. Returns `false` if the address is invalid or in use.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_email(&self, account: &Account, email: &str) -> Result<bool, Error> {
        let Some(email) = normalized(email) else { return Ok(false) };
        let query = sqlx::query("UPDATE OR IGNORE account SET email = ? WHERE id = ?").bind(email).bind(account.id);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Ends every login of the account, on every device.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn end_all_logins(&self, account: &Account) -> Result<(), Error> {
        let query = "UPDATE account SET session_version = session_version + 1 WHERE id = ?";
        sqlx::query(query).bind(account.id).execute(&self.pool).await?;
        Ok(())
    }

    /// The account's notes, oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn notes(&self, account: &Account) -> Result<Vec<Note>, Error> {
        let query = "SELECT id, text FROM note WHERE account_id = ? ORDER BY id";
        Ok(sqlx::query_as(query).bind(account.id).fetch_all(&self.pool).await?)
    }

    /// Adds a note, without the spaces around it. Returns `false` if the rest is empty or has
    /// more than 500 characters.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn add_note(&self, account: &Account, text: &str) -> Result<bool, Error> {
        let text = text.trim();
        if !(1..=LONGEST_NOTE).contains(&text.chars().count()) {
            return Ok(false);
        }
        let query = "INSERT INTO note (account_id, text) VALUES (?, ?)";
        sqlx::query(query).bind(account.id).bind(text).execute(&self.pool).await?;
        Ok(true)
    }

    /// Deletes a note, if it belongs to this account.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delete_note(&self, account: &Account, id: i64) -> Result<(), Error> {
        let query = "DELETE FROM note WHERE id = ? AND account_id = ?";
        sqlx::query(query).bind(id).bind(account.id).execute(&self.pool).await?;
        Ok(())
    }
}

/// The address as it is stored. `None` if it is not an address.
fn normalized(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (name, host) = email.split_once('@')?;
    let is_address = !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace);
    is_address.then_some(email)
}

/// Hashes with Argon2id.
async fn hash(password: String) -> Result<String, Error> {
    elsewhere(move || password_auth::generate_hash(password)).await
}

async fn verify(password: String, hash: String) -> Result<bool, Error> {
    elsewhere(move || password_auth::verify_password(password, &hash).is_ok()).await
}

/// Runs slow work on a separate thread, where it does not block other requests.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
