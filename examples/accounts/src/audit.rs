//! The audit log: who logs in and out, from where, and what is refused.

use login_core::{Event, EventKind};

use crate::accounts::Account;
use crate::devices::device_name;

/// A listener that writes what happens to logins to the log. The target is `audit`, so that a
/// subscriber can send these lines elsewhere.
///
/// Nothing in them lets anyone in. The name of a failed login is left out, because people enter
/// their password in the wrong field.
pub fn audit(event: &Event<'_, Account>) {
    // These are in every request.
    if matches!(event.kind(), EventKind::Accessed | EventKind::LoadedFromRequest { .. }) {
        return;
    }
    let user = match event.user() {
        Some(account) => Some(account.id.to_string()),
        None => user_id(event.kind()).map(str::to_owned),
    };
    tracing::info!(
        target: "audit",
        event = event.name(),
        user = user.map(tracing::field::display),
        address = event.address().map(tracing::field::display),
        session = event.session_id().map(tracing::field::display),
        device = event.request().header("user-agent").map(device_name),
        path = event.request().path(),
    );
}

/// The user of an event about a session that is not the request's own.
fn user_id<'e>(kind: &EventKind<'e, Account>) -> Option<&'e str> {
    if let EventKind::SessionEnded { user_id } | EventKind::RememberTokenReused { user_id } = kind {
        return Some(user_id);
    }
    None
}

/// Writes to the audit log that an administrator ended the sessions of an account.
pub fn audit_ended_by(admin: &Account, account: &Account, sessions: usize) {
    tracing::info!(target: "audit", event = "ended_by_admin", user = account.id, admin = admin.id, sessions);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_named_when_their_session_is_ended_or_stolen() {
        assert_eq!(user_id(&EventKind::SessionEnded { user_id: "7" }), Some("7"));
        assert_eq!(user_id(&EventKind::RememberTokenReused { user_id: "7" }), Some("7"));
        assert_eq!(user_id(&EventKind::LoginFailed { name: "7" }), None);
    }
}
