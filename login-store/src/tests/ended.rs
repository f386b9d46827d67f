//! `remove_ended`.

use crate::record::Record;
use crate::store::{SessionStore, Versioned};
use crate::tests::fixture::{Names, TIME, assert_records, ok};
use crate::tests::futures::join_all;

/// Inserts records of one user with these `ends`.
async fn insert(store: &impl SessionStore, names: Names, ends: &[u64]) -> Vec<Record> {
    let records: Vec<_> = (1..).zip(ends).map(|(number, &ends)| Record { ends, ..names.record(number) }).collect();
    for record in &records {
        ok(store.insert(record).await);
    }
    records
}

/// A record that ends now or later stays. This rule is also for stores that remove records by themselves.
pub async fn remove_ended_spares_what_has_not_ended(store: &impl SessionStore) {
    let names = Names("remove_ended_spares_what_has_not_ended");
    let records = insert(store, names, &[TIME, TIME + 1]).await;
    assert_eq!(ok(store.remove_ended(TIME, 10).await), 0);
    for record in &records {
        assert_records(ok(store.find(record.id).await), &[record]);
    }
}

/// Records of all users that ended before now are removed and counted, and no others.
pub async fn remove_ended_removes_what_has_ended(store: &impl SessionStore) {
    let names = Names("remove_ended_removes_what_has_ended");
    let records = insert(store, names, &[TIME - 1, TIME, TIME + 1]).await;
    let of_another_user = Record { user_id: names.user(1), ends: TIME - 1, ..names.record(9) };
    ok(store.insert(&of_another_user).await);
    let [ended, ends_now, ends_later] = records.as_slice() else { panic!("three records") };
    assert_eq!(ok(store.remove_ended(TIME, 10).await), 2);
    assert_records(ok(store.find(ended.id).await), &[]);
    assert_records(ok(store.find(of_another_user.id).await), &[]);
    assert_records(ok(store.find(ends_now.id).await), &[ends_now]);
    assert_records(ok(store.find(ends_later.id).await), &[ends_later]);
    assert_records(ok(store.of_user(&names.user(0)).await), &[ends_now, ends_later]);
    assert_records(ok(store.of_user(&names.user(1)).await), &[]);
    assert_eq!(ok(store.remove_ended(TIME, 10).await), 0);
}

/// No more records are removed than the limit allows, and the others later.
pub async fn remove_ended_obeys_the_limit(store: &impl SessionStore) {
    let names = Names("remove_ended_obeys_the_limit");
    insert(store, names, &[TIME, TIME + 1, TIME + 1, TIME + 2, TIME + 3]).await;
    for (removed, remaining) in [(2, 3), (2, 1), (1, 0), (0, 0)] {
        assert_eq!(ok(store.remove_ended(TIME + 10, 2).await), removed);
        assert_eq!(ok(store.of_user(&names.user(0)).await).len(), remaining);
    }
}

/// The limit may be zero, which removes nothing.
pub async fn remove_ended_with_a_limit_of_zero_removes_nothing(store: &impl SessionStore) {
    let names = Names("remove_ended_with_a_limit_of_zero_removes_nothing");
    let records = insert(store, names, &[TIME]).await;
    assert_eq!(ok(store.remove_ended(TIME + 10, 0).await), 0);
    assert_records(ok(store.of_user(&names.user(0)).await), &records.iter().collect::<Vec<_>>());
}

/// The limit may be the greatest number, which removes all.
pub async fn remove_ended_with_the_greatest_limit_removes_all(store: &impl SessionStore) {
    let names = Names("remove_ended_with_the_greatest_limit_removes_all");
    insert(store, names, &[TIME, TIME + 1, TIME + 2]).await;
    assert_eq!(ok(store.remove_ended(TIME + 10, u64::MAX).await), 3);
    assert_records(ok(store.of_user(&names.user(0)).await), &[]);
}

/// A record whose `ends` was moved forward is removed when that time has passed.
pub async fn remove_ended_knows_what_was_moved_forward(store: &impl SessionStore) {
    let names = Names("remove_ended_knows_what_was_moved_forward");
    let records = insert(store, names, &[TIME, TIME]).await;
    let [touched, updated] = records.as_slice() else { panic!("two records") };
    ok(store.touch(touched.id, touched.seen, TIME + 100).await);
    let update = Record { ends: TIME + 100, ..updated.clone() };
    assert_eq!(ok(store.update(&update).await), Versioned::Done);
    assert_eq!(ok(store.remove_ended(TIME + 100, 10).await), 0);
    assert_eq!(ok(store.of_user(&names.user(0)).await).len(), 2);
    assert_eq!(ok(store.remove_ended(TIME + 101, 10).await), 2);
    assert_records(ok(store.of_user(&names.user(0)).await), &[]);
}

/// A record does not end earlier when `touch` or `update` comes with an earlier `ends`.
pub async fn remove_ended_ignores_what_was_not_moved_back(store: &impl SessionStore) {
    let names = Names("remove_ended_ignores_what_was_not_moved_back");
    let records = insert(store, names, &[TIME + 100, TIME + 100]).await;
    let [touched, updated] = records.as_slice() else { panic!("two records") };
    ok(store.touch(touched.id, touched.seen, TIME).await);
    let update = Record { ends: TIME, ..updated.clone() };
    assert_eq!(ok(store.update(&update).await), Versioned::Done);
    assert_eq!(ok(store.remove_ended(TIME + 100, 10).await), 0);
    assert_eq!(ok(store.of_user(&names.user(0)).await).len(), 2);
    assert_eq!(ok(store.remove_ended(TIME + 101, 10).await), 2);
}

/// Records that were removed in another way are not counted.
pub async fn remove_ended_counts_only_what_it_removes(store: &impl SessionStore) {
    let names = Names("remove_ended_counts_only_what_it_removes");
    let records = insert(store, names, &[TIME, TIME, TIME, TIME]).await;
    let [a, b, c, _] = records.as_slice() else { panic!("four records") };
    assert!(ok(store.remove(a.id).await));
    assert_eq!(ok(store.remove_version(b.id, b.version).await), Versioned::Done);
    assert_eq!(ok(store.remove_of_user(&names.user(0), Some(c.id)).await), 1);
    assert_eq!(ok(store.remove_ended(TIME + 10, 10).await), 1);
}

/// A record that has ended is like any other one until it is removed: the store does not judge it.
pub async fn what_has_ended_is_found_until_it_is_removed(store: &impl SessionStore) {
    let names = Names("what_has_ended_is_found_until_it_is_removed");
    let ended = Record { ends: 0, ..names.record(1) };
    ok(store.insert(&ended).await);
    assert_records(ok(store.find(ended.id).await), &[&ended]);
    assert_records(ok(store.of_user(&names.user(0)).await), &[&ended]);
    ok(store.touch(ended.id, ended.seen + 7, 1).await);
    assert_eq!(ok(store.update(&ended).await), Versioned::Done);
    let changed = Record { seen: ended.seen + 7, ends: 1, version: ended.version + 1, ..ended };
    assert_records(ok(store.find(changed.id).await), &[&changed]);
    assert_eq!(ok(store.remove_version(changed.id, changed.version).await), Versioned::Done);
}

/// `ends` and now may be anything from zero to `i64::MAX`.
pub async fn remove_ended_knows_all_times(store: &impl SessionStore) {
    let names = Names("remove_ended_knows_all_times");
    let max = i64::MAX as u64;
    let records = insert(store, names, &[0, max - 1, max]).await;
    let [_, second, third] = records.as_slice() else { panic!("three records") };
    assert_eq!(ok(store.remove_ended(0, 10).await), 0);
    assert_eq!(ok(store.remove_ended(1, 10).await), 1);
    assert_records(ok(store.of_user(&names.user(0)).await), &[second, third]);
    assert_eq!(ok(store.remove_ended(max - 1, 10).await), 0);
    assert_eq!(ok(store.remove_ended(max, 10).await), 1);
    assert_records(ok(store.of_user(&names.user(0)).await), &[third]);
}

/// Of calls at the same time, none fails, and each record is counted by one of them.
pub async fn parallel_remove_ended_count_each_record_once(store: &impl SessionStore) {
    let names = Names("parallel_remove_ended_count_each_record_once");
    insert(store, names, &[TIME; 30]).await;
    let counts = join_all((0..10).map(|_| store.remove_ended(TIME + 1, 5))).await;
    let mut sum: u64 = counts.into_iter().map(|count| ok(count)).sum();
    // A call may have found that another one was at its records, and removed fewer than five.
    for _ in 0..30 {
        sum += ok(store.remove_ended(TIME + 1, 5).await);
    }
    assert_eq!(sum, 30);
    assert_records(ok(store.of_user(&names.user(0)).await), &[]);
}
