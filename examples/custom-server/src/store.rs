//! A session store that blocks. A server with a blocking database driver writes SQL here instead.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use login_core::SessionId;
use login_core::adapter::{StoreCall, StoreStep};
use login_store::{Record, Versioned};

#[derive(Default)]
pub(crate) struct BlockingStore(Mutex<BTreeMap<SessionId, Record>>);

type Result<T> = std::result::Result<T, &'static str>;

impl BlockingStore {
    /// Runs the steps of an operation of the core: answers what it asks, until there is a result.
    pub(crate) fn run<T>(&self, mut step: StoreStep<T>) -> T {
        loop {
            step = match step {
                StoreStep::Ask(call) => self.answer(call),
                StoreStep::Done(result) => return result,
            };
        }
    }

    /// An error is passed on too: the core makes a 5xx of it.
    fn answer<T>(&self, call: StoreCall<T>) -> StoreStep<T> {
        match call {
            StoreCall::Insert { record, token } => token.answer(self.insert(record)),
            StoreCall::Find { id, token } => token.answer(self.lock().map(|records| records.get(&id).cloned())),
            StoreCall::Update { record, token } => token.answer(self.update(record)),
            StoreCall::Touch { id, seen, ends, token } => token.answer(self.touch(id, seen, ends)),
            StoreCall::Remove { id, token } => {
                token.answer(self.remove_if(1, |record| record.id == id).map(|n| n == 1))
            }
            StoreCall::RemoveVersion { id, version, token } => token.answer(self.remove_version(id, version)),
            StoreCall::OfUser { user_id, token } => token.answer(self.of_user(&user_id)),
            StoreCall::RemoveOfUser { user_id, except, token } => {
                let is_removed = |record: &Record| record.user_id == user_id && Some(record.id) != except;
                token.answer(self.remove_if(u64::MAX, is_removed))
            }
            StoreCall::RemoveEnded { now, limit, token } => {
                token.answer(self.remove_if(limit, |record| record.ends < now))
            }
        }
    }

    fn lock(&self) -> Result<MutexGuard<'_, BTreeMap<SessionId, Record>>> {
        self.0.lock().map_err(|_| "another thread panicked and may have left a change half made")
    }

    fn insert(&self, record: Record) -> Result<()> {
        let mut records = self.lock()?;
        if records.contains_key(&record.id) {
            return Err("the session ID is taken");
        }
        records.insert(record.id, record);
        Ok(())
    }

    fn update(&self, new: Record) -> Result<Versioned> {
        let mut records = self.lock()?;
        Ok(match records.get_mut(&new.id) {
            Some(old) if old.version == new.version => {
                let (seen, ends) = (old.seen.max(new.seen), old.ends.max(new.ends));
                *old = Record { version: new.version + 1, seen, ends, body: new.body, ..old.clone() };
                Versioned::Done
            }
            Some(_) => Versioned::Conflict,
            None => Versioned::Gone,
        })
    }

    fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<()> {
        if let Some(record) = self.lock()?.get_mut(&id) {
            (record.seen, record.ends) = (record.seen.max(seen), record.ends.max(ends));
        }
        Ok(())
    }

    fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned> {
        let mut records = self.lock()?;
        Ok(match records.get(&id) {
            Some(record) if record.version == version => {
                records.remove(&id);
                Versioned::Done
            }
            Some(_) => Versioned::Conflict,
            None => Versioned::Gone,
        })
    }

    fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>> {
        let mut records: Vec<_> = self.lock()?.values().filter(|record| record.user_id == user_id).cloned().collect();
        records.sort_by_key(|record| (record.created, record.id));
        Ok(records)
    }

    /// Removes up to `limit` records for which this is true. Says how many.
    fn remove_if(&self, limit: u64, is_removed: impl Fn(&Record) -> bool) -> Result<u64> {
        let mut removed = 0;
        self.lock()?.retain(|_, record| {
            let removes = removed < limit && is_removed(record);
            removed += u64::from(removes);
            !removes
        });
        Ok(removed)
    }
}
