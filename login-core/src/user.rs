//! The application's user type.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use smol_str::{SmolStr, ToSmolStr};

/// A user of the application (Flask-Login's `UserMixin`).
///
/// ```
/// use std::borrow::Cow;
///
/// struct Account { id: i64, password_hash: String }
///
/// impl login_core::User for Account {
///     type Id = i64;
///     fn id(&self) -> i64 { self.id }
///     fn auth_hash(&self) -> Cow<'_, [u8]> { self.password_hash.as_bytes().into() }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `User`",
    label = "this type is not a user",
    note = "write `impl User for {Self}` with `type Id = i64;` (or `String`, `Uuid`, …), `fn id(&self) -> Self::Id` and `fn auth_hash(&self) -> Cow<'_, [u8]>`"
)]
pub trait User: Send + Sync + 'static {
    /// The type of the IDs, such as `i64`, `String` or `Uuid`. Cookies contain its `Display`, and
    /// `FromStr` reads it back. What cannot be read back is no user's ID.
    type Id: FromStr + Display + PartialEq + Send + 'static;

    /// The user's ID. It must never change, and no two users may share one. The user loader gets
    /// it back.
    ///
    /// The cookie's owner can read it: it is signed, not encrypted.
    fn id(&self) -> Self::Id;

    /// A value whose change ends every login of this user, such as the password hash or a
    /// counter that you increase.
    ///
    /// With an empty value, `Cow::default()`, nothing ends the logins of a user before they
    /// expire: not even a new password. A change from empty to some value, or back, also ends
    /// every login.
    ///
    /// The current login ends too. A handler that changes the password keeps it if it loads the
    /// changed user and logs them in: `login.log_in(changed).await?`. Without
    /// [`remember`](crate::LogIn::remember), the login stays remembered as it was. (A request with
    /// an API token would get a session by this: log in only who came by a cookie.)
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

/// The user's ID as the text that cookies contain. The application's own code runs here.
pub(crate) fn id_text<U: User>(user: &U) -> SmolStr {
    user.id().to_smolstr()
}

/// An ID as this library would write it. Flask may have written the same ID as another text, such
/// as a UUID without hyphens. The application's own code runs here.
pub(crate) fn canonical_id<U: User>(text: SmolStr) -> SmolStr {
    text.parse::<U::Id>().map_or(text, |id| id.to_smolstr())
}

/// A user by value, or a user that is already shared: what
/// [`log_in`](crate::Login::log_in) takes.
#[diagnostic::on_unimplemented(
    message = "expected the user by value, found `{Self}`",
    label = "expected `{U}`, `Arc<{U}>` or `&Arc<{U}>`",
    note = "if this is a reference, pass `user.clone()`",
    note = "if it is an extractor or a guard, such as `CurrentUser`, pass the user in it: `user.0`",
    note = "if it is an `Option`, handle `None` first: there is no one to log in"
)]
pub trait IntoUser<U: User> {
    /// The shared user.
    fn into_user(self) -> Arc<U>;
}

impl<U: User> IntoUser<U> for U {
    fn into_user(self) -> Arc<U> {
        Arc::new(self)
    }
}

impl<U: User> IntoUser<U> for Arc<U> {
    fn into_user(self) -> Arc<U> {
        self
    }
}

impl<U: User> IntoUser<U> for &Arc<U> {
    fn into_user(self) -> Arc<U> {
        Arc::clone(self)
    }
}

/// A permission that a user has or has not, for the adapters' `Allowed<U, P>`.
///
/// ```
/// # use std::borrow::Cow;
/// # struct Account { is_admin: bool }
/// # impl login_core::User for Account {
/// #     type Id = i64;
/// #     fn id(&self) -> i64 { 1 }
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
