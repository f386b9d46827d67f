//! Guards: which requests are accepted.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::Refusal;
use crate::error::LoadError;
use crate::login::handle::Login;
use crate::login::setup::Warning;
use crate::login::state::State;
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
    /// A fresh login with credentials entered within so many seconds, or of any age if that is
    /// `u64::MAX`. This is the `SECONDS` of the adapters' `FreshUser`.
    #[must_use]
    pub fn fresh_within(seconds: u64) -> Self {
        match seconds {
            u64::MAX => Self::FreshLogin,
            seconds => Self::FreshLoginWithin(Duration::from_secs(seconds)),
        }
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
struct Unmet {
    refusal: Refusal,
    /// The login is fresh, but its age is unknown.
    unknown_age: bool,
}

impl Unmet {
    /// The refusal. Logs a warning if a setting is missing.
    fn refusal<U: User>(self, login: &Login<U>) -> Refusal {
        if self.unknown_age {
            login.0.setup.warn_once(
                Warning::UnknownAge,
                format_args!(
                    "a guard refused a login whose age is unknown: the flask format stores the age only with `fresh_login_max_age`"
                ),
            );
        }
        self.refusal
    }
}

/// The user whom a guard may accept, and whether the login meets the requirement.
pub(crate) struct Candidate<U> {
    user: Option<Arc<U>>,
    met: Result<(), Unmet>,
}

impl<U: User> Login<U> {
    /// Checks whether the user meets a requirement. The user must be resolved before: await
    /// [`user`](Login::user), or run the [steps](Login::resolve).
    ///
    /// # Errors
    /// The reason to refuse the request.
    pub fn check(&self, requirement: Requirement) -> Result<Arc<U>, Refusal> {
        let candidate = self.candidate(&self.0.state(), requirement);
        self.decide(candidate)
    }

    /// The second half of a check, which runs the user's own code. The state must not be
    /// locked.
    pub(crate) fn decide(&self, Candidate { user, met }: Candidate<U>) -> Result<Arc<U>, Refusal> {
        let user = user.filter(|user| user.is_authenticated()).ok_or(Refusal::Unauthorized)?;
        met.map(|()| user).map_err(|unmet| unmet.refusal(self))
    }

    /// The first half of a check: what the state says.
    pub(crate) fn candidate(&self, state: &State<U>, requirement: Requirement) -> Candidate<U> {
        Candidate { user: state.user().cloned(), met: self.meets(state, requirement) }
    }

    fn meets(&self, state: &State<U>, requirement: Requirement) -> Result<(), Unmet> {
        let is_fresh = match requirement {
            Requirement::Login => true,
            Requirement::FreshLogin => self.is_fresh(state, None),
            Requirement::FreshLoginWithin(age) => self.is_fresh(state, Some(age.as_secs())),
        };
        if is_fresh {
            return Ok(());
        }
        let unknown_age = matches!(requirement, Requirement::FreshLoginWithin(_))
            && self.is_fresh(state, None)
            && state.session.login_at.is_none();
        Err(Unmet { refusal: Refusal::NeedsRefresh, unknown_age })
    }
}
