//! What the applications log of logins.

use login_core::{Event, EventKind};

use crate::accounts::Account;

/// A listener that logs failed logins, with the client's IP address. The name that was entered
/// is not logged, because people enter their password in the wrong field.
pub fn log_failed_login(event: &Event<'_, Account>) {
    if let EventKind::LoginFailed { .. } = event.kind() {
        tracing::warn!(address = ?event.address(), "a login failed");
    }
}
