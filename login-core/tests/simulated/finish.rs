//! What must be true of responses, and of what they acknowledge.

use login_core::LoginError;
use login_core::adapter::ResponseParts;
use login_store::SessionId;

use super::browser::{cookie, decoded, is_deletion, named};
use super::model::{Model, values};
use super::script::Script;
use crate::common::site::{REMEMBER, SESSION};

impl Model {
    pub(crate) fn listed(&mut self, number: usize, sessions: &[(SessionId, bool)]) {
        let visit = &self.visits[&number];
        for (id, is_current) in sessions {
            assert_eq!(Some(*id) == visit.current, *is_current, "{id} in the list, with {:?}", visit.current);
            if let (Some(record), Some(Some(user))) = (self.store.record(*id), &visit.user) {
                assert_eq!(record.user_id, user.as_bytes(), "another user's session is listed");
            }
        }
    }

    /// A handler ended one session. `result`: whether it was found.
    pub(crate) fn ended_one(&mut self, number: usize, id: SessionId, result: Option<bool>) {
        let visit = &self.visits[&number];
        let Some(user) = visit.user.clone().flatten() else { return };
        if visit.current == Some(id) {
            return self.logged_out(number, result == Some(true));
        }
        let is_another = self.owner(id).is_some_and(|owner| owner != user.as_bytes());
        match result {
            Some(true) => {
                assert!(!is_another, "it was another user's");
                self.ended(&[id]);
            }
            Some(false) if !is_another => self.ended(&[id]),
            Some(false) | None => {}
        }
    }

    pub(crate) fn ended_others(&mut self, number: usize, ids: &[SessionId]) {
        let visit = &self.visits[&number];
        let current = visit.current;
        let others: Vec<_> = ids.iter().copied().filter(|id| Some(*id) != current).collect();
        let is_own = |id| self.removals.get(&id).is_some_and(|removal| removal.by == number && removal.is_chosen);
        // What failed before may have ended it.
        assert!(visit.failed_calls > 0 || !current.is_some_and(is_own), "it has ended its own session");
        self.ended(&others);
    }

    pub(crate) fn ended_all(&mut self, number: usize, ids: &[SessionId], is_done: bool) {
        let user = self.visits[&number].user.clone();
        if user.flatten().is_none() {
            return;
        }
        if is_done {
            self.ended(ids);
            self.logged_out(number, true);
        } else {
            // Whether this login has ended is open.
            let visit = self.visit(number);
            visit.added.clear();
            visit.dropped.clear();
            visit.user = None;
        }
    }

    pub(crate) fn saved(&mut self, number: usize, result: &Result<(), LoginError>) {
        match result {
            Ok(()) => {
                let visit = &self.visits[&number];
                let current = visit.current.filter(|_| matches!(visit.user, Some(Some(_))));
                assert!(!current.is_some_and(|id| self.was_gone(number, id)), "{current:?} was saved, and has ended");
                self.acknowledge(number);
            }
            Err(LoginError::LoginEnded) => {
                let visit = self.visit(number);
                visit.added.clear();
                visit.dropped.clear();
                (visit.current, visit.base) = (None, None);
                visit.user = Some(None);
            }
            Err(_) => {}
        }
    }

    /// What the request has changed is written, or was ended with the login.
    fn acknowledge(&mut self, number: usize) {
        let visit = self.visit(number);
        let (added, mut dropped) = (std::mem::take(&mut visit.added), std::mem::take(&mut visit.dropped));
        let (current, base) = (visit.current, visit.base.take());
        let (is_restored, is_confirmed) = (visit.is_restored, visit.is_confirmed);
        let names: Vec<_> = visit.names().collect();
        let is_taking_over = visit.made_login;
        let Some(id) = current else { return };
        if is_taking_over {
            let replaced: Vec<_> = names.into_iter().filter(|each| *each != id).collect();
            self.ended(&replaced);
        }
        let Some(record) = self.store.record(id) else { return };
        let there = values(&record.body);
        let mut expected = added;
        if let Some(removal) =
            base.and_then(|base| self.removals.get(&base)).filter(|removal| removal.by == number && !removal.is_chosen)
        {
            // A visitor's value may have replaced another visitor's.
            let is_copied = |value: &&String| !dropped.contains(value) && !value.contains(":g");
            expected.extend(removal.values.iter().filter(is_copied).cloned());
        }
        for value in &expected {
            let is_there = there.contains(value) || self.contested.contains(value);
            assert!(is_there, "{value} was acknowledged, and is not in {id}: {there:?}");
        }
        // What was removed from the login whose place it takes does not come back with it.
        let is_copied = |base: &SessionId| {
            self.removals.get(base).is_some_and(|removal| removal.by == number && !removal.is_chosen)
        };
        let copied = base.filter(is_copied);
        let gone = copied.and_then(|base| self.facts.get(&base)).map(|facts| facts.absent.clone());
        dropped.extend(gone.unwrap_or_default());
        for value in &dropped {
            assert!(!there.contains(value), "the removal of {value} was acknowledged, and it is in {id}");
        }
        let facts = self.facts.entry(id).or_default();
        facts.present.extend(expected);
        facts.absent.extend(dropped);
        facts.is_restored |= is_restored && !is_taking_over;
        facts.is_fresh |= is_confirmed && !is_taking_over;
    }

    /// The response is ready.
    pub(crate) fn finish(&mut self, number: usize, script: &Script, status: u16, parts: &ResponseParts) {
        let made = self.store.made(number);
        let visit = &self.visits[&number];
        let is_failure = parts.failure.is_some() || status >= 500;
        assert!(is_failure || !visit.must_fail, "the store failed, and the response does not: {made:?}");
        let lines = &parts.set_cookies;
        assert!(parts.failure.is_none() || visit.failed_calls > 0, "the response fails without a reason: {made:?}");
        assert!(is_failure || visit.untold.is_empty(), "no event says that these have ended: {:?}", visit.untold);
        if is_failure {
            assert!(lines.iter().all(|line| is_deletion(line)), "a failure sets cookies: {lines:?}");
            let left = visit.own.iter().find(|id| self.store.has(**id));
            let cannot_undo = visit.must_fail && (visit.has_last_call_failed || visit.failed_calls > 1);
            assert!(left.is_none() || cannot_undo, "a failure leaves the new login {left:?}");
        }
        if visit.logged_out {
            for (name, named) in [(SESSION, visit.sent.session), (REMEMBER, visit.sent.remember)] {
                let is_set = lines.iter().any(|line| cookie(line).0 == name);
                assert!(is_set || named.is_none(), "a logout leaves the cookie {name}");
            }
        }
        let is_known = matches!(visit.user, Some(Some(_)));
        for line in lines.iter().filter(|line| !is_deletion(line) && named(cookie(line).1).is_none()) {
            assert!(!is_known, "{number} has sent a cookie of a visitor for {:?}: {line}", visit.user);
            let content = decoded(cookie(line).1);
            let is_visitors = |value: &String| value.contains(":g");
            assert!(values(&content).iter().all(is_visitors), "a user's data in the cookie of a visitor");
        }
        for line in lines {
            let Some(named) = named(cookie(line).1) else { continue };
            assert!(!self.was_gone(number, named.id), "a cookie of {}, which had ended", named.id);
            match (&visit.user, self.store.record(named.id)) {
                (Some(user), Some(record)) => {
                    assert_eq!(user.as_deref().map(str::as_bytes), Some(&*record.user_id), "a cookie of another user");
                }
                _ => assert!(
                    visit.names().chain(visit.own.clone()).any(|id| id == named.id),
                    "a cookie of a login that is not the request's"
                ),
            }
        }
        let protected = visit.sent.session.filter(|_| visit.has_protection_ended_it && !visit.must_fail);
        self.ended(protected.map(|named| named.id).as_slice());
        self.check_calls(number, script);
        self.check_confirmation(number, is_failure, lines);
        if !is_failure {
            self.acknowledge(number);
        }
    }

    /// Who confirms a login gets a new secret for the session, so that an older copy is not confirmed.
    fn check_confirmation(&self, number: usize, is_failure: bool, lines: &[String]) {
        let (visit, options) = (&self.visits[&number], &self.options);
        // Otherwise another request may be faster.
        let is_alone = options.parallel == 1 && !options.loses && !options.fails && !options.has_thief;
        let Some(id) = visit.current.filter(|id| is_alone && visit.is_confirmed && self.store.has(*id)) else { return };
        let Some(sent) = visit.sent.session.filter(|sent| sent.id == id && !is_failure) else { return };
        // The successor that a remember cookie has made cannot be derived from the session cookie.
        if sent.generation < self.facts[&id].restored {
            return;
        }
        let set = lines.iter().filter(|line| cookie(line).0 == SESSION).find_map(|line| named(cookie(line).1));
        let is_newer = set.is_some_and(|set| set.id == id && set.generation > sent.generation);
        assert!(is_newer, "{id} was confirmed, and its secret is the same: {set:?}");
    }

    /// What a request looks at decides what it asks the store for.
    fn check_calls(&self, number: usize, script: &Script) {
        let (made, visit) = (self.store.made(number), &self.visits[&number]);
        if script.actions.is_empty() {
            assert!(made.is_empty(), "a request that looks at nothing made {made:?}");
        }
        if !script.only_reads() {
            return;
        }
        let mut names: Vec<_> = visit.names().collect();
        names.dedup_by(|one, other| one == other && self.store.has(*one));
        let finds = made.iter().filter(|method| **method == "find").count();
        // After a conflict the record is read again.
        let conflicts = made.iter().filter(|method| **method == "update").count();
        assert!(finds <= names.len() + conflicts, "a request that only reads made {made:?}");
        if names.is_empty() {
            assert!(made.is_empty(), "a visitor's request made {made:?}");
        }
    }

    /// A request that only reads, and that nothing is due for.
    pub(crate) fn check_only_finds(&self, number: usize) {
        let made = self.store.made(number);
        let writes = made.iter().any(|method| *method != "find");
        assert!(!writes || self.options.refreshes, "a request that only reads made {made:?}");
    }
}
