//! The settings that decide how a refused request is answered, as methods of the builder.

use crate::manager::builder::{BuiltManager, LoginManagerBuilder};
use crate::user::User;

impl<U: User, M: BuiltManager<U>> LoginManagerBuilder<U, M> {
    /// Where refused navigations are redirected: a path, or a complete `http(s)` URL
    /// (Flask-Login's `login_view`). Default: none, and they are answered with 401.
    ///
    /// A navigation is a request by which a browser goes to a page, a posted form too. Other
    /// requests get 401 in any case: a `fetch`, an image, a WebSocket handshake, htmx, gRPC.
    /// The login view must not be guarded itself.
    pub fn login_view(mut self, view: impl Into<String>) -> Self {
        self.config.login_view = Some(view.into());
        self
    }

    /// The login view for requests to paths below `prefix` (Flask-Login's
    /// `blueprint_login_views`). If several prefixes match, the longest is used. A prefix
    /// matches whole segments: `/admin` matches `/admin` and `/admin/users`, but not
    /// `/administrator`.
    pub fn login_view_below(mut self, prefix: impl Into<String>, view: impl Into<String>) -> Self {
        self.config.login_views.push((prefix.into(), view.into()));
        self
    }

    /// Where a navigation is redirected if its login is not fresh (Flask-Login's
    /// `refresh_view`). Default: none, and it is answered with 401.
    pub fn refresh_view(mut self, view: impl Into<String>) -> Self {
        self.config.refresh_view = Some(view.into());
        self
    }

    /// The message that is flashed when a request is redirected to the login view. An empty
    /// message is not flashed. Default: "Please log in to access this page.", as in
    /// Flask-Login.
    pub fn login_message(mut self, message: impl Into<String>) -> Self {
        self.config.login_message.text = message.into();
        self
    }

    /// The category of [`login_message`](Self::login_message). Default: `message`.
    pub fn login_message_category(mut self, category: impl Into<String>) -> Self {
        self.config.login_message.category = category.into();
        self
    }

    /// The message that is flashed when a request is redirected to the refresh view. An
    /// empty message is not flashed. Default: "Please reauthenticate to access this page.",
    /// as in Flask-Login.
    pub fn needs_refresh_message(mut self, message: impl Into<String>) -> Self {
        self.config.needs_refresh_message.text = message.into();
        self
    }

    /// The category of [`needs_refresh_message`](Self::needs_refresh_message). Default:
    /// `message`.
    pub fn needs_refresh_message_category(mut self, category: impl Into<String>) -> Self {
        self.config.needs_refresh_message.category = category.into();
        self
    }

    /// Translates both messages before they are flashed (Flask-Login's
    /// `localize_callback`).
    pub fn localizer(mut self, localize: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.config.localizer = Some(Box::new(localize));
        self
    }

    /// Stores `next` in the session instead of the query of the login view (Flask-Login's
    /// `USE_SESSION_FOR_NEXT`). Default: off. A visitor who follows another site's link, or
    /// whose session has expired, has no `next` then: a refusal does not write a session in
    /// answer to another site's request, nor replace a session cookie that is not readable.
    pub fn use_session_for_next(mut self) -> Self {
        self.config.session_for_next = true;
        self
    }

    /// The host in redirects to the login view and the refresh view (Flask-Login's
    /// `FORCE_HOST_FOR_REDIRECTS`). Default: none.
    pub fn force_host(mut self, host: impl Into<String>) -> Self {
        self.config.forced_host = Some(host.into());
        self
    }

    /// The path that a proxy strips from each request, such as `/shop` (WSGI's `SCRIPT_NAME`).
    /// Default: none.
    ///
    /// `next`, and redirects to a login view or fallback that is only a path, get it. Set the
    /// login views and the prefixes of other settings without it.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.config.base_path = path.into();
        self
    }

    /// Answers refused requests to this path and paths below it as those of a program: 401 or
    /// 403 as `application/problem+json` (RFC 9457), never a redirect. For an API whose
    /// clients do not say what they accept.
    pub fn json_below(mut self, prefix: impl Into<String>) -> Self {
        self.config.json_prefixes.push(prefix.into());
        self
    }

    /// The value of `WWW-Authenticate` in a 401. Default: `Cookie realm="login"`, and with a
    /// request loader `Bearer realm="login"` too. A browser opens a dialogue for `Basic`,
    /// `Digest` and `Negotiate`.
    pub fn www_authenticate(mut self, challenge: impl Into<String>) -> Self {
        self.config.challenge = Some(challenge.into());
        self
    }
}
