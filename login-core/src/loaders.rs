//! The application's loaders, their types forgotten, and the one `async` driver of the steps.

use std::error::Error;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::request::Request;
use crate::step::Step;
use crate::user::{RequestLoader, User, UserLoader};

/// The future of a load, whatever the loaders' types. What it found is in the state.
pub(crate) type Loading = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The application's loaders, their types forgotten.
pub(crate) trait Drive<U: User>: Send + Sync + 'static {
    fn drive(self: Arc<Self>, step: Step<U>) -> Loading;
}

/// A user loader and, where there is one, a request loader.
pub(crate) struct Loaders<L, R> {
    pub(crate) user: L,
    pub(crate) request: R,
}

impl<L, R> Drive<L::User> for Loaders<L, R>
where
    L: UserLoader,
    R: RequestLoader<User = L::User>,
{
    fn drive(self: Arc<Self>, step: Step<L::User>) -> Loading {
        Box::pin(async move { drive(step, &self.user, &self.request).await })
    }
}

/// Runs the steps to their end.
async fn drive<L, R>(mut step: Step<L::User>, users: &L, requests: &R)
where
    L: UserLoader,
    R: RequestLoader<User = L::User>,
{
    loop {
        step = match step {
            Step::LoadUser(token) => match users.load_user(token.user_id()).await {
                Ok(user) => token.answer(user),
                Err(error) => Step::Done(Err(token.fail(error))),
            },
            Step::AskRequestLoader(token) => match requests.load_user_from_request(token.request()).await {
                Ok(user) => token.answer(user),
                Err(error) => Step::Done(Err(token.fail(error))),
            },
            Step::Done(_) => return,
        };
    }
}

/// A request loader, its type forgotten: it is rarely there and need not be fast.
pub(crate) trait AskRequest<U>: Send + Sync {
    fn ask<'a>(&'a self, request: &'a Request) -> Asking<'a, U>;
}

pub(crate) type Cause = Box<dyn Error + Send + Sync>;
pub(crate) type Asking<'a, U> = Pin<Box<dyn Future<Output = Result<Option<U>, Cause>> + Send + 'a>>;

impl<R: RequestLoader> AskRequest<R::User> for R {
    fn ask<'a>(&'a self, request: &'a Request) -> Asking<'a, R::User> {
        Box::pin(async move { self.load_user_from_request(request).await.map_err(Into::into) })
    }
}

pub(crate) struct Erased<U>(pub(crate) Arc<dyn AskRequest<U>>);

impl<U: User> RequestLoader for Erased<U> {
    type User = U;
    type Error = Cause;

    async fn load_user_from_request(&self, request: &Request) -> Result<Option<U>, Cause> {
        self.0.ask(request).await
    }
}

/// Never asked: no step asks for it.
pub(crate) struct NoRequestLoader<U>(pub(crate) PhantomData<fn() -> U>);

impl<U: User> RequestLoader for NoRequestLoader<U> {
    type User = U;
    type Error = std::convert::Infallible;

    async fn load_user_from_request(&self, _: &Request) -> Result<Option<U>, Self::Error> {
        Ok(None)
    }
}

/// Steps are run by hand; awaiting a user is the programmer's mistake.
pub(crate) struct ByHand;

impl<U: User> Drive<U> for ByHand {
    fn drive(self: Arc<Self>, step: Step<U>) -> Loading {
        const MISTAKE: &str = "this manager was built for steps by hand and has no loader: call `Login::begin`";
        match step {
            Step::LoadUser(token) => drop(token.fail(MISTAKE)),
            Step::AskRequestLoader(token) => drop(token.fail(MISTAKE)),
            Step::Done(_) => {}
        }
        Box::pin(std::future::ready(()))
    }
}
