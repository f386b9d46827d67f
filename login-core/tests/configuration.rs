//! Which configurations a manager accepts, and what the settings do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use common::{Account, Builder, NOW, Notified, access, access_with, account, both, builder, cookies, native, run};
use login_core::{ConfigError, LoginError, LoginManager, Request, SameSite, SecretKey, TestClock};

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

fn build(change: impl Fn(Builder) -> Builder) -> Result<LoginManager<Account>, ConfigError> {
    change(builder(&TestClock::new(NOW))).build_without_loader()
}

#[test]
fn valid_views_hosts_and_origins_are_accepted() {
    for view in ["/", "/in", "/in?a=b#c", "http://sso.example", "https://sso.example:8443/in?a"] {
        assert!(build(|b| b.login_view(view).refresh_view(view)).is_ok(), "{view}");
        assert!(build(|b| b.login_view_below("/admin/", view)).is_ok(), "{view}");
    }
    for host in ["example.com", "example.com:8443", "10.0.0.1", "[2001:db8::1]:8443", "a-b.example"] {
        assert!(build(|b| b.force_host(host)).is_ok(), "{host}");
    }
    for origin in [
        "https://app.example.com",
        "http://localhost:3000",
        "https://a.example:443",
        "chrome-extension://abc",
        "app://-",
    ] {
        assert!(build(|b| b.trusted_origin(origin)).is_ok(), "{origin}");
    }
}

#[test]
fn invalid_views_hosts_and_origins_are_refused() {
    let refused = |setting: &str, value: &str, result: Result<LoginManager<Account>, ConfigError>| {
        let error = result.unwrap_err();
        let ConfigError::Address { setting: found, value: ref said } = error else { panic!("{error}") };
        assert_eq!((found, &**said), (setting, value));
    };
    for view in ["", "in", "//in", "ftp://sso.example/in", "https:///in", "/a b"] {
        refused("login_view", view, build(|b| b.login_view(view)));
        refused("refresh_view", view, build(|b| b.refresh_view(view)));
        refused("login_view_below", view, build(|b| b.login_view_below("/admin", view)));
    }
    for prefix in ["", "admin", "/admin?a", "/admin#a", "https://example.com/admin"] {
        refused("login_view_below prefix", prefix, build(|b| b.login_view_below(prefix, "/in")));
    }
    for host in ["", "a/b", "a b", "user@example.com", "https://example.com", "exämple.com"] {
        refused("force_host", host, build(|b| b.force_host(host)));
    }
    for origin in [
        "",
        "/",
        "app.example.com",
        "//app.example.com",
        "https://",
        "null",
        "1a://x",
        "https://user@app.example.com",
        "https://app.example.com/",
        "https://app.example.com/x",
        "https://app.example.com?",
        "https://app.example.com?a",
        "https://app.example.com#",
        "https://app.example.com#a",
    ] {
        refused("trusted_origin", origin, build(|b| b.trusted_origin(origin)));
    }
}

#[test]
fn flask_compatible_must_come_before_cookie_settings() {
    let renamed = |builder: Builder| builder.remember_cookie(|cookie| cookie.name("r"));
    let manager = |builder: Builder| builder.build_without_loader().map(|_| ());
    let start = || builder(&TestClock::new(NOW));
    assert_eq!(manager(renamed(start()).flask_compatible()), Err(ConfigError::FlaskAfterCookies));
    assert_eq!(manager(renamed(start().flask_compatible())), Ok(()));
    assert_eq!(manager(start().insecure_plain_http().flask_compatible()), Ok(()));
}

#[test]
fn durations_are_at_least_one_second_and_end_before_the_year_10000() {
    type Set = fn(Builder, Duration) -> Builder;
    let settings: [(&str, Set); 5] = [
        ("idle_timeout", Builder::idle_timeout),
        ("login_lifetime", Builder::login_lifetime),
        ("session_lifetime", Builder::session_lifetime),
        ("remember_duration", Builder::remember_duration),
        ("fresh_login_max_age", Builder::fresh_login_max_age),
    ];
    for (name, set) in settings {
        for (seconds, is_good) in [(0, false), (1, true), (LAST_SECOND - NOW, true), (LAST_SECOND - NOW + 1, false)] {
            let error = build(|b| set(b, Duration::from_secs(seconds))).err();
            let expected = (!is_good).then_some(ConfigError::Duration { setting: name });
            assert_eq!(error, expected, "{name} of {seconds} seconds");
        }
    }
    for manager in both(|b| b) {
        for (seconds, is_good) in [(0, false), (1, true), (LAST_SECOND - NOW, true), (LAST_SECOND - NOW + 1, false)] {
            let (_, login) = access(&manager, "");
            let result = login.log_in(account("1")).remember(true).duration(Duration::from_secs(seconds)).now();
            assert_eq!(result.is_ok(), is_good, "a login remembered for {seconds} seconds");
            assert!(is_good || matches!(result, Err(LoginError::Duration)));
        }
    }
}

#[test]
fn functions_can_be_clock_and_entropy() {
    let (time, random) = (Arc::new(AtomicU64::new(NOW)), AtomicU8::new(0));
    let shown = Arc::clone(&time);
    let key = SecretKey::from_text(common::KEY).unwrap();
    let manager = LoginManager::<Account>::builder(
        key,
        move || shown.load(Ordering::Relaxed),
        move |buffer: &mut [u8]| buffer.fill(random.fetch_add(1, Ordering::Relaxed)),
    );
    let manager = manager.session_lifetime(Duration::from_secs(60)).build_without_loader().unwrap();
    let [one, two] = [(), ()].map(|()| manager.test_login(account("1")).now().unwrap().header());
    assert_ne!(one, two, "each login has its own ID");
    let is_in = || run(&access(&manager, &one).1).is_some();
    assert!(is_in());
    time.store(NOW + 60, Ordering::Relaxed);
    assert!(is_in());
    time.store(NOW + 61, Ordering::Relaxed);
    assert!(!is_in());
}

#[test]
fn flask_cookies_need_no_entropy() {
    let key = SecretKey::from_text("short").unwrap();
    let manager = LoginManager::<Account>::builder(key, || NOW, |_: &mut [u8]| panic!("no entropy is needed"));
    let manager = manager.flask_compatible().build_without_loader().unwrap();
    assert!(manager.test_login(account("1")).now().is_ok());
}

#[test]
fn a_test_clock_returns_the_time_that_was_set() {
    let clock = TestClock::new(NOW);
    let manager = builder(&TestClock::new(0)).clock(clock.clone()).session_lifetime(Duration::from_secs(60));
    let manager = manager.build_without_loader().unwrap();
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    for (time, is_in) in [(NOW + 60, true), (NOW + 61, false), (NOW, true)] {
        clock.set(time);
        assert_eq!(run(&access(&manager, &cookie).1).is_some(), is_in, "{time}");
    }
}

#[test]
fn cookies_have_the_configured_attributes() {
    let line = |change: fn(Builder) -> Builder| {
        let (request_login, login) = access(&native(change), "");
        login.log_in(account("1")).now().unwrap();
        let line = request_login.finish(200).set_cookies.remove(0);
        let (name, attributes) = (line.split('=').next().unwrap(), line.split_once(';').unwrap().1);
        format!("{name};{attributes}")
    };
    for (change, expected) in [
        ((|b| b) as fn(Builder) -> Builder, "__Host-session; HttpOnly; SameSite=Lax; Secure; Path=/"),
        (|b| b.insecure_plain_http(), "session; HttpOnly; SameSite=Lax; Path=/"),
        (|b| b.flask_compatible(), "session; HttpOnly; Path=/"),
        (
            |b| b.session_cookie(|c| c.name("sid").domain(".a.example").path("/x").http_only(false)),
            "sid; SameSite=Lax; Secure; Path=/x; Domain=a.example",
        ),
        (
            |b| b.session_cookie(|c| c.same_site(SameSite::None)),
            "__Host-session; HttpOnly; SameSite=None; Secure; Path=/",
        ),
    ] {
        assert_eq!(line(change), expected);
    }
}

#[test]
fn cross_site_requests_are_refused_by_default() {
    let posted = |origin: &'static str| {
        let request = Request::new("POST", "/").with_header("host", b"inner").with_header("origin", origin.as_bytes());
        request.with_header("x-forwarded-host", b"site.example")
    };
    let change = |b: Builder| b.trusted_origin("https://app.example");
    let direct = native(change);
    let proxied = native(|b| change(b).trusted_proxies(1).use_x_forwarded_host());
    let without_host = native(|b| change(b).trusted_proxies(1));
    let unchecked = native(|b| change(b).insecure_accept_cross_site_requests());
    for (origin, direct_refuses, proxied_refuses) in [
        ("https://inner", false, true),
        ("https://site.example", true, false),
        ("https://app.example", false, false),
        ("https://evil.example", true, true),
    ] {
        let refuses = |manager: &LoginManager<Account>| manager.refuse_cross_site(&posted(origin)).is_some();
        assert_eq!(refuses(&direct), direct_refuses, "{origin}");
        assert_eq!(refuses(&proxied), proxied_refuses, "{origin}");
        assert_eq!(refuses(&without_host), direct_refuses, "X-Forwarded-Host is an opt-in of its own: {origin}");
        assert!(!refuses(&unchecked), "{origin}");
    }
}

#[test]
fn a_refused_cross_site_request_is_an_event_and_answered_in_the_clients_kind() {
    let notified = Notified::default();
    let manager = native(|b| b.on_event(notified.listener()));
    for (name, value, status, header) in [
        ("accept", "text/html", 403, ("content-type", "text/plain; charset=utf-8")),
        ("accept", "application/json", 403, ("content-type", "application/problem+json")),
        ("content-type", "application/grpc", 200, ("grpc-status", "7")),
    ] {
        let request = Request::new("POST", "/").with_header("origin", b"https://evil.example");
        let answer = manager.refuse_cross_site(&request.with_header(name, value.as_bytes())).unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers().any(|each| each == header), "{answer:?}");
    }
    assert_eq!(notified.take(), ["cross_site_refused"; 3]);
    let bearer = Request::new("POST", "/").with_header("origin", b"https://evil.example");
    assert_eq!(manager.refuse_cross_site(&bearer.with_header("authorization", b"Bearer x")), None);
}

#[test]
fn settings_that_have_no_effect_are_refused() {
    for (name, change) in [
        ("idle_timeout", Builder::idle_timeout as fn(Builder, Duration) -> Builder),
        ("login_lifetime", Builder::login_lifetime),
    ] {
        let error = build(|b| change(b, Duration::from_secs(60)).flask_compatible()).err();
        assert_eq!(error, Some(ConfigError::NotInFlask { setting: name }));
        assert!(build(|b| change(b, Duration::from_secs(60))).is_ok());
    }
    let store = || login_core::MemoryStore::new();
    let flask_with_store = build(|b| b.session_store(store()).flask_compatible()).err();
    assert_eq!(flask_with_store, Some(ConfigError::FlaskWithSessionStore));
    for (setting, change) in [
        ("max_sessions", (|b| b.max_sessions(1)) as fn(Builder) -> Builder),
        ("end_all_on_theft", Builder::end_all_on_theft),
    ] {
        assert_eq!(build(change).err(), Some(ConfigError::WithoutSessionStore { setting }));
        assert!(build(|b| change(b.session_store(store()))).is_ok());
    }
    assert_eq!(build(|b| b.session_store(store()).max_sessions(0)).err(), Some(ConfigError::NoSessions));
    assert_eq!(build(|b| b.use_x_forwarded_host()).err(), Some(ConfigError::ForwardedHostWithoutProxies));
    for (challenge, is_good) in [("Basic realm=\"x\"", true), ("", false), ("a\nb", false), (" x", false)] {
        assert_eq!(build(|b| b.www_authenticate(challenge)).is_ok(), is_good, "{challenge:?}");
    }
    for (path, is_good) in
        [("/shop", true), ("/shop/", true), ("/", true), ("", true), ("shop", false), ("//a", false), ("/a?b", false)]
    {
        assert_eq!(build(|b| b.base_path(path)).is_ok(), is_good, "{path:?}");
    }
    for (prefix, is_good) in [("/api", true), ("/", true), ("api", false), ("", false), ("/api?x", false)] {
        assert_eq!(build(|b| b.json_below(prefix)).is_ok(), is_good, "{prefix:?}");
    }
}

#[test]
fn redirects_keep_the_scheme_of_the_request() {
    let manager = native(|b| b);
    let at = |request: Request, address: &str| {
        access_with(&manager, request.with_header("host", b"site.example")).1.is_safe_redirect(address)
    };
    let get = || Request::new("GET", "/");
    assert!(at(get(), "http://site.example/") && !at(get(), "https://site.example/"));
    assert!(at(get().over_https(), "https://site.example/") && !at(get().over_https(), "http://site.example/"));
}

#[test]
fn a_manager_owns_its_requests() {
    let manager = native(|b| b.refresh_remember_cookie_each_request());
    assert!(manager.needs_request() && !native(|b| b).needs_request());
    let cookie = manager.test_login(account("1")).now().unwrap().header();
    let (request_login, login) = access(&manager, &cookie);
    assert_eq!(run(&login).unwrap().id, "1");
    let clone = request_login.clone();
    assert!(manager.clone().owns(&clone) && !native(|b| b).owns(&clone));
    login.insert("a", "b").unwrap();
    assert!(run(&access(&manager, &cookies(&clone)).1).is_some());
    assert_eq!(login.request().path(), "/here");
}
