//! Accounts and their notes, in SQLite.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use login_core::{User, UserLoader};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::error::Error;

/// The most characters that a note has.
const LONGEST_NOTE: usize = 500;

/// Someone who signed up.
#[derive(sqlx::FromRow)]
pub struct Account {
    id: i64,
    /// In lower case, unique.
    pub email: String,
    password_hash: String,
    session_version: i64,
}

impl User for Account {
    fn id(&self) -> String {
        self.id.to_string()
    }

    /// A new password ends every login made with the old one; a new version ends
    /// them all.
    fn auth_hash(&self) -> Option<Cow<'_, [u8]>> {
        Some(format!("{} {}", self.session_version, self.password_hash).into_bytes().into())
    }
}

/// A line of text that its owner wrote down.
#[derive(sqlx::FromRow)]
pub struct Note {
    /// What names it.
    pub id: i64,
    /// What it says.
    pub text: String,
}

/// What became of signing up.
pub enum SignUp {
    /// There is a new account.
    Done(Account),
    /// Nothing: for this reason.
    Refused(&'static str),
}

/// All accounts. Clones are the same.
#[derive(Clone)]
pub struct Accounts {
    pool: SqlitePool,
    /// The hash of no one's password: whoever does not exist takes as long to check.
    decoy: Arc<str>,
}

impl UserLoader for Accounts {
    type User = Account;
    type Error = Error;

    async fn load_user(&self, id: &str) -> Result<Option<Account>, Error> {
        let Ok(id) = id.parse::<i64>() else { return Ok(None) };
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
    /// Opens the database in this file, and makes it where there is none.
    ///
    /// # Errors
    /// That SQLite cannot.
    pub async fn open(file: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(true);
        Self::set_up(SqlitePoolOptions::new().connect_with(options).await?).await
    }

    /// Opens a database in memory, for tests.
    ///
    /// # Errors
    /// That SQLite cannot.
    pub async fn in_memory() -> Result<Self, Error> {
        // Each connection would have a database of its own.
        Self::set_up(SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?).await
    }

    /// Closes the database, for tests of what happens without one: all that is asked
    /// of these accounts from now on fails.
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
    /// That the database failed, or hashing.
    pub async fn sign_up(&self, email: &str, password: String) -> Result<SignUp, Error> {
        let Some(email) = normalized(email) else { return Ok(SignUp::Refused("That is no e-mail address.")) };
        if password.chars().count() < 8 {
            return Ok(SignUp::Refused("Choose a password of at least 8 characters."));
        }
        let query = "INSERT INTO account (email, password_hash) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING *";
        let made = sqlx::query_as(query).bind(email).bind(hash(password).await?).fetch_optional(&self.pool).await?;
        Ok(made.map_or(SignUp::Refused("There is an account for this address already."), SignUp::Done))
    }

    /// The account of this address, if the password is its own. It takes the same
    /// time where there is no such account.
    ///
    /// # Errors
    /// That the database failed, or hashing.
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
    /// That the check could not be run.
    pub async fn is_password(&self, account: &Account, password: String) -> Result<bool, Error> {
        verify(password, account.password_hash.clone()).await
    }

    /// Gives the account another address; `false` where it is none or another's.
    ///
    /// # Errors
    /// That the database failed.
    pub async fn set_email(&self, account: &Account, email: &str) -> Result<bool, Error> {
        let Some(email) = normalized(email) else { return Ok(false) };
        let query = sqlx::query("UPDATE OR IGNORE account SET email = ? WHERE id = ?").bind(email).bind(account.id);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Ends every login of the account, on every device.
    ///
    /// # Errors
    /// That the database failed.
    pub async fn end_all_logins(&self, account: &Account) -> Result<(), Error> {
        let query = "UPDATE account SET session_version = session_version + 1 WHERE id = ?";
        sqlx::query(query).bind(account.id).execute(&self.pool).await?;
        Ok(())
    }

    /// The account's notes, oldest first.
    ///
    /// # Errors
    /// That the database failed.
    pub async fn notes(&self, account: &Account) -> Result<Vec<Note>, Error> {
        let query = "SELECT id, text FROM note WHERE account_id = ? ORDER BY id";
        Ok(sqlx::query_as(query).bind(account.id).fetch_all(&self.pool).await?)
    }

    /// Writes a note down, without the space around it; `false` where nothing is left
    /// or more than 500 characters are.
    ///
    /// # Errors
    /// That the database failed.
    pub async fn add_note(&self, account: &Account, text: &str) -> Result<bool, Error> {
        let text = text.trim();
        if !(1..=LONGEST_NOTE).contains(&text.chars().count()) {
            return Ok(false);
        }
        let query = "INSERT INTO note (account_id, text) VALUES (?, ?)";
        sqlx::query(query).bind(account.id).bind(text).execute(&self.pool).await?;
        Ok(true)
    }

    /// Deletes a note, if it is this account's.
    ///
    /// # Errors
    /// That the database failed.
    pub async fn delete_note(&self, account: &Account, id: i64) -> Result<(), Error> {
        let query = "DELETE FROM note WHERE id = ? AND account_id = ?";
        sqlx::query(query).bind(id).bind(account.id).execute(&self.pool).await?;
        Ok(())
    }
}

/// An address as it is kept; `None` where it is none.
fn normalized(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (name, host) = email.split_once('@')?;
    let is_address = !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace);
    is_address.then_some(email)
}

/// Hashes with Argon2id, where that blocks no one.
async fn hash(password: String) -> Result<String, Error> {
    elsewhere(move || password_auth::generate_hash(password)).await
}

async fn verify(password: String, hash: String) -> Result<bool, Error> {
    elsewhere(move || password_auth::verify_password(password, &hash).is_ok()).await
}

async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
