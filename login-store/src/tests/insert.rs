//! `insert` and `find`.

use crate::record::Record;
use crate::store::SessionStore;
use crate::tests::fixture::{Names, assert_records, ok};

/// What was inserted is found again, every field of it.
pub async fn insert_is_found_again(store: &impl SessionStore) {
    let names = Names("insert_is_found_again");
    let (one, other) = (names.record(1), Record { user_id: names.user(1), ..names.record(2) });
    ok(store.insert(&one).await);
    ok(store.insert(&other).await);
    assert_records(ok(store.find(one.id).await), &[&one]);
    assert_records(ok(store.find(other.id).await), &[&other]);
}

/// An unknown ID is not found, whatever else there is.
pub async fn find_of_an_unknown_id_is_none(store: &impl SessionStore) {
    let names = Names("find_of_an_unknown_id_is_none");
    assert_records(ok(store.find(names.id(2)).await), &[]);
    ok(store.insert(&names.record(1)).await);
    ok(store.insert(&names.record(3)).await);
    assert_records(ok(store.find(names.id(2)).await), &[]);
}

/// To insert a record with an ID that is taken is an error and changes nothing.
pub async fn insert_of_a_taken_id_is_an_error(store: &impl SessionStore) {
    let names = Names("insert_of_a_taken_id_is_an_error");
    let first = names.record(1);
    ok(store.insert(&first).await);
    let of_the_same_user = Record { id: first.id, ..names.record(2) };
    let of_another_user = Record { id: first.id, user_id: names.user(1), ..names.record(3) };
    for second in [&of_the_same_user, &of_another_user] {
        assert!(store.insert(second).await.is_err(), "an ID was inserted twice");
        assert_records(ok(store.find(first.id).await), &[&first]);
        assert_records(ok(store.of_user(&first.user_id).await), &[&first]);
        assert_records(ok(store.of_user(&names.user(1)).await), &[]);
    }
}

/// That is an error even if the record is the same.
pub async fn insert_of_the_same_record_is_an_error(store: &impl SessionStore) {
    let record = Names("insert_of_the_same_record_is_an_error").record(1);
    ok(store.insert(&record).await);
    assert!(store.insert(&record).await.is_err(), "a record was inserted twice");
    assert_records(ok(store.of_user(&record.user_id).await), &[&record]);
}

/// The ID of a record that was removed is free again, and nothing of that record remains.
pub async fn insert_of_a_removed_id_is_a_new_record(store: &impl SessionStore) {
    let names = Names("insert_of_a_removed_id_is_a_new_record");
    let old = names.record(1);
    let new = Record { id: old.id, user_id: names.user(1), ..names.record(2) };
    ok(store.insert(&old).await);
    assert!(ok(store.remove(old.id).await));
    ok(store.insert(&new).await);
    assert_records(ok(store.find(old.id).await), &[&new]);
    assert_records(ok(store.of_user(&old.user_id).await), &[]);
    assert_records(ok(store.of_user(&new.user_id).await), &[&new]);
}
