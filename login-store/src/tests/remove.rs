//! `remove` and `remove_version`.

use crate::store::{SessionStore, Versioned};
use crate::tests::fixture::{Names, assert_records, ok};

/// `remove` says whether there was a record.
pub async fn remove_says_whether_there_was_one(store: &impl SessionStore) {
    let names = Names("remove_says_whether_there_was_one");
    let record = names.record(1);
    ok(store.insert(&record).await);
    assert!(!ok(store.remove(names.id(2)).await), "an unknown record was removed");
    assert!(ok(store.remove(record.id).await), "the record was not removed");
    assert!(!ok(store.remove(record.id).await), "the record was removed twice");
}

/// A record that was removed is found neither by its ID nor by its user. All others remain.
pub async fn remove_removes_one_record(store: &impl SessionStore) {
    let names = Names("remove_removes_one_record");
    let records = [names.record(1), names.record(2), names.record(3)];
    for record in &records {
        ok(store.insert(record).await);
    }
    let [first, second, third] = &records;
    assert!(ok(store.remove(second.id).await));
    assert_records(ok(store.find(second.id).await), &[]);
    assert_records(ok(store.of_user(&names.user(0)).await), &[first, third]);
    assert_records(ok(store.find(first.id).await), &[first]);
    assert_records(ok(store.find(third.id).await), &[third]);
}

/// `remove_version` removes the record that has this version, and no other.
pub async fn remove_version_removes_one_record(store: &impl SessionStore) {
    let names = Names("remove_version_removes_one_record");
    let (record, mut other) = (names.record(1), names.record(2));
    other.version = record.version;
    ok(store.insert(&record).await);
    ok(store.insert(&other).await);
    assert_eq!(ok(store.remove_version(record.id, record.version).await), Versioned::Done);
    assert_records(ok(store.find(record.id).await), &[]);
    assert_records(ok(store.of_user(&names.user(0)).await), &[&other]);
}

/// `remove_version` of an old version, or of one that is yet to come, is a conflict and changes nothing.
pub async fn remove_version_of_another_version_is_a_conflict(store: &impl SessionStore) {
    let record = Names("remove_version_of_another_version_is_a_conflict").record(1);
    ok(store.insert(&record).await);
    for version in [0, record.version - 1, record.version + 1] {
        assert_eq!(ok(store.remove_version(record.id, version).await), Versioned::Conflict);
        assert_records(ok(store.find(record.id).await), &[&record]);
        assert_records(ok(store.of_user(&record.user_id).await), &[&record]);
    }
}

/// The version that counts is the one after the last update. `touch` does not change it.
pub async fn remove_version_follows_updates(store: &impl SessionStore) {
    let record = Names("remove_version_follows_updates").record(1);
    ok(store.insert(&record).await);
    assert_eq!(ok(store.update(&record).await), Versioned::Done);
    ok(store.touch(record.id, record.seen + 7, record.ends + 9).await);
    assert_eq!(ok(store.remove_version(record.id, record.version).await), Versioned::Conflict);
    assert_eq!(ok(store.remove_version(record.id, record.version + 1).await), Versioned::Done);
    assert_records(ok(store.find(record.id).await), &[]);
}

/// `remove_version` finds a record gone that was removed or never existed.
pub async fn remove_version_of_a_removed_record_is_gone(store: &impl SessionStore) {
    let names = Names("remove_version_of_a_removed_record_is_gone");
    let record = names.record(1);
    ok(store.insert(&record).await);
    assert_eq!(ok(store.remove_version(names.id(2), record.version).await), Versioned::Gone);
    assert_eq!(ok(store.remove_version(record.id, record.version).await), Versioned::Done);
    assert_eq!(ok(store.remove_version(record.id, record.version).await), Versioned::Gone);
}
