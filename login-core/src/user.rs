//! The application's user type.

use std::borrow::Cow;

/// A user of the application (Flask-Login's `UserMixin`).
///
/// ```
/// use std::borrow::Cow;
///
/// struct Account { id: i64, password_hash: String }
///
/// impl login_core::User for Account {
///     fn id(&self) -> String { self.id.to_string() }
///     fn auth_hash(&self) -> Cow<'_, [u8]> { self.password_hash.as_bytes().into() }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `User`",
    label = "write `impl User for {Self}` with `fn id(&self) -> String` and `fn auth_hash(&self) -> Cow<'_, [u8]>`"
)]
pub trait User: Send + Sync + 'static {
    /// The user's ID as text. It must never change, and no two users may share one. The
    /// user loader gets it back.
    ///
    /// The cookie's owner can read it: it is signed, not encrypted.
    fn id(&self) -> String;

    /// A value whose change ends every login of this user, such as the password hash or a
    /// counter that you increase.
    ///
    /// With an empty value, `Cow::default()`, nothing ends the logins of a user before they
    /// expire: not even a new password. A change from empty to some value, or back, also ends
    /// every login. The current login ends too: to keep it, log in the changed user in the
    /// same handler.
    ///
    /// Only a keyed digest of the value leaves the server. Flask's cookies do not contain it:
    /// with [`flask_compatible`](crate::LoginManagerBuilder::flask_compatible) a warning says
    /// so once. There, make a version number part of [`id`](User::id) instead.
    fn auth_hash(&self) -> Cow<'_, [u8]>;

    /// Whether this user may log in. Default: true. Return false for an account that is
    /// suspended or not yet confirmed.
    fn is_active(&self) -> bool {
        true
    }

    /// Whether guards accept this user. Default: the same as [`is_active`](User::is_active).
    fn is_authenticated(&self) -> bool {
        self.is_active()
    }
}

/// A permission that a user has or has not, for the adapters' `Allowed<U, P>`.
///
/// ```
/// # use std::borrow::Cow;
/// # struct Account { is_admin: bool }
/// # impl login_core::User for Account {
/// #     fn id(&self) -> String { String::new() }
/// #     fn auth_hash(&self) -> Cow<'_, [u8]> { Cow::default() }
/// # }
/// use login_core::Permission;
///
/// struct IsAdmin;
///
/// impl Permission<Account> for IsAdmin {
///     fn allows(user: &Account) -> bool { user.is_admin }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Permission` of `{U}`",
    label = "write `impl Permission<{U}> for {Self}` with `fn allows(user: &{U}) -> bool`"
)]
pub trait Permission<U: User>: 'static {
    /// Whether this user has the permission. It is asked only for a user whom a guard would
    /// accept.
    fn allows(user: &U) -> bool;
}
