//! What must be true: of the records, whatever happened to the calls that changed them.

use std::collections::{BTreeMap, BTreeSet};

use login_store::{Record, SessionId};

use super::options::{Options, REMEMBERED};
use super::script::Action;
use super::store::{Effect, Fate, SimStore};
use super::visit::Visit;

/// What is known of a login.
#[derive(Default)]
pub(crate) struct Facts {
    /// What responses have acknowledged: values that are there, and values that are not there any
    /// more.
    pub(crate) present: BTreeSet<String>,
    pub(crate) absent: BTreeSet<String>,
    /// Whether a remember cookie has restored it.
    pub(crate) is_restored: bool,
    /// Whether a request tried to confirm it.
    pub(crate) is_confirmed: bool,
    /// Whether a response has acknowledged that it was confirmed.
    pub(crate) is_fresh: bool,
    /// The newest generations of its cookies, session and remember, that a request has presented.
    pub(crate) presented: [u32; 2],
    /// The newest generations that a request may have made.
    pub(crate) rotated: [u32; 2],
    /// The newest generation of its session cookie that a remember cookie may have made. Older ones had
    /// ended by then.
    pub(crate) restored: u32,
}

/// When a record was inserted, counted in decided calls.
struct Insertion {
    user: Vec<u8>,
    at: usize,
    /// When its request listed the user's other records.
    listed_at: usize,
}

pub(crate) struct Removal {
    pub(crate) by: usize,
    /// When, counted in decided calls.
    pub(crate) at: usize,
    /// Whether the handler ended it, so that its data ends too.
    pub(crate) is_chosen: bool,
    pub(crate) values: Vec<String>,
}

pub(crate) struct Model {
    pub(crate) store: SimStore,
    pub(crate) options: Options,
    pub(crate) visits: BTreeMap<usize, Visit>,
    pub(crate) facts: BTreeMap<SessionId, Facts>,
    /// Values that a request has tried to remove: whether they are there is open.
    pub(crate) contested: BTreeSet<String>,
    pub(crate) removals: BTreeMap<SessionId, Removal>,
    insertions: BTreeMap<SessionId, Insertion>,
    /// Each record as it was last written, also if it was removed since.
    pub(crate) last: BTreeMap<SessionId, Record>,
    ended: BTreeSet<SessionId>,
    /// Counts the decided calls.
    decided: usize,
    tags: usize,
    /// Whether the last request that asked found its login fresh.
    pub(crate) saw_fresh: bool,
    /// Seconds since 1970.
    pub(crate) now: u64,
}

impl Model {
    pub(crate) fn new(store: SimStore, options: Options, now: u64) -> Self {
        Self {
            store,
            options,
            visits: BTreeMap::new(),
            facts: BTreeMap::new(),
            contested: BTreeSet::new(),
            removals: BTreeMap::new(),
            insertions: BTreeMap::new(),
            last: BTreeMap::new(),
            ended: BTreeSet::new(),
            decided: 0,
            tags: 0,
            saw_fresh: false,
            now,
        }
    }

    pub(crate) fn new_tag(&mut self) -> usize {
        self.tags += 1;
        self.tags
    }

    pub(crate) fn all_ids(&self) -> Vec<SessionId> {
        self.store.memory.records().into_iter().map(|record| record.id).collect()
    }

    pub(crate) fn ids_of(&self, user: Option<&str>) -> Vec<SessionId> {
        let records = self.store.memory.records().into_iter();
        records.filter(|record| Some(&*record.user_id) == user.map(str::as_bytes)).map(|record| record.id).collect()
    }

    /// It was acknowledged that these logins have ended.
    pub(crate) fn ended(&mut self, ids: &[SessionId]) {
        for id in ids {
            assert!(!self.store.has(*id), "{id} was said to have ended, and is in the store");
        }
        self.ended.extend(ids);
    }

    /// A call was decided.
    pub(crate) fn effect(&mut self, effect: &Effect) {
        self.decided += 1;
        let at = self.decided;
        if let Some(visit) = self.visits.get_mut(&effect.request) {
            if effect.method == "of_user" {
                visit.listed_at = at;
            }
            if effect.method == "update" {
                visit.updated_at = at;
            }
            let has_failed = effect.fate != Fate::Answered && !matches!(effect.method, "touch" | "remove_ended");
            visit.has_last_call_failed = has_failed;
            if has_failed {
                visit.call_failed(effect.method);
            }
        }
        for record in &effect.written {
            self.last.insert(record.id, record.clone());
            self.written(effect.request, record);
        }
        for record in &effect.removed {
            self.removed(effect, record);
        }
    }

    fn written(&mut self, by: usize, record: &Record) {
        assert!(!self.ended.contains(&record.id), "{} had ended and is written again", record.id);
        assert!(!self.removals.contains_key(&record.id), "{} was removed and is written again", record.id);
        self.insertions.entry(record.id).or_insert_with(|| Insertion {
            user: record.user_id.clone(),
            at: self.decided,
            listed_at: self.visits.get(&by).map_or(0, |visit| visit.listed_at),
        });
        let began = self.visits.get(&by).map(|visit| visit.now);
        assert!(
            began.is_none_or(|now| record.seen / 1000 >= now),
            "{} is written, and its use is not noted",
            record.id
        );
        let values = values(&record.body);
        let unique: BTreeSet<_> = values.iter().collect();
        assert_eq!(unique.len(), values.len(), "a change was made twice: {values:?}");
        let Some(facts) = self.facts.get(&record.id) else { return };
        for value in facts.present.difference(&self.contested) {
            assert!(
                values.contains(value),
                "{value} was acknowledged, and is overwritten in {}: {values:?}",
                record.id
            );
        }
        for value in &facts.absent {
            assert!(!values.contains(value), "{value} was removed, and is back in {}", record.id);
        }
    }

    fn removed(&mut self, effect: &Effect, record: &Record) {
        let by = effect.request;
        let action = self.visits.get(&by).and_then(|visit| visit.action);
        let is_chosen = !matches!(action, None | Some(Action::Save));
        self.removals.insert(record.id, Removal { by, at: self.decided, is_chosen, values: values(&record.body) });
        let Some(visit) = self.visits.get(&by) else { return };
        let is_in_use = effect.method == "remove_ended" && self.has_session(record, visit.now);
        assert!(!is_in_use, "{} has not ended, and is cleaned up", record.id);
        let names = visit.names().any(|id| id == record.id) || visit.own.contains(&record.id);
        if effect.method != "remove" || !visit.made_login || names || is_chosen {
            return;
        }
        // It was one too many.
        self.visit(by).untold.insert(record.id);
        let limit = self.options.max_sessions.expect("nothing else removes it");
        let Some(listed_at) = self.insertions.get(&record.id).map(|insertion| insertion.listed_at) else { return };
        let of_user = self.insertions.values().filter(|insertion| insertion.user == record.user_id);
        let newer = of_user.filter(|insertion| insertion.at > listed_at).count() - 1;
        assert!(newer >= limit, "{} was not one of the oldest: {newer} are newer", record.id);
    }

    /// Whether the session of this login is in use, as far as time says.
    pub(crate) fn has_session(&self, record: &Record, now: u64) -> bool {
        record.seen / 1000 + self.options.session_age() >= now && self.is_alive(record, now)
    }

    /// Whether a remember cookie may restore this login, as far as time says.
    pub(crate) fn is_remembered(&self, record: &Record, now: u64) -> bool {
        let since = if self.options.refreshes { record.seen } else { record.created };
        since / 1000 + REMEMBERED > now && self.is_alive(record, now)
    }

    pub(crate) fn is_in_time(&self, record: &Record, now: u64) -> bool {
        self.has_session(record, now) || self.is_remembered(record, now)
    }

    pub(crate) fn is_alive(&self, record: &Record, now: u64) -> bool {
        self.options.login_lifetime.is_none_or(|lifetime| record.created / 1000 + lifetime >= now)
    }

    /// The user of a login that was ever inserted.
    pub(crate) fn owner(&self, id: SessionId) -> Option<&[u8]> {
        self.insertions.get(&id).map(|insertion| &*insertion.user)
    }

    /// Whether a login was removed before this request last changed a record, or by the request.
    pub(crate) fn was_gone(&self, number: usize, id: SessionId) -> bool {
        let updated_at = self.visits[&number].updated_at;
        self.removals.get(&id).is_some_and(|removal| {
            // Whether a handler knows that it has ended its own login is judged elsewhere.
            (removal.by == number && !removal.is_chosen) || removal.at < updated_at
        })
    }

    /// Nothing is in flight.
    pub(crate) fn check_limit(&self) {
        let Some(limit) = self.options.max_sessions else { return };
        for user in super::request::USERS {
            let records = self.store.memory.records().into_iter();
            let is_usable = |record: &Record| record.user_id == user.as_bytes() && record.ends > self.now * 1000;
            let count = records.filter(is_usable).count();
            assert!(count <= limit, "user {user} has {count} sessions");
        }
    }
}

/// The values in the body of a record or in a cookie, each of which was written by one request.
pub(crate) fn values(body: &[u8]) -> Vec<String> {
    let body = String::from_utf8_lossy(body);
    let is_value = |text: &&str| {
        let tag = text.strip_prefix(['i', 'u', 'f']).and_then(|text| text.split_once(':'));
        tag.is_some_and(|(tag, owner)| tag.parse::<usize>().is_ok() && owner.is_ascii())
    };
    body.split('"').filter(is_value).map(str::to_owned).collect()
}
