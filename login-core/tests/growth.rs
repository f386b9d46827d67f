//! What a client can make longer costs in proportion to its length, and not to the square of it.
//!
//! Instructions are counted by callgrind, which runs this program again to play one request.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot continue fails")]

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::process::Command;
use std::task::{Context, Poll, Waker};

use login_core::adapter::{Denied, Requirement};
use login_core::{LoginManager, LoginManagerBuilder, Request, SecretKey, User};

const KEY: &str = "a key of 32 bytes at least, yes?";

struct Account;

impl User for Account {
    type Id = u32;

    fn id(&self) -> u32 {
        1
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

async fn find(_: u32) -> Result<Option<Account>, Infallible> {
    Ok(Some(Account))
}

fn builder() -> LoginManagerBuilder<Account> {
    let key = SecretKey::from_text(KEY).unwrap();
    LoginManager::builder(key, || 1_700_000_000, |buffer: &mut [u8]| buffer.fill(7)).login_view("/login")
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nothing waits here"),
    }
}

/// A guarded page. Returns the value of the session cookie that the response sets.
fn guarded(manager: &LoginManager<Account>, request: &Request) -> Option<String> {
    let request_login = manager.begin();
    let login = request_login.access(|| request.clone());
    let status = match now(login.clone().require(Requirement::Login)) {
        Ok(_) => 200,
        Err(Denied::Refused(refusal)) => login.refuse(refusal).status(),
        Err(Denied::Failed(error)) => panic!("{error}"),
    };
    let parts = request_login.finish(status);
    Some(parts.set_cookies.first()?.split_once('=')?.1.split(';').next()?.to_owned())
}

/// The session cookie of a visitor or a user whose session has what `fill` puts there.
fn cookie(manager: &LoginManager<Account>, name: &str, fill: impl FnOnce(&login_core::Login<Account>)) -> String {
    let request_login = manager.begin();
    let login = request_login.access(|| Request::new("GET", "/"));
    fill(&login);
    let line = request_login.finish(200).set_cookies.remove(0);
    assert!(line.starts_with(name));
    line.split(';').next().unwrap().to_owned()
}

/// A request that is `n` long in one way, and the manager that gets it.
fn request(what: &str, n: usize) -> (LoginManager<Account>, Request) {
    let get = Request::new("GET", "/page").with_header("accept", b"text/html");
    let with_cookie = |get: Request, cookie: &str| get.with_header("cookie", cookie.as_bytes());
    let native = || builder().build(find).unwrap();
    let flask = || builder().flask_compatible().use_session_for_next().build(find).unwrap();
    match what {
        "cookies" => (native(), with_cookie(get, &vec!["__Host-sessio=1"; n].join("; "))),
        "cookies of the name" => (native(), with_cookie(get, &vec!["__Host-session=forged"; n].join("; "))),
        "quotes" => (flask(), with_cookie(get, &"session=\"\\\"; ".repeat(n))),
        "cookie lines" => (native(), (0..n).fold(get, |get, at| with_cookie(get, &format!("__Host-session={at}")))),
        "a long cookie" => (native(), with_cookie(get, &format!("__Host-session={}", "A".repeat(n)))),
        "a long cookie of Flask" => (flask(), with_cookie(get, &format!("session=.{}.a.b", "A".repeat(n)))),
        "old keys" => {
            let old = |at: usize| SecretKey::from_text(format!("an old key of 32 bytes at least {at}")).unwrap();
            let manager = (0..n).fold(builder(), |builder, at| builder.fallback_key(old(at))).build(find).unwrap();
            let cookie = cookie(&native(), "__Host-session=", |login| login.insert("a", &1).unwrap());
            (manager, with_cookie(get, &cookie))
        }
        "keys in the session" => {
            let fill = |login: &login_core::Login<Account>| {
                (0..n).for_each(|at| login.insert(&format!("{at}"), &1).unwrap());
            };
            let cookie = cookie(&flask(), "session=", fill);
            (flask(), with_cookie(get, &cookie))
        }
        "flashes" => {
            let fill = |login: &login_core::Login<Account>| (0..n).for_each(|_| login.flash("a").unwrap());
            let cookie = cookie(&flask(), "session=", fill);
            (flask(), with_cookie(get, &cookie))
        }
        "a user agent" => {
            let manager = builder().build(find).unwrap();
            let fill = |login: &login_core::Login<Account>| login.log_in(Account).now().unwrap();
            let cookie = cookie(&manager, "__Host-session=", fill);
            (manager, with_cookie(get, &cookie).with_header("user-agent", &vec![b'a'; n]))
        }
        "next" => (native(), Request::new("GET", &format!("/{}", "é".repeat(n))).with_header("accept", b"text/html")),
        _ => panic!("{what}"),
    }
}

/// Plays one request some times, if the environment says which. Otherwise it does nothing.
#[test]
fn played() {
    let Ok(play) = std::env::var("LOGIN_TEST_GROWTH") else { return };
    let parts: Vec<_> = play.split(':').collect();
    let [what, n, times] = parts[..] else { panic!("{play}") };
    let (manager, request) = request(what, n.parse().unwrap());
    for _ in 0..times.parse::<usize>().unwrap() {
        guarded(&manager, &request);
    }
}

/// The instructions of one request.
fn instructions(what: &str, n: usize) -> u64 {
    let run = |times: u64| {
        let program = std::env::current_exe().unwrap();
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program)
            .args(["--exact", "played", "--test-threads=1"])
            .env("LOGIN_TEST_GROWTH", format!("{what}:{n}:{times}"))
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{what} {n}: {log}");
        let collected = log.lines().find_map(|line| line.split_once("Collected : ")).unwrap().1;
        collected.trim().parse::<u64>().unwrap()
    };
    (run(5) - run(1)) / 4
}

#[test]
#[ignore = "needs valgrind"]
fn what_a_client_makes_longer_costs_in_proportion() {
    let mut steep = Vec::new();
    for (what, n) in [
        ("cookies", 100),
        ("cookies of the name", 100),
        ("quotes", 100),
        ("cookie lines", 100),
        ("a long cookie", 900),
        ("a long cookie of Flask", 900),
        ("old keys", 50),
        ("keys in the session", 100),
        ("flashes", 100),
        ("a user agent", 1500),
        ("next", 400),
    ] {
        let [none, once, four_times] = [1, n, 4 * n].map(|n| instructions(what, n));
        let growth = four_times.saturating_sub(none) as f64 / once.saturating_sub(none).max(2_000) as f64;
        println!("{what}: {none}, {once}, {four_times} instructions, × {growth:.1}");
        if growth > 6.0 {
            steep.push(what);
        }
    }
    assert!(steep.is_empty(), "four times as long is more than six times as expensive: {steep:?}");
}

/// An anonymous client asks for one guarded page after the other, with the cookie that it got. What the
/// session of refusals holds is bounded, so no look at it becomes expensive.
#[test]
fn a_client_that_is_refused_again_and_again_gets_no_large_session() {
    let manager = builder().flask_compatible().use_session_for_next().build(find).unwrap();
    let (mut cookie, mut longest) = (String::new(), 0);
    for at in 0..3000 {
        let request = Request::new("GET", &format!("/{at}{}", "a".repeat(3000)));
        let request = request.with_header("accept", b"text/html").with_header("cookie", cookie.as_bytes());
        if let Some(value) = guarded(&manager, &request) {
            longest = longest.max(value.len());
            cookie = format!("session={value}");
        }
    }
    let login = manager.begin().access(|| Request::new("GET", "/").with_header("cookie", cookie.as_bytes()));
    let flashes = login.take_flashes().unwrap();
    let size: usize = flashes.iter().map(|flash| flash.message.len()).sum();
    assert!((1..=4096).contains(&size), "{size} bytes of messages in a cookie of up to {longest}");
    assert!(login.next_url().is_none_or(|next| next.len() <= 2048));
}
