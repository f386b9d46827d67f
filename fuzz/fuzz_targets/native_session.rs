//! Correctly signed sessions of any content. Checks what is read from them, and what is written
//! again.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use login_core::adapter::Requirement;
use login_core::{LoginManager, SessionProtection};
use login_core_fuzz::account::{Account, keys as session_keys, load};
use login_core_fuzz::browser::Jar;
use login_core_fuzz::forge::{Digest, LoginFields, Native, SessionFields};
use login_core_fuzz::json;
use login_core_fuzz::site::{self, MAX_COOKIE, MONTH, NATIVE_SESSION, NOW};
use login_core_fuzz::tamper::Tamper;
use login_core_fuzz::time::When;
use serde_json::value::RawValue;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    header: Option<[u8; 4]>,
    /// With `None`, the text contains all fields. Otherwise it is the data.
    fields: Option<Fields>,
    hash: Option<u8>,
    protection: u8,
    tamper: Tamper,
    text: &'a [u8],
}

#[derive(Debug, Arbitrary)]
struct Fields {
    flags: u8,
    signed_at: When,
    login: Option<(When, u64, String)>,
    client: Option<Digest>,
    auth: Option<Digest>,
}

const MODES: [SessionProtection; 3] = [SessionProtection::Off, SessionProtection::Basic, SessionProtection::Strong];

static FORGER: LazyLock<Native> = LazyLock::new(site::native_forger);
static MANAGERS: LazyLock<[LoginManager<Account>; 3]> = LazyLock::new(|| {
    MODES.map(|mode| site::native().session_protection(mode).build_without_loader().expect("a valid configuration"))
});

impl Input<'_> {
    fn bytes(&self) -> Vec<u8> {
        let Some(fields) = &self.fields else { return self.text.to_vec() };
        let login = fields.login.as_ref().filter(|(_, _, user_id)| user_id.len() < MAX_COOKIE);
        let user_id = login.map_or("", |(_, _, user_id)| user_id);
        SessionFields {
            flags: 0,
            signed_at: fields.signed_at.seconds(),
            login: login.map(|(began_at, login_at, user_id)| LoginFields {
                login_id: [9; 16],
                began_at: began_at.seconds(),
                login_at: *login_at,
                user_id: user_id.clone().into_bytes(),
            }),
            client: fields.client.map(|digest| digest.bytes(FORGER.unknown_client())),
            auth: fields.auth.map(|digest| digest.bytes(FORGER.auth(user_id, b"hash"))),
            data: self.text.to_vec(),
        }
        .with_flags(fields.flags)
        .bytes()
    }

    fn user(&self, id: &str) -> Account {
        let hash = match self.hash {
            None => None,
            Some(0..128) => Some(b"hash".to_vec()),
            Some(_) => Some(b"another".to_vec()),
        };
        Account { hash, ..Account::new(id) }
    }
}

/// Checks that the session is empty and no user is logged in.
fn assert_refused(manager: &LoginManager<Account>, cookie: impl AsRef<[u8]>) {
    let (request_login, login) = site::sending(manager, NATIVE_SESSION, cookie);
    assert!(session_keys(&login).is_empty());
    assert!(load(&login, |_| panic!("a user is loaded")).unwrap().is_none());
    assert!(request_login.finish(200).set_cookies.is_empty());
}

fuzz_target!(|input: Input<'_>| {
    let mode = usize::from(input.protection) % MODES.len();
    let (manager, protection) = (&MANAGERS[mode], MODES[mode]);
    let bytes = input.bytes();
    let header = input.header.unwrap_or(FORGER.header());
    let cookie = FORGER.session(header, &bytes);

    assert_refused(manager, input.text);
    if let Some(changed) = input.tamper.change(&cookie) {
        assert_refused(manager, changed);
    }
    let fields = SessionFields::parse(&bytes).filter(|fields| fields.is_in_force(NOW, MONTH));
    let Some(fields) = fields.filter(|_| header == FORGER.header() && cookie.len() <= MAX_COOKIE) else {
        return assert_refused(manager, &cookie);
    };
    let members = if fields.data.is_empty() { Some(Default::default()) } else { json::members(&fields.data) };
    let (request_login, login) = site::sending(manager, NATIVE_SESSION, &cookie);
    let Some(mut members) = members else {
        // The library may accept or refuse this text. It must only not panic.
        let _ = load(&login, |id| Some(input.user(id)));
        let _ = (session_keys(&login), login.insert("fuzz", &1), request_login.finish(200));
        return;
    };
    let is_own = fields.client == Some(FORGER.unknown_client()) || protection == SessionProtection::Off;
    let is_ended =
        fields.login.is_some() && !is_own && protection == SessionProtection::Strong && !fields.is_permanent();
    for (key, value) in members.iter().filter(|(key, _)| !key.starts_with('_')) {
        let read = login.get::<Box<RawValue>>(key).unwrap();
        // Session protection acts when the session is read, and the data ends with the login.
        assert_eq!(read.as_ref().map(|value| value.get()), (!is_ended).then(|| value.get()));
    }

    let mut asked = None;
    let user = load(&login, |id| {
        asked = Some(id.to_owned());
        Some(input.user(id))
    })
    .unwrap();
    assert_eq!(asked.as_deref(), fields.user_id().filter(|_| !is_ended));
    let is_theirs =
        asked.as_ref().is_some_and(|id| fields.auth == input.user(id).hash.map(|hash| FORGER.auth(id, &hash)));
    assert_eq!(user.as_ref().map(|user| &user.id), asked.as_ref().filter(|_| is_theirs));
    let is_fresh = is_theirs && fields.is_fresh() && is_own;
    assert_eq!(login.check(Requirement::FreshLogin).is_ok(), is_fresh);

    let inserted = login.insert("fuzz", &1);
    let lines = request_login.finish(200).set_cookies;
    if inserted.is_err() {
        return;
    }
    let mut jar = Jar::default();
    jar.keep(&lines);
    let written = jar.get(NATIVE_SESSION).expect("it was changed");
    let after = SessionFields::parse(&FORGER.open_session(written).unwrap()).unwrap();
    if fields.login.is_some() && !is_theirs {
        members.clear();
        assert_eq!((after.login, after.client, after.auth), (None, None, None));
    } else {
        assert_eq!((after.login, after.client, after.auth), (fields.login, fields.client, fields.auth));
    }
    assert_eq!(after.signed_at, NOW);
    members.insert("fuzz".to_owned(), serde_json::from_str("1").unwrap());
    let text = |members: &std::collections::BTreeMap<String, Box<RawValue>>| {
        members.iter().map(|(key, value)| (key.clone(), value.get().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(text(&json::members(&after.data).unwrap()), text(&members));

    let keys = session_keys(&login);
    let (_, again) = site::sending(manager, NATIVE_SESSION, written);
    assert_eq!(session_keys(&again), keys);
    let user_again = load(&again, |id| Some(input.user(id))).unwrap();
    assert_eq!(user_again.map(|user| user.id.clone()), user.map(|user| user.id.clone()));
});
