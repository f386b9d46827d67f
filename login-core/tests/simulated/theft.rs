//! A stolen remember cookie, used by its owner and by the thief in turn.
//!
//! A cookie that was replaced is accepted until someone has presented its successor, and 60 seconds
//! longer. After that its use says that two browsers have it: the login ends for both. The session
//! cookie that was issued together with the successor presents it too.

use login_core::adapter::ResponseParts;

use super::browser::{Browser, named};
use super::random::Random;
use super::store::ready;
use crate::common::site::{REMEMBER, SESSION, Site};
use crate::common::{NOW, account};

const GRACE: u64 = 60;

/// What is to be expected of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// It is logged in. Its response sets cookies of this generation.
    LoggedIn(Option<u32>),
    Anonymous,
    Theft,
}

/// A login as its cookies tell it: each use of the remember cookie without a session replaces both.
struct Lineage {
    generation: u32,
    rotated_at: u64,
    presented_at: Option<u64>,
    has_ended: bool,
}

impl Lineage {
    fn expect(&mut self, session: Option<u32>, remember: Option<u32>, now: u64) -> Expected {
        if self.has_ended {
            return Expected::Anonymous;
        }
        let is_over = |since: u64| now > since + GRACE;
        let is_previous = |generation: u32| generation + 1 == self.generation;
        let is_accepted = |generation: u32| is_previous(generation) && !self.presented_at.is_some_and(is_over);
        match (session, remember) {
            (Some(generation), _) if generation == self.generation => {
                if generation > 0 {
                    self.presented_at.get_or_insert(now);
                }
                Expected::LoggedIn(None)
            }
            // The remember cookie tells what the current ones are.
            (Some(generation), _) if is_accepted(generation) => {
                Expected::LoggedIn(remember.filter(|each| *each == generation).map(|_| self.generation))
            }
            (_, Some(generation)) if generation == self.generation => {
                (self.generation, self.rotated_at, self.presented_at) = (generation + 1, now, None);
                Expected::LoggedIn(Some(self.generation))
            }
            (_, Some(generation)) if is_accepted(generation) => Expected::LoggedIn(Some(self.generation)),
            (_, Some(generation)) if is_previous(generation) || is_over(self.rotated_at) => {
                self.has_ended = true;
                Expected::Theft
            }
            _ => Expected::Anonymous,
        }
    }
}

/// Owner and thief, who use their copies of the same cookies.
pub(crate) struct Theft {
    random: Random,
    site: Site,
    ends_all: bool,
    now: u64,
    trace: Vec<String>,
    seed: u64,
}

impl Theft {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let ends_all = random.percent(50);
        let site = Site::new(|builder| if ends_all { builder.end_all_on_theft() } else { builder });
        Self { random, site, ends_all, now: NOW, trace: Vec::new(), seed }
    }

    pub(crate) fn run(mut self, steps: usize) {
        let [mut owner, mut elsewhere] = [(); 2].map(|()| Browser::default());
        self.log_in(&mut elsewhere);
        self.log_in(&mut owner);
        let mut copies = [owner.clone(), owner];
        copies[1].close();
        let mut lineage = Lineage { generation: 0, rotated_at: NOW, presented_at: None, has_ended: false };
        for _ in 0..steps {
            let copy = &mut copies[self.random.below(2)];
            if self.random.percent(30) {
                copy.close();
            }
            let (request, sent) = copy.send(self.now);
            let generation = |named: Option<super::browser::Named>| named.map(|named| named.generation);
            let expected = lineage.expect(generation(sent.session), generation(sent.remember), self.now);
            let (user, parts) = self.visit(request);
            let events = self.site.events();
            let has_event = events.iter().any(|event| event == "remember_token_reused");
            self.trace.push(format!("{}: {sent:?}, {expected:?}, {user:?}, {events:?}", self.now - NOW));
            assert_eq!(user.is_some(), matches!(expected, Expected::LoggedIn(_)), "who is logged in");
            assert_eq!(has_event, expected == Expected::Theft, "whether a theft is noticed");
            if let Expected::LoggedIn(cookies) = expected {
                let set = [SESSION, REMEMBER].map(|name| Self::generation(&parts, name));
                assert_eq!(set, [cookies; 2], "the cookies that are set");
            }
            let left = usize::from(!(lineage.has_ended && self.ends_all)) + usize::from(!lineage.has_ended);
            assert_eq!(self.site.store.len(), left, "how many logins are left");
            if !self.random.percent(15) {
                copy.receive(&parts, self.now);
            }
            let seconds = self.random.pick(&[0, 1, 20, 59, 60, 61, 90]);
            self.now += seconds;
            self.site.advance(seconds);
        }
    }

    fn generation(parts: &ResponseParts, name: &str) -> Option<u32> {
        let pairs = parts.set_cookies.iter().map(|line| super::browser::cookie(line));
        pairs.filter(|(each, _)| *each == name).find_map(|(_, value)| named(value)).map(|named| named.generation)
    }

    fn log_in(&mut self, browser: &mut Browser) {
        let request_login = self.site.manager.begin();
        let login = request_login.access(|| browser.send(self.now).0);
        ready(login.log_in(account("1")).remember(true).into_future()).unwrap();
        browser.receive(&ready(request_login.finish_with_store(200)), self.now);
        self.site.events();
    }

    fn visit(&self, request: login_core::Request) -> (Option<String>, ResponseParts) {
        let request_login = self.site.manager.begin();
        let login = request_login.access(|| request);
        let user = ready(login.user()).unwrap().map(|user| user.id.clone());
        (user, ready(request_login.finish_with_store(200)))
    }
}

impl Drop for Theft {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.trace.join("\n"));
            eprintln!("again with SIMULATION_SEED={}", self.seed);
        }
    }
}
