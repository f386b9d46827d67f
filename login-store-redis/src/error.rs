//! The error of the store, which shows nothing of a record.

use std::fmt;

use redis::{ErrorKind, RedisError};

/// The error of a [`RedisStore`](crate::RedisStore). Its text and its `Debug` contain no body and no
/// user ID.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// `insert`: another record has the ID already.
    IdTaken,
    /// A key of this store contains something else, or not all of a record.
    Malformed,
    /// Redis cannot be reached, or answered with an error. This is the error's code, such as `OOM` if
    /// the memory is full, or says what is wrong with the connection.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdTaken => f.write_str("another record has this session ID: insert with a new random one"),
            Self::Malformed => f.write_str("a key with the store's prefix was written by something else"),
            Self::Failed(reason) => write!(f, "redis failed: {reason}"),
        }
    }
}

impl std::error::Error for Error {}

/// Leaves out the message: Redis may quote a command in it, and the client an answer.
impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        if matches!(error.kind(), ErrorKind::UnexpectedReturnType | ErrorKind::Parse)
            || matches!(error.code(), Some("WRONGTYPE" | "MALFORMED"))
        {
            return Self::Malformed;
        }
        let reason = if error.is_timeout() {
            "no answer in time"
        } else if error.is_connection_refusal() {
            "the connection was refused"
        } else if error.is_connection_dropped() {
            "the connection was lost"
        } else {
            error.code().unwrap_or_else(|| error.category())
        };
        Self::Failed(reason.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_text_quotes_nothing() {
        let quoting = |kind| RedisError::from((kind, "the message", "bob's secret".to_owned()));
        for (error, text) in [
            (quoting(ErrorKind::UnexpectedReturnType), "a key with the store's prefix was written by something else"),
            (quoting(ErrorKind::AuthenticationFailed), "redis failed: authentication failed"),
            (io::Error::other("bob's secret").into(), "redis failed: I/O error"),
            (io::Error::new(io::ErrorKind::TimedOut, "bob's secret").into(), "redis failed: no answer in time"),
            (
                io::Error::new(io::ErrorKind::ConnectionRefused, "bob's secret").into(),
                "redis failed: the connection was refused",
            ),
            (io::Error::new(io::ErrorKind::BrokenPipe, "bob's secret").into(), "redis failed: the connection was lost"),
        ] {
            let error = Error::from(error);
            assert_eq!(error.to_string(), text);
            assert!(!format!("{error:?}").contains("bob"));
        }
    }
}
