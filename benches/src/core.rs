//! The core without an adapter: from the request to the step that loads the user.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use login_core::adapter::Step;
use login_core::{LoginManager, MemoryStore, Request, SecretKey};
use sha2::Sha256;

use crate::meter::Meter;
use crate::users::{self, Account, KEY, Wire};

const NOW: u64 = users::FLASK_TIME;

fn manager(wire: Wire, old_keys: usize) -> LoginManager<Account> {
    let key = SecretKey::from_text(KEY).expect("a key");
    let builder = LoginManager::builder(key, || NOW, |buffer: &mut [u8]| buffer.fill(7));
    let old = |n| SecretKey::from_text(format!("old key {n:3}, {KEY}")).expect("a key");
    let builder = (0..old_keys).map(old).fold(builder, |builder, key| builder.fallback_key(key));
    let builder = match wire {
        Wire::Native => builder,
        Wire::Flask => builder.flask_compatible(),
        Wire::Store => builder.session_store(MemoryStore::new()),
        Wire::WaitingLoader => unreachable!("the core alone calls no loader"),
    };
    builder.build(users::Accounts).expect("a configuration that works")
}

fn request(cookies: &str) -> Request {
    let mut request = Request::new("GET", "/settings").with_peer(users::ADDRESS.into());
    for (name, value) in users::HEADERS {
        request.push_header(name, value.as_bytes());
    }
    request.with_header("cookie", cookies.as_bytes())
}

async fn asks_for_the_user(meter: &mut Meter, manager: &LoginManager<Account>, request: Request) {
    let play = async |request: Request| {
        let login = manager.begin().access(|| request);
        login.load().await.expect("the store is in memory");
        match login.resolve() {
            Step::LoadUser { id, .. } => assert_eq!(id, users::NUMBER),
            _ => panic!("not logged in"),
        };
    };
    meter.repeat(|| request.clone(), play).await;
}

pub async fn nothing(meter: &mut Meter) {
    meter.repeat(|| (), async |()| {}).await;
}

pub async fn authenticate(meter: &mut Meter, wire: Wire) {
    let manager = manager(wire, 0);
    let cookies = users::login_cookie(manager.test_login(users::ann()), false);
    asks_for_the_user(meter, &manager, request(&cookies)).await;
}

/// Flask itself made the cookie, which is inflated.
pub async fn made_by_flask(meter: &mut Meter) {
    let manager = manager(Wire::Flask, 0);
    asks_for_the_user(meter, &manager, request(&users::cookies(users::FLASK_SESSION))).await;
}

/// The session cookie is the last one in the header.
pub async fn cookie_header(meter: &mut Meter, bytes: usize) {
    let manager = manager(Wire::Native, 0);
    let login = users::login_cookie(manager.test_login(users::ann()), false);
    let mut cookies = String::new();
    while cookies.len() + login.len() < bytes {
        cookies.push_str(&format!("other{}=value of no interest; ", cookies.len()).replace(" of no ", "-of-no-"));
    }
    asks_for_the_user(meter, &manager, request(&(cookies + &login))).await;
}

/// The cookie is signed with the current key.
pub async fn old_keys(meter: &mut Meter, number: usize) {
    let manager = manager(Wire::Native, number);
    let cookies = users::login_cookie(manager.test_login(users::ann()), false);
    asks_for_the_user(meter, &manager, request(&cookies)).await;
}

/// Only the MAC of a logged-in request: HMAC-SHA-256 over as many bytes as the session has. The key is
/// prepared before.
pub async fn floor(meter: &mut Meter) {
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("HMAC takes any key");
    let bytes = [b'x'; 84];
    let play = async |()| {
        let mut mac = mac.clone();
        mac.update(black_box(&bytes));
        black_box(mac.finalize());
    };
    meter.repeat(|| (), play).await;
}
