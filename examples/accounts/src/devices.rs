//! Devices: the browsers and systems that a user logs in with.
//!
//! `woothee` recognizes them. It is small, and its tables are in its code: there is no file to load or
//! to update. It is from 2021 and still right, because browsers have frozen most of their `User-Agent`.

use std::sync::Arc;

use login_core::{Event, EventKind, User};
use woothee::parser::Parser;

use crate::accounts::{Account, Accounts};
use crate::error::Error;

/// The browser and the system of a `User-Agent`, such as `Firefox on Linux`.
///
/// Versions are left out: an update is no new device, and Windows 11 calls itself 10.
pub(crate) fn device_name(user_agent: &str) -> String {
    let Some(found) = Parser::new().parse(user_agent) else {
        return "Unknown browser".to_owned();
    };
    let system = match found.os {
        "Mac OSX" => "macOS",
        system if system.starts_with("Windows") => "Windows",
        system => system,
    };
    match (found.name, system) {
        ("UNKNOWN", "UNKNOWN") => "Unknown browser".to_owned(),
        ("UNKNOWN", system) => format!("Unknown browser on {system}"),
        (browser, "UNKNOWN") => browser.to_owned(),
        (browser, system) => format!("{browser} on {system}"),
    }
}

/// A listener that logs when a user logs in with a browser and system for the first time. A real
/// application also sends an e-mail there.
///
/// It cannot tell two devices with the same browser and system apart. The first device of an
/// account is not reported.
pub fn report_new_devices(accounts: Accounts) -> impl Fn(&Event<'_, Account>) + Send + Sync {
    move |event| {
        let EventKind::LoggedIn { user } = event.kind() else { return };
        let (accounts, user, address) = (accounts.clone(), Arc::clone(user), event.address());
        let device = device_name(event.request().header("user-agent").unwrap_or_default());
        // The login does not wait for it.
        tokio::spawn(async move {
            match accounts.add_device(&user, &device).await {
                Ok(true) => tracing::info!(
                    target: "audit",
                    event = "new_device",
                    user = user.id(),
                    address = address.map(tracing::field::display),
                    device
                ),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "a device could not be stored"),
            }
        });
    }
}

impl Accounts {
    /// Adds a device to those of the account. Returns whether it is new, and not the first.
    async fn add_device(&self, account: &Account, name: &str) -> Result<bool, Error> {
        let query = "INSERT INTO device (account_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING";
        let added = sqlx::query(query).bind(account.id).bind(name).execute(&self.pool).await?.rows_affected() == 1;
        let query = "SELECT COUNT(*) > 1 FROM device WHERE account_id = ?";
        let has_others: bool = sqlx::query_scalar(query).bind(account.id).fetch_one(&self.pool).await?;
        Ok(added && has_others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_after_its_browser_and_system() {
        for (user_agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 Edg/146.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
                "Chrome on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("Mozilla/5.0 (compatible; Linux)", "Unknown browser on Linux"),
            ("curl/8.5.0", "HTTP Library"),
            ("<b>", "Unknown browser"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(device_name(user_agent), name, "{user_agent}");
        }
    }
}
