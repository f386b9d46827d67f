//! Correctly signed remember tokens of any content. Checks which user they log in, and which
//! session and refreshed token the response contains.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use login_core::LoginManager;
use login_core::adapter::Requirement;
use login_core_fuzz::account::{Account, keys as session_keys, load};
use login_core_fuzz::browser::Jar;
use login_core_fuzz::forge::{Digest, Native, RememberFields, SessionFields, YEAR};
use login_core_fuzz::site::{self, MAX_COOKIE, NATIVE_REMEMBER, NATIVE_SESSION, NOW};
use login_core_fuzz::tamper::Tamper;
use login_core_fuzz::time::When;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    header: Option<[u8; 4]>,
    /// With `None`, the text contains all fields. Otherwise it is the user ID.
    fields: Option<Fields>,
    has_hash: bool,
    tamper: Tamper,
    text: &'a [u8],
}

#[derive(Debug, Arbitrary)]
struct Fields {
    began_at: When,
    issued_at: When,
    ends_at: When,
    auth: Option<Digest>,
}

static FORGER: LazyLock<Native> = LazyLock::new(site::native_forger);
static MANAGER: LazyLock<LoginManager<Account>> = LazyLock::new(|| {
    site::native().refresh_remember_cookie_each_request().build_without_loader().expect("a valid configuration")
});

impl Input<'_> {
    fn bytes(&self) -> Vec<u8> {
        let Some(fields) = &self.fields else { return self.text.to_vec() };
        let right = FORGER.auth(std::str::from_utf8(self.text).unwrap_or_default(), b"hash");
        RememberFields {
            began_at: fields.began_at.seconds(),
            issued_at: fields.issued_at.seconds(),
            ends_at: fields.ends_at.seconds(),
            auth: fields.auth.map(|digest| digest.bytes(right)),
            user_id: self.text.to_vec(),
        }
        .bytes()
    }

    fn user(&self, id: &str) -> Account {
        Account { hash: self.has_hash.then(|| b"hash".to_vec()), ..Account::new(id) }
    }
}

fn assert_refused(cookie: impl AsRef<[u8]>) {
    let (request_login, login) = site::sending(&MANAGER, NATIVE_REMEMBER, cookie);
    assert!(load(&login, |_| panic!("a user is loaded")).unwrap().is_none());
    assert!(request_login.finish(200).set_cookies.is_empty());
}

fuzz_target!(|input: Input<'_>| {
    let bytes = input.bytes();
    let header = input.header.unwrap_or(FORGER.header());
    let cookie = FORGER.remember(header, &bytes);
    assert_refused(input.text);
    if let Some(changed) = input.tamper.change(&cookie) {
        assert_refused(changed);
    }
    // A token is not accepted as a session.
    let (_, login) = site::sending(&MANAGER, NATIVE_SESSION, &cookie);
    assert!(session_keys(&login).is_empty());

    let fields = RememberFields::parse(&bytes).filter(|_| header == FORGER.header() && cookie.len() <= MAX_COOKIE);
    let Some((fields, user_id)) = fields.as_ref().and_then(|fields| Some((fields, fields.user_id(NOW)?))) else {
        return assert_refused(&cookie);
    };
    let (request_login, login) = site::sending(&MANAGER, NATIVE_REMEMBER, &cookie);
    let mut asked = None;
    let user = load(&login, |id| {
        asked = Some(id.to_owned());
        Some(input.user(id))
    });
    assert_eq!(asked.as_deref(), Some(user_id));
    let right = input.has_hash.then(|| FORGER.auth(user_id, b"hash"));
    let is_theirs = fields.auth == right;
    assert_eq!(user.unwrap().map(|user| user.id.clone()).as_deref(), Some(user_id).filter(|_| is_theirs));
    assert!(login.check(Requirement::FreshLogin).is_err(), "no credentials were given");

    let lines = request_login.finish(200).set_cookies;
    let mut jar = Jar::default();
    jar.keep(&lines);
    if !is_theirs {
        assert!(jar.header().is_empty(), "a revoked token is deleted, and no cookie is set");
        assert!(lines.iter().any(|line| line.starts_with(NATIVE_REMEMBER)));
        return;
    }
    if let Some(session) = jar.get(NATIVE_SESSION) {
        let written = SessionFields::parse(&FORGER.open_session(session).unwrap()).unwrap();
        assert_eq!((written.user_id(), written.auth, written.is_fresh()), (Some(user_id), right, false));
        assert_eq!(written.login.map(|login| login.began_at), Some(fields.began_at), "it is the same login");
    } else {
        assert!(cookie.len() > MAX_COOKIE - 512, "there was space for a session");
    }
    let left = fields.began_at.saturating_add(YEAR) - NOW;
    let duration = fields.ends_at.saturating_sub(fields.issued_at).min(400 * 86_400).min(left);
    let refreshed = jar.get(NATIVE_REMEMBER).map(|token| RememberFields::parse(&FORGER.open_remember(token).unwrap()));
    let expected = RememberFields { issued_at: NOW, ends_at: NOW.saturating_add(duration), ..fields.clone() };
    assert_eq!(refreshed.flatten(), Some(expected).filter(|_| duration > 0));
});
