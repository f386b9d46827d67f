//! Builds a login manager.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::answer::Refusal;
use crate::clock::{Clock, Entropy, LAST_SECOND};
use crate::config::error::ConfigError;
use crate::config::secret::SecretKey;
use crate::config::set_cookie::SetCookie;
use crate::config::settings::{Config, LONGEST_COOKIE};
use crate::formats::flask::keys::FlaskKey;
use crate::formats::format::Format;
use crate::formats::native::keys::NativeKey;
use crate::login::closures::IntoUserLoader;
use crate::login::event::Listener;
use crate::login::loaders::{Drive, DynRequestLoader, ErasedRequestLoader, Loaders, NoLoaders, NoRequestLoader};
use crate::login::setup::Setup;
use crate::manager::login_manager::LoginManager;
use crate::manager::mounts::Mount;
use crate::manager::refusal_handlers::{RefusalHandlers, Refused};
use crate::request::view::Request;
use crate::store::erased::AnyStore;
use crate::user::User;

/// The smallest secret key in the native format, in bytes.
const SHORTEST_KEY: usize = 32;

/// A manager that a builder makes.
pub trait BuiltManager<U: User>: Sized {
    /// The framework's response type, in which handlers answer refused requests.
    type Response;

    /// Makes the manager of its parts.
    fn from_parts(core: LoginManager<U>, handlers: RefusalHandlers<Self::Response>) -> Self;
}

/// A manager that keeps the application's own answers to refused requests.
pub trait TakesHandlers<U: User>: BuiltManager<U> {}

/// It takes no handlers, because it has no response type for them. A custom server that wants them
/// builds an [`AdapterManager`](crate::adapter::AdapterManager) of its own response type.
impl<U: User> BuiltManager<U> for LoginManager<U> {
    type Response = Infallible;

    fn from_parts(core: LoginManager<U>, _: RefusalHandlers<Infallible>) -> Self {
        core
    }
}

/// Configures a login manager of type `M`. [`build`](Self::build) checks all settings.
///
/// The defaults are safe: signed cookies in the native format, named `__Host-session` and
/// `__Host-remember_token`, with `HttpOnly`, `Secure` and `SameSite=Lax`. A session expires
/// 31 days after it was last written, a remember cookie after 365 days, and a login after 365
/// days in any case. Session protection is [`Basic`](crate::SessionProtection::Basic). A request
/// that another site's page sent and that may change something is refused. A refused request
/// is answered with 401 unless a [`login_view`](Self::login_view) is set.
#[must_use = "call `build` to make the manager"]
pub struct LoginManagerBuilder<U: User, M: BuiltManager<U> = LoginManager<U>> {
    pub(crate) config: Config,
    key: SecretKey,
    pub(crate) fallbacks: Vec<SecretKey>,
    pub(crate) is_flask: bool,
    pub(crate) has_cookie_settings: bool,
    /// A mistake in the program that `build` returns.
    pub(crate) mistake: Option<ConfigError>,
    pub(crate) clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    pub(crate) listeners: Vec<Listener<U>>,
    pub(crate) request_loader: Option<Arc<dyn DynRequestLoader<U>>>,
    pub(crate) store: Option<Arc<dyn AnyStore>>,
    handlers: RefusalHandlers<M::Response>,
}

impl<U: User, M: BuiltManager<U>> std::fmt::Debug for LoginManagerBuilder<U, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginManagerBuilder(..)")
    }
}

impl<U: User, M: BuiltManager<U>> LoginManagerBuilder<U, M> {
    /// Starts with the default settings. Applications call `LoginManager::builder` of their
    /// adapter, which adds clock and entropy.
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
            store: None,
            handlers: RefusalHandlers::default(),
        }
    }

    /// Checks the settings and makes the manager. `loader` loads users by their ID: it is a
    /// closure or a type, see [`IntoUserLoader`].
    ///
    /// # Errors
    /// [`ConfigError`] says which setting cannot work, and what to do.
    pub fn build<Marker>(mut self, loader: impl IntoUserLoader<U, Marker>) -> Result<M, ConfigError> {
        let loader = loader.into_user_loader();
        match self.request_loader.take() {
            Some(request) => {
                self.finish(Arc::new(Loaders { user: loader, request: ErasedRequestLoader(request) }), true)
            }
            None => self.finish(Arc::new(Loaders { user: loader, request: NoRequestLoader(PhantomData) }), false),
        }
    }

    /// Checks the settings and makes a manager without a loader, for a server that does not
    /// await. It runs the [steps](crate::Login::resolve) itself. If a request loader is set,
    /// there is a step for it, but the loader is not called.
    ///
    /// # Errors
    /// [`ConfigError`] says which setting cannot work, and what to do.
    pub fn build_without_loader(self) -> Result<M, ConfigError> {
        let has_request_loader = self.request_loader.is_some();
        self.finish(Arc::new(NoLoaders), has_request_loader)
    }

    fn finish(mut self, loaders: Arc<dyn Drive<U>>, has_request_loader: bool) -> Result<M, ConfigError> {
        self.mistake.take().map_or(Ok(()), Err)?;
        self.config.check(self.clock.now())?;
        if !has_request_loader {
            self.config.check_without_request_loader()?;
        }
        if self.store.is_none() {
            self.config.check_without_store()?;
        }
        let longest = if self.is_flask { LAST_SECOND } else { LONGEST_COOKIE };
        let keys = || std::iter::once(&self.key).chain(&self.fallbacks);
        let format = if self.is_flask {
            self.config.check_flask(self.store.is_some())?;
            for cookie in [&mut self.config.session_cookie, &mut self.config.remember_cookie] {
                cookie.name = cookie.name.clone().read_like_werkzeug();
            }
            Format::Flask(keys().map(FlaskKey::new).collect())
        } else {
            if let Some(length) = keys().map(|key| key.as_bytes().len()).find(|length| *length < SHORTEST_KEY) {
                return Err(ConfigError::ShortKey { length });
            }
            let (session, remember) = (&self.config.session_cookie.name, &self.config.remember_cookie.name);
            Format::Native(keys().map(|key| NativeKey::new(key, session, remember)).collect())
        };
        let mount = Mount::new::<U>(&self.config, &format);
        let setup = Setup {
            session_cookie: SetCookie::new(&self.config.session_cookie, longest),
            remember_cookie: SetCookie::new(&self.config.remember_cookie, longest),
            config: self.config,
            format,
            clock: self.clock,
            entropy: self.entropy,
            listeners: self.listeners,
            loaders,
            has_request_loader,
            store: self.store,
            last_created: Default::default(),
            refused_origins: Default::default(),
            warned: Default::default(),
        };
        Ok(M::from_parts(LoginManager::new(setup, mount), self.handlers))
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_, M::Response>) -> Option<M::Response> + Send + Sync + 'static,
    {
        Self { handlers: self.handlers.with(refusal, handler), ..self }
    }
}

crate::__adapter_handlers!({ impl<U: User, M: TakesHandlers<U>> LoginManagerBuilder<U, M> } M::Response, cross_site);
