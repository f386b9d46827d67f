//! The extractors.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use login_core::adapter::{Denied, Requirement};
use login_core::{Permission, User};

use crate::error::LoginRejection;
use crate::login::{Allowed, CurrentUser, FreshUser, Login, MaybeUser};
use crate::mounted::Mounted;

fn mounted<U: User>(parts: &Parts) -> Result<&Mounted<U>, LoginRejection> {
    Mounted::find(&parts.extensions).ok_or_else(LoginRejection::missing_layer::<U>)
}

/// The user who meets the requirement.
async fn require<U: User>(parts: &Parts, requirement: Requirement) -> Result<Arc<U>, LoginRejection> {
    let mounted = mounted::<U>(parts)?;
    let required = mounted.access_user(parts).require(requirement).await;
    required.map_err(|denied| LoginRejection::denied(denied, mounted, parts))
}

/// The user who meets the requirement, if there is one.
async fn optional<U: User>(parts: &Parts, requirement: Requirement) -> Result<Option<Arc<U>>, LoginRejection> {
    let mounted = mounted::<U>(parts)?;
    match mounted.access_user(parts).require(requirement).await {
        Ok(user) => Ok(Some(user)),
        Err(Denied::Refused(_)) => Ok(None),
        Err(failed @ Denied::Failed(_)) => Err(LoginRejection::denied(failed, mounted, parts)),
    }
}

impl<S: Sync, U: User> FromRequestParts<S> for Login<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        let mounted = mounted(parts)?;
        let login = mounted.access(&*parts);
        // A store that fails is the error of each method, and the response is a 5xx. But the handler
        // may log out, which needs no session.
        let _ = login.load().await;
        Ok(Self::new(login, mounted))
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
        Ok(optional(parts, Requirement::Login).await?.map(Self))
    }
}

impl<S: Sync, U: User> FromRequestParts<S> for MaybeUser<U> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        optional(parts, Requirement::Login).await.map(Self)
    }
}

impl<S: Sync, U: User, P: Permission<U>> FromRequestParts<S> for Allowed<U, P> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        let allowed = Self::of(require(parts, Requirement::Login).await?);
        allowed.or_else(|refusal| Err(LoginRejection::denied(Denied::Refused(refusal), mounted::<U>(parts)?, &*parts)))
    }
}

impl<S: Sync, U: User, const SECONDS: u64> FromRequestParts<S> for FreshUser<U, SECONDS> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LoginRejection> {
        require(parts, Requirement::fresh_within(SECONDS)).await.map(Self)
    }
}

impl<S: Sync, U: User, P: Permission<U>> OptionalFromRequestParts<S> for Allowed<U, P> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, LoginRejection> {
        let user = optional(parts, Requirement::Login).await?;
        Ok(user.and_then(|user| Self::of(user).ok()))
    }
}

impl<S: Sync, U: User, const SECONDS: u64> OptionalFromRequestParts<S> for FreshUser<U, SECONDS> {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, LoginRejection> {
        Ok(optional(parts, Requirement::fresh_within(SECONDS)).await?.map(Self))
    }
}
