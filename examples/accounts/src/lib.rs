//! Shared by the example applications of all frameworks: accounts in SQLite, password
//! hashing, API tokens, the pages, settings from the environment.

mod accounts;
mod error;
mod error_body;
mod events;
mod notes;
mod pages;
mod passwords;
mod settings;
mod tokens;

pub use accounts::{Account, Accounts, Change};
pub use error::{Error, exit_code};
pub use error_body::{ErrorBody, error_body};
pub use events::log_failed_login;
pub use notes::{NewNote, Note};
pub use pages::{
    AdminPage, CONTENT_SECURITY_POLICY, ConfirmPage, HomePage, Layout, LoginPage, NotesPage, PasswordPage, STYLE,
    SettingsPage, SignUpPage, render,
};
pub use settings::{Settings, SettingsError};
