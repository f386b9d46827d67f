//! One application for every adapter, and a function that requests all of its pages.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use login_core::adapter::BuiltManager;
use login_core::{LoadError, Login, LoginError, LoginManagerBuilder, SecretKey, User, UserLoader};

use crate::watch::{Secrets, install_recorder, logged};

pub(crate) const KEY: &str = "signs everything: 7Qx2-vN8r-Lk5t-W3mz";
pub(crate) const OLD_KEY: &str = "signed it before: 4Hc9-pB6y-Zd1s-J8fu";
pub(crate) const HASH: &str = "$argon2id$v=19$of-a-password$kR5wT9xE2nV6";

/// Its derived `Debug` contains the hash, so the library must not use it.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) hash: String,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.hash.as_bytes().into()
    }
}

pub(crate) fn account() -> Account {
    Account { id: "1".to_owned(), hash: HASH.to_owned() }
}

/// The user table.
#[derive(Clone, Default)]
pub(crate) struct Accounts {
    fails: Arc<AtomicBool>,
    has_new_password: Arc<AtomicBool>,
}

impl UserLoader for Accounts {
    type User = Account;
    type Error = &'static str;

    async fn load_user(&self, _: String) -> Result<Option<Account>, Self::Error> {
        if self.fails.load(Ordering::SeqCst) {
            return Err("the table does not answer");
        }
        let mut account = account();
        if self.has_new_password.load(Ordering::SeqCst) {
            account.hash.push('2');
        }
        Ok(Some(account))
    }
}

pub(crate) fn key(text: &str) -> SecretKey {
    SecretKey::from_text(text).unwrap()
}

/// The cause of a failed load.
pub(crate) fn load_error(error: &LoginError) -> LoadError {
    let LoginError::Load(error) = error else { panic!("{error}") };
    error.clone()
}

/// The settings with the most output.
pub(crate) fn configured<M: BuiltManager<Account>>(
    builder: LoginManagerBuilder<Account, M>,
    flask: bool,
    events: &Events,
) -> LoginManagerBuilder<Account, M> {
    let texts = Arc::clone(&events.0);
    let builder = if flask { builder.flask_compatible() } else { builder };
    builder
        .fallback_key(key(OLD_KEY))
        .login_view("/login")
        .refresh_remember_cookie_each_request()
        .on_event(move |event| texts.lock().unwrap().push(format!("{event:?} {}", event.name())))
}

/// The events that listeners were notified of, as text.
#[derive(Clone, Default)]
pub(crate) struct Events(pub(crate) Arc<Mutex<Vec<String>>>);

/// The handler for a path. `None` if the adapter has its own handler for it.
pub(crate) fn handle(path: &str, login: &Login<Account>) -> Option<Result<String, LoginError>> {
    let done = |result: Result<(), LoginError>| Some(result.map(|()| "done".to_owned()));
    match path {
        "/in" => done(login.log_in(account()).remember(true).now()),
        "/data" => done(login.insert("colour", "blue")),
        "/large" => {
            done(login.insert("large", &(0..2000_u32).map(|n| n.wrapping_mul(2_654_435_761)).collect::<Vec<_>>()))
        }
        "/reserved" => done(login.insert("_user_id", "2")),
        "/type" => Some(login.get::<bool>("colour").map(|value| format!("{value:?}"))),
        "/duration" => done(login.log_in(account()).remember(true).duration(Duration::MAX).now()),
        "/confirm" => done(login.confirm_now(&account())),
        "/shown" => Some(Ok(format!(
            "{login:?} {:?} {:?} {:?} {:?}",
            login.request(),
            login.user(),
            login.log_in(account()),
            login.resolve(),
        ))),
        _ => None,
    }
}

pub(crate) const PATHS: [&str; 8] = ["/in", "/data", "/large", "/reserved", "/type", "/duration", "/confirm", "/shown"];

/// A response as the client receives it.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Requests all pages of an application and searches all of its output for secrets. `/me` needs
/// a login, `/out` logs out, and `/error` responds with the error of a failed load.
pub(crate) async fn visit(accounts: &Accounts, events: &Events, get: impl AsyncFn(&str, &str) -> Reply) {
    install_recorder();
    let mut secrets = Secrets::default();
    [KEY, OLD_KEY, HASH].iter().for_each(|secret| secrets.add(secret));
    let mut output = Vec::new();
    let mut ask = async |path: &str, cookie: &str| {
        let reply = get(path, cookie).await;
        let mut jar = Vec::new();
        for (name, value) in &reply.headers {
            let Some((pair, attributes)) = value.split_once(';').filter(|_| name == "set-cookie") else {
                output.push(format!("{name}: {value}"));
                continue;
            };
            secrets.assert_not_in(pair);
            output.push(attributes.to_owned());
            jar.push(pair.to_owned());
        }
        output.push(reply.body);
        (reply.status, jar)
    };

    let (status, jar) = ask("/in", "").await;
    assert_eq!((status, jar.len()), (200, 2));
    let mut cookies = jar.clone();
    let all = jar.join("; ");
    for path in PATHS.into_iter().chain(["/me"]) {
        let (_, more) = ask(path, &all).await;
        cookies.extend(more);
    }
    let remembered = jar.iter().find(|pair| pair.contains("remember")).unwrap();
    for cookie in [&all, remembered] {
        let (status, more) = ask("/me", cookie).await;
        assert_eq!(status, 200);
        cookies.extend(more);
        let at = cookie.len() - 20;
        let other = if cookie.as_bytes()[at] == b'A' { "B" } else { "A" };
        let forged = format!("{}{other}{}", &cookie[..at], &cookie[at + 1..]);
        cookies.extend(forged.split("; ").map(str::to_owned));
        ask("/me", &forged).await;
        accounts.fails.store(true, Ordering::SeqCst);
        for path in ["/me", "/out", "/error"] {
            assert_eq!(ask(path, cookie).await.0, 500, "{path}");
        }
        accounts.fails.store(false, Ordering::SeqCst);
        accounts.has_new_password.store(true, Ordering::SeqCst);
        ask("/me", cookie).await;
        accounts.has_new_password.store(false, Ordering::SeqCst);
    }
    ask("/me", "").await;
    let (status, gone) = ask("/out", &all).await;
    assert_eq!((status, gone.len()), (200, 2));

    for pair in &cookies {
        let value = pair.split_once('=').unwrap().1;
        if !value.is_empty() {
            secrets.add(value);
        }
    }
    output.push(logged());
    output.extend(std::mem::take(&mut *events.0.lock().unwrap()));
    output.iter().for_each(|text| secrets.assert_not_in(text));
    assert!(logged().contains("the table does not answer") && logged().contains("logged_in"), "the log was recorded");
}
