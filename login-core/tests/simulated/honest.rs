//! An honest browser stays logged in: however many tabs it has, whichever responses are lost.

use login_core::SessionProtection;
use login_store::{Record, SessionId};

use super::browser::Named;
use super::model::Model;
use super::visit::Visit;

impl Model {
    /// An honest browser has a login that no one has ended. It stays logged in.
    pub(crate) fn check_is_not_logged_out(&self, visit: &Visit) {
        if self.options.changes_agents && self.options.protection == SessionProtection::Strong {
            return;
        }
        let lasts = |record: &Record| record.seen / 1000 + self.options.session_age() >= visit.now;
        let is_alive = |record: &&Record| self.is_alive(record, visit.now);
        let live = |id: SessionId| visit.live.get(&id).filter(is_alive).filter(|_| self.store.has(id));
        // The record has no more than the current secret and the one before. A request that takes so
        // long that the cookie is replaced twice meanwhile is too late.
        let is_late = |(which, named): (usize, Option<Named>)| {
            let Some(named) = named else { return false };
            let facts = &self.facts[&named.id];
            facts.presented[which] > named.generation && facts.rotated[which] > named.generation + 1
        };
        if [visit.sent.session, visit.sent.remember].into_iter().enumerate().any(is_late) {
            return;
        }
        let is_of_now = |named: &Named| named.generation >= self.facts[&named.id].restored;
        if let Some(named) = visit.sent.session.filter(is_of_now) {
            assert!(!live(named.id).is_some_and(lasts), "the session cookie of {} is not accepted", named.id);
        }
        // The server may be as much ahead of what the browser knows as a response takes.
        let is_kept = visit.sent.remember_ends_at > visit.now + 60;
        if let Some(named) = visit.sent.remember.filter(|_| is_kept) {
            assert!(live(named.id).is_none(), "the remember cookie of {} is not accepted", named.id);
        }
    }
}
