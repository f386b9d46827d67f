//! Decides what happens next: whose call is answered, which response is lost, how late it is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::browser::Browser;
use super::calls::Mirror;
use super::flight::{Finished, Running};
use super::model::Model;
use super::options::Options;
use super::random::Random;
use super::request::{USERS, end_sessions_of};
use super::script::{Action, Script};
use super::store::{Fate, SimStore};
use crate::common::NOW;
use crate::common::site::{REMEMBER, SESSION, Site};

/// How long a request may take, from its sending to the delivery of its response, in seconds. It
/// is less than the grace for replaced cookies.
const SLOWEST: u64 = 30;

const IDLE: u64 = 300;

pub(crate) struct Schedule {
    pub(super) seed: u64,
    pub(super) random: Random,
    pub(super) options: Options,
    pub(super) site: Site,
    pub(super) store: SimStore,
    pub(super) model: Arc<Mutex<Model>>,
    pub(super) browsers: Vec<Browser>,
    pub(super) running: Vec<Running>,
    pub(super) finished: Vec<Finished>,
    pub(super) now: u64,
    pub(super) requests: usize,
    pub(super) trace: Vec<String>,
}

#[derive(Clone, Copy)]
enum Happens {
    Request,
    Poll,
    Decide,
    Deliver,
    Leave,
    Wait,
    Close,
    ChangeAgent,
    Steal,
    Administer,
}

impl Schedule {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let options = Options::random(&mut random);
        Self::with(seed, random, options, SimStore::default())
    }

    /// A real store is asked the same as the store in memory.
    pub(crate) fn mirrored(seed: u64, mirror: Mirror) -> Self {
        let mut random = Random::new(seed);
        let options = Options::random(&mut random);
        Self::with(seed, random, options, SimStore::new(Some(mirror)))
    }

    /// A session that is idle for [`IDLE`] seconds ends, and responses are lost.
    pub(crate) fn idle(seed: u64) -> Self {
        let options = Options { idle_timeout: Some(IDLE), loses: true, ..Options::calm() };
        Self::with(seed, Random::new(seed), options, SimStore::default())
    }

    pub(crate) fn calm(seed: u64) -> Self {
        Self::with(seed, Random::new(seed), Options::calm(), SimStore::default())
    }

    fn with(seed: u64, random: Random, options: Options, store: SimStore) -> Self {
        let model = Arc::new(Mutex::new(Model::new(store.clone(), options.clone(), NOW)));
        let (notified, calling) = (Arc::clone(&model), store.clone());
        let site = Site::on(store.clone(), store.memory.clone(), |builder| {
            options.configure(builder).on_event(move |event| {
                let user = event.user().map(|user| user.id.clone());
                let mut model = notified.lock().unwrap();
                model.event(calling.current(), event.name(), event.session_id(), user.as_deref());
            })
        });
        let browsers = vec![Browser::default(); options.browsers];
        let trace = vec![format!("{options:?}")];
        let (running, finished) = (Vec::new(), Vec::new());
        Self { seed, random, options, site, store, model, browsers, running, finished, now: NOW, requests: 0, trace }
    }

    /// Lets so many things happen, and then everything that has begun end.
    pub(crate) fn run(mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
            self.check_quiet();
        }
        self.settle();
        self.check_quiet();
        for browser in 0..self.browsers.len() {
            let looks = [(); 5].map(|()| {
                self.send(browser, Script::of(&[Action::Look, Action::Read]));
                self.settle_all();
                self.requests
            });
            self.model.lock().unwrap().check_only_finds(looks[4]);
        }
    }

    /// A browser that was closed is opened again, and its tabs restore its login at the same time.
    /// What a visitor has stored meanwhile moves into the login once.
    pub(crate) fn run_restores(mut self) {
        self.send(0, Script::of(&[Action::LogIn(0, Some(true))]));
        self.settle();
        for _ in 0..3 {
            self.browsers[0].close();
            self.send(0, Script::of(&[Action::InsertUnseen]));
            self.settle();
            // The user enters credentials in one tab at most.
            let last = self.random.pick(&[Action::Confirm, Action::Look, Action::LogIn(0, Some(true))]);
            let actions = [
                &[Action::Look][..],
                &[Action::Look, Action::Update],
                &[Action::Look, Action::Remove(0)],
                &[Action::Look, Action::Update, Action::Save, Action::IsFresh, Action::Update],
            ];
            let mut tabs = vec![vec![Action::Look, last]];
            for _ in 0..1 + self.random.below(3) {
                let at = self.random.below(tabs.len() + 1);
                tabs.insert(at, self.random.pick(&actions).to_vec());
            }
            tabs.iter().for_each(|tab| self.send(0, Script::of(tab)));
            self.settle();
            self.send(0, Script::of(&[Action::IsFresh]));
            self.settle();
            self.model.lock().unwrap().check_is_confirmed();
        }
    }

    /// One tab uses a session in its last second, and another restores the login in the next one.
    pub(crate) fn run_idle(mut self) {
        self.send(0, Script::of(&[Action::LogIn(0, Some(true))]));
        self.settle_all();
        for _ in 0..4 {
            let seen = self.store.memory.records().iter().map(|record| record.seen / 1000).max().unwrap_or(self.now);
            self.pass((seen + IDLE).saturating_sub(self.now));
            for at in 0..1 + self.random.below(3) {
                let actions = [&[Action::Look, Action::Confirm][..], &[Action::Look], &[Action::Look, Action::Update]];
                let actions = self.random.pick(&actions);
                self.send(0, Script::of(actions));
                if at == 0 {
                    self.poll(0);
                    self.pass(1);
                }
            }
            self.settle();
            for _ in 0..2 {
                let seconds = self.random.pick(&[0, 20, 61, 90]);
                self.pass(seconds);
                if self.random.percent(40) {
                    self.browsers[0].close();
                }
                self.send(0, Script::of(&[Action::Look]));
                self.settle();
            }
        }
    }

    fn check_quiet(&self) {
        let is_quiet = self.running.is_empty() && self.finished.is_empty() && self.store.waiting() == 0;
        if is_quiet && !self.options.fails && !self.options.loses {
            self.model.lock().unwrap().check_limit();
        }
    }

    fn step(&mut self) {
        let (running, waiting, finished) = (self.running.len(), self.store.waiting(), self.finished.len());
        let if_any = |count: usize, weight: usize| if count > 0 { weight } else { 0 };
        let options = &self.options;
        let may = |may: bool, weight: usize| if may { weight } else { 0 };
        let happens = self.random.weighted(&[
            (if running < options.parallel { 20 } else { 0 }, Happens::Request),
            (if_any(running, 30), Happens::Poll),
            (if_any(waiting, 40), Happens::Decide),
            (if_any(finished, 20), Happens::Deliver),
            (may(options.loses, if_any(running, 2)), Happens::Leave),
            (4, Happens::Wait),
            (1, Happens::Close),
            (may(options.changes_agents, 1), Happens::ChangeAgent),
            (may(options.has_thief, 1), Happens::Steal),
            (may(options.has_administrator, 1), Happens::Administer),
        ]);
        match happens {
            Happens::Request => {
                let browser = self.random.below(self.browsers.len());
                let script = Script::random(&mut self.random, &self.options);
                self.send(browser, script);
            }
            Happens::Poll => {
                let at = self.random.below(running);
                self.poll(at);
            }
            Happens::Decide => {
                let fate = if self.options.fails && self.random.percent(8) {
                    self.random.pick(&[Fate::Failed, Fate::AnswerLost])
                } else {
                    Fate::Answered
                };
                let at = self.random.below(waiting);
                self.decide(at, fate);
            }
            Happens::Deliver => {
                let is_lost = self.options.loses && self.random.percent(20);
                let at = self.random.below(finished);
                self.deliver(at, is_lost);
            }
            Happens::Leave => {
                let left = self.running.remove(self.random.below(running));
                self.trace.push(format!("client of {} leaves", left.number));
            }
            Happens::Wait => self.wait(),
            Happens::Close => {
                let browser = self.random.below(self.browsers.len());
                self.trace.push(format!("browser {browser} is closed"));
                self.browsers[browser].close();
            }
            Happens::ChangeAgent => {
                let browser = self.random.below(self.browsers.len());
                self.browsers[browser].agent += 1;
            }
            Happens::Steal => self.steal(),
            Happens::Administer => {
                self.requests += 1;
                let user = self.random.pick(&USERS);
                let ending = end_sessions_of(self.site.manager.clone(), Arc::clone(&self.model), user);
                let handling = Box::pin(async move {
                    ending.await;
                    None
                });
                self.trace.push(format!("{} ends all sessions of {user}", self.requests));
                self.running.push(Running { number: self.requests, sent_by: None, sent_at: self.now, handling });
            }
        }
    }

    fn wait(&mut self) {
        let idle = self.options.idle_timeout.unwrap_or(600);
        let choice = self.random.below(61) as u64;
        let seconds = self.random.pick(&[0, 1, 5, 15, choice, 59, 60, 61, 600, idle, idle + 1, 12_000]);
        let sent_at = self.running.iter().map(|each| each.sent_at).chain(self.finished.iter().map(|each| each.sent_at));
        let oldest = sent_at.min().unwrap_or(self.now);
        if self.now + seconds > oldest + SLOWEST {
            self.settle();
        }
        self.pass(seconds);
    }

    fn pass(&mut self, seconds: u64) {
        self.now += seconds;
        self.trace.push(format!("{seconds} seconds pass"));
        self.site.clock.advance(Duration::from_secs(seconds));
        self.model.lock().unwrap().now = self.now;
    }

    /// Someone copies cookies, and uses them from now on.
    fn steal(&mut self) {
        let owner = self.random.below(self.browsers.len());
        let mut thief = Browser { is_thief: true, ..self.browsers[owner].clone() };
        let left = self.random.pick(&[None, Some(SESSION), Some(REMEMBER)]);
        left.map(|name| thief.cookies.remove(name));
        self.trace.push(format!("browser {} steals {:?} of {owner}", self.browsers.len(), thief.cookies.keys()));
        match self.browsers.iter().position(|browser| browser.is_thief) {
            Some(at) if at != owner => self.browsers[at] = thief,
            _ => self.browsers.push(thief),
        }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.trace.len().saturating_sub(150);
            eprintln!("{}", self.trace[..1].join(""));
            eprintln!("{}", self.trace[from..].join("\n"));
            eprintln!("again with SIMULATION_SEED={}", self.seed);
        }
    }
}
