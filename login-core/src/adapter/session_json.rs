//! The whole session, for debugging.

use crate::login::handle::Login;
use crate::user::User;

/// The JSON text of the whole session, including the login's own keys, which
/// [`Login::get`] does not return. For pages and tests that show what a session contains.
#[must_use]
pub fn session_json<U: User>(login: &Login<U>) -> String {
    login.0.state().session.to_object().to_sorted_text()
}
