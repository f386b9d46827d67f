//! Request guards: the request's login and its user.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use login_core::{Denied, Refusal, Requirement, User};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Ignite, Request, Rocket, Sentinel};

use crate::error::LoginRejection;
use crate::fairing::{Attached, Cached};
use crate::manager::LoginManager;
use crate::response::{self, LoginResponse};

/// The login and the session of the request at hand; all methods of
/// [`login_core::Login`] and those that make Rocket responses.
///
/// Every guard of one request shares one login: the user is loaded at most once,
/// and what one handler or fairing changes the others see.
pub struct Login<U: User> {
    core: login_core::Login<U>,
    manager: LoginManager<U>,
}

impl<U: User> Clone for Login<U> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), manager: self.manager.clone() }
    }
}

impl<U: User> fmt::Debug for Login<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

impl<U: User> Deref for Login<U> {
    type Target = login_core::Login<U>;

    fn deref(&self) -> &Self::Target {
        &self.core
    }
}

impl<U: User> Login<U> {
    /// Redirects (303) to where the client wanted to go before it logged in, if
    /// that is on this site, else to `fallback`. The last line of a login handler.
    #[must_use = "return it"]
    pub fn redirect_to_next(&self, fallback: &str) -> LoginResponse {
        LoginResponse(response::redirect(303, self.core.next_or(fallback)))
    }

    /// The answer that a guard gives where no one is logged in, for handlers that
    /// decide themselves (Flask-Login's `login_manager.unauthorized()`).
    #[must_use = "return it"]
    pub fn unauthorized(&self) -> LoginResponse {
        LoginResponse(self.manager.refuse(&self.core, Refusal::Unauthorized))
    }

    /// The answer that a guard gives where the login is not fresh (Flask-Login's
    /// `login_manager.needs_refresh()`).
    #[must_use = "return it"]
    pub fn needs_refresh(&self) -> LoginResponse {
        LoginResponse(self.manager.refuse(&self.core, Refusal::NeedsRefresh))
    }
}

/// The request's part of the fairing, or that it is missing.
fn mounted<'r, U: User>(request: &'r Request<'_>) -> Result<(&'r LoginManager<U>, &'r Cached<U>), LoginRejection> {
    let missing = || LoginRejection::MissingFairing { user: std::any::type_name::<U>() };
    let manager = Attached::to(request.rocket()).ok_or_else(missing)?;
    Ok((manager, Cached::of(request, manager)))
}

fn failed<T>(error: LoginRejection) -> Outcome<T, LoginRejection> {
    if matches!(error, LoginRejection::MissingFairing { .. }) {
        rocket::error!("{error}");
    }
    Outcome::Error((Status::InternalServerError, error))
}

/// The user whom the requirement lets in, or why it does not, not yet recorded.
async fn judged<U: User>(
    request: &Request<'_>,
    requirement: Requirement,
) -> Result<Result<Arc<U>, Refusal>, LoginRejection> {
    let (_, cached) = mounted::<U>(request)?;
    match cached.look_for_user(request).require(requirement).await {
        Ok(user) => Ok(Ok(user)),
        Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
        Err(Denied::Failed(error)) => Err(LoginRejection::Load(error)),
    }
}

/// Forwards with 401 where the requirement is not met, and records it.
async fn required<U: User>(request: &Request<'_>, requirement: Requirement) -> Outcome<Arc<U>, LoginRejection> {
    match judged(request, requirement).await {
        Ok(Ok(user)) => Outcome::Success(user),
        Ok(Err(refusal)) => match mounted::<U>(request) {
            Ok((_, cached)) => {
                cached.record(refusal, request);
                Outcome::Forward(Status::Unauthorized)
            }
            Err(error) => failed(error),
        },
        Err(error) => failed(error),
    }
}

/// Aborts the launch where the fairing is missing.
fn is_missing<U: User>(rocket: &Rocket<Ignite>) -> bool {
    let missing = Attached::<U>::to(rocket).is_none();
    if missing {
        rocket::error!("{}", LoginRejection::MissingFairing { user: std::any::type_name::<U>() });
    }
    missing
}

#[rocket::async_trait]
impl<'r, U: User> FromRequest<'r> for Login<U> {
    type Error = LoginRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, LoginRejection> {
        match mounted(request) {
            Ok((manager, cached)) => Outcome::Success(Self { core: cached.look(request), manager: manager.clone() }),
            Err(error) => failed(error),
        }
    }
}

impl<U: User> Sentinel for Login<U> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing::<U>(rocket)
    }
}

/// The logged-in user. Without one the guard forwards with 401, and if no other
/// route takes the request, it is answered as the configuration says.
///
/// It derefs to the user, and is shared, not copied.
pub struct CurrentUser<U>(
    /// The user.
    pub Arc<U>,
);

/// The user if one is logged in whom guards would let in; anyone is let in.
///
/// Take this rather than `Option<CurrentUser<U>>`, under which Rocket hides what went
/// wrong; a loader that failed makes the response a 500 even so.
pub struct MaybeUser<U>(
    /// The user, if any.
    pub Option<Arc<U>>,
);

/// The user of a fresh login.
///
/// `FreshUser<Account>` takes a fresh login of any age, `FreshUser<Account, 600>`
/// one whose credentials were given within the last 600 seconds. With
/// Flask's cookies no age is known unless
/// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
pub struct FreshUser<U, const SECONDS: u64 = 0>(
    /// The user.
    pub Arc<U>,
);

/// Lets only logged-in users through and OPTIONS requests (Flask-Login's
/// `login_required`). For routes that do not need the user.
pub struct LoginRequired<U>(PhantomData<fn() -> U>);

/// Lets only users with a fresh login through and OPTIONS requests (Flask-Login's
/// `fresh_login_required`); `SECONDS` as in [`FreshUser`].
pub struct FreshLoginRequired<U, const SECONDS: u64 = 0>(PhantomData<fn() -> U>);

/// What all guards that name a user have.
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

        impl<$($parameters)*> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    )*};
}

guards! {
    CurrentUser<U>, [U: User], request => required(request, Requirement::Login).await.map(Self);
    FreshUser<U, SECONDS>, [U: User, const SECONDS: u64], request => {
        required(request, Requirement::fresh_within(SECONDS)).await.map(Self)
    };
    MaybeUser<U>, [U: User], request => match judged(request, Requirement::Login).await {
        Ok(user) => Outcome::Success(Self(user.ok())),
        Err(error) => failed(error),
    };
    LoginRequired<U>, [U: User], request => exempted::<U>(request, Requirement::Login).await.map(|()| Self(PhantomData));
    FreshLoginRequired<U, SECONDS>, [U: User, const SECONDS: u64], request => {
        exempted::<U>(request, Requirement::fresh_within(SECONDS)).await.map(|()| Self(PhantomData))
    };
}

async fn exempted<U: User>(request: &Request<'_>, requirement: Requirement) -> Outcome<(), LoginRejection> {
    if Requirement::exempts(request.method().as_str()) {
        return Outcome::Success(());
    }
    required::<U>(request, requirement).await.map(|_| ())
}

impl<U> Clone for CurrentUser<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U> Clone for MaybeUser<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U, const SECONDS: u64> Clone for FreshUser<U, SECONDS> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U> Deref for CurrentUser<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}

impl<U, const SECONDS: u64> Deref for FreshUser<U, SECONDS> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}
