//! Accounts in SQLite.

use std::borrow::Cow;
use std::sync::Arc;

use login_core::{User, UserLoader};
use login_store_sqlx::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::error::Error;
use crate::passwords::{self, hash, verify};
use crate::settings::Settings;

/// The account of a user who signed up.
#[derive(sqlx::FromRow)]
pub struct Account {
    pub(crate) id: i64,
    /// In lower case, unique.
    pub email: String,
    pub(crate) password_hash: String,
    /// Whether the user is an administrator.
    pub is_admin: bool,
}

impl User for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    /// Empty, because users choose whether a new password ends their other logins. Otherwise this
    /// would be the password's hash, whose change ends every login.
    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

/// The result of a sign-up or of a new password.
pub enum Change {
    /// The account as it is now.
    Done(Account),
    /// Nothing was changed, for this reason.
    Refused(&'static str),
}

/// All accounts, with their sessions, notes and API tokens. Clones share the same database.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) pool: SqlitePool,
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
    is_admin INTEGER NOT NULL DEFAULT FALSE
);
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id),
    text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS token (
    hash BLOB PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id)
);
CREATE TABLE IF NOT EXISTS device (
    account_id INTEGER NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    PRIMARY KEY (account_id, name)
);";

impl Accounts {
    /// Opens the database of these settings, or creates it. Makes the account of
    /// [`Settings::admin`] an administrator.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Sessions`], [`Error::Hashing`] or [`Error::NoSuchAdmin`].
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(&settings.database).create_if_missing(true);
        let accounts = Self::set_up(SqlitePoolOptions::new().connect_with(options.foreign_keys(true)).await?).await?;
        if let Some(email) = &settings.admin {
            accounts.make_admin(email).await?;
        }
        Ok(accounts)
    }

    /// Opens a database in memory, for tests.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Sessions`] or [`Error::Hashing`].
    pub async fn in_memory() -> Result<Self, Error> {
        // Each connection would have its own database.
        Self::set_up(SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?).await
    }

    /// The store that keeps the users' sessions, in the same database.
    #[must_use]
    pub fn session_store(&self) -> SqliteStore {
        SqliteStore::new(self.pool.clone())
    }

    /// Closes the database, for tests of a failing database. Every later call fails.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn set_up(pool: SqlitePool) -> Result<Self, Error> {
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        let decoy = hash("no one's password".to_owned()).await?;
        let accounts = Self { pool, decoy: decoy.into() };
        accounts.session_store().create_table().await?;
        Ok(accounts)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::Database`] or [`Error::Hashing`].
    pub async fn sign_up(&self, email: &str, password: String) -> Result<Change, Error> {
        let Some(email) = normalized(email) else { return Ok(Change::Refused("That is no e-mail address.")) };
        if !passwords::is_long_enough(&password) {
            return Ok(Change::Refused(passwords::TOO_SHORT));
        }
        let query = "INSERT INTO account (email, password_hash) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING *";
        let made = sqlx::query_as(query).bind(email).bind(hash(password).await?).fetch_optional(&self.pool).await?;
        Ok(made.map_or(Change::Refused("There is an account for this address already."), Change::Done))
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

    /// Changes the address of the account. Returns `false` if the address is invalid or in use.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_email(&self, account: &Account, email: &str) -> Result<bool, Error> {
        let Some(email) = normalized(email) else { return Ok(false) };
        let query = sqlx::query("UPDATE OR IGNORE account SET email = ? WHERE id = ?").bind(email).bind(account.id);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Makes the account with this address an administrator. The account stays one if it
    /// changes its address: addresses are not verified, so anyone may take the old one.
    ///
    /// # Errors
    /// [`Error::Database`], or [`Error::NoSuchAdmin`] if no account has the address.
    pub async fn make_admin(&self, email: &str) -> Result<(), Error> {
        let query = sqlx::query("UPDATE account SET is_admin = TRUE WHERE email = ?").bind(normalized(email));
        match query.execute(&self.pool).await?.rows_affected() {
            0 => Err(Error::NoSuchAdmin(email.to_owned())),
            _ => Ok(()),
        }
    }

    /// All accounts, in the alphabetical order of their addresses.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn all(&self) -> Result<Vec<Account>, Error> {
        Ok(sqlx::query_as("SELECT * FROM account ORDER BY email").fetch_all(&self.pool).await?)
    }
}

/// The address as it is stored. `None` if it is not an address.
fn normalized(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (name, host) = email.split_once('@')?;
    let is_address = !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace);
    is_address.then_some(email)
}
