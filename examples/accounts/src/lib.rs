//! Shared by the example applications of all frameworks: accounts and sessions in
//! SQLite, password hashing, API tokens, an audit log, the pages, settings from the environment.

mod accounts;
mod audit;
mod devices;
mod error;
mod error_body;
mod notes;
mod pages;
mod passwords;
mod sessions;
mod settings;
mod tokens;

pub use accounts::{Account, Accounts, Change};
pub use audit::{audit, audit_ended_by};
pub use devices::report_new_devices;
pub use error::{Error, exit_code};
pub use error_body::{ErrorBody, error_body};
pub use notes::{NewNote, Note};
pub use pages::{
    AccountPage, AdminPage, CONTENT_SECURITY_POLICY, ConfirmPage, HomePage, Layout, LoginPage, NotesPage, PasswordPage,
    STYLE, SessionsPage, SettingsPage, SignUpPage, render,
};
pub use sessions::{SessionRow, end_session, session_rows};
pub use settings::{Settings, SettingsError};
