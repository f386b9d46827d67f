//! Shared by the tests of the public API: users, managers of both formats, requests.

#![allow(dead_code, reason = "no test file uses all of it")]

pub(crate) mod site;
#[path = "../kept_sessions/store.rs"]
pub(crate) mod store;

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use login_core::adapter::{RequestLogin, Step, session_entries};
use login_core::{Event, Login, LoginManager, LoginManagerBuilder, Request, SecretKey, TestClock, User};

pub(crate) const KEY: &str = "a key of 32 bytes at least, yes?";
pub(crate) const NOW: u64 = 1_700_000_000;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) is_active: bool,
    pub(crate) hash: Option<String>,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn is_active(&self) -> bool {
        self.is_active
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.hash.as_deref().unwrap_or_default().as_bytes().into()
    }
}

pub(crate) fn account(id: &str) -> Account {
    Account { id: id.to_owned(), is_active: true, hash: None }
}

pub(crate) type Builder = LoginManagerBuilder<Account>;
pub(crate) type Manager = LoginManager<Account>;

pub(crate) fn builder(clock: &TestClock) -> Builder {
    let key = SecretKey::from_text(KEY).unwrap();
    LoginManager::builder(key, clock.clone(), |buffer: &mut [u8]| buffer.fill(5))
}

pub(crate) fn native(change: impl Fn(Builder) -> Builder) -> Manager {
    change(builder(&TestClock::new(NOW))).build_without_loader().unwrap()
}

pub(crate) fn flask(change: impl Fn(Builder) -> Builder) -> Manager {
    change(builder(&TestClock::new(NOW)).flask_compatible()).build_without_loader().unwrap()
}

/// A manager of each format, with the same configuration.
pub(crate) fn both(change: impl Fn(Builder) -> Builder) -> [Manager; 2] {
    [native(&change), flask(&change)]
}

/// Accesses the login of a request with this Cookie header.
pub(crate) fn access(manager: &Manager, cookie: &str) -> (RequestLogin<Account>, Login<Account>) {
    access_with(manager, Request::new("GET", "/here").with_header("cookie", cookie.as_bytes()))
}

/// Accesses the login of this request.
pub(crate) fn access_with(manager: &Manager, request: Request) -> (RequestLogin<Account>, Login<Account>) {
    let request_login = manager.begin();
    let login = request_login.access(|| request);
    (request_login, login)
}

/// Runs the steps. The user loader finds a user for every ID, the request loader finds none.
pub(crate) fn run(login: &Login<Account>) -> Option<Arc<Account>> {
    run_with(login, |id| Some(account(id)), None)
}

/// Runs the steps with these answers of the loaders.
pub(crate) fn run_with(
    login: &Login<Account>,
    find: impl Fn(&str) -> Option<Account>,
    by_request: Option<Account>,
) -> Option<Arc<Account>> {
    let mut step = login.resolve();
    loop {
        step = match step {
            Step::LoadUser { id, token } => {
                let user = find(&id);
                token.answer(user)
            }
            Step::LoadUserFromRequest(token) => token.answer(by_request.clone()),
            Step::AskStore(_) => unreachable!("there is no store"),
            Step::Done(user) => return user.unwrap(),
        }
    }
}

/// So many pseudo-random letters, which hardly compress.
pub(crate) fn letters(count: usize) -> String {
    let mut random = 1_u32;
    let letter = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (random >> 24) as u8 % 26)
    };
    std::iter::repeat_with(letter).take(count).collect()
}

/// The Cookie header of a browser that has only the cookies of this response.
pub(crate) fn cookies(request_login: &RequestLogin<Account>) -> String {
    let lines = request_login.finish(200).set_cookies;
    let kept = lines.iter().filter(|line| !line.contains("Max-Age=0"));
    kept.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

/// The names of the events that a listener was notified of.
#[derive(Clone, Default)]
pub(crate) struct Notified(Arc<Mutex<Vec<&'static str>>>);

impl Notified {
    pub(crate) fn listener(&self) -> impl Fn(&Event<'_, Account>) + Send + Sync + 'static {
        let notified = Arc::clone(&self.0);
        move |event| notified.lock().unwrap().push(event.name())
    }

    /// The events since the last call.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The value of a reserved key of the session.
pub(crate) fn reserved(login: &Login<Account>, key: &str) -> Option<serde_json::Value> {
    let entries = session_entries(login);
    let (_, value) = entries.iter().find(|(each, _)| each == key)?;
    Some(serde_json::from_str(value).unwrap())
}
