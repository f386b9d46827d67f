//! The pages, their style, and what browsers may do with them. Templates escape
//! what they show.

use askama::Template;
use login_core::{Flash, Login, LoginError};

use crate::accounts::{Account, Note};
use crate::error::Error;

/// `/style.css`.
pub const STYLE: &str = include_str!("../static/style.css");

/// The `Content-Security-Policy` of every response: were someone's text ever not
/// escaped, it could still run no script, load nothing and send nothing elsewhere.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every page shows.
pub struct Layout {
    /// Who is logged in.
    pub email: Option<String>,
    /// What was flashed.
    pub flashes: Vec<Flash>,
    /// Where a login leads to, here or by way of signing up.
    pub next: Option<String>,
}

impl Layout {
    /// This request's. The flashed messages are taken: they are shown once.
    ///
    /// # Errors
    /// That the user could not be loaded, or that the response has begun.
    pub async fn of(login: &Login<Account>) -> Result<Self, LoginError> {
        let email = login.user().await?.map(|account| account.email.clone());
        Ok(Self { email, flashes: login.take_flashes()?, next: login.next_url() })
    }
}

/// Renders a page.
///
/// # Errors
/// Never, short of memory.
pub fn render(page: &impl Template) -> Result<String, Error> {
    Ok(page.render()?)
}

/// The page in place of a response that failed and is not made to be looked at: the
/// frameworks and the login answer such requests with plain text or with nothing.
/// Nothing of that text is shown, since it names types and fields.
#[must_use]
pub fn error_page(status: u16, content_type: Option<&str>) -> Option<String> {
    if content_type.is_some_and(|kind| !kind.starts_with("text/plain")) {
        return None;
    }
    let (title, advice) = match status {
        400 | 415 | 422 => {
            ("That form cannot be read", "Something in it is missing or wrong. Please go back and fill it in again.")
        }
        403 => ("Not allowed", "This cannot be done from where you are. Please begin on the start page."),
        404 | 405 => ("Nothing here", "There is no such page."),
        400..500 => ("That did not work", "Please go back and try again."),
        500..600 => ("Something went wrong", "That is our fault. Please try again later."),
        _ => return None,
    };
    ErrorPage { title, advice }.render().ok()
}

/// An error. It asks for no user: to load one may be what failed.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    advice: &'static str,
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
