//! Cookies of a logged-in client, for tests of applications.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::error::LoginError;
use crate::manager::login_manager::LoginManager;
use crate::request::view::Request;
use crate::user::User;

/// Makes the Cookie header of a client that has logged in. See
/// [`test_login`](LoginManager::test_login).
///
/// The client has no user agent and an unknown address, like most requests in tests. If the
/// test's requests have them, set them here too.
///
/// ```
/// # use login_core::{LoginManager, LoginError, User};
/// # fn f<U: User>(manager: LoginManager<U>, user: U) -> Result<(), LoginError> {
/// let cookie = manager.test_login(user).fresh(false).cookie_header()?;
/// // http::Request::get("/settings").header("Cookie", cookie)
/// # Ok(()) }
/// ```
#[must_use = "call `cookie_header`"]
pub struct TestLogin<U: User> {
    manager: LoginManager<U>,
    user: Arc<U>,
    fresh: bool,
    remember: Option<Duration>,
    session: bool,
    user_agent: Option<Vec<u8>>,
    address: Option<IpAddr>,
}

impl<U: User> std::fmt::Debug for TestLogin<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TestLogin(..)")
    }
}

impl<U: User> TestLogin<U> {
    pub(crate) fn new(manager: LoginManager<U>, user: Arc<U>) -> Self {
        Self { manager, user, fresh: true, remember: None, session: true, user_agent: None, address: None }
    }

    /// Whether the login is fresh. Default: true.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Adds a remember cookie that expires after `duration`.
    pub fn remembered(mut self, duration: Duration) -> Self {
        self.remember = Some(duration);
        self
    }

    /// Leaves out the session cookie, as if the browser was closed since the login. Use it
    /// with [`remembered`](Self::remembered).
    pub fn without_session(mut self) -> Self {
        self.session = false;
        self
    }

    /// Sets the user agent of the client.
    pub fn user_agent(mut self, user_agent: impl Into<Vec<u8>>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Sets the address of the client.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// The value of the client's Cookie header.
    ///
    /// An inactive user is logged in too. Listeners are notified of the login.
    ///
    /// # Errors
    /// The errors of [`LogIn::now`](crate::LogIn::now).
    pub fn cookie_header(self) -> Result<String, LoginError> {
        let request_login = self.manager.begin();
        let login = request_login.access(|| {
            let mut request = Request::new("GET", "/");
            if let Some(agent) = &self.user_agent {
                request.push_header("user-agent", agent);
            }
            match self.address {
                Some(address) => request.with_peer(address),
                None => request,
            }
        });
        let log_in = login.log_in(self.user).force(true).fresh(self.fresh);
        match self.remember {
            Some(duration) => log_in.remember(true).duration(duration).now()?,
            None => log_in.now()?,
        }
        let session = &self.manager.setup.config.session_cookie.name;
        let lines = request_login.finish(200).set_cookies;
        let pairs = lines.iter().filter_map(|line| line.split(';').next());
        let wanted = pairs.filter(|pair| self.session || pair.split('=').next() != Some(session));
        Ok(wanted.collect::<Vec<_>>().join("; "))
    }
}
