//! Calls at the same time. Each method is atomic, so one of them comes first.

use crate::id::SessionId;
use crate::record::Record;
use crate::store::{SessionStore, Versioned};
use crate::tests::fixture::{Names, assert_records, ok};
use crate::tests::futures::{join_all, yield_now};

/// How many calls are made at the same time.
const CALLS: u8 = 100;

/// Of a hundred inserts of one ID, one succeeds and all others are errors.
pub async fn parallel_inserts_of_one_id_insert_one(store: &impl SessionStore) {
    let names = Names("parallel_inserts_of_one_id_insert_one");
    let records: Vec<_> = (0..CALLS).map(|call| Record { body: vec![call], ..names.record(1) }).collect();
    let results = join_all(records.iter().map(|record| store.insert(record))).await;
    let inserted: Vec<_> =
        records.iter().zip(&results).filter(|(_, result)| result.is_ok()).map(|(record, _)| record).collect();
    assert_eq!(inserted.len(), 1, "how many inserts succeeded");
    assert_records(ok(store.find(names.id(1)).await), &inserted);
    assert_records(ok(store.of_user(&names.user(0)).await), &inserted);
}

/// Of a hundred updates of one version, one is done and all others are conflicts.
pub async fn parallel_updates_of_one_version_do_one(store: &impl SessionStore) {
    let record = Names("parallel_updates_of_one_version_do_one").record(1);
    ok(store.insert(&record).await);
    let updates: Vec<_> = (0..CALLS).map(|call| Record { body: vec![call], ..record.clone() }).collect();
    let results = join_all(updates.iter().map(|update| store.update(update))).await;
    let results: Vec<_> = results.into_iter().map(|result| ok(result)).collect();
    let count = |wanted| results.iter().filter(|result| **result == wanted).count();
    assert_eq!((count(Versioned::Done), count(Versioned::Conflict)), (1, results.len() - 1));
    let done = updates.into_iter().zip(&results).find(|(_, result)| **result == Versioned::Done);
    let changed = done.map(|(update, _)| Record { version: record.version + 1, ..update });
    assert_records(ok(store.find(record.id).await), &changed.iter().collect::<Vec<_>>());
}

/// Adds a byte to the body: reads the record, changes it and updates it, again until that is done.
async fn add_byte(store: &impl SessionStore, id: SessionId, byte: u8) {
    // Each conflict is the success of another call.
    for _ in 0..CALLS {
        let Some(mut record) = ok(store.find(id).await) else { panic!("the record is gone") };
        yield_now().await;
        // A store that doubles it would otherwise use up the memory.
        assert!(record.body.len() < usize::from(CALLS), "the body has bytes that nobody added");
        record.body.push(byte);
        if ok(store.update(&record).await) == Versioned::Done {
            return;
        }
    }
    panic!("there were more conflicts than changes");
}

/// A hundred calls that read, change and update one record lose no change.
pub async fn parallel_changes_lose_nothing(store: &impl SessionStore) {
    let mut record = Record { body: Vec::new(), ..Names("parallel_changes_lose_nothing").record(1) };
    ok(store.insert(&record).await);
    join_all((0..CALLS).map(|call| add_byte(store, record.id, call))).await;
    let found = ok(store.find(record.id).await).map(|mut found| {
        found.body.sort_unstable();
        found
    });
    record.body = (0..CALLS).collect();
    record.version += u64::from(CALLS);
    assert_records(found, &[&record]);
}

/// A hundred calls of `touch` move `seen` and `ends` to the latest, and updates at the same time lose nothing.
pub async fn parallel_touches_and_changes_lose_nothing(store: &impl SessionStore) {
    let mut record = Record { body: Vec::new(), ..Names("parallel_touches_and_changes_lose_nothing").record(1) };
    ok(store.insert(&record).await);
    join_all((0..CALLS).map(async |call| {
        // The latest `seen` comes with the earliest `ends`, and neither comes last.
        let shuffled = u64::from(call) * 37 % u64::from(CALLS);
        let (seen, ends) = (record.seen + shuffled, record.ends + u64::from(CALLS) - shuffled);
        if call % 4 == 0 {
            add_byte(store, record.id, call).await;
        }
        ok(store.touch(record.id, seen, ends).await);
    }))
    .await;
    let found = ok(store.find(record.id).await).map(|mut found| {
        found.body.sort_unstable();
        found
    });
    record.body = (0..CALLS).step_by(4).collect();
    record.version += record.body.len() as u64;
    record.seen += u64::from(CALLS) - 1;
    record.ends += u64::from(CALLS);
    assert_records(found, &[&record]);
}

/// Of a hundred calls that remove one record, one removes it.
pub async fn parallel_removes_of_one_record_remove_it_once(store: &impl SessionStore) {
    let names = Names("parallel_removes_of_one_record_remove_it_once");
    let record = names.record(1);
    ok(store.insert(&record).await);
    let removed = join_all((0..CALLS).map(async |call| match call % 3 {
        0 => ok(store.remove(record.id).await),
        1 => ok(store.remove_version(record.id, record.version).await) == Versioned::Done,
        _ => ok(store.remove_of_user(&record.user_id, None).await) == 1,
    }))
    .await;
    assert_eq!(removed.into_iter().filter(|removed| *removed).count(), 1, "how many calls removed the record");
}

/// Of a hundred calls that update or remove one version, one is done.
pub async fn parallel_updates_and_removals_of_one_version_do_one(store: &impl SessionStore) {
    let record = Names("parallel_updates_and_removals_of_one_version_do_one").record(1);
    ok(store.insert(&record).await);
    let results = join_all((0..CALLS).map(async |call| match call % 2 {
        0 => ok(store.remove_version(record.id, record.version).await),
        _ => ok(store.update(&record).await),
    }))
    .await;
    assert_eq!(results.into_iter().filter(|result| *result == Versioned::Done).count(), 1, "how many were done");
}

/// A record that is removed while others update and touch it does not come back.
pub async fn parallel_changes_never_revive_a_removed_record(store: &impl SessionStore) {
    let names = Names("parallel_changes_never_revive_a_removed_record");
    let record = names.record(1);
    ok(store.insert(&record).await);
    join_all((0..CALLS).map(async |call| {
        if call == CALLS / 2 {
            yield_now().await;
            assert!(ok(store.remove(record.id).await), "the record was removed before");
        }
        for _ in 0..3 {
            let Some(found) = ok(store.find(record.id).await) else { break };
            yield_now().await;
            // Whatever becomes of it.
            let _ = ok(store.update(&found).await);
            ok(store.touch(record.id, found.seen + 7, found.ends + 9).await);
        }
    }))
    .await;
    assert_records(ok(store.find(record.id).await), &[]);
    assert_records(ok(store.of_user(&names.user(0)).await), &[]);
}

/// Of calls of `remove_of_user` at the same time, none fails, and each record is counted by one of them.
pub async fn parallel_remove_of_user_count_each_record_once(store: &impl SessionStore) {
    let names = Names("parallel_remove_of_user_count_each_record_once");
    for number in 1..=30 {
        ok(store.insert(&names.record(number)).await);
    }
    let user = names.user(0);
    let counts = join_all((0..10).map(|_| store.remove_of_user(&user, None))).await;
    assert_eq!(counts.into_iter().map(|count| ok(count)).sum::<u64>(), 30);
    assert_records(ok(store.of_user(&user).await), &[]);
}
