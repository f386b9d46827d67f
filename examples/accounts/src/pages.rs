//! The pages. Templates escape what they show.

use askama::Template;

use crate::accounts::Note;

/// A flashed message.
pub struct Message {
    /// `message` or `error`.
    pub category: String,
    /// The text.
    pub text: String,
}

/// What every page shows.
#[derive(Default)]
pub struct Layout {
    /// Who is logged in.
    pub email: Option<String>,
    /// What was flashed.
    pub messages: Vec<Message>,
}

/// A page, rendered.
pub type Page = Result<String, askama::Error>;

/// Renders a page.
///
/// # Errors
/// Never, short of memory.
pub fn render(page: &impl Template) -> Page {
    page.render()
}

/// `/`.
#[derive(Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// What every page shows.
    pub layout: Layout,
}

/// `/sign-up`.
#[derive(Template)]
#[template(path = "sign_up.html")]
pub struct SignUpPage {
    /// What every page shows.
    pub layout: Layout,
    /// What was typed before.
    pub email: String,
}

/// `/login`.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// What every page shows.
    pub layout: Layout,
    /// What was typed before.
    pub email: String,
}

/// `/confirm`.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    /// What every page shows.
    pub layout: Layout,
}

/// `/notes`.
#[derive(Template)]
#[template(path = "notes.html")]
pub struct NotesPage {
    /// What every page shows.
    pub layout: Layout,
    /// The user's notes.
    pub notes: Vec<Note>,
}

/// `/settings`.
#[derive(Template)]
#[template(path = "settings.html")]
pub struct SettingsPage {
    /// What every page shows.
    pub layout: Layout,
    /// The address as it is.
    pub email: String,
}
