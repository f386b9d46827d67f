//! Records of any content in a session store, and correctly signed cookies that name them. Checks
//! whom they log in, and that what the library then writes can be read again.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use login_core::adapter::{Step, StoreCall, StoreStep};
use login_core::{LoginManager, Request};
use login_core_fuzz::account::Account;
use login_core_fuzz::forge::Native;
use login_core_fuzz::site::{self, NATIVE_REMEMBER, NATIVE_SESSION, NOW};
use login_store::{Record, SessionId, Versioned};
use sha2::{Digest as _, Sha256};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    session: Option<Token>,
    remember: Option<Token>,
    record: Option<Times>,
    /// What stands for the hash of the session secret, and of the remember secret, in the body.
    marks: [bool; 2],
    has_hash: bool,
    changes: bool,
    body: &'a [u8],
}

#[derive(Debug, Arbitrary)]
struct Token {
    generation: u32,
    secret: [u8; 32],
}

#[derive(Debug, Arbitrary)]
struct Times {
    version: u32,
    created_ago: i32,
    seen_ago: i32,
}

const ID: [u8; 16] = [4; 16];

static FORGER: LazyLock<Native> = LazyLock::new(site::native_forger);
static MANAGER: LazyLock<LoginManager<Account>> =
    LazyLock::new(|| site::native().session_store_by_steps().build_without_loader().expect("a valid configuration"));

impl Token {
    fn fields(&self) -> Vec<u8> {
        [&ID[..], &self.generation.to_be_bytes(), &self.secret].concat()
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_slice()).into()
    }
}

impl Input<'_> {
    /// The body, in which runs of 32 equal bytes stand for the hashes.
    fn body(&self) -> Vec<u8> {
        let mut body = self.body.to_vec();
        for (mark, (token, is_used)) in [&self.session, &self.remember].into_iter().zip(self.marks).enumerate() {
            let run = [0xf0 + mark as u8; 32];
            if let (Some(token), true, Some(at)) = (token, is_used, find(&body, &run)) {
                body[at..at + 32].copy_from_slice(&token.hash());
            }
        }
        body
    }

    fn record(&self) -> Option<Record> {
        let times = self.record.as_ref()?;
        let before = |ago: i32| NOW.saturating_add_signed(-i64::from(ago)) * 1000;
        Some(Record {
            id: SessionId::from_bytes(ID),
            user_id: b"1".to_vec(),
            version: times.version.into(),
            created: before(times.created_ago),
            seen: before(times.seen_ago),
            ends: u64::MAX >> 1,
            body: self.body(),
        })
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// A store with one record at most. `written` is the record that was written last.
fn run<T>(mut step: StoreStep<T>, record: &Option<Record>, written: &mut Option<Record>) -> T {
    type Never = std::convert::Infallible;
    loop {
        step = match step {
            StoreStep::Done(value) => return value,
            StoreStep::Ask(call) => match call {
                StoreCall::Find { token, .. } => token.answer(Ok::<_, Never>(record.clone())),
                StoreCall::Insert { record, token } => {
                    *written = Some(record);
                    token.answer(Ok::<_, Never>(()))
                }
                StoreCall::Update { record, token } => {
                    *written = Some(record);
                    token.answer(Ok::<_, Never>(Versioned::Done))
                }
                StoreCall::Touch { token, .. } => token.answer(Ok::<_, Never>(())),
                StoreCall::Remove { token, .. } => token.answer(Ok::<_, Never>(true)),
                StoreCall::RemoveVersion { token, .. } => token.answer(Ok::<_, Never>(Versioned::Done)),
                StoreCall::OfUser { token, .. } => token.answer(Ok::<_, Never>(Vec::new())),
                StoreCall::RemoveOfUser { token, .. } | StoreCall::RemoveEnded { token, .. } => {
                    token.answer(Ok::<_, Never>(0))
                }
            },
        };
    }
}

fuzz_target!(|input: Input<'_>| {
    let mut cookies = Vec::new();
    if let Some(token) = &input.session {
        cookies.push(format!("{NATIVE_SESSION}={}", FORGER.stored_session(&token.fields())));
    }
    if let Some(token) = &input.remember {
        cookies.push(format!("{NATIVE_REMEMBER}={}", FORGER.stored_remember(&token.fields())));
    }
    let (record, mut written) = (input.record(), None);
    let request = || Request::new("GET", "/").with_header("cookie", cookies.join("; ").as_bytes());
    let request_login = MANAGER.begin();
    let login = request_login.access(request);
    let mut step = login.resolve();
    let user = loop {
        step = match step {
            Step::AskStore(call) => run(StoreStep::Ask(call), &record, &mut written),
            Step::LoadUser { id, token } => {
                let hash = input.has_hash.then(|| b"hash".to_vec());
                token.answer(Some(Account { hash, ..Account::new(&id) }))
            }
            Step::LoadUserFromRequest(_) => panic!("there is no request loader"),
            Step::Done(user) => break user,
        };
    };
    if let Ok(Some(_)) = &user {
        let body = input.body();
        let tokens = [&input.session, &input.remember];
        let is_known = tokens.into_iter().flatten().any(|token| find(&body, &token.hash()).is_some());
        assert!(is_known, "the record does not have the hash of a secret that was sent");
    }
    if input.changes && user.is_ok() {
        let _ = login.insert("fuzzed", "value");
    }
    let parts = run(request_login.finish_steps(200), &record, &mut written);
    assert_eq!(parts.failure.is_some(), user.is_err());
    if let Some(record) = written {
        let found = run(MANAGER.sessions_of_steps(&"1".to_owned()), &None, &mut None);
        assert!(found.is_ok());
        let again = MANAGER.begin();
        let login = again.access(request);
        assert!(run(login.load_steps(), &Some(record), &mut None).is_ok(), "what was written can be read");
    }
});
