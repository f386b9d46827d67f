//! The whole session, for debugging.

use std::borrow::Cow;

use crate::login::handle::Login;
use crate::session::json;
use crate::user::User;

/// The keys of the whole session and the JSON text of their values, sorted. They include the
/// login's own keys, which [`Login::get`] does not return. For pages and tests that show what
/// a session contains.
#[must_use]
pub fn session_entries<U: User>(login: &Login<U>) -> Vec<(String, String)> {
    let state = login.0.state();
    let entry = |(key, value): (&str, Cow<'_, str>)| Some((json::unquote(key)?.into_owned(), value.into_owned()));
    let mut entries: Vec<_> = state.session.members().into_iter().filter_map(entry).collect();
    entries.sort_unstable();
    entries
}
