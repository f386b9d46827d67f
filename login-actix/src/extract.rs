//! Extractors: the request's login and its user.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use login_core::{Denied, Refusal, Requirement, User};

use crate::middleware::Mounted;
use crate::rejection::LoginRejection;

/// The login and the session of the request at hand; all methods of
/// [`login_core::Login`] and those that make actix-web responses.
///
/// Every extractor of one request shares one login: the user is loaded at most
/// once, and what one handler or middleware changes the others see.
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
    pub fn redirect_to_next(&self, fallback: &str) -> HttpResponse {
        HttpResponse::SeeOther().insert_header((LOCATION, self.core.next_or(fallback))).finish()
    }

    /// The answer that a guard gives where no one is logged in, for handlers that
    /// decide themselves (Flask-Login's `login_manager.unauthorized()`).
    #[must_use = "return it"]
    pub fn unauthorized(&self) -> HttpResponse {
        self.mounted.refuse(&self.core, Refusal::Unauthorized)
    }

    /// The answer that a guard gives where the login is not fresh (Flask-Login's
    /// `login_manager.needs_refresh()`).
    #[must_use = "return it"]
    pub fn needs_refresh(&self) -> HttpResponse {
        self.mounted.refuse(&self.core, Refusal::NeedsRefresh)
    }

    fn of(request: &HttpRequest) -> Result<Self, LoginRejection<U>> {
        let mounted = Mounted::of(request).ok_or_else(LoginRejection::missing_middleware)?;
        Ok(Self { core: mounted.look(request), mounted })
    }
}

/// Whoever meets the requirement.
async fn require<U: User>(request: HttpRequest, requirement: Requirement) -> Result<Arc<U>, LoginRejection<U>> {
    let login = Mounted::look_for_user(&request).ok_or_else(LoginRejection::missing_middleware)?;
    login.require(requirement).await.map_err(|denied| LoginRejection::of(denied, &request))
}

impl<U: User> FromRequest for Login<U> {
    type Error = LoginRejection<U>;
    type Future = Ready<Result<Self, LoginRejection<U>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// The logged-in user; a request without one is refused.
///
/// It derefs to the user, and is shared, not copied.
pub struct CurrentUser<U>(
    /// The user.
    pub Arc<U>,
);

/// The user if one is logged in whom guards would let in; anyone is let in.
///
/// A loader that fails is still a 5xx, also with `Option<CurrentUser<U>>`. That one hides
/// where the middleware is missing, which this does not.
pub struct MaybeUser<U>(
    /// The user, if any.
    pub Option<Arc<U>>,
);

/// The user of a fresh login; a request without one is refused.
///
/// `FreshUser<Account>` takes a fresh login of any age, `FreshUser<Account, 600>`
/// one whose credentials were given within the last 600 seconds. With
/// Flask's cookies no age is known unless
/// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
pub struct FreshUser<U, const SECONDS: u64 = 0>(
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

is_a_user!(CurrentUser<U>, [U]);
is_a_user!(FreshUser<U, SECONDS>, [U, const SECONDS: u64]);

impl<U> Clone for MaybeUser<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U> fmt::Debug for MaybeUser<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "MaybeUser(Some(..))" } else { "MaybeUser(None)" })
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
        let login = Mounted::look_for_user(request);
        Box::pin(async move {
            match login.ok_or_else(LoginRejection::missing_middleware)?.require(Requirement::Login).await {
                Ok(user) => Ok(Self(Some(user))),
                Err(Denied::Refused(_)) => Ok(Self(None)),
                Err(Denied::Failed(error)) => Err(LoginRejection::Load(error)),
            }
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
