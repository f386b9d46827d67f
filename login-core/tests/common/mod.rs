//! What the tests of the public API share: users, managers of both formats, requests.

#![allow(dead_code, reason = "no test file needs all of it")]

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use login_core::adapter::{RequestLogin, Step};
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
    fn id(&self) -> String {
        self.id.clone()
    }

    fn is_active(&self) -> bool {
        self.is_active
    }

    fn auth_hash(&self) -> Option<Cow<'_, [u8]>> {
        self.hash.as_ref().map(|hash| hash.as_bytes().into())
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

/// A manager of each format, configured alike.
pub(crate) fn both(change: impl Fn(Builder) -> Builder) -> [Manager; 2] {
    [native(&change), flask(&change)]
}

pub(crate) fn look(manager: &Manager, cookie: &str) -> (RequestLogin<Account>, Login<Account>) {
    look_at(manager, Request::new("GET", "/here").with_header("cookie", cookie.as_bytes()))
}

pub(crate) fn look_at(manager: &Manager, request: Request) -> (RequestLogin<Account>, Login<Account>) {
    let request_login = manager.begin();
    let login = request_login.access(|| request);
    (request_login, login)
}

/// Runs the steps with a table in which everyone is and a request loader that finds no one.
pub(crate) fn run(login: &Login<Account>) -> Option<Arc<Account>> {
    run_with(login, |id| Some(account(id)), None)
}

/// Runs the steps with these loaders' answers.
pub(crate) fn run_with(
    login: &Login<Account>,
    find: impl Fn(&str) -> Option<Account>,
    by_request: Option<Account>,
) -> Option<Arc<Account>> {
    let mut step = login.resolve();
    loop {
        step = match step {
            Step::LoadUser(token) => {
                let user = find(token.user_id());
                token.answer(user)
            }
            Step::LoadUserFromRequest(token) => token.answer(by_request.clone()),
            Step::Done(user) => return user.unwrap(),
        }
    }
}

/// So many letters, which no compression makes much shorter.
pub(crate) fn letters(count: usize) -> String {
    let mut random = 1_u32;
    let letter = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (random >> 24) as u8 % 26)
    };
    std::iter::repeat_with(letter).take(count).collect()
}

/// The Cookie header that the response's Set-Cookie lines make of an empty jar.
pub(crate) fn cookies(request_login: &RequestLogin<Account>) -> String {
    let lines = request_login.finish().set_cookies;
    let kept = lines.iter().filter(|line| !line.contains("Max-Age=0"));
    kept.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

/// What a manager told its listeners, by name.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<&'static str>>>);

impl Heard {
    pub(crate) fn listener(&self) -> impl Fn(&Event<'_, Account>) + Send + Sync + 'static {
        let heard = Arc::clone(&self.0);
        move |event| heard.lock().unwrap().push(event.name())
    }

    /// What was told since the last call.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
