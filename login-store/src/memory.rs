//! A store in memory.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::SessionId;
use crate::record::Record;
use crate::store::{SessionStore, Versioned};

/// Keeps sessions in memory: for tests, and for an application that runs as a single server process.
///
/// When the process ends, all sessions are lost and everyone is logged out. Other processes do not
/// see them.
///
/// Clones share the same sessions. The memory does not grow without bound: at each login, the login
/// library removes records that have ended.
///
/// ```
/// # use login_store::{MemoryStore, Record, SessionId, SessionStore};
/// # async fn f(record: Record) -> Result<(), login_store::MemoryStoreError> {
/// let store = MemoryStore::new();
/// store.clone().insert(&record).await?;
/// assert_eq!(store.find(record.id).await?, Some(record));
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Records>>);

/// The records, with indexes, so that no method but `records` scans all of them.
#[derive(Default)]
struct Records {
    by_id: HashMap<SessionId, Record>,
    /// Of each user that has records: `created` and ID of these.
    by_user: HashMap<Vec<u8>, BTreeSet<(u64, SessionId)>>,
    /// `ends` and ID of each record.
    by_ends: BTreeSet<(u64, SessionId)>,
}

/// The error of a [`MemoryStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoryStoreError {
    /// `insert`: another record has the ID already.
    IdTaken,
}

impl fmt::Display for MemoryStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdTaken => f.write_str("another record has this session ID: insert with a new random one"),
        }
    }
}

impl Error for MemoryStoreError {}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of records, including those that have ended and are not removed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies of all records, in the order of `created` and then of the ID's bytes. For tests and
    /// tools.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let mut records: Vec<_> = self.lock().by_id.values().cloned().collect();
        records.sort_by_key(|record| (record.created, record.id));
        records
    }

    /// Continues with a poisoned lock: no method panics halfway through a change, so the records are intact.
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl SessionStore for MemoryStore {
    type Error = MemoryStoreError;

    async fn insert(&self, record: &Record) -> Result<(), MemoryStoreError> {
        self.lock().insert(record)
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>, MemoryStoreError> {
        Ok(self.lock().by_id.get(&id).cloned())
    }

    async fn update(&self, record: &Record) -> Result<Versioned, MemoryStoreError> {
        Ok(self.lock().update(record))
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), MemoryStoreError> {
        self.lock().touch(id, seen, ends);
        Ok(())
    }

    async fn remove(&self, id: SessionId) -> Result<bool, MemoryStoreError> {
        Ok(self.lock().remove(id))
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, MemoryStoreError> {
        let mut records = self.lock();
        let compared = records.compare(id, version);
        if compared == Versioned::Done {
            records.remove(id);
        }
        Ok(compared)
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, MemoryStoreError> {
        let records = self.lock();
        Ok(records.ids_of(user_id).filter_map(|id| records.by_id.get(&id).cloned()).collect())
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, MemoryStoreError> {
        let mut records = self.lock();
        let ids: Vec<_> = records.ids_of(user_id).filter(|id| Some(*id) != except).collect();
        Ok(ids.into_iter().map(|id| u64::from(records.remove(id))).sum())
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, MemoryStoreError> {
        Ok(self.lock().remove_ended(now, limit))
    }
}

impl Records {
    fn insert(&mut self, record: &Record) -> Result<(), MemoryStoreError> {
        if self.by_id.contains_key(&record.id) {
            return Err(MemoryStoreError::IdTaken);
        }
        self.by_user.entry(record.user_id.clone()).or_default().insert((record.created, record.id));
        self.by_ends.insert((record.ends, record.id));
        self.by_id.insert(record.id, record.clone());
        Ok(())
    }

    /// What becomes of a change of this version.
    fn compare(&self, id: SessionId, version: u64) -> Versioned {
        match self.by_id.get(&id) {
            Some(record) if record.version == version => Versioned::Done,
            Some(_) => Versioned::Conflict,
            None => Versioned::Gone,
        }
    }

    fn update(&mut self, new: &Record) -> Versioned {
        let compared = self.compare(new.id, new.version);
        if compared == Versioned::Done
            && let Some(record) = self.touch(new.id, new.seen, new.ends)
        {
            record.body.clone_from(&new.body);
            record.version = record.version.saturating_add(1);
        }
        compared
    }

    fn touch(&mut self, id: SessionId, seen: u64, ends: u64) -> Option<&mut Record> {
        let record = self.by_id.get_mut(&id)?;
        record.seen = record.seen.max(seen);
        if record.ends < ends {
            self.by_ends.remove(&(record.ends, id));
            self.by_ends.insert((ends, id));
            record.ends = ends;
        }
        Some(record)
    }

    fn remove(&mut self, id: SessionId) -> bool {
        let Some(record) = self.by_id.remove(&id) else { return false };
        self.by_ends.remove(&(record.ends, id));
        if let Some(of_user) = self.by_user.get_mut(&record.user_id) {
            of_user.remove(&(record.created, id));
            if of_user.is_empty() {
                self.by_user.remove(&record.user_id);
            }
        }
        true
    }

    fn remove_ended(&mut self, now: u64, limit: u64) -> u64 {
        let mut removed = 0;
        while removed < limit
            && let Some(&(ends, id)) = self.by_ends.first()
            && ends < now
        {
            self.remove(id);
            removed += 1;
        }
        removed
    }

    fn ids_of(&self, user_id: &[u8]) -> impl Iterator<Item = SessionId> {
        self.by_user.get(user_id).into_iter().flatten().map(|&(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::failing::check::BrokenStore;
    use crate::tests::{Names, block_on};

    crate::store_tests! {
        block_on = block_on,
        store = MemoryStore::new(),
        failing = BrokenStore,
    }

    #[test]
    fn clones_share_the_records() {
        let (store, record) = (MemoryStore::new(), Names("clones_share_the_records").record(1));
        assert!(store.is_empty());
        assert_eq!(block_on(store.clone().insert(&record)), Ok(()));
        assert_eq!((store.len(), store.is_empty()), (1, false));
        assert_eq!(block_on(store.find(record.id)), Ok(Some(record)));
    }

    #[test]
    fn the_records_are_listed_in_the_order_of_created_and_id() {
        let (store, names) = (MemoryStore::new(), Names("the_records_are_listed"));
        let record = |number, created| Record { created, user_id: names.user(number), ..names.record(number) };
        let [first, second, third] = [record(9, 1), record(2, 5), record(3, 5)];
        for record in [&third, &first, &second] {
            assert_eq!(block_on(store.insert(record)), Ok(()));
        }
        assert_eq!(store.records(), [first, second, third]);
    }

    #[test]
    fn nothing_is_left_in_the_indexes_when_all_records_are_removed() {
        let (store, names) = (MemoryStore::new(), Names("nothing_is_left_in_the_indexes"));
        let records: Vec<_> = (1..=5).map(|number| names.record(number)).collect();
        for record in &records {
            assert_eq!(block_on(store.insert(record)), Ok(()));
            assert_eq!(block_on(store.touch(record.id, record.seen, record.ends + record.created)), Ok(()));
        }
        assert_eq!(block_on(store.remove(records[0].id)), Ok(true));
        assert_eq!(block_on(store.remove_version(records[1].id, records[1].version)), Ok(Versioned::Done));
        assert_eq!(block_on(store.remove_of_user(&names.user(0), Some(records[4].id))), Ok(2));
        assert_eq!(block_on(store.remove_ended(u64::MAX, 9)), Ok(1));
        let records = store.lock();
        assert!(records.by_id.is_empty() && records.by_user.is_empty() && records.by_ends.is_empty());
    }

    #[test]
    fn it_works_on_after_a_thread_has_panicked_with_the_lock() {
        let (store, record) = (MemoryStore::new(), Names("it_works_on").record(1));
        let locked = store.clone();
        let thread = std::thread::spawn(move || {
            let _lock = locked.lock();
            panic!("the test poisons the lock");
        });
        assert!(thread.join().is_err() && store.0.is_poisoned());
        assert_eq!(block_on(store.insert(&record)), Ok(()));
        assert_eq!(store.records(), [record]);
    }

    #[test]
    fn debug_shows_no_content() {
        let (store, record) = (MemoryStore::new(), Names("debug_shows_no_content").record(1));
        assert_eq!(block_on(store.insert(&record)), Ok(()));
        assert_eq!(format!("{store:?}"), "MemoryStore { .. }");
    }
}
