//! Guards: which requests are accepted, and how a refused request is answered.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::{Answer, Refusal};
use crate::config::cookie::MAX_SIZE;
use crate::error::LoadError;
use crate::event::Event;
use crate::log;
use crate::login::handle::Login;
use crate::login::state::State;
use crate::request::client;
use crate::request::redirect;
use crate::user::User;

/// What a guard requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// A user is logged in (Flask-Login's `login_required`).
    Login,
    /// The login is fresh (Flask-Login's `fresh_login_required`).
    FreshLogin,
    /// The user entered credentials within this time, in whole seconds. In the flask format
    /// no login meets this unless
    /// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set,
    /// because the age is unknown.
    FreshLoginWithin(Duration),
}

impl Requirement {
    /// A fresh login: of any age if `seconds` is 0, otherwise with credentials entered
    /// within so many seconds. This is the `SECONDS` of the adapters' `FreshUser`.
    #[must_use]
    pub fn fresh_within(seconds: u64) -> Self {
        match seconds {
            0 => Self::FreshLogin,
            seconds => Self::FreshLoginWithin(Duration::from_secs(seconds)),
        }
    }

    /// Whether guards accept every request with this method. This is so for OPTIONS, which
    /// browsers send without cookies before a cross-origin request.
    #[must_use]
    pub fn exempts(method: &str) -> bool {
        method == "OPTIONS"
    }
}

/// Why a guard does not accept a request.
#[derive(Debug, Clone)]
pub enum Denied {
    /// No user meets the requirement.
    Refused(Refusal),
    /// The application's loader failed. The response is a 5xx.
    Failed(LoadError),
}

/// A requirement that is not met.
pub(crate) struct Unmet {
    refusal: Refusal,
    /// The login is fresh, but its age is unknown.
    unknown_age: bool,
}

impl Unmet {
    /// The refusal. Logs a warning if a setting is missing.
    pub(crate) fn refusal(self) -> Refusal {
        if self.unknown_age {
            log::warn(format_args!(
                "a guard refused a login whose age is unknown: the flask format stores the age only with `fresh_login_max_age`"
            ));
        }
        self.refusal
    }
}

/// The largest session cookie that a refusal may make, in bytes of name and value. The
/// space that is left is enough for a login.
const MAX_REFUSED: usize = MAX_SIZE - 512;

impl<U: User> Login<U> {
    /// Checks whether the user meets a requirement. The user must be resolved before: await
    /// [`user`](Login::user), or run the [steps](Login::resolve).
    ///
    /// # Errors
    /// The reason to refuse the request.
    pub fn check(&self, requirement: Requirement) -> Result<Arc<U>, Refusal> {
        let checked = self.check_in(&self.0.state(), requirement);
        checked.map_err(Unmet::refusal)
    }

    pub(crate) fn check_in(&self, state: &State<U>, requirement: Requirement) -> Result<Arc<U>, Unmet> {
        let unmet = |refusal| Unmet { refusal, unknown_age: false };
        let user = state.user().filter(|user| user.is_authenticated()).ok_or(unmet(Refusal::Unauthorized))?;
        let is_fresh = match requirement {
            Requirement::Login => true,
            Requirement::FreshLogin => self.is_fresh(state, None),
            Requirement::FreshLoginWithin(age) => self.is_fresh(state, Some(age.as_secs())),
        };
        if is_fresh {
            return Ok(Arc::clone(user));
        }
        let unknown_age = matches!(requirement, Requirement::FreshLoginWithin(_))
            && self.is_fresh(state, None)
            && state.session.login_at.is_none();
        Err(Unmet { refusal: Refusal::NeedsRefresh, unknown_age })
    }

    /// Refuses the request: notifies the listeners, flashes the message, stores `next`, and
    /// returns the response.
    ///
    /// The message or `next` is left out if the session cookie would be so large that there
    /// is no space for a login. Anyone can make requests that are refused, as often as they
    /// like.
    pub fn refuse(&self, refusal: Refusal) -> Answer {
        self.notify_refused(refusal);
        let config = &self.0.setup.config;
        let request = self.0.request();
        if client::prefers_json(request) {
            return Answer::problem(refusal);
        }
        let (view, message) = match refusal {
            Refusal::Unauthorized => (config.login_view_for(request.path()), &config.login_message),
            Refusal::NeedsRefresh => (config.refresh_view.as_deref(), &config.needs_refresh_message),
        };
        let Some(view) = view else { return Answer::unauthorized(refusal) };
        if !message.text.is_empty() {
            let localized = config.localizer.as_ref().map(|localize| localize(&message.text));
            let text = localized.as_deref().unwrap_or(&message.text);
            if let Err(error) = self.flash_up_to(MAX_REFUSED, &message.category, text) {
                log::warn(format_args!("the message for a refused request is not flashed: {error}"));
            }
        }
        let origin = client::origin(request, config.proxies);
        let next = redirect::next_param(view, origin, request.target());
        let in_query = if config.session_for_next {
            if let Err(error) = self.store_next(MAX_REFUSED, &next) {
                log::warn(format_args!("the address of a refused request is not stored as `next`: {error}"));
            }
            None
        } else {
            Some(next.as_str())
        };
        let status = if matches!(request.method(), "GET" | "HEAD") { 302 } else { 303 };
        let location = redirect::login_url(view, config.forced_host.as_deref(), in_query);
        Answer::redirect(status, redirect::to_location(&location))
    }

    /// Notifies the listeners of a refusal that the application answers itself. Nothing is
    /// flashed or stored.
    pub fn notify_refused(&self, refusal: Refusal) {
        self.0.setup.notify(&match refusal {
            Refusal::Unauthorized => Event::Unauthorized,
            Refusal::NeedsRefresh => Event::NeedsRefresh,
        });
    }
}
