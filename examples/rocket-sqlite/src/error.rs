//! The application's error. The response has only a status, and the cause is logged. A catcher
//! adds the body.

use login_rocket::LoginError;
use rocket::Request;
use rocket::http::Status;
use rocket::response::{Responder, Result};

/// An error that a handler cannot recover from.
pub(crate) enum AppError {
    /// An error of the library, with its own response, such as 403 for an inactive user.
    Login(login_rocket::Error),
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

impl<'r> Responder<'r, 'static> for AppError {
    fn respond_to(self, request: &'r Request<'_>) -> Result<'static> {
        match self {
            Self::Login(error) => return error.respond_to(request),
            Self::Accounts(error) => rocket::error!("a request failed: {error}"),
        }
        Err(Status::InternalServerError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rocket::local::blocking::Client;

    #[test]
    fn an_inactive_user_is_forbidden() {
        let client = Client::untracked(rocket::build()).unwrap();
        let answer = AppError::from(LoginError::InactiveUser).respond_to(client.get("/").inner());
        assert_eq!(answer.unwrap_err(), Status::Forbidden);
    }
}
