//! Reads and writes cookies with the library, for `differential.py`. Each line of input and of
//! output is a JSON object.
//!
//! For a question with `cookie`, the answer is what the library reads: the user's ID, the keys
//! of the session, and the unchanged session, written again. For one with `user_id` or `data`,
//! the answer contains the cookies of that login. Both are in Flask's format.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};

use login_core::{LoginManager, Request, SecretKey, SessionProtection};
use login_core_fuzz::account::{Account, keys, load};
use login_core_fuzz::browser::Jar;
use login_core_fuzz::site::{FLASK_REMEMBER, FLASK_SESSION};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A key that no session has.
const PROBE: &str = "changed and changed back";

#[derive(Deserialize)]
struct Question {
    key: String,
    now: u64,
    /// The bytes of the Cookie header, each as one character.
    #[serde(default)]
    cookie: String,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    data: BTreeMap<String, Value>,
    #[serde(default)]
    flashes: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Answer {
    user_id: Option<String>,
    keys: Vec<String>,
    session: Option<String>,
    remember: Option<String>,
}

fn answer(question: &Question) -> Answer {
    let now = question.now;
    let key = SecretKey::from_text(&question.key).expect("a key");
    let manager: LoginManager<Account> = LoginManager::builder(key, move || now, |_: &mut [u8]| ())
        .flask_compatible()
        .session_protection(SessionProtection::Off)
        .build_without_loader()
        .expect("a valid configuration");
    let request_login = manager.begin();
    let header: Vec<u8> = question.cookie.chars().map(|c| u8::try_from(c).expect("one of Latin-1")).collect();
    let login = request_login.access(|| Request::new("GET", "/").with_header("cookie", &header));
    // They are read before a remember cookie logs a user in.
    let keys = keys(&login);
    if let Some(user_id) = &question.user_id {
        login.log_in(Account::new(user_id)).remember(true).now().expect("a small login");
    }
    for (key, value) in &question.data {
        login.insert(key, value).expect("a small session");
    }
    for (category, message) in &question.flashes {
        login.flash_as(category, message).expect("a small message");
    }
    // A change and its reverse, so that the session is written. A session without space for the
    // change stays as it is.
    if login.insert(PROBE, &0).is_ok() {
        login.remove(PROBE).expect("the response has not begun");
    }
    let session = request_login.finish(200).set_cookies;
    let mut jar = Jar::default();
    jar.keep(&session);
    let user = load(&login, |id| Some(Account::new(id))).expect("nothing failed");
    Answer {
        user_id: user.map(|user| user.id.clone()),
        keys,
        session: jar.get(FLASK_SESSION).map(str::to_owned),
        remember: jar.get(FLASK_REMEMBER).map(str::to_owned),
    }
}

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let question = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut out, &answer(&question))?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}
