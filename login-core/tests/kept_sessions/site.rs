//! The application that each adapter implements, and the browsers that visit it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use login_core::{Login, Permission, SessionId, User};

use super::store::WatchedStore;

/// A user, whose ID is any text.
#[derive(Clone)]
pub(crate) struct Account(pub(crate) String);

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

pub(crate) fn account(id: &str) -> Account {
    Account(id.to_owned())
}

pub(crate) async fn find(id: String) -> Result<Option<Account>, std::convert::Infallible> {
    Ok(Some(Account(id)))
}

/// A permission that all users have.
pub(crate) struct Anyone;

impl Permission<Account> for Anyone {
    fn allows(_: &Account) -> bool {
        true
    }
}

/// The application's own error: a 409 with the text `conflict`.
#[derive(Debug)]
pub(crate) struct Conflict;

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("conflict")
    }
}

/// Pages that answer the ID of the user, each found by another extractor or guard. Without a
/// login [`OPEN`] answers `none`, and so does `/optional`, which is an `Option`. The others answer 401.
pub(crate) const REFUSING: [&str; 5] = ["/current", "/fresh", "/allowed", "/guarded", "/guarded-fresh"];
pub(crate) const OPEN: [&str; 2] = ["/maybe", "/handle"];

/// Posted pages that set `colour` to the `value` in the query, and answer in different ways.
pub(crate) const PUTS: [&str; 4] = ["/put", "/put-redirect", "/put-error", "/put-stream"];

/// An application under test. What its handlers do is in [`handlers`](super::handlers).
///
/// | request | does |
/// | --- | --- |
/// | GET `/plain` | looks at nothing |
/// | GET [`REFUSING`], [`OPEN`], `/optional` | answers the user's ID |
/// | GET `/all` | the same, by all extractors together below a guard |
/// | POST `/grpc/current`, `/grpc/handle` | the same |
/// | GET `/data` | answers the text under `colour`, or `none` |
/// | GET `/connect` | lets [`connection`](Site::connection) return the login |
/// | GET `/sessions` | answers one line for each session: ID, `this` or `other`, `remembered` or `short` |
/// | POST `/login?user=ID` | logs in, remembered, and redirects |
/// | POST `/logout` | logs out |
/// | POST [`PUTS`] | set `colour` |
/// | POST `/visit` | adds one to `visits`, saves, and answers the number |
/// | POST `/confirm` | confirms the login |
/// | POST `/end?id=ID`, `/end-others`, `/end-all` | answer what the method of `Login` returns |
/// | POST `/put-and-fail`, `/login-and-fail?user=ID`, `/visit-and-fail`, `/logout-and-fail` | answer 500 |
pub(crate) trait Site: Sized {
    /// The application, with its sessions in this store, or in cookies.
    fn start(store: Option<WatchedStore>) -> impl Future<Output = Self>;

    /// The response to a request. Dropping it is what a client does that disconnects.
    fn answer(&self, request: Sent) -> Answering<'_>;

    /// The login of the last request for `/connect`.
    fn connection(&self) -> Login<Account>;

    /// What the manager's `end_sessions_of` and then `sessions_of` return for this user.
    fn end_sessions_of(&self, id: &str) -> impl Future<Output = (usize, usize)>;
}

pub(crate) type Answering<'s> = Pin<Box<dyn Future<Output = Answer> + 's>>;

/// A request.
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Sent {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|header| header.0 == name).map(|header| &*header.1).collect()
    }

    /// The names of the cookies that the response deletes. It sets no others.
    pub(crate) fn deleted(&self) -> Vec<&str> {
        let lines = self.values("set-cookie");
        assert!(lines.iter().all(|line| line.contains("Max-Age=0")), "{lines:?}");
        lines.into_iter().map(|line| line.split('=').next().unwrap()).collect()
    }
}

pub(crate) const SESSION: &str = "__Host-session";
pub(crate) const REMEMBER: &str = "__Host-remember_token";

/// A browser with its cookies.
#[derive(Clone, Default)]
pub(crate) struct Browser(pub(crate) BTreeMap<String, String>);

impl Browser {
    pub(crate) async fn logged_in(site: &impl Site, id: &str) -> Self {
        let mut browser = Self::default();
        let answer = browser.post(site, &format!("/login?user={id}")).await;
        assert_eq!((answer.status, browser.0.len()), (303, 2), "{answer:?}");
        browser
    }

    pub(crate) fn request(&self, method: &'static str, path: &str) -> Sent {
        let cookies = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = Sent { method, path: path.to_owned(), headers: Vec::new() };
        if cookies.is_empty() { request } else { request.with("cookie", &cookies) }
    }

    pub(crate) async fn send(&mut self, site: &impl Site, request: Sent) -> Answer {
        let answer = site.answer(request).await;
        self.receive(&answer);
        answer
    }

    pub(crate) async fn get(&mut self, site: &impl Site, path: &str) -> Answer {
        self.send(site, self.request("GET", path)).await
    }

    pub(crate) async fn post(&mut self, site: &impl Site, path: &str) -> Answer {
        self.send(site, self.request("POST", path)).await
    }

    pub(crate) fn receive(&mut self, answer: &Answer) {
        for line in answer.values("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            match line.contains("Max-Age=0") {
                true => self.0.remove(name),
                false => self.0.insert(name.to_owned(), value.to_owned()),
            };
        }
    }

    /// The browser after it was closed.
    pub(crate) fn closed(mut self) -> Self {
        self.0.remove(SESSION);
        self
    }

    /// The ID of the user who is logged in, or `none`. The browser is a copy.
    pub(crate) async fn who(&self, site: &impl Site) -> String {
        let answer = self.clone().get(site, "/handle").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    pub(crate) async fn data(&self, site: &impl Site) -> String {
        self.clone().get(site, "/data").await.body
    }

    /// ID of each session of the user, and the rest of its line.
    pub(crate) async fn sessions(&self, site: &impl Site) -> Vec<(SessionId, String)> {
        let answer = self.clone().get(site, "/sessions").await;
        let lines = answer.body.lines().map(|line| line.split_once(' ').unwrap());
        lines.map(|(id, rest)| (id.parse().unwrap(), rest.to_owned())).collect()
    }
}

/// Polls a request up to so many times. Returns the response if it is ready.
pub(crate) fn poll(answering: &mut Answering<'_>, times: usize) -> Option<Answer> {
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match answering.as_mut().poll(&mut context) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    })
}
