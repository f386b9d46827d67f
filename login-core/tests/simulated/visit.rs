//! What must be true of what a request sees.

use std::collections::{BTreeMap, BTreeSet};

use login_core::LoginError;
use login_store::{Record, SessionId};

use super::browser::Sent;
use super::calls::Method;
use super::model::Model;
use super::script::Action;

/// A request, as far as it has come.
pub(crate) struct Visit {
    pub(crate) sent: Sent,
    browser: usize,
    pub(crate) now: u64,
    /// The logins that its cookies name and that existed when it began.
    pub(crate) live: BTreeMap<SessionId, Record>,
    /// The logins that its cookies name and that were restored before, but not confirmed.
    stale: Vec<SessionId>,
    /// Who is logged in, as it has seen it.
    pub(crate) user: Option<Option<String>>,
    /// Its login.
    pub(crate) current: Option<SessionId>,
    /// Logins that it made.
    pub(crate) own: Vec<SessionId>,
    /// The login of the same user whose place its own login takes.
    pub(crate) base: Option<SessionId>,
    pub(crate) made_login: bool,
    pub(crate) logged_out: bool,
    pub(crate) is_restored: bool,
    pub(crate) is_confirmed: bool,
    is_protected: bool,
    /// Whether session protection has ended the login.
    pub(crate) has_protection_ended_it: bool,
    /// Values that it has added and removed, and that no response has acknowledged.
    pub(crate) added: Vec<String>,
    pub(crate) dropped: Vec<String>,
    /// What the handler does now. `None` after it.
    pub(crate) action: Option<Action>,
    has_action_failed: bool,
    has_load_failed: bool,
    /// Whether a call failed that makes the response a failure.
    pub(crate) must_fail: bool,
    /// Whether any call failed that matters, and whether the last one did.
    pub(crate) failed_calls: usize,
    /// When the action began, in seconds since 1970.
    pub(crate) acts_since: u64,
    pub(crate) has_last_call_failed: bool,
    pub(crate) listed_at: usize,
    /// When it last changed a record, counted in decided calls.
    pub(crate) updated_at: usize,
    /// The sessions that it removed because they were too many, and that no event has named yet.
    pub(crate) untold: BTreeSet<SessionId>,
}

impl Visit {
    /// The logins that the cookies name.
    pub(crate) fn names(&self) -> impl Iterator<Item = SessionId> + use<> {
        self.sent.session.into_iter().chain(self.sent.remember).map(|named| named.id)
    }

    pub(crate) fn call_failed(&mut self, method: Method) {
        self.failed_calls += 1;
        match self.action {
            Some(action) if action.reports_failures() => self.has_action_failed = true,
            _ => self.must_fail = true,
        }
        self.has_load_failed |= method == "find" && self.user.is_none();
    }

    fn is_known(&self) -> Option<&str> {
        self.user.as_ref()?.as_deref()
    }

    fn forget(&mut self) {
        self.added.clear();
        self.dropped.clear();
        (self.current, self.base) = (None, None);
    }
}

impl Model {
    pub(crate) fn visit(&mut self, number: usize) -> &mut Visit {
        self.visits.get_mut(&number).expect("the request has begun")
    }

    pub(crate) fn begin(&mut self, number: usize, browser: usize, sent: Sent) {
        let names: Vec<_> = sent.session.into_iter().chain(sent.remember).map(|named| named.id).collect();
        let live = names.iter().filter_map(|id| Some((*id, self.store.record(*id)?))).collect();
        let is_stale =
            |id: &SessionId| self.facts.get(id).is_some_and(|facts| facts.is_restored && !facts.is_confirmed);
        let stale = names.into_iter().filter(is_stale).collect();
        let visit = Visit {
            sent,
            browser,
            now: self.now,
            live,
            stale,
            user: None,
            current: None,
            own: Vec::new(),
            base: None,
            made_login: false,
            logged_out: false,
            is_restored: false,
            is_confirmed: false,
            is_protected: false,
            has_protection_ended_it: false,
            added: Vec::new(),
            dropped: Vec::new(),
            action: None,
            has_action_failed: false,
            has_load_failed: false,
            must_fail: false,
            failed_calls: 0,
            acts_since: 0,
            has_last_call_failed: false,
            listed_at: 0,
            updated_at: 0,
            untold: BTreeSet::new(),
        };
        for (which, named) in [visit.sent.session, visit.sent.remember].into_iter().enumerate() {
            let Some(named) = named else { continue };
            let presented = &mut self.facts.entry(named.id).or_default().presented[which];
            *presented = named.generation.max(*presented);
        }
        self.visits.insert(number, visit);
    }

    pub(crate) fn begin_action(&mut self, number: usize, action: Option<Action>) {
        let now = self.now;
        let visit = self.visit(number);
        (visit.action, visit.has_action_failed, visit.acts_since) = (action, false, now);
    }

    pub(crate) fn end_action(&mut self, number: usize, error: Option<&LoginError>) {
        let visit = self.visit(number);
        assert!(!visit.has_action_failed || error.is_some(), "{:?} has hidden a failure of the store", visit.action);
        let has_failed = matches!(error, Some(LoginError::Load(_)));
        assert!(!has_failed || visit.failed_calls > 0, "{:?} fails without a reason", visit.action);
        assert!(!matches!(error, Some(LoginError::NotLoaded | LoginError::ResponseBegun)), "{error:?}");
    }

    /// The application was notified.
    pub(crate) fn event(&mut self, number: usize, name: &str, id: Option<SessionId>, user: Option<&str>) {
        if name == "remember_token_reused" {
            // A browser with an outdated cookie gets the current one with the next response. If it gets
            // none, nothing tells it from a thief.
            let is_outdated = self.visits.get(&number).is_some_and(|visit| visit.sent.is_outdated);
            assert!(self.options.has_thief || is_outdated, "an honest browser was called a thief");
            let id = id.expect("the event says which login");
            self.ended(&[id]);
        }
        if name == "loaded_from_cookie"
            && let Some(id) = id
        {
            let facts = self.facts.entry(id).or_default();
            facts.rotated = [0, 1].map(|which| facts.rotated[which].max(facts.presented[which]) + 1);
            facts.restored = facts.rotated[0];
        }
        let Some(visit) = self.visits.get_mut(&number) else { return };
        match name {
            "accessed" => visit.current = id,
            "loaded_from_cookie" => (visit.current, visit.is_restored) = (id, true),
            "session_protected" => visit.is_protected = true,
            "session_ended" => {
                id.map(|id| visit.untold.remove(&id));
            }
            "logged_in" => {
                let is_same = visit.is_known().is_some() && visit.is_known() == user;
                if !is_same {
                    visit.forget();
                } else if visit.current.is_some_and(|current| !visit.own.contains(&current)) {
                    visit.base = visit.current;
                }
                visit.own.extend(id);
                (visit.made_login, visit.logged_out) = (true, false);
                (visit.current, visit.user) = (id, Some(user.map(str::to_owned)));
            }
            _ => {}
        }
    }

    /// The handler asked who is logged in.
    pub(crate) fn saw_user(&mut self, number: usize, user: Option<&str>) {
        let options = self.options.clone();
        let visit = &self.visits[&number];
        let is_first = visit.user.is_none() && !visit.logged_out;
        assert!(user.is_some() || !visit.has_load_failed, "a failure of the store was called anonymous");
        if let Some(seen) = &visit.user {
            assert_eq!(seen.as_deref(), user, "the user has changed within a request");
        }
        if let Some(user) = user
            && !visit.made_login
        {
            let mut users = visit.live.values().map(|record| &*record.user_id);
            assert!(users.any(|each| each == user.as_bytes()), "a cookie of no login has logged in {user}");
            // Another request may have used it meanwhile.
            let is_in_time = |(id, record): (&SessionId, &Record)| {
                let [session, remember] =
                    [visit.sent.session, visit.sent.remember].map(|named| named.is_some_and(|named| named.id == *id));
                [Some(record), self.last.get(id)].into_iter().flatten().any(|record| {
                    (session && self.has_session(record, visit.now))
                        || (remember && self.is_remembered(record, visit.now))
                })
            };
            assert!(visit.live.iter().any(is_in_time), "a login whose time is over has logged in {user}");
        }
        if user.is_none() && is_first && !options.has_thief && !visit.sent.is_outdated {
            self.check_is_not_logged_out(visit);
        }
        let visit = self.visit(number);
        visit.has_protection_ended_it |= is_first && user.is_none() && visit.is_protected;
        visit.user = Some(user.map(str::to_owned));
        if user.is_none() {
            visit.forget();
        }
    }

    /// The handler asked anew. A login that had ended before the request is not valid again.
    pub(crate) fn rechecked(&mut self, number: usize, user: Option<&str>) {
        let visit = &self.visits[&number];
        if let (Some(user), Some(seen)) = (user, &visit.user) {
            assert_eq!(seen.as_deref(), Some(user), "the user has changed within a request");
        }
        assert!(user.is_some() || !visit.has_load_failed, "a failure of the store was called anonymous");
        // It may be used elsewhere after the store was asked, which counts too late.
        let lasts = |id: SessionId| {
            visit
                .live
                .get(&id)
                .cloned()
                .or_else(|| self.store.record(id))
                .is_none_or(|record| record.seen / 1000 + self.options.session_age() >= self.now)
        };
        if let (None, Some(Some(_)), Some(id), 0) = (user, &visit.user, visit.current, visit.failed_calls) {
            assert!(self.removals.contains_key(&id) || !lasts(id), "{id} was not found, and no one has ended it");
        }
        if let (Some(_), Some(id)) = (user, visit.current.filter(|id| !visit.own.contains(id))) {
            let record = self.last.get(&id).or_else(|| visit.live.get(&id));
            // The first to ask who is logged in does so at the time of the request.
            let at = if visit.user.is_none() { visit.now } else { visit.acts_since };
            assert!(record.is_none_or(|record| self.is_in_time(record, at)), "{id} had ended before");
        }
        if user.is_some() && visit.user.is_none() {
            self.saw_user(number, user);
        }
    }

    pub(crate) fn saw_freshness(&mut self, number: usize, is_fresh: bool) {
        let visit = &self.visits[&number];
        self.saw_fresh = is_fresh;
        let is_made_here = visit.made_login || visit.is_confirmed;
        if !is_fresh || is_made_here {
            return;
        }
        assert!(!visit.is_restored, "a restored login is fresh");
        if let Some(id) = visit.current.filter(|id| visit.stale.contains(id)) {
            assert!(self.facts[&id].is_confirmed, "{id} was restored and is fresh again");
        }
    }

    /// The last request asked whether the login is fresh. What was confirmed stays so until the login
    /// is restored again.
    pub(crate) fn check_is_confirmed(&mut self) {
        let is_confirmed = self.facts.values_mut().any(|facts| std::mem::take(&mut facts.is_fresh));
        assert!(self.saw_fresh || !is_confirmed, "a request that only restored the login has made it not fresh");
    }

    /// The handler read a value.
    pub(crate) fn saw_value(&mut self, number: usize, value: &str) {
        let visit = &self.visits[&number];
        let Some(user) = &visit.user else { return };
        let (_, owner) = value.split_once(':').expect("the value names its owner");
        let is_visitor = match owner.strip_prefix('g') {
            Some(browser) => self.options.has_thief || browser == visit.browser.to_string(),
            None => false,
        };
        assert!(is_visitor || user.as_deref() == Some(owner), "{user:?} has read {value}");
    }

    pub(crate) fn added(&mut self, number: usize, value: String) {
        let visit = self.visit(number);
        if visit.is_known().is_some() {
            visit.added.push(value);
        }
    }

    pub(crate) fn dropped(&mut self, number: usize, value: String) {
        self.contested.insert(value.clone());
        // A visitor's value is in a cookie too, from which a restored login may get it again.
        let is_tracked = !value.contains(":g") || self.options.tracks_visitors;
        let visit = self.visit(number);
        visit.added.retain(|added| *added != value);
        if visit.is_known().is_some() && is_tracked {
            visit.dropped.push(value);
        }
    }

    pub(crate) fn confirming(&mut self, number: usize) {
        let visit = self.visit(number);
        visit.is_confirmed = true;
        let generation = visit.sent.session.map_or(0, |named| named.generation);
        if let Some(id) = visit.current {
            let facts = self.facts.entry(id).or_default();
            facts.is_confirmed = true;
            facts.rotated[0] = facts.rotated[0].max(generation + 1);
        }
    }

    /// The handler has logged out. With success, every login that it could name has ended.
    pub(crate) fn logged_out(&mut self, number: usize, is_done: bool) {
        let visit = self.visit(number);
        visit.forget();
        (visit.logged_out, visit.made_login, visit.user) = (true, false, is_done.then_some(None));
        if is_done {
            // No one has the cookies of a login whose insertion failed.
            let own = if visit.must_fail { Vec::new() } else { visit.own.clone() };
            let ids: Vec<_> = visit.names().chain(own).collect();
            self.ended(&ids);
        }
    }
}
