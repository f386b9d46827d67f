//! The applications' errors, and how `main` prints them.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use tokio::task::JoinError;

/// An error that no handler can recover from.
#[derive(Debug)]
pub enum Error {
    /// The database failed.
    Database(sqlx::Error),
    /// The sessions in the database failed.
    Sessions(login_store_sqlx::Error),
    /// A password could not be hashed.
    Hashing(JoinError),
    /// The system has no random bytes.
    Random(getrandom::Error),
    /// No account has this address, so it cannot be an administrator.
    NoSuchAdmin(String),
    /// A page could not be rendered.
    Page(askama::Error),
}

/// The text contains the cause, because a failed load is logged with the text only.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Sessions(error) => write!(f, "the sessions failed: {error}"),
            Self::Hashing(error) => write!(f, "a password could not be hashed: {error}"),
            Self::Random(error) => write!(f, "the system has no random bytes: {error}"),
            Self::NoSuchAdmin(email) => write!(
                f,
                "no account has the address `{email}` to be an administrator: start without ADMIN, sign up with the address, and start again with ADMIN"
            ),
            Self::Page(error) => write!(f, "a page could not be rendered: {error}"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Database(error) => error.source(),
            Self::Sessions(error) => error.source(),
            Self::Hashing(error) => error.source(),
            Self::Random(error) => error.source(),
            Self::NoSuchAdmin(_) => None,
            Self::Page(error) => error.source(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<login_store_sqlx::Error> for Error {
    fn from(error: login_store_sqlx::Error) -> Self {
        Self::Sessions(error)
    }
}

impl From<JoinError> for Error {
    fn from(error: JoinError) -> Self {
        Self::Hashing(error)
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::Random(error)
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::Page(error)
    }
}

/// The exit code for `main`. It prints an error with `Display`; `main` itself would print it
/// with `Debug`.
pub fn exit_code(result: Result<(), Box<dyn StdError>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

/// The text of an error, with the causes that the text does not contain.
fn with_causes(error: &dyn StdError) -> String {
    std::iter::successors(error.source(), |&cause| cause.source()).fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(&'static str, std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn each_cause_is_printed_once() {
        let cause = "x".parse::<u8>().unwrap_err();
        let whole = "no number: invalid digit found in string";
        assert_eq!(with_causes(&Outer("no number", cause.clone())), whole);
        assert_eq!(with_causes(&Outer(whole, cause)), whole);
    }
}
