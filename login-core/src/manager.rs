//! The login manager: one for each kind of user, made once at start-up.

use std::sync::Arc;

use crate::builder::LoginManagerBuilder;
use crate::client;
use crate::clock::{Clock, Entropy};
use crate::config::{Config, SessionProtection};
use crate::cross_site;
use crate::event::Listener;
use crate::head::RequestHead;
use crate::loaders::Drive;
use crate::login::Login;
use crate::mounts::Mount;
use crate::request::Request;
use crate::secret::SecretKey;
use crate::state::Shared;
use crate::testing::TestLogin;
use crate::user::User;
use crate::wire::Wire;

pub(crate) struct Manager<U: User> {
    pub(crate) mount: Arc<Mount>,
    pub(crate) config: Config,
    pub(crate) wire: Wire,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) listeners: Vec<Listener<U>>,
    pub(crate) loaders: Arc<dyn Drive<U>>,
    pub(crate) has_request_loader: bool,
}

/// Knows everything about an application's logins (Flask-Login's `LoginManager`).
///
/// Cheap to clone; clones are the same manager. An application on one of the
/// frameworks uses its adapter's type of this name.
pub struct LoginManager<U: User>(pub(crate) Arc<Manager<U>>);

impl<U: User> Clone for LoginManager<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: User> std::fmt::Debug for LoginManager<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginManager(..)")
    }
}

impl<U: User> LoginManager<U> {
    /// Starts the configuration. A server of its own brings clock and entropy:
    ///
    /// ```
    /// # use login_core::{LoginManager, SecretKey, TestClock};
    /// # fn random(buffer: &mut [u8]) {}
    /// # let key = SecretKey::from_text("32 bytes, which are to be random!")?;
    /// let clock = || std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    /// let builder = LoginManager::builder(key, clock, random).login_view("/login");
    /// # struct Account;
    /// # impl login_core::User for Account { fn id(&self) -> String { String::new() } }
    /// # let manager: LoginManager<Account> = builder.build_for_steps()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(key: SecretKey, clock: impl Clock, entropy: impl Entropy) -> LoginManagerBuilder<U> {
        LoginManagerBuilder::new(key, clock, entropy)
    }

    /// The login of a request that begins. Nothing is looked at yet, except where
    /// [`needs_request`](Self::needs_request).
    #[must_use]
    pub fn begin(&self) -> RequestLogin<U> {
        RequestLogin(Arc::new(Shared::new(self.clone())))
    }

    /// Whether every request must be shown to its [`RequestLogin`] before it is
    /// answered: where remember cookies are refreshed on each request.
    #[must_use]
    pub fn needs_request(&self) -> bool {
        self.0.config.refresh_each_request
    }

    /// Whether cross-site requests are refused at all.
    #[must_use]
    pub fn refuses_cross_site(&self) -> bool {
        self.0.config.refuse_cross_site
    }

    /// Whether this request is to be answered with 403 and not handled at all:
    /// see [`is_cross_site`](crate::is_cross_site).
    #[must_use]
    pub fn refuses(&self, request: &Request) -> bool {
        let config = &self.0.config;
        let host = client::origin(request, config).host;
        config.refuse_cross_site && cross_site::is_cross_site_to(request, host, &config.trusted_origins)
    }

    /// As [`refuses`](Self::refuses), for an adapter: what needs no check is not copied.
    #[must_use]
    pub fn refuses_head(&self, head: &impl RequestHead) -> bool {
        self.refuses_cross_site() && cross_site::is_checked(head) && self.refuses(&Request::of(head))
    }

    /// Whether the client's address makes a difference. Where an adapter was not
    /// given it, it says so once.
    #[must_use]
    pub fn uses_peer_address(&self) -> bool {
        self.0.config.protection != SessionProtection::Off && self.0.config.trusted_proxies == 0
    }

    /// The Cookie header of a client that logged this user in, for tests.
    pub fn test_login(&self, user: impl Into<Arc<U>>) -> TestLogin<U> {
        TestLogin::new(self.clone(), user.into())
    }
}

/// The login of one request, looked at or not. An adapter keeps one for as long
/// as the request lasts; clones are the same one.
pub struct RequestLogin<U: User>(pub(crate) Arc<Shared<U>>);

impl<U: User> Clone for RequestLogin<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: User> std::fmt::Debug for RequestLogin<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestLogin(..)")
    }
}

impl<U: User> RequestLogin<U> {
    /// Whose login it is.
    #[must_use]
    pub fn manager(&self) -> &LoginManager<U> {
        &self.0.manager
    }

    /// Whether it is a login of this manager, or of a clone.
    #[must_use]
    pub fn is_of(&self, manager: &LoginManager<U>) -> bool {
        Arc::ptr_eq(&self.0.manager.0, &manager.0)
    }

    /// Shows the request without looking at the login.
    pub fn show(&self, request: impl FnOnce() -> Request) {
        self.0.keep_request(request);
    }

    /// As [`show`](Self::show), for an adapter.
    pub fn show_client(&self, head: &impl RequestHead) {
        // Without a look, cookies are all that matters: no address is asked for.
        self.0.state().client = Request::of_client(head, false);
    }

    /// Looks at the login: reads the session, the first time. The response varies
    /// with the cookie from here on.
    pub fn look(&self, request: impl FnOnce() -> Request) -> Login<U> {
        self.0.keep_request(request);
        self.0.look(|| None);
        Login(Arc::clone(&self.0))
    }

    /// As [`look`](Self::look), for a guard of an adapter that wants to know the user
    /// and gives the login to no one: only what tells who sends the request is copied.
    /// Before a refusal, [`look`](Self::look) shows the rest.
    pub fn look_for_user(&self, head: &impl RequestHead) -> Login<U> {
        let manager = &self.0.manager.0;
        if manager.has_request_loader {
            return self.look(|| Request::of(head));
        }
        self.0.look(|| Some(Request::of_client(head, manager.config.trusted_proxies > 0)));
        Login(Arc::clone(&self.0))
    }
}
