//! The request guards.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use login_core::adapter::{AdapterManager, Denied, Requirement, log_error_once};
use login_core::{Refusal, User};
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::Response;
use rocket::{Ignite, Request, Rocket, Sentinel};

use crate::attached::{Attached, Cached};
use crate::error::LoginRejection;
use crate::login::{CurrentUser, FreshUser, Login, MaybeUser};

/// Accepts only logged-in users (Flask-Login's `login_required`). For routes that do not need
/// the user.
pub struct LoginRequired<U>(PhantomData<fn() -> U>);

/// Accepts only users with a fresh login (Flask-Login's `fresh_login_required`). `SECONDS` is
/// as in [`FreshUser`].
pub struct FreshLoginRequired<U, const SECONDS: u64 = 0>(PhantomData<fn() -> U>);

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

type Manager<U> = AdapterManager<U, Response<'static>>;

/// The manager and the request's login, or that the fairing is missing.
fn attached<'r, U: User>(request: &'r Request<'_>) -> Result<(&'r Manager<U>, &'r Cached<U>), LoginRejection> {
    let missing = || LoginRejection::MissingFairing { user: std::any::type_name::<U>() };
    let manager = Attached::find(request.rocket()).ok_or_else(missing)?;
    Ok((manager, Cached::of(request, manager)))
}

fn failed<T>(error: LoginRejection) -> Outcome<T, LoginRejection> {
    if matches!(error, LoginRejection::MissingFairing { .. }) {
        log_error_once(&error.to_string());
    }
    Outcome::Error((Status::InternalServerError, error))
}

/// The user who meets the requirement, or why there is none. Nothing is recorded.
async fn check<U: User>(
    request: &Request<'_>,
    requirement: Requirement,
) -> Result<Result<Arc<U>, Refusal>, LoginRejection> {
    let (_, cached) = attached::<U>(request)?;
    match cached.access_user(request).require(requirement).await {
        Ok(user) => Ok(Ok(user)),
        Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
        Err(Denied::Failed(error)) => Err(LoginRejection::Load(error)),
    }
}

/// The user who meets the requirement. Otherwise records the refusal and forwards with 401.
async fn require<U: User>(request: &Request<'_>, requirement: Requirement) -> Outcome<Arc<U>, LoginRejection> {
    match check(request, requirement).await {
        Ok(Ok(user)) => Outcome::Success(user),
        Ok(Err(refusal)) => match attached::<U>(request) {
            Ok((_, cached)) => {
                cached.record(refusal, request);
                Outcome::Forward(Status::Unauthorized)
            }
            Err(error) => failed(error),
        },
        Err(error) => failed(error),
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
    Login<U>, [U: User], request => match attached(request) {
        Ok((manager, cached)) => Outcome::Success(Self::new(cached, manager, request)),
        Err(error) => failed(error),
    };
    CurrentUser<U>, [U: User], request => require(request, Requirement::Login).await.map(Self);
    FreshUser<U, SECONDS>, [U: User, const SECONDS: u64], request => {
        require(request, Requirement::fresh_within(SECONDS)).await.map(Self)
    };
    MaybeUser<U>, [U: User], request => match check(request, Requirement::Login).await {
        Ok(user) => Outcome::Success(Self(user.ok())),
        Err(error) => failed(error),
    };
    LoginRequired<U>, [U: User], request => {
        require::<U>(request, Requirement::Login).await.map(|_| Self(PhantomData))
    };
    FreshLoginRequired<U, SECONDS>, [U: User, const SECONDS: u64], request => {
        require::<U>(request, Requirement::fresh_within(SECONDS)).await.map(|_| Self(PhantomData))
    };
}
