//! The request guards.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use login_core::adapter::{Denied, Requirement};
use login_core::{Permission, Refusal, User};
use rocket::http::Method;
use rocket::request::{FromRequest, Outcome};
use rocket::{Ignite, Request, Rocket, Sentinel};

use crate::attached::{Attached, Cached, failed};
use crate::error::LoginRejection;
use crate::login::{Allowed, CurrentUser, FreshUser, Login, MaybeUser};
use crate::refused;

/// Accepts only logged-in users (Flask-Login's `login_required`). For routes that do not need
/// the user.
pub struct LoginRequired<U>(PhantomData<fn() -> U>);

/// Accepts only users with a fresh login (Flask-Login's `fresh_login_required`). `SECONDS` is
/// as in [`FreshUser`].
pub struct FreshLoginRequired<U, const SECONDS: u64 = { u64::MAX }>(PhantomData<fn() -> U>);

/// Accepts every OPTIONS request, without a login, and all others that the guard `G` accepts,
/// as Flask-Login does: `_: AllowUnauthenticatedOptions<LoginRequired<Account>>`.
///
/// The handler runs for an OPTIONS request: use this only if the route answers OPTIONS itself
/// and reveals nothing. It is not needed for CORS, which a fairing or a route of its own
/// answers.
#[derive(Debug)]
pub struct AllowUnauthenticatedOptions<G>(
    /// What the guard returned. `None` for an OPTIONS request.
    pub Option<G>,
);

#[rocket::async_trait]
impl<'r, G: FromRequest<'r>> FromRequest<'r> for AllowUnauthenticatedOptions<G> {
    type Error = G::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, G::Error> {
        if request.method() == Method::Options {
            return Outcome::Success(Self(None));
        }
        G::from_request(request).await.map(|guard| Self(Some(guard)))
    }
}

impl<G: Sentinel> Sentinel for AllowUnauthenticatedOptions<G> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        G::abort(rocket)
    }
}

impl<U> fmt::Debug for LoginRequired<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginRequired")
    }
}

impl<U, const SECONDS: u64> fmt::Debug for FreshLoginRequired<U, SECONDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreshLoginRequired")
    }
}

/// The user who meets the requirement, or why there is none. Nothing is recorded.
async fn check<U: User>(
    request: &Request<'_>,
    requirement: Requirement,
) -> Result<Result<Arc<U>, Refusal>, LoginRejection> {
    let (_, cached) = Cached::<U>::find(request)?;
    match cached.access_user(request).require(requirement).await {
        Ok(user) => Ok(Ok(user)),
        Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
        // The answer depends on the whole request.
        Err(Denied::Failed(error)) => Err(LoginRejection::Load(cached.access(request).answerable(error))),
    }
}

/// What `accept` makes of the user who meets the requirement. Otherwise records the refusal and
/// forwards.
async fn require<U: User, T>(
    request: &Request<'_>,
    requirement: Requirement,
    accept: impl FnOnce(Arc<U>) -> Result<T, Refusal>,
) -> Outcome<T, LoginRejection> {
    match check(request, requirement).await {
        Ok(user) => match user.and_then(accept) {
            Ok(accepted) => Outcome::Success(accepted),
            Err(refusal) => Outcome::Forward(refused::record::<U>(request, None, refusal)),
        },
        Err(error) => Outcome::Error(failed(error)),
    }
}

/// Whether to abort the launch, because the fairing is missing.
fn is_missing<U: User>(rocket: &Rocket<Ignite>) -> bool {
    let missing = Attached::<U>::find(rocket).is_none();
    if missing {
        rocket::error!("{}", LoginRejection::MissingFairing { user: std::any::type_name::<U>() });
    }
    missing
}

/// Implements Rocket's two traits for each guard.
macro_rules! guards {
    ($($type:ty, [$($parameters:tt)*], $request:ident => $outcome:expr;)*) => {$(
        #[rocket::async_trait]
        impl<'r, $($parameters)*> FromRequest<'r> for $type {
            type Error = LoginRejection;

            async fn from_request($request: &'r Request<'_>) -> Outcome<Self, LoginRejection> {
                $outcome
            }
        }

        impl<$($parameters)*> Sentinel for $type {
            fn abort(rocket: &Rocket<Ignite>) -> bool {
                is_missing::<U>(rocket)
            }
        }
    )*};
}

guards! {
    Login<U>, [U: User], request => match Cached::find(request) {
        Ok((manager, cached)) => {
            // A store that fails is the error of each method, and the response is a 5xx. But the
            // handler may log out, which needs no session.
            let _ = cached.access(request).load().await;
            Outcome::Success(Self::new(cached, manager, request))
        }
        Err(error) => Outcome::Error(failed(error)),
    };
    CurrentUser<U>, [U: User], request => require(request, Requirement::Login, |user| Ok(Self(user))).await;
    FreshUser<U, SECONDS>, [U: User, const SECONDS: u64], request => {
        require(request, Requirement::fresh_within(SECONDS), |user| Ok(Self(user))).await
    };
    Allowed<U, P>, [U: User, P: Permission<U>], request => require(request, Requirement::Login, Self::of).await;
    MaybeUser<U>, [U: User], request => match check(request, Requirement::Login).await {
        Ok(user) => Outcome::Success(Self(user.ok())),
        Err(error) => Outcome::Error(failed(error)),
    };
    LoginRequired<U>, [U: User], request => {
        require(request, Requirement::Login, |_: Arc<U>| Ok(Self(PhantomData))).await
    };
    FreshLoginRequired<U, SECONDS>, [U: User, const SECONDS: u64], request => {
        require(request, Requirement::fresh_within(SECONDS), |_: Arc<U>| Ok(Self(PhantomData))).await
    };
}
