//! Shared by the example applications of all frameworks: accounts in SQLite, password
//! hashing, the pages, settings from the environment.

mod accounts;
mod error;
mod pages;
mod settings;

pub use accounts::{Account, Accounts, Note, SignUp};
pub use error::{Error, exit_code};
pub use pages::{
    CONTENT_SECURITY_POLICY, ConfirmPage, HomePage, Layout, LoginPage, NotesPage, STYLE, SettingsPage, SignUpPage,
    error_page, render,
};
pub use settings::{Settings, SettingsError};
