//! One login for both sides, with Flask itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod browser;

use std::io::{BufRead, BufReader, Read, pipe};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use axum::http::HeaderValue;
use beside_flask::Blueprint::{Account, Auth};
use beside_flask::{Blueprint, Flask, router};
use browser::{Browser, serve};
use login_axum::SecretKey;

const KEY: &str = "a key that both sides have, of 32 bytes";

/// Nothing is moved, one blueprint is, or both are.
const STAGES: [&[Blueprint]; 3] = [&[], &[Account], &[Account, Auth]];

/// Who answers the pages of the blueprints at a stage: `account`, then `auth`.
const SIDES: [[&str; 2]; 3] = [["Flask", "Flask"], ["Rust", "Flask"], ["Rust", "Rust"]];

async fn stages(flask: &Flask) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for moved in STAGES {
        addresses.push(serve(router(moved, SecretKey::from_text(KEY).unwrap(), flask.address()).unwrap()).await);
    }
    addresses
}

/// A browser goes from one stage to another in the middle of its login, in each order.
#[tokio::test]
#[ignore = "needs Python with Flask-Login: see README.md"]
async fn a_login_goes_on_while_the_application_moves() {
    let flask = Flask::start(KEY).unwrap();
    let stages = stages(&flask).await;
    for (from, first) in stages.iter().enumerate() {
        for (by, second) in stages.iter().enumerate() {
            for (to, third) in stages.iter().enumerate() {
                play([*first, *second, *third], [SIDES[from], SIDES[by], SIDES[to]]).await;
            }
        }
    }
}

/// Logs in at the first, uses the login at the second, and logs out at the third.
async fn play([first, second, third]: [SocketAddr; 3], sides: [[&str; 2]; 3]) {
    let by = |side: &str| format!("Served by {side}");
    let mut browser = Browser::new(first);

    // Refused, to the login and back. The message is shown, whoever flashed it and whoever shows it.
    assert_eq!(browser.get("/account").await.location(), "/login?next=%2Faccount", "{sides:?}");
    let page = browser.at(second).get("/login?next=%2Faccount").await.body;
    assert!(
        page.contains("Please log in to access this page.") && page.contains(&by(sides[1][1])),
        "{sides:?}: {page}"
    );
    let answer = browser.at(first).post("/login?next=%2Faccount", "name=ann&remember=true").await;
    assert_eq!((answer.location(), browser.cookies()), ("/account", vec!["remember_token", "session"]), "{sides:?}");

    // Logged in, and fresh. What the client says about its address counts at neither side.
    for (nth, (address, [side, _])) in [first, second, third].into_iter().zip(sides).enumerate() {
        browser.headers.insert("x-forwarded-for", HeaderValue::try_from(format!("192.0.2.{nth}")).unwrap());
        let page = browser.at(address).get("/account").await.body;
        assert!(page.contains("<p>ann</p>") && page.contains(&by(side)), "{sides:?}: {page}");
        assert!(browser.get("/account/close").await.body.contains("Here ann"), "{sides:?}");
    }

    // Session data and messages.
    assert_eq!(browser.at(second).post("/account", "colour=blue").await.location(), "/", "{sides:?}");
    let page = browser.get("/").await.body;
    assert!(page.contains("<p>Saved.</p>") && page.contains("Hello, ann. Your colour is blue."), "{sides:?}: {page}");

    // Remembered: the browser was closed. No longer fresh, until it is confirmed.
    browser.forget("session");
    assert!(browser.at(third).get("/account").await.body.contains("<p>ann</p>"), "{sides:?}");
    assert_eq!(browser.at(second).get("/account/close").await.location(), "/confirm?next=%2Faccount%2Fclose");
    assert!(browser.at(third).get("/confirm").await.body.contains("Please reauthenticate"), "{sides:?}");
    let answer = browser.at(first).post("/confirm?next=%2Faccount%2Fclose", "").await;
    assert_eq!(answer.location(), "/account/close", "{sides:?}");
    assert!(browser.at(second).get("/account/close").await.body.contains("Here ann"), "{sides:?}");

    // Another client with the same cookies: logged in, and not fresh.
    let agent = browser.headers.insert("user-agent", HeaderValue::from_static("another")).unwrap();
    assert_eq!(browser.at(third).get("/account/close").await.location(), "/confirm?next=%2Faccount%2Fclose");
    browser.headers.insert("user-agent", agent);

    // Logged out.
    assert_eq!(browser.at(third).post("/logout", "").await.location(), "/", "{sides:?}");
    assert!(!browser.cookies().contains(&"remember_token"), "{sides:?}");
    for address in [first, second, third] {
        assert_eq!(browser.at(address).get("/account").await.location(), "/login?next=%2Faccount", "{sides:?}");
    }
    assert!(browser.get("/").await.body.contains("Hello, visitor."), "{sides:?}");
}

/// Flask does not outlive the application, also if that is killed. Both write to this pipe, so it is
/// at its end when both have ended.
#[test]
#[ignore = "needs Python with Flask-Login: see README.md"]
fn flask_ends_with_the_application() {
    let address = Flask::start(KEY).unwrap().address();
    assert!(TcpStream::connect(address).is_err());

    let (mut errors, both) = pipe().unwrap();
    let mut application = Command::new(env!("CARGO_BIN_EXE_beside-flask"))
        .envs([("SECRET_KEY", KEY), ("PORT", "0")])
        .stdout(Stdio::piped())
        .stderr(both)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(application.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Open http://localhost:"), "{line}");
    application.kill().unwrap();
    application.wait().unwrap();
    assert_eq!(errors.read_to_end(&mut Vec::new()).unwrap(), 0);
}
