//! `remove_of_user`.

use crate::id::SessionId;
use crate::record::Record;
use crate::store::SessionStore;
use crate::tests::fixture::{Names, assert_records, ok};

/// Inserts three records of user 1 and one of user 2, and removes those of user 1 but for `except`.
/// Expects how many are removed, and that the record with the number `spared` remains, as does user 2's.
async fn removes(store: &impl SessionStore, names: Names, except: Option<SessionId>, spared: Option<u64>) {
    let record = |number, user| Record { user_id: names.user(user), ..names.record(number) };
    let records = [record(1, 1), record(2, 1), record(3, 1), record(4, 2)];
    for record in &records {
        ok(store.insert(record).await);
    }
    let [own @ .., other] = &records;
    let spared: Vec<_> = own.iter().filter(|record| spared.map(|number| names.id(number)) == Some(record.id)).collect();
    let count = 3 - spared.len() as u64;
    assert_eq!(ok(store.remove_of_user(&names.user(1), except).await), count);
    assert_records(ok(store.of_user(&names.user(1)).await), &spared);
    assert_records(ok(store.of_user(&names.user(2)).await), &[other]);
    for record in own {
        let expected: Vec<_> = spared.iter().copied().filter(|spared| spared.id == record.id).collect();
        assert_records(ok(store.find(record.id).await), &expected);
    }
    assert_eq!(ok(store.remove_of_user(&names.user(1), except).await), 0);
    assert_records(ok(store.find(other.id).await), &[other]);
}

/// All records of a user are removed and counted, and no other user's.
pub async fn remove_of_user_removes_all(store: &impl SessionStore) {
    let names = Names("remove_of_user_removes_all");
    removes(store, names, None, None).await;
    assert_eq!(ok(store.remove_of_user(&names.user(3), None).await), 0);
}

/// The exception is spared, and nothing else.
pub async fn remove_of_user_spares_the_exception(store: &impl SessionStore) {
    let names = Names("remove_of_user_spares_the_exception");
    removes(store, names, Some(names.id(2)), Some(2)).await;
}

/// An exception that is another user's record spares nothing.
pub async fn remove_of_user_spares_nothing_for_another_user(store: &impl SessionStore) {
    let names = Names("remove_of_user_spares_nothing_for_another_user");
    removes(store, names, Some(names.id(4)), None).await;
}

/// An exception that does not exist spares nothing.
pub async fn remove_of_user_spares_nothing_for_an_unknown_id(store: &impl SessionStore) {
    let names = Names("remove_of_user_spares_nothing_for_an_unknown_id");
    removes(store, names, Some(names.id(9)), None).await;
}
