//! The cookies of a logged-in client, for tests of applications.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::LoginError;
use crate::login::request_login::RequestLogin;
use crate::login::response_parts::ResponseParts;
use crate::manager::login_manager::LoginManager;
use crate::request::view::Request;
use crate::store::step::StoreStep;
use crate::user::{User, id_text};

/// Makes the cookies of a client that has logged in, when it is awaited. See
/// [`test_login`](LoginManager::test_login).
///
/// The client has no user agent and an unknown address, like most requests in tests. If the
/// test's requests have them, set them here too.
///
/// ```
/// # use std::time::Duration;
/// # use login_core::{LoginManager, TestLoginError, User};
/// # async fn f<U: User>(manager: LoginManager<U>, user: U) -> Result<(), TestLoginError> {
/// let cookies = manager.test_login(user).age(Duration::from_secs(700)).await?;
/// // http::Request::get("/settings").header("Cookie", cookies.header())
/// # Ok(()) }
/// ```
#[must_use = "await it, or call `now`"]
pub struct TestLogin<U: User> {
    manager: LoginManager<U>,
    user: Arc<U>,
    fresh: bool,
    remember: Option<Duration>,
    session: bool,
    age: Duration,
    user_agent: Option<Vec<u8>>,
    address: Option<IpAddr>,
}

impl<U: User> fmt::Debug for TestLogin<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestLogin(..)")
    }
}

impl<U: User> TestLogin<U> {
    pub(crate) fn new(manager: LoginManager<U>, user: Arc<U>) -> Self {
        let (fresh, session, age) = (true, true, Duration::ZERO);
        Self { manager, user, fresh, remember: None, session, age, user_agent: None, address: None }
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

    /// How long ago the login was made, in whole seconds, by the manager's clock. Default: zero.
    /// Cookies that are older than their lifetime have expired, and the server does not accept
    /// them.
    pub fn age(mut self, age: Duration) -> Self {
        self.age = age;
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

    /// Makes the cookies without `await`, and so without asking the user loader.
    ///
    /// An inactive user is logged in too. Listeners are notified of the login.
    ///
    /// # Errors
    /// [`TestLoginError::Login`], and with a session store [`TestLoginError::NeedsStore`].
    pub fn now(self) -> Result<TestCookies, TestLoginError> {
        match self.log_in()?.finish_steps(200) {
            StoreStep::Done(parts) => Ok(self.wanted(TestCookies::of(&parts)?)),
            StoreStep::Ask(_) => Err(TestLoginError::NeedsStore),
        }
    }

    /// A request that logs in.
    fn log_in(&self) -> Result<RequestLogin<U>, TestLoginError> {
        let request_login = self.begin();
        let login = request_login.access(|| self.request());
        let log_in = login.log_in(&self.user).force(true).fresh(self.fresh);
        match self.remember {
            Some(duration) => log_in.remember(true).duration(duration).now()?,
            None => log_in.now()?,
        }
        Ok(request_login)
    }

    fn wanted(&self, mut cookies: TestCookies) -> TestCookies {
        let session = &self.manager.setup.config.session_cookie.name;
        cookies.0.retain(|(name, _)| self.session || **name != **session);
        cookies
    }

    /// Begins a request at the time of the login.
    fn begin(&self) -> RequestLogin<U> {
        let request_login = self.manager.begin();
        request_login.0.set_now(self.manager.setup.clock.now().saturating_sub(self.age.as_secs()));
        request_login
    }

    fn request(&self) -> Request {
        let mut request = Request::new("GET", "/");
        if let Some(agent) = &self.user_agent {
            request.push_header("user-agent", agent);
        }
        request.with_optional_peer(self.address)
    }

    /// Checks that the user loader finds the same user by these cookies.
    async fn check(&self, cookies: &TestCookies) -> Result<(), TestLoginError> {
        let request_login = self.begin();
        let login = request_login.access(|| self.request().with_header("cookie", cookies.header().as_bytes()));
        match login.user_without_access().await? {
            Some(found) if id_text(&*found) == id_text(&*self.user) => Ok(()),
            None if login.0.state().login_ended => Err(TestLoginError::AuthHashDiffers),
            Some(_) | None => Err(TestLoginError::UnknownUser),
        }
    }
}

impl<U: User> IntoFuture for TestLogin<U> {
    type Output = Result<TestCookies, TestLoginError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let cookies = TestCookies::of(&self.log_in()?.finish_with_store(200).await)?;
            self.check(&cookies).await?;
            Ok(self.wanted(cookies))
        })
    }
}

/// The cookies of a login, for a test's client. `Debug` does not show them.
#[derive(Clone)]
pub struct TestCookies(Vec<(String, String)>);

impl TestCookies {
    fn of(parts: &ResponseParts) -> Result<Self, TestLoginError> {
        if parts.failure.is_some() {
            return Err(TestLoginError::NotWritten);
        }
        let pairs = parts.set_cookies.iter().filter_map(|line| line.split(';').next()?.split_once('='));
        Ok(Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// The value of the client's Cookie header.
    #[must_use]
    pub fn header(&self) -> String {
        self.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Name and value of each cookie, for a client that keeps cookies itself.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl IntoIterator for TestCookies {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Debug for TestCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestCookies(..)")
    }
}

/// Why a [`TestLogin`] could not be made. `Debug` is the whole sentence, because a test that
/// fails prints it.
#[non_exhaustive]
pub enum TestLoginError {
    /// The login could not be made, or the user loader failed.
    Login(LoginError),
    /// The user loader does not find the user, or finds one with another ID.
    UnknownUser,
    /// The user that the user loader finds has another auth hash.
    AuthHashDiffers,
    /// The login is kept in a session store, which has to be awaited.
    NeedsStore,
    /// The session store failed.
    NotWritten,
}

impl fmt::Display for TestLoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(error) => error.fmt(f),
            Self::UnknownUser => f.write_str(
                "the user loader does not find this user by its ID, so no request would be logged in: store the user before `test_login`",
            ),
            Self::AuthHashDiffers => f.write_str(
                "the user that the loader finds has another `auth_hash`, so the login has ended: call `test_login` with the user as it is stored",
            ),
            Self::NeedsStore => f.write_str("the login is kept in a session store: await `test_login` instead of calling `now`"),
            Self::NotWritten => f.write_str("the session store failed, so the login was not written: see the log"),
        }
    }
}

impl fmt::Debug for TestLoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match self.source() {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for TestLoginError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Login(error) => error.source(),
            Self::UnknownUser | Self::AuthHashDiffers | Self::NeedsStore | Self::NotWritten => None,
        }
    }
}

impl From<LoginError> for TestLoginError {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}
