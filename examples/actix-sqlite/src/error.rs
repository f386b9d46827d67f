//! The application's error. The response has only a status, and the cause is logged. A layer
//! adds the body.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use login_actix::LoginError;

/// An error that a handler cannot recover from.
#[derive(Debug)]
pub(crate) enum AppError {
    /// An error of the library, with its own response, such as 403 for an inactive user.
    Login(login_actix::Error),
    /// An error of the accounts.
    Accounts(example_accounts::Error),
}

impl From<LoginError> for AppError {
    fn from(error: LoginError) -> Self {
        Self::Login(error.into())
    }
}

impl From<example_accounts::Error> for AppError {
    fn from(error: example_accounts::Error) -> Self {
        Self::Accounts(error)
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(error) => error.fmt(f),
            Self::Accounts(error) => error.fmt(f),
        }
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Login(error) => error.status_code(),
            Self::Accounts(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Login(error) => return error.error_response(),
            Self::Accounts(error) => tracing::error!(%error, "a request failed"),
        }
        HttpResponse::InternalServerError().finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inactive_user_is_forbidden() {
        assert_eq!(AppError::from(LoginError::InactiveUser).error_response().status(), StatusCode::FORBIDDEN);
    }
}
