//! Closures as loaders.

use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;

use crate::login::loaders::{RequestLoader, UserLoader};
use crate::request::view::Request;
use crate::user::User;

/// What [`build`](crate::LoginManagerBuilder::build) takes: a type that is a [`UserLoader`], or a
/// closure that gets a user's ID and returns a future of `Result<Option<User>, Error>`.
///
/// `Marker` keeps the two apart. The compiler finds it. A loader that cannot fail names an error all
/// the same: `Ok::<_, Infallible>(…)`.
///
/// ```
/// # use login_core::{ConfigError, LoginManager, LoginManagerBuilder, User};
/// # #[derive(Clone)] struct Account;
/// # impl User for Account {
/// #     type Id = i64;
/// #     fn id(&self) -> i64 { 1 }
/// #     fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> { Default::default() }
/// # }
/// # #[derive(Clone)] struct Accounts;
/// # impl Accounts {
/// #     async fn find(&self, id: i64) -> Result<Option<Account>, std::io::Error> { Ok(None) }
/// # }
/// # fn f(builder: LoginManagerBuilder<Account>, accounts: Accounts) -> Result<LoginManager<Account>, ConfigError> {
/// builder.build(move |id: i64| {
///     let accounts = accounts.clone();
///     async move { accounts.find(id).await }
/// })
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "this is not a user loader",
    label = "not a user loader",
    note = "a user loader is an async function or closure that takes an ID by value, in the type of `User::Id`: `|id: i64| async move {{ … }}`",
    note = "it returns a `Result` of an `Option` of your user type: `Ok(None)` if there is no such user, and `Err` if the database failed",
    note = "its future is `Send`, and its error is `Send + Sync`",
    note = "a type that implements `UserLoader` is one too"
)]
pub trait IntoUserLoader<U: User, Marker> {
    /// The loader.
    type Loader: UserLoader<User = U>;

    /// Makes the loader.
    fn into_user_loader(self) -> Self::Loader;
}

/// What [`request_loader`](crate::LoginManagerBuilder::request_loader) takes: a type that is a
/// [`RequestLoader`], or a closure that gets a copy of the [`Request`] and returns a future of
/// `Result<Option<User>, Error>`.
///
/// `Marker` keeps the two apart. The compiler finds it.
#[diagnostic::on_unimplemented(
    message = "this is not a request loader",
    label = "not a request loader",
    note = "a request loader is an async function or closure that takes the request by value: `|request: Request| async move {{ … }}`",
    note = "it returns a `Result` of an `Option` of your user type: `Ok(None)` if the request names no user, and `Err` if the database failed",
    note = "its future is `Send`, and its error is `Send + Sync`",
    note = "a type that implements `RequestLoader` is one too"
)]
pub trait IntoRequestLoader<U: User, Marker> {
    /// The loader.
    type Loader: RequestLoader<User = U>;

    /// Makes the loader.
    fn into_request_loader(self) -> Self::Loader;
}

/// Marks a type that is a loader itself.
#[derive(Debug)]
pub struct IsLoader;

/// Marks a closure whose future is `Fut`, with the error `E`.
#[derive(Debug)]
pub struct IsClosure<Fut, E>(PhantomData<fn() -> (Fut, E)>);

/// A closure as a loader.
#[derive(Debug)]
pub struct ClosureLoader<F, Marker, U>(F, PhantomData<fn() -> (Marker, U)>);

impl<L: UserLoader> IntoUserLoader<L::User, IsLoader> for L {
    type Loader = L;

    fn into_user_loader(self) -> L {
        self
    }
}

impl<L: RequestLoader> IntoRequestLoader<L::User, IsLoader> for L {
    type Loader = L;

    fn into_request_loader(self) -> L {
        self
    }
}

impl<U, F, Fut, E> IntoUserLoader<U, IsClosure<Fut, E>> for F
where
    U: User,
    F: Fn(U::Id) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<U>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    type Loader = ClosureLoader<F, IsClosure<Fut, E>, U>;

    fn into_user_loader(self) -> Self::Loader {
        ClosureLoader(self, PhantomData)
    }
}

impl<U, F, Fut, E> IntoRequestLoader<U, IsClosure<Fut, E>> for F
where
    U: User,
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<U>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    type Loader = ClosureLoader<F, IsClosure<Fut, E>, U>;

    fn into_request_loader(self) -> Self::Loader {
        ClosureLoader(self, PhantomData)
    }
}

impl<U, F, Fut, E> UserLoader for ClosureLoader<F, IsClosure<Fut, E>, U>
where
    U: User,
    F: Fn(U::Id) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<U>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    type User = U;
    type Error = E;

    fn load_user(&self, id: U::Id) -> impl Future<Output = Result<Option<U>, E>> + Send {
        (self.0)(id)
    }
}

impl<U, F, Fut, E> RequestLoader for ClosureLoader<F, IsClosure<Fut, E>, U>
where
    U: User,
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<U>, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    type User = U;
    type Error = E;

    fn load_user_from_request(&self, request: &Request) -> impl Future<Output = Result<Option<U>, E>> + Send {
        (self.0)(request.clone())
    }
}
