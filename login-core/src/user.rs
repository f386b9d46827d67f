//! The application's user type.

use std::borrow::Cow;

/// A user of the application (Flask-Login's `UserMixin`).
///
/// Only [`id`](User::id) is required:
///
/// ```
/// struct Account { id: i64 }
/// impl login_core::User for Account {
///     fn id(&self) -> String { self.id.to_string() }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `User`",
    label = "write `impl User for {Self}` with `fn id(&self) -> String`"
)]
pub trait User: Send + Sync + 'static {
    /// The user's ID as text. It must never change, and no two users may share one. The
    /// user loader gets it back.
    ///
    /// The cookie's owner can read it: it is signed, not encrypted.
    fn id(&self) -> String;

    /// Whether this user may log in. Default: true. Return false for an account that is
    /// suspended or not yet confirmed.
    fn is_active(&self) -> bool {
        true
    }

    /// Whether guards accept this user. Default: the same as [`is_active`](User::is_active).
    fn is_authenticated(&self) -> bool {
        self.is_active()
    }

    /// A value whose change ends every login of this user, such as the password hash or a
    /// counter that you increase. Default: none.
    ///
    /// A change from none to some value, or back, also ends every login. The current login
    /// ends too: to keep it, log in the changed user in the same handler.
    ///
    /// Only a keyed digest of the value leaves the server. This works in the native format
    /// only. With Flask's cookies, make a version number part of [`id`](User::id).
    fn auth_hash(&self) -> Option<Cow<'_, [u8]>> {
        None
    }
}
