//! The extractors.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Context, Poll};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use login_core::adapter::{Denied, Requirement, SessionFuture};
use login_core::{Permission, User};

use crate::error::LoginRejection;
use crate::login::{Allowed, CurrentUser, FreshUser, Login, MaybeUser};
use crate::mounted::Mounted;

/// The user who meets the requirement.
async fn require<U: User>(request: HttpRequest, requirement: Requirement) -> Result<Arc<U>, LoginRejection<U>> {
    let login = Mounted::access_user(&request).ok_or_else(LoginRejection::missing_middleware)?;
    login.require(requirement).await.map_err(|denied| LoginRejection::denied(denied, &request))
}

impl<U: User> FromRequest for Login<U> {
    type Error = LoginRejection<U>;
    type Future = ExtractLogin<U>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let accessed = Mounted::find(request).map(|mounted| {
            let login = mounted.access(request);
            (login.load(), Self::new(login, mounted))
        });
        ExtractLogin(accessed)
    }
}

/// The future of the extractor [`Login`]: it waits for the session. Without a session store it is
/// ready at once.
#[must_use = "futures do nothing unless awaited"]
pub struct ExtractLogin<U: User>(Option<(SessionFuture<U>, Login<U>)>);

impl<U: User> std::fmt::Debug for ExtractLogin<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExtractLogin(..)")
    }
}

impl<U: User> Future for ExtractLogin<U> {
    type Output = Result<Login<U>, LoginRejection<U>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some((session, login)) = &mut self.0 else {
            return Poll::Ready(Err(LoginRejection::missing_middleware()));
        };
        // A store that fails is the error of each method, and the response is a 5xx. But the handler
        // may log out, which needs no session.
        let _ = task::ready!(Pin::new(session).poll(context));
        Poll::Ready(Ok(login.clone()))
    }
}

type Extracting<T, U> = Pin<Box<dyn Future<Output = Result<T, LoginRejection<U>>>>>;

impl<U: User> FromRequest for CurrentUser<U> {
    type Error = LoginRejection<U>;
    type Future = Extracting<Self, U>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let required = require(request.clone(), Requirement::Login);
        Box::pin(async move { required.await.map(Self) })
    }
}

impl<U: User> FromRequest for MaybeUser<U> {
    type Error = LoginRejection<U>;
    type Future = Extracting<Self, U>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (login, request) = (Mounted::access_user(request), request.clone());
        Box::pin(async move {
            match login.ok_or_else(LoginRejection::missing_middleware)?.require(Requirement::Login).await {
                Ok(user) => Ok(Self(Some(user))),
                Err(Denied::Refused(_)) => Ok(Self(None)),
                Err(failed @ Denied::Failed(_)) => Err(LoginRejection::denied(failed, &request)),
            }
        })
    }
}

impl<U: User, P: Permission<U>> FromRequest for Allowed<U, P> {
    type Error = LoginRejection<U>;
    type Future = Extracting<Self, U>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let user = require(request.clone(), Requirement::Login).await?;
            Self::of(user).map_err(|refusal| LoginRejection::denied(Denied::Refused(refusal), &request))
        })
    }
}

impl<U: User, const SECONDS: u64> FromRequest for FreshUser<U, SECONDS> {
    type Error = LoginRejection<U>;
    type Future = Extracting<Self, U>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let required = require(request.clone(), Requirement::fresh_within(SECONDS));
        Box::pin(async move { required.await.map(Self) })
    }
}
