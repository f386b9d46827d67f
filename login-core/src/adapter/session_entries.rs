//! The whole session, for debugging.

use crate::login::handle::Login;
use crate::user::User;

/// The keys of the whole session and the JSON text of their values, sorted. They include the
/// login's own keys, which [`Login::get`] does not return. For pages and tests that show what
/// a session contains.
#[must_use]
pub fn session_entries<U: User>(login: &Login<U>) -> Vec<(String, String)> {
    let session = login.0.state().session.to_object();
    let entry = |key: String| session.get(&key).map(str::to_owned).map(|value| (key, value));
    let mut entries: Vec<_> = session.keys().filter_map(entry).collect();
    entries.sort_unstable();
    entries
}
