//! What an application tells the library about its users.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;

use crate::request::Request;

/// A user of the application (Flask-Login's `UserMixin`).
///
/// Only [`id`](User::id) must be written:
///
/// ```
/// struct Account { id: i64 }
/// impl login_core::User for Account {
///     fn id(&self) -> String { self.id.to_string() }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a user the login library knows",
    label = "write `impl User for {Self}` with `fn id(&self) -> String`"
)]
pub trait User: Send + Sync + 'static {
    /// What identifies this user for good, as text; the loader gets it back.
    ///
    /// It is signed but not encrypted: its owner can read it.
    fn id(&self) -> String;

    /// Whether this user may log in; true by default. A suspended or not yet
    /// confirmed account is not active.
    fn is_active(&self) -> bool {
        true
    }

    /// Whether guards let this user in; [`is_active`](User::is_active) by default.
    fn is_authenticated(&self) -> bool {
        self.is_active()
    }

    /// What ends every login of this user when it changes: the password hash, a
    /// session version, anything; none by default.
    ///
    /// The login at hand ends too: a handler that changes it logs the user in again as
    /// they are now. To begin or cease to have one ends all logins made before.
    ///
    /// Only a keyed digest of it leaves the server, and only in the native
    /// format. With Flask's cookies it does nothing: put a version into
    /// [`id`](User::id) there.
    fn auth_hash(&self) -> Option<Cow<'_, [u8]>> {
        None
    }
}

/// Finds users by ID (Flask-Login's `user_loader`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot load users",
    label = "write `impl UserLoader for {Self}` with `async fn load_user(&self, id: &str)`"
)]
pub trait UserLoader: Send + Sync + 'static {
    /// The application's user type.
    type User: User;
    /// Why loading failed; the response is then a 5xx, and no one is logged in.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// The user of this ID, or `None` where there is none (any more).
    ///
    /// Called only if something asks for the user, and then once in a request; a second
    /// time where the session's user is gone and a remember cookie names one. An ID that
    /// means nothing is no user: `Ok(None)`, since an error is a 5xx.
    fn load_user(&self, id: &str) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

/// Finds a user by the request, an API token say (Flask-Login's `request_loader`).
///
/// Asked only where the session gives no user and the request has no remember cookie that
/// can be read. A user found so is logged in for this request alone and never fresh.
///
/// ```
/// # use login_core::{Request, RequestLoader, User};
/// # struct Account;
/// # impl User for Account { fn id(&self) -> String { String::new() } }
/// # struct Database;
/// # impl Database {
/// #     async fn by_token(&self, token: &str) -> Result<Option<Account>, std::io::Error> { Ok(None) }
/// # }
/// struct Tokens(Database);
///
/// impl RequestLoader for Tokens {
///     type User = Account;
///     type Error = std::io::Error;
///
///     async fn load_user_from_request(&self, request: &Request) -> Result<Option<Account>, Self::Error> {
///         match request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
///             Some(token) => self.0.by_token(token).await,
///             None => Ok(None),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot load users by the request",
    label = "write `impl RequestLoader for {Self}` with `async fn load_user_from_request(&self, request: &Request)`"
)]
pub trait RequestLoader: Send + Sync + 'static {
    /// The application's user type.
    type User: User;
    /// Why loading failed; the response is then a 5xx.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// The user whom this request speaks for, if any.
    fn load_user_from_request(
        &self,
        request: &Request,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}
