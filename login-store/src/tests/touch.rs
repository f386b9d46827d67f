//! `touch`.

use crate::record::Record;
use crate::store::{SessionStore, Versioned};
use crate::tests::fixture::{Names, assert_records, ok};

/// Touches once, `seen` and `ends` moved by `by`, and expects that they have moved by `expected`.
async fn touch_moves(store: &impl SessionStore, names: Names, by: [i64; 2], expected: [i64; 2]) {
    let record = names.record(1);
    let moved = |[seen, ends]: [i64; 2]| Record {
        seen: record.seen.saturating_add_signed(seen),
        ends: record.ends.saturating_add_signed(ends),
        ..record.clone()
    };
    ok(store.insert(&record).await);
    let touch = moved(by);
    ok(store.touch(record.id, touch.seen, touch.ends).await);
    assert_records(ok(store.find(record.id).await), &[&moved(expected)]);
}

/// `touch` moves `seen` and `ends` forward, and changes neither version nor body.
pub async fn touch_moves_seen_and_ends_forward(store: &impl SessionStore) {
    touch_moves(store, Names("touch_moves_seen_and_ends_forward"), [7, 9], [7, 9]).await;
}

/// `touch` never moves `seen` back, also when it moves `ends` forward.
pub async fn touch_never_moves_seen_back(store: &impl SessionStore) {
    touch_moves(store, Names("touch_never_moves_seen_back"), [-7, 9], [0, 9]).await;
}

/// `touch` never moves `ends` back, also when it moves `seen` forward.
pub async fn touch_never_moves_ends_back(store: &impl SessionStore) {
    touch_moves(store, Names("touch_never_moves_ends_back"), [7, -9], [7, 0]).await;
}

/// `touch` moves neither `seen` nor `ends` back, when both are earlier.
pub async fn touch_never_moves_seen_and_ends_back(store: &impl SessionStore) {
    touch_moves(store, Names("touch_never_moves_seen_and_ends_back"), [-7, -9], [0, 0]).await;
}

/// `touch` changes one record and no other of the same user.
pub async fn touch_changes_no_other_record(store: &impl SessionStore) {
    let names = Names("touch_changes_no_other_record");
    let (mut record, other) = (names.record(1), names.record(2));
    ok(store.insert(&record).await);
    ok(store.insert(&other).await);
    record.seen += 70;
    record.ends += 90;
    ok(store.touch(record.id, record.seen, record.ends).await);
    assert_records(ok(store.of_user(&names.user(0)).await), &[&record, &other]);
    assert_records(ok(store.find(other.id).await), &[&other]);
}

/// `touch` of a record that was removed does nothing, nor does that of an unknown one.
pub async fn touch_never_revives_a_removed_record(store: &impl SessionStore) {
    let names = Names("touch_never_revives_a_removed_record");
    let (removed, unknown) = (names.record(1), names.record(2));
    ok(store.insert(&removed).await);
    assert!(ok(store.remove(removed.id).await));
    for record in [&removed, &unknown] {
        ok(store.touch(record.id, record.seen + 7, record.ends + 9).await);
        assert_records(ok(store.find(record.id).await), &[]);
        assert_records(ok(store.of_user(&record.user_id).await), &[]);
    }
}

/// An update of a record that was touched since it was read is no conflict, and what `touch` moved stays.
pub async fn touch_makes_no_conflict(store: &impl SessionStore) {
    let record = Names("touch_makes_no_conflict").record(1);
    ok(store.insert(&record).await);
    ok(store.touch(record.id, record.seen + 7, record.ends + 9).await);
    let update = Record { body: b"changed".to_vec(), ..record.clone() };
    assert_eq!(ok(store.update(&update).await), Versioned::Done);
    let changed = Record { version: record.version + 1, seen: record.seen + 7, ends: record.ends + 9, ..update };
    assert_records(ok(store.find(record.id).await), &[&changed]);
}
