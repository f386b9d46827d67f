//! A guard reads the framework's own request, and copies only what something later needs. Whatever the request
//! has, it sees the same login and makes the same response as with a copy of the whole request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use common::{Account, Builder, Manager, NOW, account, run_with};
use login_core::adapter::RequestHead;
use login_core::{LoginManager, Request, SecretKey, SessionProtection, TestClock};

struct Head {
    method: &'static str,
    lines: Vec<(&'static str, String)>,
}

impl RequestHead for Head {
    fn method(&self) -> &str {
        self.method
    }

    fn target(&self) -> Cow<'_, str> {
        "/here".into()
    }

    fn for_each_header(&self, mut visit: impl FnMut(&str, &[u8])) {
        self.lines.iter().for_each(|(name, value)| visit(name, value.as_bytes()));
    }

    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        self.lines.iter().filter(move |(each, _)| *each == name).map(|(_, value)| value.as_bytes().into())
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn peer(&self) -> Option<IpAddr> {
        Some("::ffff:10.0.0.1".parse().unwrap())
    }

    fn is_https(&self) -> bool {
        false
    }
}

const OLD: &str = "an old key of 32 bytes at least!";

fn builder(is_flask: bool, key: &str) -> Builder {
    let clock = TestClock::new(NOW);
    let key = SecretKey::from_text(key).unwrap();
    let builder = LoginManager::builder(key, clock, |buffer: &mut [u8]| buffer.fill(5));
    if is_flask { builder.flask_compatible() } else { builder }
}

fn with_hash(id: &str, hash: &str) -> Account {
    Account { hash: Some(hash.to_owned()), ..account(id) }
}

/// Cookies that may be in a header: those of a user, of another client, of users who are gone or have a new
/// password, of an old key, with data, remembered, and unreadable ones.
fn cookies(is_flask: bool) -> Vec<String> {
    let manager = builder(is_flask, common::KEY).build_without_loader().unwrap();
    let old = builder(is_flask, OLD).build_without_loader().unwrap();
    let of = |manager: &Manager, user: Account, address: u8, agent: &str| {
        manager.test_login(user).address([10, 0, 0, address]).user_agent(agent)
    };
    let visitor = {
        let request_login = manager.begin();
        let login = request_login.access(|| Request::new("GET", "/"));
        login.insert("cart", &1).unwrap();
        common::cookies(&request_login)
    };
    let permanent = |manager: &Manager| {
        let request_login = manager.begin();
        let request = Request::new("GET", "/").with_peer([10, 0, 0, 1].into()).with_header("user-agent", b"x");
        let login = request_login.access(|| request);
        login.log_in(account("1")).now().unwrap();
        login.insert("cart", &1).unwrap();
        login.set_permanent(true).unwrap();
        common::cookies(&request_login)
    };
    let day = Duration::from_secs(86_400);
    let session = if is_flask { "session" } else { "__Host-session" };
    vec![
        of(&manager, account("1"), 1, "x").now().unwrap().header(),
        of(&manager, account("1"), 1, "x,y").now().unwrap().header(),
        of(&manager, account("2"), 2, "x").now().unwrap().header(),
        of(&manager, account("gone"), 1, "x").now().unwrap().header(),
        of(&manager, with_hash("1", "old"), 1, "x").now().unwrap().header(),
        of(&old, account("1"), 1, "x").now().unwrap().header(),
        of(&manager, account("3"), 1, "x").remembered(day).without_session().now().unwrap().header(),
        of(&manager, account("4"), 2, "x").remembered(day).now().unwrap().header(),
        visitor,
        permanent(&manager),
        permanent(&old),
        format!("{session}=forged"),
        "theme=dark".to_owned(),
    ]
}

/// What a request comes to: the user, and the response's cookies and headers.
fn outcome(manager: &Manager, head: &Head, status: u16, in_place: bool) -> String {
    let request_login = manager.begin();
    if manager.needs_request() {
        request_login.store_client(head);
    }
    let login =
        if in_place { request_login.access_user(head) } else { request_login.access(|| Request::from_head(head)) };
    let user = run_with(&login, |id| (id != "gone").then(|| account(id)), None);
    let parts = request_login.finish(status);
    let flags = (parts.vary_cookie, parts.is_private, parts.failure.is_some());
    format!("{:?} {:?} {flags:?}", user.map(|user| user.id.clone()), parts.set_cookies)
}

/// Requests with each cookie, and with each two of them in one line and in two, and the statuses of their responses.
fn requests(cookies: &[String]) -> Vec<(Head, u16)> {
    let two = |first: &str, second: &str| [vec![format!("{first}; {second}")], vec![first.into(), second.into()]];
    let pairs = cookies.iter().flat_map(|first| cookies.iter().flat_map(move |second| two(first, second)));
    let all = cookies.iter().map(|cookie| vec![cookie.clone()]).chain(pairs);
    let ways: [(_, &[_], _); 6] = [
        ("GET", &["x"], 200),
        ("GET", &["x"], 500),
        ("GET", &["x", "y"], 200),
        ("GET", &[], 200),
        ("GET", &["z"], 500),
        ("POST", &["x"], 200),
    ];
    let head = |lines: &[String], method, agents: &[&str]| {
        let cookies = lines.iter().map(|line| ("cookie", line.clone()));
        let agents = agents.iter().map(|agent| ("user-agent", (*agent).to_owned()));
        let forwarded = [("x-forwarded-for", "10.0.0.2".to_owned())];
        Head { method, lines: agents.chain(forwarded).chain(cookies).collect() }
    };
    all.flat_map(|lines| ways.map(|(method, agents, status)| (head(&lines, method, agents), status))).collect()
}

type Setting = fn(Builder) -> Builder;

#[test]
fn a_guard_that_copies_nothing_sees_and_does_the_same() {
    let settings: [Setting; 6] = [
        |builder| builder,
        |builder| builder.session_protection(SessionProtection::Strong),
        |builder| builder.session_protection(SessionProtection::Off),
        |builder| builder.refresh_remember_cookie_each_request(),
        |builder| builder.trusted_proxies(1),
        |builder| builder.fallback_key(SecretKey::from_text(OLD).unwrap()),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for is_flask in [false, true] {
        let requests = requests(&cookies(is_flask));
        for setting in settings {
            let manager = setting(builder(is_flask, common::KEY)).build_without_loader().unwrap();
            for (head, status) in &requests {
                let [whole, in_place] = [false, true].map(|way| outcome(&manager, head, *status, way));
                assert_eq!(in_place, whole, "{} {:?} {status}", head.method, head.lines);
                seen.insert(whole);
            }
        }
    }
    assert!(seen.len() > 60, "the requests have many outcomes: {}", seen.len());
}

#[test]
fn a_refused_request_is_refused_as_a_whole() {
    let manager = builder(false, common::KEY).login_view("/login").build_without_loader().unwrap();
    let head = Head { method: "GET", lines: vec![("accept", "text/html".to_owned())] };
    let request_login = manager.begin();
    let login = request_login.access_user(&head);
    assert!(run_with(&login, |_| None, None).is_none());
    let answer = request_login.access(|| Request::from_head(&head)).refuse(login_core::Refusal::Unauthorized);
    let location = answer.headers().find(|(name, _)| *name == "location").map(|(_, value)| value.to_owned());
    assert_eq!((answer.status(), location.as_deref()), (302, Some("/login?next=%2Fhere")));
}
