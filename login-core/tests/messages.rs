//! Error messages, and `Debug` texts, which contain no secrets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::error::Error as _;

use common::{Account, access, account, builder, native};
use login_core::adapter::{MountError, RefusalHandlers, Requirement, ResponseParts, Step};
use login_core::{
    ConfigError, CookieProblem, EventKind, LoadError, LoginError, Refusal, Request, SecretKey, SecretKeyError,
    TestClock,
};

#[test]
fn debug_names_the_type_and_hides_its_content() {
    let manager = native(|b| b);
    let cookie = manager.test_login(account("secret")).now().unwrap().header();
    let (request_login, login) = access(&manager, &cookie);
    let step = login.resolve();
    let loading = format!("{step:?}");
    let Step::LoadUser { token, .. } = step else { panic!("there is a session") };
    let token_shown = format!("{token:?}");
    let found = token.answer(Some(account("secret")));
    let tokens = builder(&TestClock::new(common::NOW)).request_loader(NoTokens).build_without_loader().unwrap();
    let asking = access(&tokens, "").1.resolve();
    let asking_shown = format!("{asking:?}");
    let Step::LoadUserFromRequest(asking) = asking else { panic!("there is a request loader") };
    let asking_token = format!("{asking:?}");
    let user = std::sync::Arc::new(account("secret"));
    let parts = ResponseParts { set_cookies: vec!["secret".to_owned()], ..ResponseParts::default() };
    let error = LoadError::new("secret");
    for (shown, expected) in [
        (format!("{:?}", builder(&TestClock::new(0))), "LoginManagerBuilder(..)"),
        (format!("{manager:?}"), "LoginManager(..)"),
        (format!("{request_login:?}"), "RequestLogin(..)"),
        (format!("{login:?}"), "Login(..)"),
        (format!("{:?}", login.user()), "UserFuture(..)"),
        (format!("{:?}", login.clone().require(Requirement::Login)), "Require(Login)"),
        (format!("{:?}", login.log_in(account("secret"))), "LogIn(..)"),
        (format!("{:?}", manager.test_login(account("secret"))), "TestLogin(..)"),
        (loading, "LoadUser(..)"),
        (token_shown, "LoadUser(..)"),
        (asking_shown, "LoadUserFromRequest(..)"),
        (asking_token, "LoadUserFromRequest(..)"),
        (format!("{found:?}"), "Done(Ok(Some(..)))"),
        (format!("{:?}", Step::<Account>::Done(Ok(None))), "Done(Ok(None))"),
        (format!("{:?}", Step::<Account>::Done(Err(error.clone()))), "Done(Err(..))"),
        (format!("{:?}", RefusalHandlers::<()>::default()), "[]"),
        (format!("{:?}", SecretKey::from_text("secret").unwrap()), "SecretKey(..)"),
        (format!("{error:?}"), "LoadError(..)"),
        (format!("{:?}", EventKind::LoggedIn { user: &user }), "EventKind(logged_in)"),
        (
            format!("{parts:?}"),
            "ResponseParts { set_cookies: 1, vary_cookie: false, vary_authorization: false, clears_site_data: false, is_private: false, failure: false }",
        ),
        (
            format!("{:?}", Request::new("GET", "/x?secret").with_header("cookie", b"secret")),
            "Request { method: \"GET\", path: \"/x\", .. }",
        ),
    ] {
        assert_eq!(shown, expected);
    }
}

struct NoTokens;

impl login_core::RequestLoader for NoTokens {
    type User = Account;
    type Error = std::convert::Infallible;

    async fn load_user_from_request(&self, _: &Request) -> Result<Option<Account>, Self::Error> {
        Ok(None)
    }
}

#[test]
fn error_messages_name_the_problem_and_the_fix() {
    let json = || serde_json::from_str::<u8>("x").unwrap_err();
    let name = || "sid".to_owned();
    let problem = |problem| ConfigError::Cookie { name: name(), problem }.to_string();
    for (said, parts) in [
        (LoginError::InactiveUser.to_string(), ["not active", "force(true)"]),
        (LoginError::Load(LoadError::new("hush")).to_string(), ["user", "could not be loaded"]),
        (
            LoginError::CookieTooLarge { name: name(), size: 5000, limit: 4096 }.to_string(),
            ["sid would have 5000", "4096"],
        ),
        (LoginError::Duration.to_string(), ["at least one second", "10000"]),
        (LoginError::ReservedKey("_id".to_owned()).to_string(), ["_id", "choose another"]),
        (LoginError::Serialize(json()).to_string(), ["cannot be written", "JSON"]),
        (LoginError::Deserialize(json()).to_string(), ["value", "another type"]),
        (LoginError::ResponseBegun.to_string(), ["response has begun", "before you return"]),
        (SecretKeyError::NotSet("KEY".to_owned()).to_string(), ["KEY", "openssl rand -hex 32"]),
        (SecretKeyError::Empty.to_string(), ["empty", "openssl rand -hex 32"]),
        (ConfigError::ShortKey { length: 5 }.to_string(), ["5 bytes", "openssl rand -hex 32"]),
        (ConfigError::SameCookieNames(name()).to_string(), ["same name \"sid\"", "rename one"]),
        (ConfigError::FlaskAfterCookies.to_string(), ["flask_compatible", "call it first"]),
        (MountError::SharedCookie(name()).to_string(), ["\"sid\"", "rename"]),
        (MountError::SharedUser("app::Account").to_string(), ["`app::Account`", "its own user type"]),
        (MountError::SharedFlaskKey.to_string(), ["secret key", "its own key"]),
        (
            ConfigError::Address { setting: "login_view", value: "in".to_owned() }.to_string(),
            ["login_view: \"in\"", "path"],
        ),
        (
            ConfigError::Address { setting: "force_host", value: "https://a".to_owned() }.to_string(),
            ["force_host: \"https://a\"", "example.com:8443"],
        ),
        (
            ConfigError::Address { setting: "trusted_origin", value: "a".to_owned() }.to_string(),
            ["trusted_origin: \"a\"", "optional port, and no path"],
        ),
        (
            ConfigError::Address { setting: "login_view_below prefix", value: "a".to_owned() }.to_string(),
            ["login_view_below prefix: \"a\"", "begins with a slash"],
        ),
        (ConfigError::Duration { setting: "session_lifetime" }.to_string(), ["session_lifetime", "one second"]),
        (Refusal::Unauthorized.to_string(), ["no user", "logged in"]),
        (
            ConfigError::Address { setting: "base_path", value: "a".to_owned() }.to_string(),
            ["base_path: \"a\"", "one slash"],
        ),
        (ConfigError::Challenge("\n".to_owned()).to_string(), ["www_authenticate: \"\\n\"", "Bearer realm"]),
        (ConfigError::NotInFlask { setting: "idle_timeout" }.to_string(), ["idle_timeout", "session_lifetime"]),
        (ConfigError::ForwardedHostWithoutProxies.to_string(), ["use_x_forwarded_host", "trusted_proxies"]),
        (Refusal::NeedsRefresh.to_string(), ["login", "not fresh"]),
        (Refusal::Forbidden.to_string(), ["user", "permission"]),
        (Refusal::CrossSite.to_string(), ["another site's page", "request"]),
        (problem(CookieProblem::PartitionedNeedsSecure), ["partitioned", "needs Secure"]),
        (problem(CookieProblem::HttpPrefix), ["__Http-", "HttpOnly"]),
        (problem(CookieProblem::TooLong), ["path", "1024"]),
        (problem(CookieProblem::Name), ["cookie \"sid\"", "token"]),
        (problem(CookieProblem::SameSiteNoneNeedsSecure), ["SameSite=None", "Secure"]),
        (problem(CookieProblem::PrefixNeedsSecure), ["__Secure-", "needs Secure"]),
        (problem(CookieProblem::HostPrefix), ["__Host-", "no domain"]),
        (problem(CookieProblem::Domain), ["domain", "letters"]),
        (problem(CookieProblem::Path), ["path", "semicolon"]),
    ] {
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        assert!(!said.contains("hush"));
    }
}

#[test]
fn a_program_that_cannot_start_prints_the_sentence() {
    for (shown, said) in [
        (format!("{:?}", SecretKeyError::Empty), SecretKeyError::Empty.to_string()),
        (format!("{:?}", ConfigError::ShortKey { length: 5 }), ConfigError::ShortKey { length: 5 }.to_string()),
        (format!("{:?}", MountError::SharedFlaskKey), MountError::SharedFlaskKey.to_string()),
    ] {
        assert_eq!(shown, said);
    }
}

#[test]
fn the_source_of_an_error_is_its_cause() {
    let cause = |error: LoginError| error.source().map(ToString::to_string);
    assert_eq!(cause(LoginError::from(LoadError::new("no table"))).as_deref(), Some("no table"));
    let json = serde_json::from_str::<u8>("x").unwrap_err();
    let text = json.to_string();
    assert_eq!(cause(LoginError::Deserialize(json)), Some(text));
    assert_eq!(cause(LoginError::ResponseBegun), None);
}

#[test]
fn answers_contain_no_cause() {
    let json = || serde_json::from_str::<u8>("x").unwrap_err();
    let inactive = LoginError::InactiveUser.answer();
    assert_eq!((inactive.status(), inactive.body()), (403, "this account is not active"));
    for error in [
        LoginError::Load(LoadError::new("no table")),
        LoginError::CookieTooLarge { name: "sid".to_owned(), size: 5000, limit: 4096 },
        LoginError::Duration,
        LoginError::ReservedKey("_id".to_owned()),
        LoginError::Serialize(json()),
        LoginError::Deserialize(json()),
        LoginError::ResponseBegun,
    ] {
        let answer = error.answer();
        assert_eq!((answer.status(), answer.body()), (500, "internal server error"), "{error}");
    }
}
