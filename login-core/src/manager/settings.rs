//! The settings that an application can make, as methods of the builder.

use std::time::Duration;

use crate::clock::Clock;
use crate::config::cookie::CookieSettings;
use crate::config::error::ConfigError;
use crate::config::secret::SecretKey;
use crate::config::settings::{FLASK_REMEMBER, FLASK_SESSION, SessionProtection};
use crate::login::event::Event;
use crate::manager::builder::{BuiltManager, LoginManagerBuilder};
use crate::user::User;

impl<U: User, M: BuiltManager<U>> LoginManagerBuilder<U, M> {
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
    /// signed have expired: [`session_lifetime`](Self::session_lifetime) or
    /// [`idle_timeout`](Self::idle_timeout) for sessions, and
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

    /// How long a session is valid after its cookie was last written, in whole seconds (Flask's
    /// `PERMANENT_SESSION_LIFETIME`). The server checks it. Default: 31 days.
    ///
    /// A change writes the session, but reading it does not, so this is not an idle timeout: a
    /// session that is used and never changed expires too. Only a
    /// [permanent](crate::Login::set_permanent) session is written with each use. An
    /// [`idle_timeout`](Self::idle_timeout) takes the place of this setting.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.session_lifetime = lifetime.as_secs();
        self
    }

    /// How long a session is valid without use, in whole seconds. Default: none, and
    /// [`session_lifetime`](Self::session_lifetime) counts.
    ///
    /// Use extends it: any request that accesses the session, unless its response is a 5xx. The
    /// cookie is written again only once a twentieth of this time has passed, so a session may
    /// expire early by that much, and never late. A remember cookie restores the login, which is then no longer fresh.
    ///
    /// Native format only. In Flask's, make sessions permanent.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.idle_timeout = Some(timeout.as_secs());
        self
    }

    /// How long a login is valid however much it is used, in whole seconds. Default: 365 days.
    ///
    /// It counts from [`log_in`](crate::Login::log_in). Neither a remember cookie nor
    /// [`confirm`](crate::Login::confirm) extends it.
    ///
    /// Native format only. Flask's cookies do not say when a login was made.
    pub fn login_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.login_lifetime = Some(lifetime.as_secs());
        self
    }

    /// How long a login is remembered, in whole seconds (Flask-Login's
    /// `REMEMBER_COOKIE_DURATION`). Default: 365 days.
    ///
    /// In the native format a remember cookie never outlives its login (see
    /// [`login_lifetime`](Self::login_lifetime)), nor 400 days, which is what browsers keep.
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

    /// How many proxies in front of the server are trusted for `X-Forwarded-For` and
    /// `X-Forwarded-Proto`. Default: 0, and the headers are ignored.
    ///
    /// Each trusted proxy must set or remove both headers. A header that a proxy forwards
    /// unchanged is trusted, so a client could choose its own address. The same happens if
    /// the number is too high.
    pub fn trusted_proxies(mut self, count: usize) -> Self {
        self.config.proxies.trusted = count;
        self
    }

    /// Trusts the [proxies](Self::trusted_proxies) for `X-Forwarded-Host` too. Default: off,
    /// and the host is that of the request.
    ///
    /// Set it if the proxies replace the `Host` header and send this one. Many proxies forward
    /// the client's own `X-Forwarded-Host`, which then decides what `next`, redirects and the
    /// cross-site check take for this site.
    pub fn use_x_forwarded_host(mut self) -> Self {
        self.config.proxies.forwarded_host = true;
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

    /// How long a login is fresh after the user entered credentials, in whole seconds.
    /// Default: as long as the session. In the flask format this also stores the time of the
    /// login in the session, as `_login_at`, which Flask-Login does not.
    pub fn fresh_login_max_age(mut self, age: Duration) -> Self {
        self.config.fresh_max_age = Some(age.as_secs());
        self
    }

    /// Accepts requests that another site's page sent, by which it can act for its visitors. By
    /// default they are refused with 403 before they reach a handler.
    ///
    /// The rules are those of Go's `http.CrossOriginProtection`, and WebSocket handshakes are
    /// checked too. GET, HEAD and OPTIONS requests are accepted, because they must not change
    /// anything. Otherwise `Sec-Fetch-Site` must be `same-origin` or `none`; if the browser
    /// does not send it, `Origin` must name the request's host. A request with neither header
    /// does not come from a page in a browser. One with credentials of its own in
    /// `Authorization` (`Bearer`, not `Basic`, `Digest`, `Negotiate` or `NTLM`, which browsers
    /// send again by themselves) is accepted too: another site's page cannot add the header,
    /// unless the server allows it by CORS.
    ///
    /// This covers what `SameSite=Lax` does not: another site's form that logs its visitor in
    /// as someone else, and requests from sibling subdomains. Prefer
    /// [`trusted_origin`](Self::trusted_origin) if only some sites may do this, such as a
    /// single sign-on provider that posts its answer.
    pub fn insecure_accept_cross_site_requests(mut self) -> Self {
        self.config.accepts_cross_site = true;
        self
    }

    /// An origin whose cross-site requests are accepted: `scheme://host[:port]`, such as
    /// `https://app.example.com`. An application's own scheme is one too:
    /// `chrome-extension://…`, `capacitor://localhost`.
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.config.trusted_origins.push(origin.into());
        self
    }

    /// Adds a listener, which is called with each [`Event`] after the listeners that were
    /// added before it.
    ///
    /// A closure that looks at the user names the user's type:
    /// `|event: &Event<'_, Account>| …`.
    pub fn on_event(mut self, listener: impl Fn(&Event<'_, U>) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Tells the browser, in the response to a logout, to empty its cache of this site
    /// (`Clear-Site-Data: "cache"`). Then the Back button does not show the pages that the user has
    /// visited, but for the one that posts the logout. Default: off, because it can take a browser
    /// seconds.
    ///
    /// Browsers follow it over HTTPS only.
    pub fn clear_site_data(mut self) -> Self {
        self.config.clears_site_data = true;
        self
    }

    /// Replaces the clock, for tests. See [`TestClock`](crate::TestClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }
}
