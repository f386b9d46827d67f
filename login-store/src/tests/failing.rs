//! A store that cannot answer, such as one whose database is down, says so. It never says that there is no
//! record, which would log everyone out.

use crate::store::SessionStore;
use crate::tests::fixture::Names;

/// `insert` is an error.
pub async fn failing_insert_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_insert_is_an_error");
    assert!(store.insert(&names.record(1)).await.is_err());
}

/// `find` is an error, not `None`.
pub async fn failing_find_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_find_is_an_error");
    assert!(store.find(names.id(1)).await.is_err());
}

/// `update` is an error, not a conflict and not gone.
pub async fn failing_update_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_update_is_an_error");
    assert!(store.update(&names.record(1)).await.is_err());
}

/// `touch` is an error.
pub async fn failing_touch_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_touch_is_an_error");
    let record = names.record(1);
    assert!(store.touch(record.id, record.seen, record.ends).await.is_err());
}

/// `remove` is an error, not false.
pub async fn failing_remove_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_remove_is_an_error");
    assert!(store.remove(names.id(1)).await.is_err());
}

/// `remove_version` is an error, not a conflict and not gone.
pub async fn failing_remove_version_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_remove_version_is_an_error");
    assert!(store.remove_version(names.id(1), 1).await.is_err());
}

/// `of_user` is an error, not an empty list.
pub async fn failing_of_user_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_of_user_is_an_error");
    assert!(store.of_user(&names.user(0)).await.is_err());
}

/// `remove_of_user` is an error, not zero.
pub async fn failing_remove_of_user_is_an_error(store: &impl SessionStore) {
    let names = Names("failing_remove_of_user_is_an_error");
    assert!(store.remove_of_user(&names.user(0), None).await.is_err());
    assert!(store.remove_of_user(&names.user(0), Some(names.id(1))).await.is_err());
}

/// `remove_ended` is an error, not zero.
pub async fn failing_remove_ended_is_an_error(store: &impl SessionStore) {
    assert!(store.remove_ended(1, 1).await.is_err());
}

#[cfg(test)]
pub(crate) mod check {
    use std::io;

    use crate::id::SessionId;
    use crate::record::Record;
    use crate::store::{SessionStore, Versioned};

    /// Passes the rules above.
    pub(crate) struct BrokenStore;

    fn broken<T>() -> io::Result<T> {
        Err(io::Error::other("the store is broken"))
    }

    impl SessionStore for BrokenStore {
        type Error = io::Error;

        async fn insert(&self, _: &Record) -> io::Result<()> {
            broken()
        }

        async fn find(&self, _: SessionId) -> io::Result<Option<Record>> {
            broken()
        }

        async fn update(&self, _: &Record) -> io::Result<Versioned> {
            broken()
        }

        async fn touch(&self, _: SessionId, _: u64, _: u64) -> io::Result<()> {
            broken()
        }

        async fn remove(&self, _: SessionId) -> io::Result<bool> {
            broken()
        }

        async fn remove_version(&self, _: SessionId, _: u64) -> io::Result<Versioned> {
            broken()
        }

        async fn of_user(&self, _: &[u8]) -> io::Result<Vec<Record>> {
            broken()
        }

        async fn remove_of_user(&self, _: &[u8], _: Option<SessionId>) -> io::Result<u64> {
            broken()
        }

        async fn remove_ended(&self, _: u64, _: u64) -> io::Result<u64> {
            broken()
        }
    }
}
