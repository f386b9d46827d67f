//! `update`.

use crate::record::Record;
use crate::store::{SessionStore, Versioned};
use crate::tests::fixture::{Names, assert_records, ok};

/// An update changes body, `seen` and `ends`, and raises the version by one.
pub async fn update_changes_the_record(store: &impl SessionStore) {
    let names = Names("update_changes_the_record");
    let (mut record, other) = (names.record(1), names.record(2));
    ok(store.insert(&record).await);
    ok(store.insert(&other).await);
    for number in 1..=3 {
        record.seen += 10;
        record.ends += 20;
        record.body = format!("changed {number} times").into_bytes();
        assert_eq!(ok(store.update(&record).await), Versioned::Done);
        record.version += 1;
        assert_records(ok(store.find(record.id).await), &[&record]);
        assert_records(ok(store.of_user(&record.user_id).await), &[&record, &other]);
    }
}

/// An update that changes nothing is done too, and raises the version.
pub async fn update_without_a_change_raises_the_version(store: &impl SessionStore) {
    let record = Names("update_without_a_change_raises_the_version").record(1);
    ok(store.insert(&record).await);
    assert_eq!(ok(store.update(&record).await), Versioned::Done);
    let changed = Record { version: record.version + 1, ..record };
    assert_records(ok(store.find(changed.id).await), &[&changed]);
}

/// User ID and `created` stay, even if the update names others.
pub async fn update_keeps_the_user_and_when_it_was_created(store: &impl SessionStore) {
    let names = Names("update_keeps_the_user_and_when_it_was_created");
    let (record, other) = (names.record(1), names.record(2));
    ok(store.insert(&record).await);
    ok(store.insert(&other).await);
    let update = Record { user_id: names.user(1), created: record.created + 50, ..record.clone() };
    assert_eq!(ok(store.update(&update).await), Versioned::Done);
    let changed = Record { version: record.version + 1, ..record };
    assert_records(ok(store.find(changed.id).await), &[&changed]);
    assert_records(ok(store.of_user(&names.user(0)).await), &[&changed, &other]);
    assert_records(ok(store.of_user(&names.user(1)).await), &[]);
}

/// An update of an old version, or of one that is yet to come, is a conflict and changes nothing.
pub async fn update_of_another_version_is_a_conflict(store: &impl SessionStore) {
    let names = Names("update_of_another_version_is_a_conflict");
    let record = names.record(1);
    ok(store.insert(&record).await);
    for version in [0, record.version - 1, record.version + 1] {
        let update = Record { id: record.id, version, ..names.record(9) };
        assert_eq!(ok(store.update(&update).await), Versioned::Conflict);
        assert_records(ok(store.find(record.id).await), &[&record]);
    }
}

/// Of two updates that read the same version, the second is a conflict.
pub async fn update_twice_from_one_version_is_a_conflict(store: &impl SessionStore) {
    let record = Names("update_twice_from_one_version_is_a_conflict").record(1);
    ok(store.insert(&record).await);
    let first = Record { body: b"first".to_vec(), ..record.clone() };
    let second = Record { body: b"second".to_vec(), ..record.clone() };
    assert_eq!(ok(store.update(&first).await), Versioned::Done);
    assert_eq!(ok(store.update(&second).await), Versioned::Conflict);
    let changed = Record { version: record.version + 1, ..first };
    assert_records(ok(store.find(record.id).await), &[&changed]);
}

/// An update of a record that was removed finds it gone and makes none, nor does that of an unknown one.
pub async fn update_of_a_removed_record_is_gone(store: &impl SessionStore) {
    let names = Names("update_of_a_removed_record_is_gone");
    let (removed, unknown) = (names.record(1), names.record(2));
    ok(store.insert(&removed).await);
    assert!(ok(store.remove(removed.id).await));
    for record in [&removed, &unknown] {
        assert_eq!(ok(store.update(record).await), Versioned::Gone);
        assert_records(ok(store.find(record.id).await), &[]);
        assert_records(ok(store.of_user(&record.user_id).await), &[]);
    }
}

/// Updates once, `seen` and `ends` moved by `by`, and expects that they have moved by `expected`.
async fn update_moves(store: &impl SessionStore, names: Names, by: [i64; 2], expected: [i64; 2]) {
    let record = names.record(1);
    let moved = |[seen, ends]: [i64; 2], version| Record {
        seen: record.seen.saturating_add_signed(seen),
        ends: record.ends.saturating_add_signed(ends),
        version,
        ..record.clone()
    };
    ok(store.insert(&record).await);
    assert_eq!(ok(store.update(&moved(by, record.version)).await), Versioned::Done);
    assert_records(ok(store.find(record.id).await), &[&moved(expected, record.version + 1)]);
}

/// An update moves `seen` and `ends` forward.
pub async fn update_moves_seen_and_ends_forward(store: &impl SessionStore) {
    update_moves(store, Names("update_moves_seen_and_ends_forward"), [7, 9], [7, 9]).await;
}

/// An update never moves `seen` back, also when it moves `ends` forward.
pub async fn update_never_moves_seen_back(store: &impl SessionStore) {
    update_moves(store, Names("update_never_moves_seen_back"), [-7, 9], [0, 9]).await;
}

/// An update never moves `ends` back, also when it moves `seen` forward.
pub async fn update_never_moves_ends_back(store: &impl SessionStore) {
    update_moves(store, Names("update_never_moves_ends_back"), [7, -9], [7, 0]).await;
}

/// An update moves neither `seen` nor `ends` back, when both are earlier.
pub async fn update_never_moves_seen_and_ends_back(store: &impl SessionStore) {
    update_moves(store, Names("update_never_moves_seen_and_ends_back"), [-7, -9], [0, 0]).await;
}
