//! The pages, their style sheet and their content security policy. The templates escape all
//! text.

use askama::Template;
use login_core::{Flash, Login, LoginError};

use crate::accounts::Account;
use crate::error::Error;
use crate::notes::Note;
use crate::sessions::SessionRow;

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
    /// Whether the logged-in user is an administrator, who gets a link to `/admin`.
    pub is_admin: bool,
    /// Whether the login of this browser was ended elsewhere, which the page says.
    pub login_ended: bool,
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
        let user = login.user().await?;
        Ok(Self {
            login_ended: login.login_ended().await?,
            email: user.as_ref().map(|account| account.email.clone()),
            is_admin: user.is_some_and(|account| account.is_admin),
            flashes: login.take_flashes()?,
            next: login.next_url(),
        })
    }
}

/// Renders a page.
///
/// # Errors
/// [`Error::Page`].
pub fn render(page: &impl Template) -> Result<String, Error> {
    Ok(page.render()?)
}

/// The error page. It does not load the user, because that may be what failed.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    pub(crate) title: &'static str,
    pub(crate) advice: &'static str,
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
    /// How many API tokens the user has.
    pub tokens: i64,
    /// The API token that was just created. It is shown this once.
    pub new_token: Option<String>,
}

/// `/password`.
#[derive(Template)]
#[template(path = "password.html")]
pub struct PasswordPage {
    /// The parts that every page has.
    pub layout: Layout,
}

/// `/sessions`.
#[derive(Template)]
#[template(path = "sessions.html")]
pub struct SessionsPage {
    /// The parts that every page has.
    pub layout: Layout,
    /// Where the user is logged in.
    pub sessions: Vec<SessionRow>,
}

/// `/admin`.
#[derive(Template)]
#[template(path = "admin.html")]
pub struct AdminPage {
    /// The parts that every page has.
    pub layout: Layout,
    /// All accounts.
    pub accounts: Vec<Account>,
}

/// `/admin/{id}`: an account.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// The parts that every page has.
    pub layout: Layout,
    /// The account.
    pub account: Account,
    /// Where its user is logged in.
    pub sessions: Vec<SessionRow>,
}
