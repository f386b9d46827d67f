//! Extractors: the request's login and its user.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::response::{Redirect, Response};
use login_core::{Denied, Refusal, Requirement, User};

use crate::layer::Mounted;
use crate::rejection::{LoginRejection, Refused};

/// The login and the session of the request at hand; all methods of
/// [`login_core::Login`] and those that make axum responses.
///
/// Every extractor of one request shares one login: the user is loaded at most
/// once, and what one handler or layer changes the others see.
pub struct Login<U: User> {
    core: login_core::Login<U>,
    mounted: Mounted<U>,
}

impl<U: User> Clone for Login<U> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), mounted: self.mounted.clone() }
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
    pub fn redirect_to_next(&self, fallback: &str) -> Redirect {
        Redirect::to(&self.core.next_or(fallback))
    }

    /// The answer that a guard gives where no one is logged in, for handlers that
    /// decide themselves (Flask-Login's `login_manager.unauthorized()`).
    #[must_use = "return it"]
    pub fn unauthorized(&self) -> Response {
        self.refuse(Refusal::Unauthorized)
    }

    /// The answer that a guard gives where the login is not fresh (Flask-Login's
    /// `login_manager.needs_refresh()`).
    #[must_use = "return it"]
    pub fn needs_refresh(&self) -> Response {
        self.refuse(Refusal::NeedsRefresh)
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        self.mounted.refuse(&self.core, refusal)
    }

    fn of(parts: &Parts) -> Result<Self, LoginRejection> {
        let mounted = mounted(parts)?;
        Ok(Self { core: mounted.look(parts.into()), mounted: mounted.clone() })
    }
}

fn mounted<U: User>(parts: &Parts) -> Result<&Mounted<U>, LoginRejection> {
    Mounted::of(&parts.into()).ok_or_else(LoginRejection::missing_layer::<U>)
}

/// Whoever meets the requirement; the refusal's answer otherwise.
async fn require<U: User>(parts: &Parts, requirement: Requirement) -> Result<Arc<U>, LoginRejection> {
    let mounted = mounted::<U>(parts)?;
    mounted.look_for_user(parts.into()).require(requirement).await.map_err(|denied| match denied {
        Denied::Failed(error) => LoginRejection::Load(error),
        Denied::Refused(refusal) => {
            LoginRejection::Refused(Refused::new(refusal, mounted.clone(), mounted.look(parts.into())))
        }
    })
}

impl<S: Sync, U: User> FromRequestParts<S> for Login<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        Self::of(parts)
    }
}

/// The logged-in user; a request without one is refused.
///
/// It derefs to the user, and is shared, not copied.
pub struct CurrentUser<U: User>(
    /// The user.
    pub Arc<U>,
);

/// The user if one is logged in whom guards would let in; anyone is let in.
///
/// A loader that fails is still a 5xx. (`Option<CurrentUser<U>>` is the same.)
pub struct MaybeUser<U: User>(
    /// The user, if any.
    pub Option<Arc<U>>,
);

/// The user of a fresh login; a request without one is refused.
///
/// `FreshUser<Account>` takes a fresh login of any age, `FreshUser<Account, 600>`
/// one whose credentials were given within the last 600 seconds. With
/// Flask's cookies no age is known unless
/// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
pub struct FreshUser<U: User, const SECONDS: u64 = 0>(
    /// The user.
    pub Arc<U>,
);

macro_rules! is_a_user {
    ($type:ty, [$($parameters:tt)*]) => {
        impl<$($parameters)*> Deref for $type {
            type Target = U;

            fn deref(&self) -> &U {
                &self.0
            }
        }

        impl<$($parameters)*> Clone for $type {
            fn clone(&self) -> Self {
                Self(Arc::clone(&self.0))
            }
        }

        impl<$($parameters)*> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    };
}

is_a_user!(CurrentUser<U>, [U: User]);
is_a_user!(FreshUser<U, SECONDS>, [U: User, const SECONDS: u64]);

impl<U: User> Clone for MaybeUser<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U: User> fmt::Debug for MaybeUser<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "MaybeUser(Some(..))" } else { "MaybeUser(None)" })
    }
}

impl<S: Sync, U: User> FromRequestParts<S> for CurrentUser<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        require(parts, Requirement::Login).await.map(Self)
    }
}

impl<S: Sync, U: User> OptionalFromRequestParts<S> for CurrentUser<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, LoginRejection> {
        let login = mounted::<U>(parts)?.look_for_user((&*parts).into());
        match login.require(Requirement::Login).await {
            Ok(user) => Ok(Some(Self(user))),
            Err(Denied::Refused(_)) => Ok(None),
            Err(Denied::Failed(error)) => Err(error.into()),
        }
    }
}

impl<S: Sync, U: User> FromRequestParts<S> for MaybeUser<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, LoginRejection> {
        let user = <CurrentUser<U> as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self(user.map(|user| user.0)))
    }
}

impl<S: Sync, U: User, const SECONDS: u64> FromRequestParts<S> for FreshUser<U, SECONDS> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        require(parts, Requirement::fresh_within(SECONDS)).await.map(Self)
    }
}
