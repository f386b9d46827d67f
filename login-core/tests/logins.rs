//! The core as a custom server uses it: the test runs the steps itself, with a test clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use login_core::adapter::{Answer, RequestLogin, Requirement, Step};
use login_core::{
    ConfigError, CookieProblem, Login, LoginError, LoginManager, LoginManagerBuilder, Refusal, Request, SameSite,
    SecretKey, TestClock, User,
};

const KEY: &str = "a key of 32 bytes at least, yes?";
const NOW: u64 = 1_700_000_000;

#[derive(Debug)]
struct Account {
    id: String,
    hash: Option<String>,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.hash.as_deref().unwrap_or_default().as_bytes().into()
    }
}

fn account(id: &str) -> Account {
    Account { id: id.to_owned(), hash: None }
}

fn key(text: &str) -> SecretKey {
    SecretKey::from_text(text).unwrap()
}

type Builder = LoginManagerBuilder<Account>;

fn builder(clock: &TestClock) -> Builder {
    LoginManager::builder(key(KEY), clock.clone(), |buffer: &mut [u8]| buffer.fill(5))
}

fn manager() -> LoginManager<Account> {
    builder(&TestClock::new(NOW)).build_without_loader().unwrap()
}

fn access(manager: &LoginManager<Account>, cookie: &str) -> (RequestLogin<Account>, Login<Account>) {
    let request_login = manager.begin();
    let login = request_login.access(|| Request::new("GET", "/here").with_header("cookie", cookie.as_bytes()));
    (request_login, login)
}

/// Runs the steps. The user loader finds a user for every ID.
fn run(login: &Login<Account>) -> Option<Arc<Account>> {
    let mut step = login.resolve();
    loop {
        step = match step {
            Step::LoadUser { id, token } => {
                let user = account(&id);
                token.answer(Some(user))
            }
            Step::LoadUserFromRequest(token) => token.answer(None::<Account>),
            Step::AskStore(_) => unreachable!("there is no store"),
            Step::Done(user) => return user.unwrap(),
        }
    }
}

/// The Cookie header of a browser that has only the cookies of this response.
fn cookies(request_login: &RequestLogin<Account>) -> String {
    let lines = request_login.finish(200).set_cookies;
    lines.iter().map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

#[test]
fn dropping_a_token_changes_nothing() {
    let manager = manager();
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (request_login, login) = access(&manager, &cookie);
    for _ in 0..2 {
        let Step::LoadUser { id, token } = login.resolve() else { panic!("there is a session") };
        assert_eq!(id, "1");
        drop(token);
    }
    assert_eq!(run(&login).unwrap().id, "1");
    assert!(request_login.finish(200).set_cookies.is_empty());
}

#[test]
fn an_answer_after_a_logout_is_discarded() {
    let manager = manager();
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (request_login, login) = access(&manager, &cookie);
    let Step::LoadUser { token, .. } = login.resolve() else { panic!("there is a session") };
    login.log_out().now().unwrap();
    let Step::Done(user) = token.answer(Some(account("1"))) else { panic!("the user is resolved") };
    assert!(user.unwrap().is_none());
    assert!(run(&login).is_none());
    assert!(request_login.finish(200).set_cookies[0].contains("Max-Age=0"));
}

#[test]
fn a_second_answer_returns_the_user_of_the_first() {
    let manager = manager();
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (_, login) = access(&manager, &cookie);
    let (Step::LoadUser { token: a, .. }, Step::LoadUser { token: b, .. }) = (login.resolve(), login.resolve()) else {
        panic!("there is a session")
    };
    let (Step::Done(a), Step::Done(b)) = (a.answer(Some(account("1"))), b.answer(None::<Account>)) else {
        panic!("the user is resolved")
    };
    assert!(Arc::ptr_eq(&a.unwrap().unwrap(), &b.unwrap().unwrap()));
}

#[test]
fn a_failed_load_is_an_error_and_not_an_anonymous_user() {
    let manager = manager();
    let cookie = manager.test_login(account("1")).remembered(Duration::from_secs(60)).now().unwrap().header();
    let (request_login, login) = access(&manager, &cookie);
    let Step::LoadUser { token, .. } = login.resolve() else { panic!("there is a session") };
    let error = token.fail("the secret cause");
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert!(matches!(login.resolve(), Step::Done(Err(_))));
    assert_eq!(login.check(Requirement::Login).unwrap_err(), Refusal::Unauthorized);
    login.insert("a", "b").unwrap();
    let parts = request_login.finish(200);
    assert!(parts.failure.is_some() && parts.vary_cookie && parts.set_cookies.is_empty());
}

#[test]
fn sessions_and_remember_cookies_end_when_the_auth_hash_changes() {
    let manager = manager();
    let with = |hash: Option<&str>| Account { id: "1".to_owned(), hash: hash.map(str::to_owned) };
    let finds = |cookie: &str, hash: Option<&str>| {
        let (_, login) = access(&manager, cookie);
        let mut step = login.resolve();
        loop {
            step = match step {
                Step::LoadUser { token, .. } => token.answer(Some(with(hash))),
                Step::LoadUserFromRequest(_) => panic!("there is no request loader"),
                Step::AskStore(_) => unreachable!("there is no store"),
                Step::Done(user) => return user.unwrap().is_some(),
            }
        }
    };
    for hash in [None, Some("one")] {
        let login = || manager.test_login(with(hash)).remembered(Duration::from_secs(60));
        for cookie in [login().now().unwrap().header(), login().without_session().now().unwrap().header()] {
            assert!(!cookie.contains("one"));
            for now in [None, Some("one"), Some("two")] {
                assert_eq!(finds(&cookie, now), now == hash, "{hash:?} {now:?}");
            }
            assert_eq!(finds(&cookie, Some("")), hash.is_none(), "an empty hash is none");
        }
    }
}

#[test]
fn inserting_too_much_data_is_an_error() {
    for builder in [builder(&TestClock::new(NOW)), builder(&TestClock::new(NOW)).flask_compatible()] {
        let manager = builder.build_without_loader().unwrap();
        let (request_login, login) = access(&manager, "");
        login.log_in(account("1")).now().unwrap();
        // This text does not compress.
        let noise = |length: u32| {
            (0..length).map(|n| n.wrapping_mul(2_654_435_761)).map(|n| format!("{n:08x}")).collect::<String>()
        };
        let largest = (0..2000).take_while(|length| login.insert("noise", &noise(*length)).is_ok()).last().unwrap();
        assert!(largest > 200, "{largest}");
        let error = login.insert("noise", &noise(largest + 1)).unwrap_err();
        assert!(matches!(error, LoginError::CookieTooLarge { size, limit: 4096, .. } if size > 4096), "{error}");
        assert_eq!(login.get::<String>("noise").unwrap().unwrap(), noise(largest), "the older value stays");
        let line = request_login.finish(200).set_cookies.remove(0);
        let pair = line.split(';').next().unwrap();
        assert!(pair.len() <= 4097, "name, value and `=`: {}", pair.len());
        let (_, login) = access(&manager, pair);
        assert_eq!(run(&login).unwrap().id, "1");
        let long = account(&"x".repeat(4000));
        assert!(matches!(login.log_in(long).remember(true).now(), Err(LoginError::CookieTooLarge { .. })));
        assert_eq!(run(&login).unwrap().id, "1", "nothing was changed");
    }
}

#[test]
fn session_data_is_typed() {
    let manager = builder(&TestClock::new(NOW)).flask_compatible().build_without_loader().unwrap();
    let (request_login, login) = access(&manager, "");
    login.insert("pair", &(1, "é")).unwrap();
    login.insert("like a tag", &std::collections::BTreeMap::from([(" t", [1])])).unwrap();
    assert!(matches!(login.insert("_user_id", "1"), Err(LoginError::ReservedKey(_))));
    assert!(matches!(login.remove("_flashes"), Err(LoginError::ReservedKey(_))));
    let (_, login) = access(&manager, &cookies(&request_login));
    assert_eq!(login.get::<(u8, String)>("pair").unwrap(), Some((1, "é".to_owned())));
    assert!(matches!(login.get::<bool>("pair"), Err(LoginError::Deserialize(_))));
    let tag: std::collections::BTreeMap<String, Vec<u8>> = login.get("like a tag").unwrap().unwrap();
    assert_eq!(tag[" t"], [1]);
    assert_eq!(login.get::<u8>("none").unwrap(), None);
    assert!(login.remove("pair").unwrap() && !login.remove("pair").unwrap());
    assert_eq!(login.keys(), ["like a tag"]);
}

#[test]
fn an_emptied_session_is_deleted_and_an_unchanged_one_is_not_written() {
    let manager = manager();
    let (request_login, login) = access(&manager, "");
    login.flash_as("info", "one").unwrap();
    login.flash("two").unwrap();
    let cookie = cookies(&request_login);
    let (request_login, login) = access(&manager, &cookie);
    assert_eq!(login.get::<u8>("a").unwrap(), None);
    assert!(request_login.finish(200).set_cookies.is_empty());
    let (request_login, login) = access(&manager, &cookie);
    let flashes = login.take_flashes().unwrap();
    assert_eq!((&*flashes[0].category, &*flashes[0].message, &*flashes[1].category), ("info", "one", "message"));
    assert!(
        request_login.finish(200).set_cookies[0].starts_with(
            "__Host-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 "
        )
    );
}

#[test]
fn flask_sessions_store_the_login_time_if_a_maximum_age_is_set() {
    let clock = TestClock::new(NOW);
    let bare = builder(&clock).flask_compatible().build_without_loader().unwrap();
    let aged = builder(&clock)
        .flask_compatible()
        .fresh_login_max_age(Duration::from_secs(600))
        .build_without_loader()
        .unwrap();
    let within = Requirement::FreshLoginWithin(Duration::from_secs(300));
    let judged = |manager: &LoginManager<Account>, cookie: &str, requirement| {
        let (_, login) = access(manager, cookie);
        run(&login);
        login.check(requirement).is_ok()
    };
    let cookie = bare.test_login(account("1")).now().unwrap().header();
    assert!(judged(&bare, &cookie, Requirement::FreshLogin));
    assert!(!judged(&bare, &cookie, within), "an unknown age is not fresh enough");
    assert!(!judged(&aged, &cookie, Requirement::FreshLogin));
    let cookie = aged.test_login(account("1")).now().unwrap().header();
    clock.advance(Duration::from_secs(300));
    assert!(judged(&aged, &cookie, within));
    clock.advance(Duration::from_secs(300));
    assert!(judged(&aged, &cookie, Requirement::FreshLogin) && !judged(&aged, &cookie, within));
    clock.advance(Duration::from_secs(1));
    assert!(!judged(&aged, &cookie, Requirement::FreshLogin) && judged(&aged, &cookie, Requirement::Login));
}

#[test]
fn keys_can_be_rotated() {
    let clock = TestClock::new(NOW);
    let old = builder(&clock).build_without_loader().unwrap();
    let (newer, newest) = ("another key of 32 bytes, at least", "the newest key of 32 bytes or so.");
    let of = |text: &str| LoginManager::<Account>::builder(key(text), clock.clone(), |_: &mut [u8]| ());
    let both = of(newer).fallback_key(key(KEY)).build_without_loader().unwrap();
    let only = of(newer).build_without_loader().unwrap();
    let cookie = old.test_login(account("1")).remembered(Duration::from_secs(60)).now().unwrap().header();
    assert!(run(&access(&only, &cookie).1).is_none());
    let (request_login, login) = access(&both, &cookie);
    assert!(run(&login).is_some());
    login.insert("a", "b").unwrap();
    assert!(
        run(&access(&only, &cookies(&request_login)).1).is_some(),
        "a changed session is signed with the current key"
    );
    assert!(run(&access(&of(newest).build_without_loader().unwrap(), &cookie).1).is_none());
}

#[test]
fn a_refreshed_remember_cookie_is_signed_with_the_current_key() {
    let clock = TestClock::new(NOW);
    let newer = "another key of 32 bytes, at least";
    let of = |text: &str| LoginManager::<Account>::builder(key(text), clock.clone(), |_: &mut [u8]| ());
    let hashed = || Account { id: "1".to_owned(), hash: Some("hash".to_owned()) };
    let find = |login: &Login<Account>| {
        let Step::LoadUser { token, .. } = login.resolve() else { panic!("there is a cookie") };
        let Step::Done(user) = token.answer(Some(hashed())) else { panic!("the user is resolved") };
        user.unwrap().is_some()
    };
    let old = builder(&clock).build_without_loader().unwrap().test_login(hashed());
    let cookie = old.remembered(Duration::from_secs(60)).without_session().now().unwrap().header();
    let both = of(newer).fallback_key(key(KEY)).refresh_remember_cookie_each_request().build_without_loader().unwrap();
    let (request_login, login) = access(&both, &cookie);
    assert!(find(&login));
    let refreshed = cookies(&request_login);
    let remember = refreshed.split("; ").find(|pair| pair.starts_with("__Host-remember_token=")).unwrap();
    assert!(find(&access(&of(newer).build_without_loader().unwrap(), remember).1));
}

#[test]
fn invalid_configurations_are_refused() {
    let problem =
        |change: &dyn Fn(Builder) -> Builder| change(builder(&TestClock::new(NOW))).build_without_loader().unwrap_err();
    assert_eq!(
        problem(&|b| b.session_cookie(|c| c.name("a").secure(false).same_site(SameSite::None))),
        ConfigError::Cookie { name: "a".to_owned(), problem: CookieProblem::SameSiteNoneNeedsSecure }
    );
    assert!(matches!(problem(&|b| b.remember_cookie(|c| c.name("__Host-session"))), ConfigError::SameCookieNames(_)));
    assert!(matches!(problem(&|b| b.session_cookie(|c| c.path("/x"))), ConfigError::Cookie { .. }));
    assert!(matches!(problem(&|b| b.fallback_key(key("short"))), ConfigError::ShortKey { length: 5 }));
    assert!(matches!(problem(&|b| b.login_view("login")), ConfigError::Address { setting: "login_view", .. }));
    assert!(matches!(problem(&|b| b.login_view_below("admin", "/x")), ConfigError::Address { .. }));
    assert!(matches!(problem(&|b| b.refresh_view("//evil.example")), ConfigError::Address { .. }));
    assert!(matches!(problem(&|b| b.force_host("a/b")), ConfigError::Address { .. }));
    assert!(matches!(problem(&|b| b.trusted_origin("app.example.com")), ConfigError::Address { .. }));
    assert!(matches!(problem(&|b| b.session_lifetime(Duration::ZERO)), ConfigError::Duration { .. }));
    assert!(matches!(problem(&|b| b.remember_duration(Duration::MAX)), ConfigError::Duration { .. }));
    assert!(builder(&TestClock::new(NOW)).insecure_plain_http().build_without_loader().is_ok());
    let short: Builder = LoginManager::builder(key("short"), || NOW, |_: &mut [u8]| ());
    assert!(short.flask_compatible().build_without_loader().is_ok());
}

#[test]
fn a_refusal_redirects_even_if_next_does_not_fit_into_the_session() {
    let clock = TestClock::new(NOW);
    let manager = builder(&clock).login_view("/login").use_session_for_next().build_without_loader().unwrap();
    let request_login = manager.begin();
    let target = format!("/{}", "x".repeat(9000));
    let login = request_login.access(|| Request::new("POST", &target));
    let answer = login.refuse(Refusal::Unauthorized);
    assert_eq!(answer, Answer::redirect(303, "/login".to_owned()));
    assert_eq!(request_login.finish(200).set_cookies.len(), 1, "the message was flashed");
}

#[test]
fn listeners_are_notified_of_every_event_in_order() {
    let notified: Arc<Mutex<Vec<String>>> = Arc::default();
    let (first, second) = (Arc::clone(&notified), Arc::clone(&notified));
    let manager = builder(&TestClock::new(NOW))
        .on_event(move |event| first.lock().unwrap().push(event.name().to_owned()))
        .on_event(move |event| second.lock().unwrap().push(format!("{event:?}")))
        .build_without_loader()
        .unwrap();
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (_, login) = access(&manager, &cookie);
    run(&login);
    login.confirm_now(&account("1")).unwrap();
    login.log_out().now().unwrap();
    assert_eq!(
        *notified.lock().unwrap(),
        [
            "logged_in",
            "Event(logged_in)",
            "accessed",
            "Event(accessed)",
            "login_confirmed",
            "Event(login_confirmed)",
            "logged_out",
            "Event(logged_out)"
        ]
    );
}

#[tokio::test]
async fn awaiting_the_user_without_a_loader_is_an_error() {
    let manager = manager();
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let error = access(&manager, &cookie).1.user().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("Login::resolve"), "{cause}");
}
