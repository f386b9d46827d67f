//! What guards decide: who is let in, and how a refusal is answered.

use std::sync::Arc;
use std::time::Duration;

use crate::client;
use crate::config::Refusal;
use crate::cookie::MAX_SIZE;
use crate::event::{self, Event};
use crate::login::Login;
use crate::request::Request;
use crate::state::State;
use crate::url;
use crate::user::User;

/// What a guard asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Someone is logged in (Flask-Login's `login_required`).
    Login,
    /// The login is fresh (Flask-Login's `fresh_login_required`).
    FreshLogin,
    /// Credentials were given within this time, in whole seconds. With Flask's cookies
    /// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) must be set,
    /// or no login is of known age, and none young enough.
    FreshLoginWithin(Duration),
}

impl Requirement {
    /// A fresh login: of any age where `seconds` is 0, else one whose credentials were
    /// given within so many seconds. The `SECONDS` of the adapters' `FreshUser`.
    #[must_use]
    pub fn fresh_within(seconds: u64) -> Self {
        match seconds {
            0 => Self::FreshLogin,
            seconds => Self::FreshLoginWithin(Duration::from_secs(seconds)),
        }
    }

    /// Whether requests of this method are let through unseen: OPTIONS, which
    /// browsers send without cookies before a cross-origin request.
    #[must_use]
    pub fn exempts(method: &str) -> bool {
        method == "OPTIONS"
    }
}

/// How many bytes the session cookie may have with what refusals put into it.
const MAX_KEPT: usize = MAX_SIZE - 512;

/// The application's own answers to refusals, in an adapter's response type.
pub struct RefusalHandlers<R> {
    unauthorized: Option<Handler<R>>,
    needs_refresh: Option<Handler<R>>,
}

type Handler<R> = Arc<dyn Fn(&Request) -> R + Send + Sync>;

impl<R> Default for RefusalHandlers<R> {
    fn default() -> Self {
        Self { unauthorized: None, needs_refresh: None }
    }
}

impl<R> Clone for RefusalHandlers<R> {
    fn clone(&self) -> Self {
        Self { unauthorized: self.unauthorized.clone(), needs_refresh: self.needs_refresh.clone() }
    }
}

impl<R> std::fmt::Debug for RefusalHandlers<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefusalHandlers(..)")
    }
}

impl<R> RefusalHandlers<R> {
    /// Answers for the library from here on.
    pub fn set(&mut self, refusal: Refusal, handler: impl Fn(&Request) -> R + Send + Sync + 'static) {
        let handler: Option<Handler<R>> = Some(Arc::new(handler));
        match refusal {
            Refusal::Unauthorized => self.unauthorized = handler,
            Refusal::NeedsRefresh => self.needs_refresh = handler,
        }
    }

    /// Refuses the request, by the application's own handler where there is one,
    /// else by what `convert` makes of the library's answer.
    pub fn refuse<U: User>(&self, login: &Login<U>, refusal: Refusal, convert: impl FnOnce(Answer) -> R) -> R {
        let handler = match refusal {
            Refusal::Unauthorized => &self.unauthorized,
            Refusal::NeedsRefresh => &self.needs_refresh,
        };
        match handler {
            Some(handler) => {
                login.tell_refusal(refusal);
                handler(login.request())
            }
            None => convert(login.refuse(refusal)),
        }
    }
}

/// How a refusal is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Send the client to a login view.
    Redirect {
        /// 302, or 303 so that nothing is posted again.
        status: u16,
        /// The Location header.
        location: String,
    },
    /// 401: no view is configured, or the client prefers JSON to a page.
    Unauthorized {
        /// `text/plain`, or `application/problem+json` (RFC 9457).
        content_type: &'static str,
        /// The body, of this type.
        body: &'static str,
    },
}

impl Answer {
    /// What a client is told, with a 500, of a failure that is in the log.
    pub const FAILED: &str = "internal server error";

    /// What a client is told, with a 403, where the request came from another site.
    pub const CROSS_SITE: &str = "cross-site request refused";

    fn unauthorized(refusal: Refusal) -> Self {
        let body = match refusal {
            Refusal::Unauthorized => "log in first",
            Refusal::NeedsRefresh => "log in again first",
        };
        Self::Unauthorized { content_type: "text/plain; charset=utf-8", body }
    }

    fn problem(refusal: Refusal) -> Self {
        let body = match refusal {
            Refusal::Unauthorized => {
                r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"log in first"}"#
            }
            Refusal::NeedsRefresh => {
                r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"log in again first"}"#
            }
        };
        Self::Unauthorized { content_type: "application/problem+json", body }
    }
}

/// A refusal of which the operator is not told yet: that waits until nothing is locked.
pub(crate) struct Refused {
    refusal: Refusal,
    is_of_unknown_age: bool,
}

impl Refused {
    pub(crate) fn tell(self) -> Refusal {
        if self.is_of_unknown_age {
            event::warn(format_args!(
                "a fresh login of unknown age was refused: with Flask's cookies, set fresh_login_max_age"
            ));
        }
        self.refusal
    }
}

impl<U: User> Login<U> {
    /// Lets the user in or refuses. The user must be known: await
    /// [`user`](Login::user), or run the steps, before.
    ///
    /// # Errors
    /// What the request is refused for.
    pub fn judge(&self, requirement: Requirement) -> Result<Arc<U>, Refusal> {
        let judged = self.judge_by(&self.0.state(), requirement);
        judged.map_err(Refused::tell)
    }

    pub(crate) fn judge_by(&self, state: &State<U>, requirement: Requirement) -> Result<Arc<U>, Refused> {
        let refused = |refusal| Refused { refusal, is_of_unknown_age: false };
        let user = state.user().filter(|user| user.is_authenticated()).ok_or(refused(Refusal::Unauthorized))?;
        let is_fresh = match requirement {
            Requirement::Login => true,
            Requirement::FreshLogin => self.is_fresh(state, None),
            Requirement::FreshLoginWithin(age) => self.is_fresh(state, Some(age.as_secs())),
        };
        if is_fresh {
            return Ok(Arc::clone(user));
        }
        let is_of_unknown_age = matches!(requirement, Requirement::FreshLoginWithin(_))
            && self.is_fresh(state, None)
            && state.session.login_at.is_none();
        Err(Refused { refusal: Refusal::NeedsRefresh, is_of_unknown_age })
    }

    /// Refuses the request: tells the listeners, flashes the message, keeps `next` and
    /// says how to answer.
    ///
    /// A message or a `next` is left out where the session cookie would have no room for a
    /// login any more: anyone can be refused as often as they like.
    pub fn refuse(&self, refusal: Refusal) -> Answer {
        self.tell_refusal(refusal);
        let config = &self.0.manager.0.config;
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
            if let Err(error) = self.flash_up_to(MAX_KEPT, &message.category, text) {
                event::warn(format_args!("the message of a refusal is not kept: {error}"));
            }
        }
        let here = client::origin(request, config);
        let next = url::next_param(view, here, request.target());
        let in_query = if config.session_for_next {
            if let Err(error) = self.keep_next(MAX_KEPT, &next) {
                event::warn(format_args!("the address of a refused request is not kept: {error}"));
            }
            None
        } else {
            Some(next.as_str())
        };
        let status = if matches!(request.method(), "GET" | "HEAD") { 302 } else { 303 };
        let location = url::login_url(view, config.forced_host.as_deref(), in_query);
        Answer::Redirect { status, location: url::to_location(&location) }
    }

    /// Tells the listeners of a refusal that the application answers by itself: nothing
    /// is flashed nor kept as `next`.
    pub fn tell_refusal(&self, refusal: Refusal) {
        self.0.tell(&match refusal {
            Refusal::Unauthorized => Event::Unauthorized,
            Refusal::NeedsRefresh => Event::NeedsRefresh,
        });
    }
}
