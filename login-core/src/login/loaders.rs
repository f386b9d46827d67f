//! The application's loaders, and the one `async` function that runs the steps with them.

use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::login::setup::Setup;
use crate::login::steps::Step;
use crate::request::view::Request;
use crate::store::step::StoreStep;
use crate::user::User;

/// Loads users by their ID (Flask-Login's `user_loader`). A closure is one too: see
/// [`build`](crate::LoginManagerBuilder::build).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `UserLoader`",
    label = "write `impl UserLoader for {Self}` with `async fn load_user(&self, id: /* User::Id */)`"
)]
pub trait UserLoader: Send + Sync + 'static {
    /// The application's user type.
    type User: User;
    /// The error when loading fails. The response is then a 5xx.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// The user with this ID, or `Ok(None)` if there is none. An error makes the response a 5xx.
    ///
    /// It is called only if something needs the user, and then once in a request. It is
    /// called once more if the session's user does not exist and a remember cookie has the same
    /// ID.
    fn load_user(
        &self,
        id: <Self::User as User>::Id,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

/// Finds a user by the request itself, such as by an API token (Flask-Login's
/// `request_loader`). A closure that gets a copy of the [`Request`] is one too.
///
/// It is called only if the session has no user and the request has no readable remember
/// cookie, unless it comes
/// [first](crate::LoginManagerBuilder::request_loader_first). The user is logged in for this request only, and the login is never fresh.
///
/// ```
/// # use login_core::{Request, RequestLoader, User};
/// # struct Account;
/// # impl User for Account {
/// #     type Id = i64;
/// #     fn id(&self) -> i64 { 1 }
/// #     fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> { Default::default() }
/// # }
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
///         match request.bearer_token() {
///             Some(token) => self.0.by_token(token).await,
///             None => Ok(None),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `RequestLoader`",
    label = "write `impl RequestLoader for {Self}` with `async fn load_user_from_request(&self, request: &Request)`"
)]
pub trait RequestLoader: Send + Sync + 'static {
    /// The application's user type.
    type User: User;
    /// The error when loading fails. The response is then a 5xx.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// The user of this request, or `Ok(None)` if there is none.
    fn load_user_from_request(
        &self,
        request: &Request,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

/// The future of a load. Its result is in the state.
pub(crate) type Loading = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The application's loaders, with their types erased.
pub(crate) trait Drive<U: User>: Send + Sync + 'static {
    fn drive(self: Arc<Self>, step: Step<U>, setup: Arc<Setup<U>>) -> Loading;
}

/// A user loader and a request loader.
pub(crate) struct Loaders<L, R> {
    pub(crate) user: L,
    pub(crate) request: R,
}

impl<L, R> Drive<L::User> for Loaders<L, R>
where
    L: UserLoader,
    R: RequestLoader<User = L::User>,
{
    fn drive(self: Arc<Self>, step: Step<L::User>, setup: Arc<Setup<L::User>>) -> Loading {
        Box::pin(async move { drive(step, &self.user, &self.request, &setup).await })
    }
}

/// Runs the steps to their end.
async fn drive<L, R>(mut step: Step<L::User>, users: &L, requests: &R, setup: &Setup<L::User>)
where
    L: UserLoader,
    R: RequestLoader<User = L::User>,
{
    loop {
        step = match step {
            Step::AskStore(call) => setup.run(StoreStep::Ask(call)).await,
            Step::LoadUser { id, token } => match users.load_user(id).await {
                Ok(user) => token.answer(user),
                Err(error) => Step::Done(Err(token.fail(error))),
            },
            Step::LoadUserFromRequest(token) => match requests.load_user_from_request(token.request()).await {
                Ok(user) => token.answer(user),
                Err(error) => Step::Done(Err(token.fail(error))),
            },
            Step::Done(_) => return,
        };
    }
}

/// A request loader with its type erased. Few applications have one, so the extra box does
/// not matter.
pub(crate) trait DynRequestLoader<U>: Send + Sync {
    fn load<'a>(&'a self, request: &'a Request) -> RequestLoading<'a, U>;
}

type Cause = Box<dyn Error + Send + Sync>;
type RequestLoading<'a, U> = Pin<Box<dyn Future<Output = Result<Option<U>, Cause>> + Send + 'a>>;

impl<R: RequestLoader> DynRequestLoader<R::User> for R {
    fn load<'a>(&'a self, request: &'a Request) -> RequestLoading<'a, R::User> {
        Box::pin(async move { self.load_user_from_request(request).await.map_err(Into::into) })
    }
}

pub(crate) struct ErasedRequestLoader<U>(pub(crate) Arc<dyn DynRequestLoader<U>>);

impl<U: User> RequestLoader for ErasedRequestLoader<U> {
    type User = U;
    type Error = Cause;

    async fn load_user_from_request(&self, request: &Request) -> Result<Option<U>, Cause> {
        self.0.load(request).await
    }
}

/// Stands for a request loader if there is none. No step calls it.
pub(crate) struct NoRequestLoader<U>(pub(crate) PhantomData<fn() -> U>);

impl<U: User> RequestLoader for NoRequestLoader<U> {
    type User = U;
    type Error = std::convert::Infallible;

    async fn load_user_from_request(&self, _: &Request) -> Result<Option<U>, Self::Error> {
        Ok(None)
    }
}

/// A manager without loaders: its server runs the steps. Awaiting a user is then a mistake
/// in the program.
pub(crate) struct NoLoaders;

impl<U: User> Drive<U> for NoLoaders {
    fn drive(self: Arc<Self>, step: Step<U>, setup: Arc<Setup<U>>) -> Loading {
        const MISTAKE: &str = "this manager was built without a loader: call `Login::resolve` and run its steps";
        match step {
            Step::AskStore(call) => {
                return Box::pin(async move {
                    let step = setup.run(StoreStep::Ask(call)).await;
                    self.drive(step, Arc::clone(&setup)).await;
                });
            }
            Step::LoadUser { token, .. } => drop(token.fail(MISTAKE)),
            Step::LoadUserFromRequest(token) => drop(token.fail(MISTAKE)),
            Step::Done(_) => {}
        }
        Box::pin(std::future::ready(()))
    }
}
