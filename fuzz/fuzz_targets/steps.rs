//! A browser, its requests, and a handler that changes the login in any order. The loaders
//! return the user, another user, none, or an error.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use login_core::adapter::{LoadUser, Requirement, Step, session_entries};
use login_core::{Login, LoginManager, Request, SessionProtection, TestClock};
use login_core_fuzz::account::Account;
use login_core_fuzz::browser::Jar;
use login_core_fuzz::site::{self, NOW};

const MODES: [SessionProtection; 3] = [SessionProtection::Off, SessionProtection::Basic, SessionProtection::Strong];

#[derive(Debug, Arbitrary)]
struct Input {
    is_flask: bool,
    protection: u8,
    has_request_loader: bool,
    refreshes: bool,
    requests: Vec<Visit>,
}

/// One request, the changes that its handler makes, and what happens before it.
#[derive(Debug, Arbitrary)]
struct Visit {
    seconds_later: u16,
    is_other_client: bool,
    browser_was_closed: bool,
    acts: Vec<Act>,
}

#[derive(Debug, Arbitrary)]
enum Act {
    Begin(Found),
    /// Begins a load and keeps the step for later.
    Hold,
    /// Answers a step that was kept.
    AnswerHeld(Found),
    DropHeld,
    LogIn {
        user: u8,
        hash: Option<u8>,
        suspended: bool,
        remember: bool,
        duration: Option<u16>,
        fresh: bool,
        force: bool,
    },
    LogOut,
    Confirm,
    Insert(u8, String),
    Remove(u8),
    Flash(String),
    TakeFlashes,
    Permanent(bool),
    Judge,
}

/// The result of a loader.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Found {
    Asked { hash: Option<u8> },
    Another(u8),
    NoOne,
    Failure,
}

struct NoToken;

impl login_core::RequestLoader for NoToken {
    type User = Account;
    type Error = std::convert::Infallible;

    async fn load_user_from_request(&self, _: &Request) -> Result<Option<Account>, Self::Error> {
        Ok(None)
    }
}

static CLOCK: LazyLock<TestClock> = LazyLock::new(|| TestClock::new(NOW));

/// All managers, in the order of format, protection, request loader, refreshing.
static MANAGERS: LazyLock<Vec<LoginManager<Account>>> = LazyLock::new(|| {
    let bools = [false, true];
    let mut managers = Vec::new();
    for is_flask in bools {
        for mode in MODES {
            for has_request_loader in bools {
                for refreshes in bools {
                    let mut builder = if is_flask { site::flask() } else { site::native() };
                    builder = builder.session_protection(mode).clock(CLOCK.clone());
                    if has_request_loader {
                        builder = builder.request_loader(NoToken);
                    }
                    if refreshes {
                        builder = builder.refresh_remember_cookie_each_request();
                    }
                    managers.push(builder.build_without_loader().expect("a valid configuration"));
                }
            }
        }
    }
    managers
});

fn id(user: u8) -> String {
    format!("user {}", user % 4)
}

fn account(id: String, hash: Option<u8>) -> Account {
    Account { id, hash: hash.map(|hash| vec![hash % 2]), ..Account::default() }
}

/// The last change of the request's login by the handler.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    Nothing,
    In { is_remembered: bool },
    Out,
}

/// The state of a request while its handler runs.
struct Handler {
    login: Login<Account>,
    held: Vec<Step<Account>>,
    /// All possible users of the request: logged in by the handler, or returned by a loader.
    candidates: Vec<Arc<Account>>,
    logged_in: Option<Arc<Account>>,
    last: Last,
    /// A load failed, and no later change replaced its result.
    failed: bool,
    /// The user IDs that the browser's cookies can contain.
    may_be_asked: Vec<String>,
    /// No cookie of the browser contains a login.
    is_logged_out: bool,
}

impl Handler {
    fn check(&self, result: &Result<Option<Arc<Account>>, login_core::LoadError>) {
        match (self.last, result) {
            (Last::In { .. }, Ok(Some(user))) => {
                assert!(
                    self.logged_in.as_ref().is_some_and(|known| Arc::ptr_eq(known, user)),
                    "another user is logged in"
                );
            }
            (Last::In { .. }, result) => {
                let is_suspended = self.logged_in.as_ref().is_some_and(|user| user.suspended);
                assert!(is_suspended && matches!(result, Ok(None)), "logged in, but no user");
            }
            (Last::Out, Ok(user)) => assert!(user.is_none() && !self.failed, "logged out, but a user"),
            // A failed load stays a failure after a logout.
            (Last::Out, Err(_)) => assert!(self.failed),
            (Last::Nothing, Ok(Some(user))) => {
                assert!(self.candidates.iter().any(|known| Arc::ptr_eq(known, user)), "an unknown user is logged in");
            }
            (Last::Nothing, result) => assert_eq!(result.is_err(), self.failed),
        }
    }

    fn load(&mut self, asked: String, token: LoadUser<Account>, found: Found) -> Option<Step<Account>> {
        assert!(!self.is_logged_out, "{asked} was logged out");
        assert!(self.may_be_asked.iter().any(|id| *id == asked), "{asked} has never logged in");
        let user = match found {
            Found::Asked { hash } => Some(account(asked, hash)),
            Found::Another(user) => Some(account(id(user), None)),
            Found::NoOne => None,
            Found::Failure => {
                // A failure changes nothing if the user is already resolved.
                let was_known = matches!(self.login.resolve(), Step::Done(_));
                let _ = token.fail("the database failed");
                self.failed |= !was_known;
                return None;
            }
        }
        .map(Arc::new);
        self.candidates.extend(user.clone());
        Some(token.answer(user))
    }

    fn run(&mut self, mut step: Step<Account>, found: Found) {
        loop {
            let next = match step {
                Step::AskStore(_) => panic!("there is no store"),
                Step::LoadUser { id, token } => self.load(id, token, found),
                Step::LoadUserFromRequest(token) => {
                    let user = match found {
                        Found::Another(user) => Some(Arc::new(account(id(user), None))),
                        Found::Asked { .. } | Found::NoOne => None,
                        Found::Failure => {
                            let was_known = matches!(self.login.resolve(), Step::Done(_));
                            let _ = token.fail("the database failed");
                            self.failed |= !was_known;
                            return;
                        }
                    };
                    self.candidates.extend(user.clone());
                    Some(token.answer(user))
                }
                Step::Done(result) => return self.check(&result),
            };
            match next {
                Some(next) => step = next,
                None => return,
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Begin(found) => {
                let step = self.login.resolve();
                self.run(step, found);
            }
            Act::Hold => {
                let step = self.login.resolve();
                self.held.push(step);
            }
            Act::AnswerHeld(found) => {
                if let Some(step) = self.held.pop() {
                    // A result that was kept can be outdated, so it is not checked.
                    if !matches!(step, Step::Done(_)) {
                        self.run(step, found);
                    }
                }
            }
            Act::DropHeld => drop(self.held.pop()),
            Act::LogIn { user, hash, suspended, remember, duration, fresh, force } => {
                let user = Arc::new(Account { suspended, ..account(id(user), hash) });
                let mut log_in = self.login.log_in(Arc::clone(&user)).remember(remember).fresh(fresh).force(force);
                if let Some(seconds) = duration {
                    log_in = log_in.duration(Duration::from_secs(seconds.into()));
                }
                if log_in.now().is_ok() {
                    assert!(!suspended || force, "a suspended user logged in");
                    self.last = Last::In { is_remembered: remember };
                    self.failed = false;
                    self.logged_in = Some(user);
                    assert_eq!(self.login.check(Requirement::Login).is_ok(), !suspended);
                    assert_eq!(self.login.check(Requirement::FreshLogin).is_ok(), !suspended && fresh);
                }
            }
            Act::LogOut => {
                let logged_out = self.login.log_out().now();
                assert!(logged_out.is_ok() || self.failed, "the response has not begun");
                self.last = Last::Out;
                assert!(self.login.check(Requirement::Login).is_err());
            }
            Act::Confirm => {
                let other = Account::new("someone else");
                assert!(self.login.confirm_now(&other).is_err(), "another user confirmed the login");
                if let Some(user) = &self.logged_in {
                    let confirmed = self.login.confirm_now(user).is_ok();
                    assert!(!confirmed || self.last != Last::Out, "confirmed without a user");
                }
            }
            Act::Insert(key, text) => {
                let key = format!("key {}", key % 4);
                if self.login.insert(&key, &text).is_ok() {
                    assert_eq!(self.login.get::<String>(&key).unwrap(), Some(text));
                }
            }
            Act::Remove(key) => {
                let key = format!("key {}", key % 4);
                self.login.remove(&key).expect("the response has not begun");
                assert_eq!(self.login.get::<String>(&key).unwrap(), None);
            }
            Act::Flash(text) => drop(self.login.flash(&text)),
            Act::TakeFlashes => {
                self.login.take_flashes().expect("the response has not begun");
                assert!(self.login.take_flashes().unwrap().is_empty());
            }
            Act::Permanent(permanent) => {
                if self.login.set_permanent(permanent).is_ok() {
                    assert_eq!(self.login.is_permanent(), permanent);
                }
            }
            Act::Judge => {
                let is_fresh = self.login.check(Requirement::FreshLogin).is_ok();
                assert!(!is_fresh || self.login.check(Requirement::Login).is_ok());
            }
        }
    }

    /// Checks that nothing can be changed after the response.
    fn assert_closed(&self) {
        let login = &self.login;
        assert!(login.log_in(Account::new("late")).now().is_err());
        assert!(login.log_out().now().is_err() && login.confirm_now(&Account::new("late")).is_err());
        assert!(login.insert("late", &1).is_err() && login.remove("late").is_err());
        assert!(login.flash("late").is_err() && login.take_flashes().is_err());
        assert!(login.set_permanent(true).is_err());
    }
}

fuzz_target!(|input: Input| {
    let (format, mode) = (usize::from(input.is_flask), usize::from(input.protection) % MODES.len());
    let at = ((format * 3 + mode) * 2 + usize::from(input.has_request_loader)) * 2 + usize::from(input.refreshes);
    let manager = &MANAGERS[at];
    let (session_name, remember_name) = if input.is_flask {
        (site::FLASK_SESSION, site::FLASK_REMEMBER)
    } else {
        (site::NATIVE_SESSION, site::NATIVE_REMEMBER)
    };
    CLOCK.set(NOW);

    let mut jar = Jar::default();
    let mut may_be_asked: Vec<String> = Vec::new();
    let mut is_logged_out = true;
    // The expected user ID in the session, if it is certain: `Some(None)` means no login.
    let mut in_session = None;
    for visit in input.requests {
        CLOCK.advance(Duration::from_secs(visit.seconds_later.into()));
        if visit.browser_was_closed {
            jar.forget(session_name);
            in_session = None;
        }
        let request_login = manager.begin();
        let login = request_login.access(|| {
            let agent: &[u8] = if visit.is_other_client { b"other" } else { b"usual" };
            site::with_cookies(jar.header()).with_header("user-agent", agent)
        });
        if let Some(user_id) = in_session.take() {
            let entries = session_entries(&login);
            let found = entries.into_iter().find(|(key, _)| key == "_user_id");
            let found: Option<String> = found.map(|(_, id)| serde_json::from_str(&id).expect("a text"));
            // Strong protection ends the login of another client when the session is read.
            let is_strong = MODES[mode] == SessionProtection::Strong;
            assert!(found == user_id || is_strong && found.is_none(), "{found:?} instead of {user_id:?}");
        }
        let mut handler = Handler {
            login,
            held: Vec::new(),
            candidates: Vec::new(),
            logged_in: None,
            last: Last::Nothing,
            failed: false,
            may_be_asked: may_be_asked.clone(),
            is_logged_out,
        };
        visit.acts.into_iter().for_each(|act| handler.act(act));

        let parts = request_login.finish(200);
        assert_eq!(parts.failure.is_some(), handler.failed);
        if parts.failure.is_some() {
            let has_ended = handler.last == Last::Out || MODES[mode] == SessionProtection::Strong;
            assert!(parts.set_cookies.is_empty() || has_ended, "a failure sets no cookie");
        }
        handler.assert_closed();
        assert!(parts.vary_cookie);
        jar.keep(&parts.set_cookies);
        if let Some(user) = &handler.logged_in {
            may_be_asked.push(user.id.clone());
        }
        match handler.last {
            Last::In { is_remembered } => {
                is_logged_out = false;
                in_session = Some(handler.logged_in.as_ref().map(|user| user.id.clone()));
                assert!(!is_remembered || jar.get(remember_name).is_some());
            }
            Last::Out => {
                is_logged_out = true;
                in_session = Some(None);
                assert_eq!(jar.get(remember_name), None);
            }
            Last::Nothing => {}
        }
        // Steps that are answered after the response change nothing.
        let late: Vec<Step<Account>> = std::mem::take(&mut handler.held);
        late.into_iter().for_each(|step| {
            if let Step::LoadUser { token, .. } = step {
                let _ = token.answer(Some(Account::new("late")));
            }
        });
    }
});
