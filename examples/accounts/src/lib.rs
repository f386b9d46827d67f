//! What the example applications share, whichever framework they are on: accounts
//! in SQLite, password hashing, and the pages.

mod accounts;
mod pages;

pub use accounts::{Account, Accounts, Note, SignUp};
pub use pages::{ConfirmPage, HomePage, Layout, LoginPage, Message, NotesPage, Page, SettingsPage, SignUpPage, render};
