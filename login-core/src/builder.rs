//! Configuring a login manager.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Entropy};
use crate::config::{self, Config, SessionProtection};
use crate::cookie::CookieSettings;
use crate::error::ConfigError;
use crate::event::{Event, Listener};
use crate::flask::FlaskKey;
use crate::loaders::{AskRequest, ByHand, Drive, Erased, Loaders, NoRequestLoader};
use crate::manager::{LoginManager, Manager};
use crate::mounts::Mount;
use crate::native::NativeKey;
use crate::secret::SecretKey;
use crate::user::{RequestLoader, User, UserLoader};
use crate::wire::Wire;

/// The least bytes of a secret key in the native format.
const SHORTEST_KEY: usize = 32;

/// Makes the manager that an adapter's users see out of the core's.
///
/// For who writes an adapter; applications never name it.
pub trait Adapter {
    /// The adapter's own `LoginManager`.
    type Manager<U: User>;

    /// Wraps the core's manager.
    fn adapt<U: User>(manager: LoginManager<U>) -> Self::Manager<U>;
}

/// No adapter: a server that uses the core itself.
#[derive(Debug)]
pub enum Bare {}

impl Adapter for Bare {
    type Manager<U: User> = LoginManager<U>;

    fn adapt<U: User>(manager: LoginManager<U>) -> LoginManager<U> {
        manager
    }
}

/// Every setting of a login manager; [`build`](Self::build) refuses what cannot work.
///
/// The defaults are safe ones: signed cookies in the native format, `HttpOnly`,
/// `Secure`, `SameSite=Lax`, named `__Host-session` and `__Host-remember_token`;
/// a session is good for 31 days after it was last written, a remember cookie for
/// 365; protection is [`Basic`](SessionProtection::Basic). A refused request is
/// answered with 401 until there is a [`login_view`](Self::login_view).
#[must_use = "nothing is configured before `build`"]
pub struct LoginManagerBuilder<U: User, A = Bare> {
    config: Config,
    key: SecretKey,
    fallbacks: Vec<SecretKey>,
    is_flask: bool,
    has_cookie_settings: bool,
    /// A mistake that is told when the manager is built.
    mistake: Option<ConfigError>,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    listeners: Vec<Listener<U>>,
    request_loader: Option<Arc<dyn AskRequest<U>>>,
    adapter: PhantomData<fn() -> A>,
}

impl<U: User, A> std::fmt::Debug for LoginManagerBuilder<U, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginManagerBuilder(..)")
    }
}

impl<U: User, A: Adapter> LoginManagerBuilder<U, A> {
    /// Starts with the defaults. Applications call their adapter's
    /// `LoginManager::builder`, which brings clock and entropy.
    pub fn new(key: SecretKey, clock: impl Clock, entropy: impl Entropy) -> Self {
        Self {
            config: Config::default(),
            key,
            fallbacks: Vec::new(),
            is_flask: false,
            has_cookie_settings: false,
            mistake: None,
            clock: Box::new(clock),
            entropy: Box::new(entropy),
            listeners: Vec::new(),
            request_loader: None,
            adapter: PhantomData,
        }
    }

    /// Reads and writes the cookies of Flask 3.1 and Flask-Login, with their names
    /// and attributes, so that one login holds in a Flask application and here.
    ///
    /// Call it before the cookies' settings, which it sets anew. The key may be short,
    /// `auth_hash` is not used, and there is no clock skew allowed, as in Flask.
    /// Flask's defaults have no `Secure` and no `SameSite`; set them here as the
    /// Flask application does.
    pub fn flask_compatible(mut self) -> Self {
        let settings = |name| CookieSettings::new(name).secure(false).same_site(None);
        self.is_flask = true;
        if self.has_cookie_settings {
            self.mistake = Some(ConfigError::FlaskAfterCookies);
        }
        self.config.session_cookie = settings(config::FLASK_SESSION);
        self.config.remember_cookie = settings(config::FLASK_REMEMBER);
        self
    }

    /// Also accepts what this older key signed, everywhere. What changes is signed
    /// with the current key.
    ///
    /// After a change of the key, keep the older one for as long as what it signed:
    /// [`session_lifetime`](Self::session_lifetime) for sessions,
    /// [`remember_duration`](Self::remember_duration) for remember cookies, which are signed
    /// anew only with a login or where they are refreshed.
    pub fn fallback_key(mut self, key: SecretKey) -> Self {
        self.fallbacks.push(key);
        self
    }

    /// Lets cookies travel over plain HTTP, where anyone on the way can take the
    /// login over: no `Secure`, no `__Host-` names. For a site without HTTPS, and for
    /// development with browsers that want HTTPS of `http://localhost` too, as Safari does.
    ///
    /// Cookie settings made after this hold.
    pub fn insecure_plain_http(mut self) -> Self {
        self.config.session_cookie = self.config.session_cookie.without_https();
        self.config.remember_cookie = self.config.remember_cookie.without_https();
        self
    }

    /// Changes the session cookie's settings.
    ///
    /// ```
    /// # use login_core::{LoginManagerBuilder, SameSite, User, Adapter};
    /// # fn f<U: User, A: Adapter>(builder: LoginManagerBuilder<U, A>) -> LoginManagerBuilder<U, A> {
    /// builder.session_cookie(|cookie| cookie.name("__Host-sid").same_site(SameSite::Strict))
    /// # }
    /// ```
    pub fn session_cookie(mut self, change: impl FnOnce(CookieSettings) -> CookieSettings) -> Self {
        self.config.session_cookie = change(self.config.session_cookie);
        self.has_cookie_settings = true;
        self
    }

    /// Changes the remember cookie's settings (Flask-Login's `REMEMBER_COOKIE_*`).
    pub fn remember_cookie(mut self, change: impl FnOnce(CookieSettings) -> CookieSettings) -> Self {
        self.config.remember_cookie = change(self.config.remember_cookie);
        self.has_cookie_settings = true;
        self
    }

    /// How old a session may be since it was last written, in whole seconds; 31
    /// days by default (Flask's `PERMANENT_SESSION_LIFETIME`). The server judges it.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.session_lifetime = lifetime.as_secs();
        self
    }

    /// For how long a login is remembered, in whole seconds; 365 days by default
    /// (Flask-Login's `REMEMBER_COOKIE_DURATION`).
    pub fn remember_duration(mut self, duration: Duration) -> Self {
        self.config.remember_duration = duration.as_secs();
        self
    }

    /// Begins a good remember cookie's time anew with each request that sends it
    /// (Flask-Login's `REMEMBER_COOKIE_REFRESH_EACH_REQUEST`).
    pub fn refresh_remember_cookie_each_request(mut self) -> Self {
        self.config.refresh_each_request = true;
        self
    }

    /// What is done about a session that comes from another client;
    /// [`SessionProtection::Basic`] by default.
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.config.protection = protection;
        self
    }

    /// How many proxies in front of the server add to `X-Forwarded-For`,
    /// `-Proto` and `-Host`; none by default, and then those headers are not read.
    ///
    /// With too high a number clients can claim any address. Each of these proxies must
    /// set all three headers, or remove them: one that it passes on from the client is
    /// believed, and `next`, redirects and the cross-site check go by the host.
    pub fn trusted_proxies(mut self, count: usize) -> Self {
        self.config.trusted_proxies = count;
        self
    }

    /// Says that clients come by HTTPS alone, whatever the connection tells. Needed where
    /// a whole `https://` address is to be good as `next` and the server cannot tell:
    /// behind a proxy that does not send `X-Forwarded-Proto`, and where axum itself is
    /// served with TLS and HTTP/1.1.
    pub fn https_only(mut self) -> Self {
        self.config.https_only = true;
        self
    }

    /// Where refused requests are sent: a path, or a whole `http(s)` address
    /// (Flask-Login's `login_view`). Without it they are answered with 401.
    pub fn login_view(mut self, view: impl Into<String>) -> Self {
        self.config.login_view = Some(view.into());
        self
    }

    /// The login view for requests below a path (Flask-Login's
    /// `blueprint_login_views`). The longest such path counts; it ends at a slash.
    pub fn login_view_below(mut self, prefix: impl Into<String>, view: impl Into<String>) -> Self {
        self.config.login_views.push((prefix.into(), view.into()));
        self
    }

    /// Where a request is sent whose login is not fresh (Flask-Login's
    /// `refresh_view`). Without it, 401.
    pub fn refresh_view(mut self, view: impl Into<String>) -> Self {
        self.config.refresh_view = Some(view.into());
        self
    }

    /// What is flashed when a request is sent to log in; Flask-Login's "Please log
    /// in to access this page." by default. An empty text flashes nothing.
    pub fn login_message(mut self, message: impl Into<String>) -> Self {
        self.config.login_message.text = message.into();
        self
    }

    /// The category of [`login_message`](Self::login_message); `message` by default.
    pub fn login_message_category(mut self, category: impl Into<String>) -> Self {
        self.config.login_message.category = category.into();
        self
    }

    /// What is flashed when a request is sent to log in again; Flask-Login's "Please
    /// reauthenticate to access this page." by default. An empty text flashes nothing.
    pub fn needs_refresh_message(mut self, message: impl Into<String>) -> Self {
        self.config.needs_refresh_message.text = message.into();
        self
    }

    /// The category of [`needs_refresh_message`](Self::needs_refresh_message);
    /// `message` by default.
    pub fn needs_refresh_message_category(mut self, category: impl Into<String>) -> Self {
        self.config.needs_refresh_message.category = category.into();
        self
    }

    /// Translates both messages just before they are flashed (Flask-Login's
    /// `localize_callback`).
    pub fn localizer(mut self, localize: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.config.localizer = Some(Box::new(localize));
        self
    }

    /// Keeps `next` in the session and not in the login view's query (Flask-Login's
    /// `USE_SESSION_FOR_NEXT`).
    pub fn use_session_for_next(mut self) -> Self {
        self.config.session_for_next = true;
        self
    }

    /// The host that redirects to a view go to (Flask-Login's
    /// `FORCE_HOST_FOR_REDIRECTS`).
    pub fn force_host(mut self, host: impl Into<String>) -> Self {
        self.config.forced_host = Some(host.into());
        self
    }

    /// How old a fresh login may be everywhere, in whole seconds; any age by
    /// default. With Flask's cookies this also writes down the time of a login
    /// (as `_login_at`), which Flask-Login does not.
    pub fn fresh_login_max_age(mut self, age: Duration) -> Self {
        self.config.fresh_max_age = Some(age.as_secs());
        self
    }

    /// Answers requests that change something, and WebSockets' handshakes, with 403 where
    /// another site's page sent them: see [`is_cross_site`](crate::is_cross_site). Recommended for
    /// every site whose forms are its own.
    pub fn refuse_cross_site_requests(mut self) -> Self {
        self.config.refuse_cross_site = true;
        self
    }

    /// An origin, `https://app.example.com`, whose cross-site requests are handled
    /// all the same.
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.config.trusted_origins.push(origin.into());
        self
    }

    /// Calls this with everything that happens to a login, after the listeners
    /// given before it.
    pub fn on_event(mut self, listener: impl Fn(&Event<'_, U>) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Finds users by the request where the session gives none and there is no remember
    /// cookie: see [`RequestLoader`].
    pub fn request_loader<R: RequestLoader<User = U>>(mut self, loader: R) -> Self {
        self.request_loader = Some(Arc::new(loader));
        self
    }

    /// Tells the time, for tests: see [`TestClock`](crate::TestClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Checks the configuration and makes the manager.
    ///
    /// # Errors
    /// [`ConfigError`]: what cannot work, and what to do about it.
    pub fn build<L: UserLoader<User = U>>(mut self, loader: L) -> Result<A::Manager<U>, ConfigError> {
        match self.request_loader.take() {
            Some(request) => self.finish(Arc::new(Loaders { user: loader, request: Erased(request) }), true),
            None => self.finish(Arc::new(Loaders { user: loader, request: NoRequestLoader(PhantomData) }), false),
        }
    }

    /// Checks the configuration and makes a manager whose steps are run by hand
    /// ([`Login::begin`](crate::Login::begin)), for servers that do not await. Where there is no request
    /// loader set, no step asks for one; a set one is not called.
    ///
    /// # Errors
    /// [`ConfigError`]: what cannot work, and what to do about it.
    pub fn build_for_steps(self) -> Result<A::Manager<U>, ConfigError> {
        let has_request_loader = self.request_loader.is_some();
        self.finish(Arc::new(ByHand), has_request_loader)
    }

    fn finish(mut self, loaders: Arc<dyn Drive<U>>, has_request_loader: bool) -> Result<A::Manager<U>, ConfigError> {
        self.mistake.take().map_or(Ok(()), Err)?;
        self.config.check(self.clock.now())?;
        let keys = || std::iter::once(&self.key).chain(&self.fallbacks);
        let wire = if self.is_flask {
            Wire::Flask(keys().map(FlaskKey::new).collect())
        } else {
            if let Some(length) = keys().map(|key| key.as_bytes().len()).find(|length| *length < SHORTEST_KEY) {
                return Err(ConfigError::ShortKey { length });
            }
            let (session, remember) = (&self.config.session_cookie.name, &self.config.remember_cookie.name);
            Wire::Native(keys().map(|key| NativeKey::new(key, session, remember)).collect())
        };
        Ok(A::adapt(LoginManager(Arc::new(Manager {
            mount: Mount::new::<U>(&self.config, &wire),
            config: self.config,
            wire,
            clock: self.clock,
            entropy: self.entropy,
            listeners: self.listeners,
            loaders,
            has_request_loader,
        }))))
    }
}
