//! What goes wrong, as a status that tells nothing and a log line that does. The page is
//! that of every error.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use login_axum::LoginError;

/// Anything that a handler cannot do anything about.
pub(crate) enum AppError {
    /// The library's own error: it knows its answer, 403 for an inactive user say.
    Login(login_axum::Error),
    /// The accounts' error.
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
