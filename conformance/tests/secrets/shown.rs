//! `Debug` texts and errors of the core's types.

use std::sync::Arc;
use std::time::Duration;

use login_core::adapter::{RefusalHandlers, RequestLogin, Requirement, Step};
use login_core::{
    ConfigError, LoadError, Login, LoginError, LoginManager, LoginManagerBuilder, Refusal, Request, SecretKey,
    TestClock,
};

use crate::application::{Account, Events, HASH, KEY, OLD_KEY, account, configured, key};
use crate::watch::Secrets;

type Builder = LoginManagerBuilder<Account>;

fn builder(text: &str) -> Builder {
    LoginManager::builder(key(text), TestClock::new(1_700_000_000), |buffer: &mut [u8]| buffer.fill(5))
}

fn manager() -> LoginManager<Account> {
    configured(builder(KEY), false, &Events::default()).build_without_loader().unwrap()
}

/// The secrets, with the values of these cookies.
fn secrets(cookie: &str) -> Secrets {
    let mut secrets = Secrets::default();
    [KEY, OLD_KEY, HASH].iter().for_each(|secret| secrets.add(secret));
    cookie.split("; ").filter_map(|pair| pair.split_once('=')).for_each(|(_, value)| secrets.add(value));
    secrets
}

fn access(manager: &LoginManager<Account>, cookie: &str) -> (RequestLogin<Account>, Login<Account>) {
    let request_login = manager.begin();
    let login = request_login.access(|| Request::new("GET", "/here").with_header("cookie", cookie.as_bytes()));
    (request_login, login)
}

fn cookie(manager: &LoginManager<Account>) -> String {
    manager.test_login(account()).remembered(Duration::from_secs(60)).now().unwrap().header()
}

#[test]
fn debug_of_types_contains_no_secret() {
    let manager = manager();
    let cookie = cookie(&manager);
    let secrets = secrets(&cookie);
    let (request_login, login) = access(&manager, &cookie);
    let handlers = RefusalHandlers::<String>::default().with(Refusal::Unauthorized, |_, _| Some(KEY.to_owned()));
    let Step::LoadUser { id, token } = login.resolve() else { panic!("there is a session") };
    let pending = Step::LoadUser { id, token };
    let failed = LoadError::new("the table does not answer");
    for shown in [
        format!("{:?} {:?}", key(KEY), configured(builder(KEY), true, &Events::default())),
        format!("{manager:?} {request_login:?} {login:?} {:?} {:?}", login.request(), login.user()),
        format!("{:?} {:?} {handlers:?}", login.log_in(account()), manager.test_login(account())),
        format!("{pending:?} {failed:?} {failed} {:?}", LoginError::from(failed.clone())),
        format!("{:?} {:?}", login.check(Requirement::Login), login.refuse(Refusal::NeedsRefresh)),
        format!("{:?}", login.take_flashes()),
    ] {
        secrets.assert_not_in(&shown);
    }
}

#[test]
fn errors_contain_no_secret() {
    let secrets = secrets("");
    let refused = |change: &dyn Fn(Builder) -> Builder| change(builder(KEY)).build_without_loader().unwrap_err();
    let all: [ConfigError; 7] = [
        refused(&|b| b.fallback_key(key(&OLD_KEY[..20]))),
        builder(&KEY[..20]).build_without_loader().unwrap_err(),
        refused(&|b| b.session_cookie(|cookie| cookie.path("/x"))),
        refused(&|b| b.remember_cookie(|cookie| cookie.name("__Host-session"))),
        refused(&|b| b.login_view("login")),
        refused(&|b| b.trusted_origin("app.example")),
        refused(&|b| b.session_lifetime(Duration::ZERO)),
    ];
    for error in all {
        secrets.assert_not_in(&format!("{error} {error:?}"));
    }
    for error in [SecretKey::from_env("NO_SUCH_VARIABLE").unwrap_err(), SecretKey::from_text("").unwrap_err()] {
        secrets.assert_not_in(&format!("{error} {error:?}"));
    }
    let manager = manager();
    let (request_login, login) = access(&manager, "");
    let long = Account { id: "x".repeat(4000), ..account() };
    let mut errors = vec![
        login.log_in(long).now().unwrap_err(),
        login.log_in(account()).duration(Duration::MAX).remember(true).now().unwrap_err(),
        login.insert("_user_id", "1").unwrap_err(),
        login.insert("pairs", &std::collections::BTreeMap::from([((1, 2), 3)])).unwrap_err(),
    ];
    login.log_in(account()).now().unwrap();
    login.insert("colour", "blue").unwrap();
    errors.push(login.get::<bool>("colour").unwrap_err());
    errors.push(login.confirm_now(&Account { id: "2".to_owned(), ..account() }).unwrap_err());
    let _ = request_login.finish(200);
    errors.push(login.confirm_now(&account()).unwrap_err());
    for error in errors {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        secrets.assert_not_in(&format!("{error} {error:?} {cause:?}"));
    }
}

#[test]
fn debug_of_response_parts_contains_no_cookie() {
    let manager = manager();
    let (request_login, login) = access(&manager, "");
    login.log_in(account()).remember(true).now().unwrap();
    let parts = request_login.finish(200);
    let pairs = parts.set_cookies.iter().map(|line| line.split(';').next().unwrap());
    secrets(&pairs.collect::<Vec<_>>().join("; ")).assert_not_in(&format!("{parts:?}"));
}

#[test]
fn debug_of_a_done_step_contains_no_user() {
    let manager = manager();
    let cookie = cookie(&manager);
    let (_, login) = access(&manager, &cookie);
    let Step::LoadUser { token, .. } = login.resolve() else { panic!("there is a session") };
    let done = token.answer(Some(Arc::new(account())));
    secrets(&cookie).assert_not_in(&format!("{done:?}"));
}
