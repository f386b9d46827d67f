//! User IDs of the application's own type, and what the methods that take users accept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot continue fails")]

mod common;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use common::{KEY, NOW};
use login_core::adapter::Step;
use login_core::{LoginError, LoginManager, LoginManagerBuilder, Request, SecretKey, TestClock, User};

/// A user with a numeric ID.
#[derive(Debug, Clone)]
struct Member(i64);

impl User for Member {
    type Id = i64;

    fn id(&self) -> i64 {
        self.0
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

fn builder<U: User>() -> LoginManagerBuilder<U> {
    let key = SecretKey::from_text(KEY).unwrap();
    LoginManager::builder(key, TestClock::new(NOW), |buffer: &mut [u8]| buffer.fill(5))
}

/// Cookies of a login of the user with this text as ID.
fn cookies(flask: bool, id: &str, remember: bool) -> String {
    let builder = if flask { builder().flask_compatible() } else { builder() };
    let manager = builder.build_without_loader().unwrap();
    let login = manager.test_login(common::account(id));
    let login = if remember { login.remembered(std::time::Duration::from_secs(600)).without_session() } else { login };
    login.now().unwrap().header()
}

#[tokio::test]
async fn the_loader_gets_the_id_in_its_own_type() {
    for (flask, remember) in [(false, false), (false, true), (true, false), (true, true)] {
        let asked: Arc<Mutex<Vec<i64>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let builder = if flask { builder().flask_compatible() } else { builder() };
        let loader = move |id: i64| {
            seen.lock().unwrap().push(id);
            std::future::ready(Ok::<_, std::io::Error>(Some(Member(id))))
        };
        let manager = builder.build(loader).unwrap();
        let user = async |id: &str| {
            let cookie = cookies(flask, id, remember);
            let request_login = manager.begin();
            let login = request_login.access(|| Request::new("GET", "/").with_header("cookie", cookie.as_bytes()));
            let user = login.user().await.unwrap().map(|member| member.0);
            assert_eq!(request_login.finish(200).failure, None, "an ID that is not one is no failure");
            user
        };
        assert_eq!(user("-7").await, Some(-7));
        for no_id in ["", "seven", "7.0", "9223372036854775808", "佐藤"] {
            assert_eq!(user(no_id).await, None, "{no_id}");
        }
        assert_eq!(*asked.lock().unwrap(), [-7], "the loader is not asked for what is no ID");
    }
}

#[tokio::test]
async fn another_text_of_the_same_id_is_the_same_user() {
    let find = |id: i64| std::future::ready(Ok::<_, std::io::Error>(Some(Member(id))));
    let manager = builder().flask_compatible().build(find).unwrap();
    let hour = std::time::Duration::from_secs(3600);
    let other = builder::<common::Account>().flask_compatible().build_without_loader().unwrap();
    let cookie = other.test_login(common::account("+1")).remembered(hour).now().unwrap().header();
    let access = || {
        let request_login = manager.begin();
        let login = request_login.access(|| Request::new("GET", "/").with_header("cookie", cookie.as_bytes()));
        (request_login, login)
    };
    let (_, login) = access();
    assert_eq!(login.user().await.unwrap().unwrap().0, 1);
    assert!(login.login_remembered().await.unwrap());
    login.confirm(&Member(1)).await.unwrap();
    assert!(login.confirm(&Member(2)).await.is_err());
    let (request_login, login) = access();
    login.insert("draft", &"kept").unwrap();
    login.log_in(Member(1)).await.unwrap();
    assert_eq!(login.get::<String>("draft").unwrap().as_deref(), Some("kept"));
    let lines = request_login.finish(200).set_cookies;
    assert!(!lines.iter().any(|line| line.contains("Max-Age=0")), "the remember cookie stays: {lines:?}");
}

/// Flask-Login's remember cookie does not contain its duration. A refresh takes it from the session.
#[test]
fn a_refresh_keeps_the_duration_of_another_text_of_the_same_id() {
    let hour = std::time::Duration::from_secs(3600);
    let flask = || builder::<common::Account>().flask_compatible().build_without_loader().unwrap();
    let request_login = flask().begin();
    let login = request_login.access(|| Request::new("POST", "/login"));
    login.log_in(common::account("+1")).remember(true).duration(hour).now().unwrap();
    let lines = request_login.finish(200).set_cookies;
    let cookie = lines.iter().map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
    let manager = builder::<Member>().flask_compatible().refresh_remember_cookie_each_request();
    let manager = manager.build_without_loader().unwrap();
    for accesses in [false, true] {
        let request_login = manager.begin();
        let request = || Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
        request_login.store_request(request);
        if accesses {
            request_login.access(request);
        }
        let lines = request_login.finish(200).set_cookies;
        let refreshed = lines.iter().find(|line| line.starts_with("remember_token=")).unwrap();
        assert!(refreshed.contains("Max-Age=3600"), "{accesses} {refreshed}");
    }
}

/// An ID of which only a part is written.
#[derive(Debug, PartialEq)]
struct Short(String);

impl FromStr for Short {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}", self.0)
    }
}

struct Shortened(&'static str);

impl User for Shortened {
    type Id = Short;

    fn id(&self) -> Short {
        Short(self.0.to_owned())
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

#[test]
fn two_users_do_not_share_a_text() {
    let manager = builder::<Shortened>().build_without_loader().unwrap();
    assert!(manager.test_login(Shortened("anna")).now().is_ok());
    assert!(manager.test_login(Shortened("annabel")).now().is_err());
}

#[test]
fn a_step_has_the_id() {
    let manager = builder::<Member>().build_without_loader().unwrap();
    let cookie = manager.test_login(Member(7)).now().unwrap().header();
    let login = manager.begin().access(|| Request::new("GET", "/").with_header("cookie", cookie.as_bytes()));
    let Step::LoadUser { id, token } = login.resolve() else { panic!("there is a session") };
    assert_eq!(id, 7_i64);
    assert!(matches!(token.answer(Some(Member(id))), Step::Done(Ok(Some(_)))));
}

/// An ID that is written as another text than it is read from.
#[derive(Debug, Clone, PartialEq)]
struct Name(&'static str);

impl FromStr for Name {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "Ann" | "ann" => Ok(Self("ann")),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

struct Named(&'static str);

impl User for Named {
    type Id = Name;

    fn id(&self) -> Name {
        Name(self.0)
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

#[test]
fn an_id_that_cannot_be_read_back_is_an_error_of_the_login() {
    let manager = builder::<Named>().build_without_loader().unwrap();
    for (name, is_readable) in [("ann", true), ("Ann", false), ("ben", false)] {
        let request_login = manager.begin();
        let login = request_login.access(|| Request::new("POST", "/login"));
        let result = login.log_in(Named(name)).now();
        assert_eq!(result.is_ok(), is_readable, "{name}");
        assert_eq!(request_login.finish(200).set_cookies.len(), usize::from(is_readable), "{name}");
        if let Err(error) = result {
            assert!(matches!(error, LoginError::UnreadableId) && error.to_string().contains("FromStr"), "{error}");
            assert_eq!(error.answer().status(), 500);
        }
    }
}

#[test]
fn a_user_is_taken_by_value_or_shared() {
    let manager = builder::<Member>().build_without_loader().unwrap();
    let login = manager.begin().access(|| Request::new("POST", "/login"));
    let shared = Arc::new(Member(1));
    login.log_in(Member(2)).now().unwrap();
    login.log_in(&shared).now().unwrap();
    login.log_in(Arc::clone(&shared)).now().unwrap();
    let Step::Done(Ok(Some(user))) = login.resolve() else { panic!("a user was logged in") };
    assert!(Arc::ptr_eq(&user, &shared), "the user is not copied");
}
