//! The pages, their style sheet and their content security policy. The templates escape all
//! text.

use askama::Template;
use login_core::{Flash, Login, LoginError};

use crate::accounts::{Account, Note};
use crate::error::Error;

/// `/style.css`.
pub const STYLE: &str = include_str!("../static/style.css");

/// The `Content-Security-Policy` of every response. If a text is ever not escaped, it still
/// cannot run scripts, load anything, or send data to other sites.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The parts that every page has.
pub struct Layout {
    /// The address of the logged-in user.
    pub email: Option<String>,
    /// The flashed messages.
    pub flashes: Vec<Flash>,
    /// The page to redirect to after the login or the sign-up.
    pub next: Option<String>,
}

impl Layout {
    /// The layout of this request. It takes the flashed messages from the session, so they are
    /// shown once.
    ///
    /// # Errors
    /// [`LoginError::Load`] or [`LoginError::ResponseBegun`].
    pub async fn of(login: &Login<Account>) -> Result<Self, LoginError> {
        let email = login.user().await?.map(|account| account.email.clone());
        Ok(Self { email, flashes: login.take_flashes()?, next: login.next_url() })
    }
}

/// Renders a page.
///
/// # Errors
/// [`Error::Page`].
pub fn render(page: &impl Template) -> Result<String, Error> {
    Ok(page.render()?)
}

/// The page that replaces an error response of the framework or the library, which is plain
/// text or empty. The page does not contain that text, because it can name types and fields.
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

/// The error page. It does not load the user, because that may be what failed.
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
    /// The parts that every page has.
    pub layout: Layout,
}

/// `/sign-up`.
#[derive(Template)]
#[template(path = "sign_up.html")]
pub struct SignUpPage {
    /// The parts that every page has.
    pub layout: Layout,
    /// The address that was entered before.
    pub email: String,
}

/// `/login`.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// The parts that every page has.
    pub layout: Layout,
    /// The address that was entered before.
    pub email: String,
}

/// `/confirm`.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    /// The parts that every page has.
    pub layout: Layout,
}

/// `/notes`.
#[derive(Template)]
#[template(path = "notes.html")]
pub struct NotesPage {
    /// The parts that every page has.
    pub layout: Layout,
    /// The user's notes.
    pub notes: Vec<Note>,
}

/// `/settings`.
#[derive(Template)]
#[template(path = "settings.html")]
pub struct SettingsPage {
    /// The parts that every page has.
    pub layout: Layout,
    /// The current address.
    pub email: String,
}
