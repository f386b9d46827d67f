//! The values that a record may have, up to their limits.

use crate::id::SessionId;
use crate::record::Record;
use crate::store::{SessionStore, Versioned};
use crate::tests::fixture::{Names, TIME, assert_records, ok};

const MAX: u64 = i64::MAX as u64;

/// User IDs that are different in a single byte, or that a database could take for the same.
fn user_ids() -> Vec<Vec<u8>> {
    let mut ids: Vec<Vec<u8>> = [
        b"".as_slice(),
        b"\0",
        b" ",
        b"bob",
        b"Bob",
        b" bob",
        b"bob ",
        b"bob\0",
        b"bob\0b",
        b"b\0b",
        b"bob\n",
        b"bob:",
        b"bob:1",
        // Both look like "bób".
        b"b\xc3\xb3b",
        b"bo\xcc\x81b",
        b"b%",
        b"b_b",
        b"b*",
        b"b?b",
        b"'bob'",
        b"\\x626f62",
        b"007",
        b"7",
        b"\xc3\x28",
        b"\xff\xfe\xfd",
        b"\xff\xfe\xfc",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    let shorter = vec![b'b'; 1_023];
    ids.extend([b"b", b"c"].map(|last| [&shorter, last.as_slice()].concat()));
    ids.push(shorter);
    ids.push(vec![0xff; 1_024]);
    ids
}

/// User IDs are bytes: up to 1,024, equal only if each byte is the same.
pub async fn user_ids_are_bytes(store: &impl SessionStore) {
    let names = Names("user_ids_are_bytes");
    let records: Vec<_> =
        (0..).zip(user_ids()).map(|(number, user_id)| Record { user_id, ..names.record(number) }).collect();
    for record in &records {
        assert_records(ok(store.of_user(&record.user_id).await), &[]);
        ok(store.insert(record).await);
    }
    for record in &records {
        assert_records(ok(store.find(record.id).await), &[record]);
        assert_records(ok(store.of_user(&record.user_id).await), &[record]);
    }
    for record in &records {
        assert_eq!(ok(store.remove_of_user(&record.user_id, None).await), 1, "{:?}", record.user_id);
        assert_records(ok(store.find(record.id).await), &[]);
    }
}

fn all_bytes() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

/// A megabyte that repeats only after a long time.
fn longest_body() -> Vec<u8> {
    (0..1_u32 << 20).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect()
}

/// Inserts a record with this body, and updates another one to have it and not to have it again.
async fn body_is_kept(store: &impl SessionStore, names: Names, body: Vec<u8>) {
    let inserted = Record { body, ..names.record(1) };
    ok(store.insert(&inserted).await);
    assert_records(ok(store.find(inserted.id).await), &[&inserted]);
    let mut updated = names.record(2);
    ok(store.insert(&updated).await);
    for body in [inserted.body.clone(), b"short".to_vec()] {
        updated.body = body;
        assert_eq!(ok(store.update(&updated).await), Versioned::Done);
        updated.version += 1;
        assert_records(ok(store.find(updated.id).await), &[&updated]);
    }
    assert_records(ok(store.of_user(&names.user(0)).await), &[&inserted, &updated]);
}

/// A body may be empty.
pub async fn a_body_may_be_empty(store: &impl SessionStore) {
    body_is_kept(store, Names("a_body_may_be_empty"), Vec::new()).await;
}

/// A body may contain any bytes.
pub async fn a_body_may_contain_all_bytes(store: &impl SessionStore) {
    body_is_kept(store, Names("a_body_may_contain_all_bytes"), all_bytes()).await;
}

/// A body may have 1 MiB.
pub async fn a_body_may_have_a_mebibyte(store: &impl SessionStore) {
    body_is_kept(store, Names("a_body_may_have_a_mebibyte"), longest_body()).await;
}

/// Times are compared as numbers: not as texts, and not rounded.
pub async fn times_are_compared_exactly(store: &impl SessionStore) {
    let names = Names("times_are_compared_exactly");
    let mut record = Record { seen: 9, ..names.record(1) };
    ok(store.insert(&record).await);
    // Some have more digits than those before, and the last differ by less than a double can tell.
    for (seen, ends) in [(10, record.ends * 10), (100, record.ends * 10 + 1), (MAX - 1, MAX - 1), (MAX, MAX)] {
        let earlier = (record.seen, record.ends);
        (record.seen, record.ends) = (seen, ends);
        ok(store.touch(record.id, seen, ends).await);
        assert_records(ok(store.find(record.id).await), &[&record]);
        ok(store.touch(record.id, earlier.0, earlier.1).await);
        assert_records(ok(store.find(record.id).await), &[&record]);
    }
}

/// Times and versions may be zero.
pub async fn times_and_versions_may_be_zero(store: &impl SessionStore) {
    let names = Names("times_and_versions_may_be_zero");
    let mut record = Record { version: 0, created: 0, seen: 0, ..names.record(1) };
    ok(store.insert(&record).await);
    assert_records(ok(store.find(record.id).await), &[&record]);
    ok(store.touch(record.id, 0, 0).await);
    assert_records(ok(store.find(record.id).await), &[&record]);
    assert_eq!(ok(store.update(&Record { ends: 0, ..record.clone() }).await), Versioned::Done);
    record.version = 1;
    assert_records(ok(store.of_user(&names.user(0)).await), &[&record]);
    assert_eq!(ok(store.remove_version(record.id, 0).await), Versioned::Conflict);
    assert_eq!(ok(store.remove_version(record.id, 1).await), Versioned::Done);
}

/// Times may be up to `i64::MAX`, and are not rounded.
pub async fn times_may_be_the_greatest(store: &impl SessionStore) {
    let names = Names("times_may_be_the_greatest");
    let [mut first, mut second] =
        [MAX - 1, MAX].map(|time| Record { id: names.id(MAX - time), created: time, ..names.record(0) });
    first.seen = MAX;
    first.ends = MAX;
    ok(store.insert(&second).await);
    ok(store.insert(&first).await);
    assert_records(ok(store.of_user(&names.user(0)).await), &[&first, &second]);
    for time in [MAX - 1, MAX, TIME] {
        ok(store.touch(second.id, time, time).await);
        second.seen = second.seen.max(time);
        second.ends = second.ends.max(time);
        assert_records(ok(store.find(second.id).await), &[&second]);
    }
}

/// Versions may be up to `i64::MAX`, and are not rounded.
pub async fn versions_may_be_the_greatest(store: &impl SessionStore) {
    let mut record = Record { version: MAX - 1, ..Names("versions_may_be_the_greatest").record(1) };
    ok(store.insert(&record).await);
    assert_records(ok(store.find(record.id).await), &[&record]);
    for version in [MAX - 2, MAX] {
        assert_eq!(ok(store.update(&Record { version, ..record.clone() }).await), Versioned::Conflict);
        assert_eq!(ok(store.remove_version(record.id, version).await), Versioned::Conflict);
    }
    assert_eq!(ok(store.update(&record).await), Versioned::Done);
    assert_eq!(ok(store.remove_version(record.id, record.version).await), Versioned::Conflict);
    record.version = MAX;
    assert_records(ok(store.find(record.id).await), &[&record]);
    assert_eq!(ok(store.remove_version(record.id, MAX).await), Versioned::Done);
}

/// Session IDs may have any bytes, and are equal only if each byte is the same.
pub async fn ids_are_bytes(store: &impl SessionStore) {
    let names = Names("ids_are_bytes");
    let ids = [
        [0; 16],
        *b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
        *b"\0\0\0\0\0\0\0\0login id",
        *b"A LOGIN'S ID \0A ",
        *b"A LOGIN'S ID \0A!",
        *b"a login's id \0a ",
        *b"a login's id \0a\0",
        *b"a login's id \xc3(\xff",
        *b"a login's id %_*",
        [0x7f; 16],
        [0x80; 16],
        *b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe",
        [0xff; 16],
    ]
    .map(SessionId::from_bytes);
    let records: Vec<_> = (0..).zip(ids).map(|(number, id)| Record { id, ..names.record(number) }).collect();
    for record in &records {
        assert_records(ok(store.find(record.id).await), &[]);
        ok(store.insert(record).await);
    }
    let mut expected: Vec<_> = records.iter().collect();
    for record in &records {
        assert_records(ok(store.of_user(&names.user(0)).await), &expected);
        assert_records(ok(store.find(record.id).await), &[record]);
        assert!(ok(store.remove(record.id).await));
        expected.remove(0);
    }
}
