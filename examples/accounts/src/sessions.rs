//! Sessions as the pages show them.

use std::time::Duration;

use login_core::{Login, LoginError, SessionInfo};

use crate::accounts::Account;
use crate::devices::device_name;

/// A browser in which a user is logged in.
pub struct SessionRow {
    /// The ID of the session, for the form that ends it.
    pub id: String,
    /// The browser and the system.
    pub device: String,
    /// The address from which the user logged in.
    pub address: String,
    /// When the user logged in, such as `2 days ago`.
    pub logged_in: String,
    /// When the session was last used.
    pub last_used: String,
    /// Whether it is the browser that asks.
    pub is_current: bool,
}

/// The sessions as the pages show them, in the same order.
#[must_use]
pub fn session_rows(sessions: Vec<SessionInfo>) -> Vec<SessionRow> {
    let row = |session: SessionInfo| SessionRow {
        id: session.id.to_string(),
        device: device_name(session.user_agent.as_deref().unwrap_or_default()),
        address: session.address.unwrap_or_else(|| "unknown address".to_owned()),
        logged_in: ago(session.created.elapsed().unwrap_or_default()),
        last_used: ago(session.seen.elapsed().unwrap_or_default()),
        is_current: session.is_current,
    };
    sessions.into_iter().map(row).collect()
}

/// A time in the past. Unlike a date, it needs no time zone.
fn ago(age: Duration) -> String {
    let minutes = age.as_secs() / 60;
    let (count, unit) = match minutes {
        // `seen` may be a minute behind.
        0..2 => return "just now".to_owned(),
        2..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        1440.. => (minutes / 1440, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

/// Ends the user's session with this ID, and tells them.
///
/// # Errors
/// [`LoginError::Load`] if the session store failed.
pub async fn end_session(login: &Login<Account>, id: &str) -> Result<(), LoginError> {
    let has_ended = match id.parse() {
        Ok(id) => login.end_session(id).await?,
        Err(_) => false,
    };
    if has_ended {
        login.flash("That login has ended.")
    } else {
        login.flash_as("error", "You have no such login. It may have ended already.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_words() {
        for (seconds, text) in [
            (0, "just now"),
            (119, "just now"),
            (120, "2 minutes ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (86_400, "1 day ago"),
            (864_000, "10 days ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), text);
        }
    }
}
