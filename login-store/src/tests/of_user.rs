//! `of_user`.

use crate::id::SessionId;
use crate::record::Record;
use crate::store::{SessionStore, Versioned};
use crate::tests::fixture::{Names, assert_records, ok};

/// A user's records are in the order of `created`, however they were inserted, changed, and numbered.
pub async fn of_user_is_in_the_order_of_created(store: &impl SessionStore) {
    let names = Names("of_user_is_in_the_order_of_created");
    // As texts they would be in another order.
    let created = [9, 10, 80, 100, 1_000];
    let records: Vec<_> = (0..).zip(created).map(|(at, created)| Record { created, ..names.record(10 - at) }).collect();
    let [a, b, c, d, e] = records.as_slice() else { panic!("five records") };
    for record in [c, e, a, d, b] {
        ok(store.insert(record).await);
    }
    assert_records(ok(store.of_user(&names.user(0)).await), &[a, b, c, d, e]);
    assert_eq!(ok(store.update(a).await), Versioned::Done);
    ok(store.touch(b.id, b.seen + 70, b.ends + 90).await);
    let (a, b) =
        (Record { version: a.version + 1, ..a.clone() }, Record { seen: b.seen + 70, ends: b.ends + 90, ..b.clone() });
    assert_records(ok(store.of_user(&names.user(0)).await), &[&a, &b, c, d, e]);
}

/// Records that were created at the same time are in the order of the bytes of their IDs.
pub async fn of_user_is_then_in_the_order_of_ids(store: &impl SessionStore) {
    let names = Names("of_user_is_then_in_the_order_of_ids");
    // The first byte is compared before the last one, and bytes have no sign.
    let ends = [[0x00, 0xff], [0x01, 0x00], [0x7f, 0xff], [0x80, 0x00], [0x80, 0x7f], [0x80, 0x80], [0xff, 0x01]];
    let record = |[first, last]: [u8; 2]| {
        let mut id = *names.id(0).as_bytes();
        (id[0], id[15]) = (first, last);
        // The first to end is the last.
        let ends = names.record(0).ends + u64::from(u16::MAX - u16::from_be_bytes([first, last]));
        Record { id: SessionId::from_bytes(id), created: 5, ends, ..names.record(0) }
    };
    let records = ends.map(record);
    let [a, b, c, d, e, f, g] = &records;
    for record in [e, b, g, a, d, f, c] {
        ok(store.insert(record).await);
    }
    assert_records(ok(store.of_user(&names.user(0)).await), &[a, b, c, d, e, f, g]);
}

/// Only the user's own records are returned, and none for a user who has none.
pub async fn of_user_returns_only_that_users(store: &impl SessionStore) {
    let names = Names("of_user_returns_only_that_users");
    let record = |number, user| Record { user_id: names.user(user), ..names.record(number) };
    let [a, b, c] = [record(1, 1), record(2, 2), record(3, 1)];
    for record in [&a, &b, &c] {
        ok(store.insert(record).await);
    }
    assert_records(ok(store.of_user(&names.user(1)).await), &[&a, &c]);
    assert_records(ok(store.of_user(&names.user(2)).await), &[&b]);
    assert_records(ok(store.of_user(&names.user(3)).await), &[]);
}

/// All records are returned, however many a user has.
pub async fn of_user_returns_all_of_many(store: &impl SessionStore) {
    let names = Names("of_user_returns_all_of_many");
    let records: Vec<_> = (0..300).map(|number| names.record(number)).collect();
    for record in &records {
        ok(store.insert(record).await);
    }
    let expected: Vec<_> = records.iter().collect();
    assert_records(ok(store.of_user(&names.user(0)).await), &expected);
}
