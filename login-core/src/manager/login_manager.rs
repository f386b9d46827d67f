//! The login manager: one for each user type, made when the server starts.

use std::sync::Arc;

use smol_str::ToSmolStr;

use crate::answer::{Answer, Refusal};
use crate::clock::{Clock, Entropy};
use crate::config::secret::SecretKey;
use crate::error::LoginError;
use crate::login::request_login::RequestLogin;
use crate::login::sessions::SessionInfo;
use crate::login::setup::Setup;
use crate::manager::builder::LoginManagerBuilder;
use crate::manager::mounts::Mount;
use crate::manager::test_login::TestLogin;
use crate::request::client;
use crate::request::cross_site;
use crate::request::form;
use crate::request::head::RequestHead;
use crate::request::view::Request;
use crate::store::step::StoreStep;
use crate::user::{IntoUser, User};

/// The central object of the library (Flask-Login's `LoginManager`): it has the settings and
/// begins the login of each request.
///
/// It is cheap to clone, and clones are the same manager. An application uses the type with
/// this name from its adapter.
pub struct LoginManager<U: User> {
    pub(crate) setup: Arc<Setup<U>>,
    pub(crate) mount: Arc<Mount>,
}

impl<U: User> Clone for LoginManager<U> {
    fn clone(&self) -> Self {
        Self { setup: Arc::clone(&self.setup), mount: Arc::clone(&self.mount) }
    }
}

impl<U: User> std::fmt::Debug for LoginManager<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginManager(..)")
    }
}

impl<U: User> LoginManager<U> {
    pub(crate) fn new(setup: Setup<U>, mount: Arc<Mount>) -> Self {
        Self { setup: Arc::new(setup), mount }
    }

    /// Starts the configuration. A custom server passes clock and entropy:
    ///
    /// ```
    /// # use login_core::{LoginManager, SecretKey, TestClock};
    /// # fn random(buffer: &mut [u8]) {}
    /// # let key = SecretKey::from_text("32 bytes, which are to be random!")?;
    /// let clock = || std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    /// let builder = LoginManager::builder(key, clock, random).login_view("/login");
    /// # struct Account;
    /// # impl login_core::User for Account {
    /// #     type Id = i64;
    /// #     fn id(&self) -> i64 { 1 }
    /// #     fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> { Default::default() }
    /// # }
    /// # let manager: LoginManager<Account> = builder.build_without_loader()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(key: SecretKey, clock: impl Clock, entropy: impl Entropy) -> LoginManagerBuilder<U> {
        LoginManagerBuilder::new(key, clock, entropy)
    }

    /// Begins the login of a request. Nothing is read from the request yet. See
    /// [`needs_request`](Self::needs_request).
    #[must_use]
    pub fn begin(&self) -> RequestLogin<U> {
        RequestLogin::new(Arc::clone(&self.setup))
    }

    /// Whether a [`RequestLogin`] must get its request even if nothing accesses the login:
    /// [`store_request`](RequestLogin::store_request). This is so if remember cookies are
    /// refreshed with each request.
    #[must_use]
    pub fn needs_request(&self) -> bool {
        self.setup.config.refresh_each_request
    }

    /// Whether the request loader can use the form that this request posts. Then the server
    /// reads the body before anything accesses the login: up to [`MAX_FORM`](crate::adapter::MAX_FORM)
    /// bytes. If that is the whole body, it stores them with
    /// [`store_form`](RequestLogin::store_form) or [`Request::with_form`]. See
    /// [`request_loader_reads_forms`](LoginManagerBuilder::request_loader_reads_forms).
    #[must_use]
    pub fn reads_form(&self, head: &impl RequestHead) -> bool {
        self.setup.config.reads_forms && form::is_posted(head)
    }

    /// Whether this manager, or a clone of it, began the login.
    #[must_use]
    pub fn owns(&self, request_login: &RequestLogin<U>) -> bool {
        Arc::ptr_eq(&self.setup, &request_login.0.setup)
    }

    /// The answer to a request that another site's page sent and that may change something.
    /// Such a request must not reach its handler. `None` for any other request.
    ///
    /// Listeners are notified of the refusal. The rules are those of
    /// [`insecure_accept_cross_site_requests`](LoginManagerBuilder::insecure_accept_cross_site_requests).
    #[must_use = "the request must not reach its handler"]
    pub fn refuse_cross_site(&self, request: &Request) -> Option<Answer> {
        let config = &self.setup.config;
        let here = client::origin(request, config.proxies);
        if config.accepts_cross_site || !cross_site::is_refused(request, here, &config.trusted_origins) {
            return None;
        }
        self.setup.notify_cross_site(request);
        Some(self.setup.refused(Refusal::CrossSite, config.kind(request)))
    }

    /// Like [`refuse_cross_site`](Self::refuse_cross_site), for an adapter. A request that
    /// needs no check is not copied. The copy is returned too.
    pub(crate) fn refuse_cross_site_head(&self, head: &impl RequestHead) -> Option<(Request, Answer)> {
        if self.setup.config.accepts_cross_site || !cross_site::needs_check(head) {
            return None;
        }
        let request = Request::from_head(head);
        let answer = self.refuse_cross_site(&request)?;
        Some((request, answer))
    }

    /// The sessions of a user that can be used, the oldest first, without a request. See
    /// [`Login::sessions`](crate::Login::sessions).
    ///
    /// # Errors
    /// [`LoginError::Load`] if the store failed, [`LoginError::NoSessionStore`].
    pub async fn sessions_of(&self, user_id: &U::Id) -> Result<Vec<SessionInfo>, LoginError> {
        self.setup.run(self.sessions_of_steps(user_id)).await
    }

    /// The steps of [`sessions_of`](Self::sessions_of), for a server that runs them.
    pub fn sessions_of_steps(&self, user_id: &U::Id) -> StoreStep<Result<Vec<SessionInfo>, LoginError>> {
        if !self.setup.is_store() {
            return StoreStep::Done(Err(LoginError::NoSessionStore));
        }
        let listing = self.setup.list_steps(&user_id.to_smolstr(), None, None);
        listing.and_then(|listed| StoreStep::Done(listed.map_err(LoginError::Load)))
    }

    /// Ends all sessions of a user, without a request: for an administrator, or after the account
    /// was taken over. Returns how many there were.
    ///
    /// # Errors
    /// [`LoginError::Load`] if the store failed, [`LoginError::NoSessionStore`].
    pub async fn end_sessions_of(&self, user_id: &U::Id) -> Result<usize, LoginError> {
        self.setup.run(self.end_sessions_of_steps(user_id)).await
    }

    /// The steps of [`end_sessions_of`](Self::end_sessions_of), for a server that runs them.
    pub fn end_sessions_of_steps(&self, user_id: &U::Id) -> StoreStep<Result<usize, LoginError>> {
        if !self.setup.is_store() {
            return StoreStep::Done(Err(LoginError::NoSessionStore));
        }
        // Listeners get an empty request.
        let (user_id, login) = (user_id.to_smolstr(), self.begin());
        self.setup.end_steps(&user_id, None).and_then(move |ended| {
            StoreStep::Done(ended.map_err(LoginError::Load).map(|ended| {
                login.0.notify_ended(&user_id, &ended);
                ended.len()
            }))
        })
    }

    /// Makes the cookies of a client that has logged this user in, for tests.
    pub fn test_login(&self, user: impl IntoUser<U>) -> TestLogin<U> {
        TestLogin::new(self.clone(), user.into_user())
    }
}
