//! The notes of an account.

use serde::{Deserialize, Serialize};

use crate::accounts::{Account, Accounts};
use crate::error::Error;

/// The largest number of characters in a note.
const LONGEST: usize = 500;

/// A note of a user. The API sends it as JSON.
#[derive(sqlx::FromRow, Serialize)]
pub struct Note {
    /// The note's ID.
    pub id: i64,
    /// The note's text.
    pub text: String,
}

/// A note to add, from a form or from JSON.
#[derive(Deserialize)]
pub struct NewNote {
    /// The note's text.
    pub text: String,
}

impl Accounts {
    /// The account's notes, oldest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn notes(&self, account: &Account) -> Result<Vec<Note>, Error> {
        let query = "SELECT id, text FROM note WHERE account_id = ? ORDER BY id";
        Ok(sqlx::query_as(query).bind(account.id).fetch_all(&self.pool).await?)
    }

    /// Adds a note, without the spaces around it. Returns `None` if the rest is empty or has
    /// more than 500 characters.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn add_note(&self, account: &Account, text: &str) -> Result<Option<Note>, Error> {
        let text = text.trim();
        if !(1..=LONGEST).contains(&text.chars().count()) {
            return Ok(None);
        }
        let query = "INSERT INTO note (account_id, text) VALUES (?, ?) RETURNING id, text";
        Ok(Some(sqlx::query_as(query).bind(account.id).bind(text).fetch_one(&self.pool).await?))
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
