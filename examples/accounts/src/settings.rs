//! Settings from environment variables.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use login_core::{SecretKey, SecretKeyError};

/// The settings of an application.
pub struct Settings {
    /// `PORT`: the local port to listen on. Default: 3000.
    pub port: u16,
    /// `DATABASE`: the file with the accounts.
    pub database: PathBuf,
    /// `SECRET_KEY`: the key that signs the cookies. Without it, logins end when the program ends.
    pub key: Option<SecretKey>,
    /// `HTTPS=1`: clients use HTTPS, through a proxy in front of the application. Default:
    /// plain HTTP, from this machine.
    pub is_https: bool,
    /// `ADMIN`: the address of an account that becomes an administrator when the program
    /// starts. Default: none.
    pub admin: Option<String>,
}

impl Settings {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`SettingsError`] if the value of a variable is invalid.
    pub fn from_env(database: &str) -> Result<Self, SettingsError> {
        let variable = |name| std::env::var_os(name);
        Ok(Self {
            port: variable("PORT").map_or(Ok(3000), port)?,
            database: variable("DATABASE").map_or_else(|| PathBuf::from(database), PathBuf::from),
            key: variable("SECRET_KEY").map(|_| SecretKey::from_env("SECRET_KEY")).transpose()?,
            is_https: variable("HTTPS").map_or(Ok(false), https)?,
            admin: variable("ADMIN").map(admin).transpose()?,
        })
    }

    /// Prints the application's URL. It is called when the application listens.
    pub fn announce(&self) {
        println!("Open http://localhost:{} (accounts are kept in {})", self.port, self.database.display());
    }
}

fn port(value: OsString) -> Result<u16, SettingsError> {
    let parsed = value.to_str().and_then(|text| text.parse().ok());
    parsed.ok_or(SettingsError::Value { name: "PORT", expected: "a number up to 65535", value })
}

/// Other values are an error, so that `HTTPS=true` does not count as off.
fn https(value: OsString) -> Result<bool, SettingsError> {
    match value.to_str() {
        Some("1") => Ok(true),
        Some("0") => Ok(false),
        _ => Err(SettingsError::Value { name: "HTTPS", expected: "1 or 0", value }),
    }
}

fn admin(value: OsString) -> Result<String, SettingsError> {
    let invalid = |value| SettingsError::Value { name: "ADMIN", expected: "the e-mail address of an account", value };
    value.into_string().map_err(invalid)
}

/// An invalid value of a variable.
#[derive(Debug)]
pub enum SettingsError {
    /// The value has the wrong form.
    Value {
        /// The variable.
        name: &'static str,
        /// What the value must be.
        expected: &'static str,
        /// The value.
        value: OsString,
    },
    /// The value is not a secret key.
    Key(SecretKeyError),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { name, expected, value } => {
                write!(f, "{name} must be {expected}, not `{}`", value.to_string_lossy())
            }
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl Error for SettingsError {}

impl From<SecretKeyError> for SettingsError {
    fn from(error: SecretKeyError) -> Self {
        Self::Key(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_values_are_named_in_the_error() {
        assert!(matches!(port("8080".into()), Ok(8080)));
        for value in ["65536", "-1", "http", ""] {
            let error = port(value.into()).unwrap_err();
            assert_eq!(error.to_string(), format!("PORT must be a number up to 65535, not `{value}`"));
        }
        assert!(https("1".into()).unwrap() && !https("0".into()).unwrap());
        assert_eq!(https("true".into()).unwrap_err().to_string(), "HTTPS must be 1 or 0, not `true`");
    }
}
