//! The application's error. The response has only a status, and the cause is logged. A layer
//! adds the body.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use login_axum::LoginError;

/// An error that a handler cannot recover from.
pub(crate) enum AppError {
    /// An error of the library, with its own response, such as 403 for an inactive user.
    Login(login_axum::Error),
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

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        match self {
            Self::Login(error) => return error.into_response(),
            Self::Accounts(error) => tracing::error!(%error, "a request failed"),
        }
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inactive_user_is_forbidden() {
        assert_eq!(AppError::from(LoginError::InactiveUser).into_response().status(), StatusCode::FORBIDDEN);
    }
}
