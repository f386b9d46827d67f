//! The settings that an application can make, as methods of the builder.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::cookie::CookieSettings;
use crate::config::error::ConfigError;
use crate::config::secret::SecretKey;
use crate::config::settings::{FLASK_REMEMBER, FLASK_SESSION, SessionProtection};
use crate::event::Event;
use crate::login::loaders::RequestLoader;
use crate::manager::builder::LoginManagerBuilder;
use crate::user::User;

impl<U: User, M> LoginManagerBuilder<U, M> {
    /// Reads and writes the cookies of Flask 3.1 and Flask-Login 0.6, so that a login in the
    /// Flask application is valid here, and the other way round.
    ///
    /// Call it before any cookie setting, because it sets the names and attributes of both
    /// cookies to Flask's defaults. These have neither `Secure` nor `SameSite`; set them as
    /// the Flask application does. As in Flask, the key may be short, `auth_hash` is not
    /// used, and a session from a clock that is ahead is not accepted.
    pub fn flask_compatible(mut self) -> Self {
        let settings = |name| CookieSettings::new(name).secure(false).same_site(None);
        self.is_flask = true;
        if self.has_cookie_settings {
            self.mistake = Some(ConfigError::FlaskAfterCookies);
        }
        self.config.session_cookie = settings(FLASK_SESSION);
        self.config.remember_cookie = settings(FLASK_REMEMBER);
        self
    }

    /// Also accepts cookies that this older key signed (Flask's `SECRET_KEY_FALLBACKS`). New
    /// cookies are signed with the current key.
    ///
    /// After you change the key, keep the older one as a fallback until the cookies that it
    /// signed have expired: [`session_lifetime`](Self::session_lifetime) for sessions, and
    /// [`remember_duration`](Self::remember_duration) for remember cookies. A remember cookie
    /// is signed again only by a login or when it is refreshed.
    pub fn fallback_key(mut self, key: SecretKey) -> Self {
        self.fallbacks.push(key);
        self
    }

    /// Sets both cookies without `Secure` and without the prefix `__Host-`, so that browsers
    /// accept them over plain HTTP. Anyone on the network can then steal the login.
    ///
    /// Use it for a site without HTTPS, and in development with a browser that does not
    /// accept `Secure` cookies from `http://localhost`, such as Safari. Later cookie settings
    /// overwrite it.
    pub fn insecure_plain_http(mut self) -> Self {
        self.config.session_cookie = self.config.session_cookie.without_https();
        self.config.remember_cookie = self.config.remember_cookie.without_https();
        self
    }

    /// Changes the settings of the session cookie.
    ///
    /// ```
    /// # use login_core::{LoginManagerBuilder, SameSite, User};
    /// # fn f<U: User>(builder: LoginManagerBuilder<U>) -> LoginManagerBuilder<U> {
    /// builder.session_cookie(|cookie| cookie.name("__Host-sid").same_site(SameSite::Strict))
    /// # }
    /// ```
    pub fn session_cookie(mut self, change: impl FnOnce(CookieSettings) -> CookieSettings) -> Self {
        self.config.session_cookie = change(self.config.session_cookie);
        self.has_cookie_settings = true;
        self
    }

    /// Changes the settings of the remember cookie (Flask-Login's `REMEMBER_COOKIE_*`).
    pub fn remember_cookie(mut self, change: impl FnOnce(CookieSettings) -> CookieSettings) -> Self {
        self.config.remember_cookie = change(self.config.remember_cookie);
        self.has_cookie_settings = true;
        self
    }

    /// How long a session is valid after it was last written, in whole seconds (Flask's
    /// `PERMANENT_SESSION_LIFETIME`). The server checks it. Default: 31 days.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.session_lifetime = lifetime.as_secs();
        self
    }

    /// How long a login is remembered, in whole seconds (Flask-Login's
    /// `REMEMBER_COOKIE_DURATION`). Default: 365 days.
    pub fn remember_duration(mut self, duration: Duration) -> Self {
        self.config.remember_duration = duration.as_secs();
        self
    }

    /// Renews the expiry of a valid remember cookie with each request that sends it
    /// (Flask-Login's `REMEMBER_COOKIE_REFRESH_EACH_REQUEST`). Default: off.
    pub fn refresh_remember_cookie_each_request(mut self) -> Self {
        self.config.refresh_each_request = true;
        self
    }

    /// What happens when another client uses a session. Default:
    /// [`SessionProtection::Basic`].
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.config.protection = protection;
        self
    }

    /// How many proxies in front of the server are trusted for `X-Forwarded-For`,
    /// `X-Forwarded-Proto` and `X-Forwarded-Host`. Default: 0, and the headers are ignored.
    ///
    /// Each trusted proxy must set or remove all three headers. A header that a proxy
    /// forwards unchanged is trusted, so a client could choose its own address or host. The
    /// same happens if the number is too high. `next`, redirects and the cross-site check
    /// use the host.
    pub fn trusted_proxies(mut self, count: usize) -> Self {
        self.config.proxies.trusted = count;
        self
    }

    /// Treats every request as HTTPS. Default: off.
    ///
    /// Set it if clients use HTTPS only and the server cannot detect that: behind a proxy
    /// that does not send `X-Forwarded-Proto`, or if axum itself serves TLS with HTTP/1.1.
    /// Otherwise a complete `https://` URL is not accepted as `next`.
    pub fn https_only(mut self) -> Self {
        self.config.proxies.https_only = true;
        self
    }

    /// Where refused requests are redirected: a path, or a complete `http(s)` URL
    /// (Flask-Login's `login_view`). Default: none, and they are answered with 401.
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

    /// Where a request is redirected if its login is not fresh (Flask-Login's
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
    /// `USE_SESSION_FOR_NEXT`). Default: off.
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

    /// How long a login is fresh after the user entered credentials, in whole seconds.
    /// Default: as long as the session. In the flask format this also stores the time of the
    /// login in the session, as `_login_at`, which Flask-Login does not.
    pub fn fresh_login_max_age(mut self, age: Duration) -> Self {
        self.config.fresh_max_age = Some(age.as_secs());
        self
    }

    /// Answers a request with 403 if another site's page sent it. Default: off. Recommended
    /// unless other sites have forms for this one.
    ///
    /// The rules are those of Go's `http.CrossOriginProtection`, and WebSocket handshakes are
    /// checked too. GET, HEAD and OPTIONS requests are accepted, because they must not change
    /// anything. Otherwise `Sec-Fetch-Site` must be `same-origin` or `none`; if the browser
    /// does not send it, `Origin` must name the request's host. A request with neither header
    /// does not come from a page in a browser.
    ///
    /// This covers what `SameSite=Lax` does not: another site's form that logs its visitor in
    /// as someone else, and requests from sibling subdomains.
    pub fn refuse_cross_site_requests(mut self) -> Self {
        self.config.refuse_cross_site = true;
        self
    }

    /// An origin whose cross-site requests are accepted, such as `https://app.example.com`.
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.config.trusted_origins.push(origin.into());
        self
    }

    /// Adds a listener, which is called with each [`Event`] after the listeners that were
    /// added before it.
    pub fn on_event(mut self, listener: impl Fn(&Event<'_, U>) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Finds users by the request itself, if it has no login and no remember cookie. See
    /// [`RequestLoader`].
    pub fn request_loader<R: RequestLoader<User = U>>(mut self, loader: R) -> Self {
        self.request_loader = Some(Arc::new(loader));
        self
    }

    /// Replaces the clock, for tests. See [`TestClock`](crate::TestClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }
}
