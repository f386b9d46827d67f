//! The user table of all cases, and the requests that are sent.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use login_core::adapter::BuiltManager;
use login_core::{LoginManagerBuilder, MemoryStore, SecretKey, TestLogin, User, UserLoader};

/// A typical password hash: Argon2id in the PHC format.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$1EPAlzUlHbVKnmXLtb5+1F9L5EZx/Wl0zMcyqF9pUQk";

/// Cloning does not allocate, so that only the library's allocations are measured.
#[derive(Debug, Clone)]
pub struct Account(Arc<Person>);

#[derive(Debug)]
struct Person {
    id: i64,
    name: String,
    password_hash: String,
}

impl Account {
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub fn number(&self) -> i64 {
        self.0.id
    }
}

impl User for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.0.id
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.0.password_hash.as_bytes().into()
    }
}

impl axum_login::AuthUser for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.0.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.0.password_hash.as_bytes()
    }
}

static TABLE: LazyLock<Vec<Account>> = LazyLock::new(|| {
    let person = |id| Person { id, name: format!("user {id}"), password_hash: HASH.to_owned() };
    (0..1000).map(|id| Account(Arc::new(person(id)))).collect()
});

/// The user with this number.
pub fn find(number: i64) -> Option<Account> {
    TABLE.get(usize::try_from(number).ok()?).cloned()
}

/// The number of the logged-in user.
pub const NUMBER: i64 = 412;

pub fn ann() -> Account {
    find(NUMBER).expect("the table holds 1000 users")
}

/// The user loader for our library, and the backend for axum-login.
#[derive(Debug, Clone, Copy)]
pub struct Accounts;

impl UserLoader for Accounts {
    type User = Account;
    type Error = Infallible;

    async fn load_user(&self, id: i64) -> Result<Option<Account>, Infallible> {
        Ok(find(id))
    }
}

/// A loader that is not ready at once, as one that asks a database.
#[derive(Debug, Clone, Copy)]
pub struct Waiting;

impl UserLoader for Waiting {
    type User = Account;
    type Error = Infallible;

    async fn load_user(&self, id: i64) -> Result<Option<Account>, Infallible> {
        let mut has_waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(Ok(find(id)));
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }
}

impl axum_login::AuthnBackend for Accounts {
    type User = Account;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<Account>, Infallible> {
        Ok(Some(ann()))
    }

    async fn get_user(&self, id: &i64) -> Result<Option<Account>, Infallible> {
        Ok(find(*id))
    }
}

/// 64 bytes, the minimum of `cookie::Key`.
pub const KEY: &str = "benchmark secret key benchmark secret key benchmark secret key 64";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Native,
    Flask,
    /// The native format, with sessions in memory on the server.
    Store,
    /// The native format, with a loader that waits once.
    WaitingLoader,
}

/// When [`FLASK_SESSION`] was made, in seconds since 1970.
pub const FLASK_TIME: u64 = 1_763_900_000;

/// The session cookie that Flask 3.1 and Flask-Login 0.6 make for the client of all requests and the key
/// of all managers. It is compressed.
pub const FLASK_SESSION: &str = "session=.eJwlzjEOwyAMRuG7MHcwBoPJZSL4batdk2aqevdG6vze8H3SHoefz7S9j8sfaX9Z2hJXYSg015ig3CNXcy9hOmpbC-RgkilqvkQAITcpmGaBmJ0H2eheuoJQ0CZBGUutqOdwriEgUVGeNAbVzNSWNrvf3KhMTjfkOv34a-6evj-XJzB3.aSL6YA.iCvql6FV7N1S5BmLuPNaxwXuS-M";

/// The configuration for [`FLASK_SESSION`], with the clock at the time when it was made.
pub fn at_flask<M: BuiltManager<Account>>(builder: impl FnOnce(SecretKey) -> LoginManagerBuilder<Account, M>) -> M {
    let builder = builder(SecretKey::from_text(KEY).expect("a key")).flask_compatible();
    builder.clock(|| FLASK_TIME).build(Accounts).expect("a configuration that works")
}

/// The same configuration on every framework.
pub fn configured<M: BuiltManager<Account>>(
    builder: impl FnOnce(SecretKey) -> LoginManagerBuilder<Account, M>,
    wire: Wire,
) -> M {
    let builder = builder(SecretKey::from_text(KEY).expect("a key")).login_view("/login");
    let builder = match wire {
        Wire::Native => builder,
        Wire::Flask => builder.flask_compatible(),
        Wire::Store => builder.session_store(MemoryStore::new()),
        Wire::WaitingLoader => return builder.build(Waiting).expect("a configuration that works"),
    };
    builder.build(Accounts).expect("a configuration that works")
}

/// The headers of a browser, without cookies.
pub const HEADERS: [(&str, &str); 10] = [
    ("host", "example.com"),
    ("user-agent", USER_AGENT),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.7,de;q=0.3"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("connection", "keep-alive"),
    ("upgrade-insecure-requests", "1"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "same-origin"),
];
pub const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub const ADDRESS: [u8; 4] = [192, 0, 2, 17];
/// Cookies that do not belong to a login, as most sites have.
pub const OTHER_COOKIES: &str = "theme=dark; _visitor=GA1.1.1390482771.1763459021";

/// The Cookie header of a browser with this login cookie.
pub fn cookies(login: &str) -> String {
    if login.is_empty() { OTHER_COOKIES.to_owned() } else { format!("{OTHER_COOKIES}; {login}") }
}

pub type LoggingIn = TestLogin<Account>;

/// The Cookie header of a browser that logged in with our library. With `remembered`, the
/// browser was closed since, and has the remember cookie only.
pub fn login_cookie(login: LoggingIn, remembered: bool) -> String {
    let login = login.user_agent(USER_AGENT).address(ADDRESS);
    let login = if remembered { login.remembered(Duration::from_secs(86400)).without_session() } else { login };
    cookies(&ready(login.into_future()).expect("a cookie").header())
}

/// The result of a future that waits at most once, for the loader.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    for _ in 0..2 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("the future waits")
}

/// The name and value in a Set-Cookie line.
pub fn pair(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap_or_default().to_owned()
}
