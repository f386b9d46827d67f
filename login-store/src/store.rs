//! The trait of a store.

use std::error::Error;
use std::future::Future;

use crate::id::SessionId;
use crate::record::Record;

/// What became of a change that depends on a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "only `Done` means that the change was made"]
pub enum Versioned {
    /// It was made.
    Done,
    /// The record has another version. Nothing was changed.
    Conflict,
    /// There is no such record. Nothing was changed.
    Gone,
}

/// Keeps sessions on the server: in a database, or in memory.
///
/// A store is simple. It decides nothing: whether a record is still valid, and who may see it, is
/// judged by the login library. Each method is atomic, and what it has answered is visible to
/// every later call, also through other connections.
///
/// A store that cannot answer returns an error. It never says instead that there is no record:
/// then a failing database would log everyone out.
///
/// A crate that implements it runs the tests of `store_tests!` (feature `tests`), one for each rule.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session store",
    label = "pass a store, such as `MemoryStore`, or implement `SessionStore` for `{Self}`"
)]
pub trait SessionStore: Send + Sync + 'static {
    /// The error when the store fails. It is logged, and no client sees it.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// Adds a record. If its ID is taken, that is an error: a record is never overwritten.
    fn insert(&self, record: &Record) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The record with this ID, or `None` if there is none. Only the library judges its times.
    fn find(&self, id: SessionId) -> impl Future<Output = Result<Option<Record>, Self::Error>> + Send;

    /// Changes the record with this ID if it has this version. It gets the body, the later of both
    /// `seen`, the later of both `ends`, and the next version, which never reaches `i64::MAX`. User
    /// ID and `created` stay.
    fn update(&self, record: &Record) -> impl Future<Output = Result<Versioned, Self::Error>> + Send;

    /// Moves `seen` and `ends` of the record forward, never back. The version stays. Without such a
    /// record nothing happens.
    fn touch(&self, id: SessionId, seen: u64, ends: u64) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes the record with this ID, which is then free again. Says whether there was one.
    fn remove(&self, id: SessionId) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Removes the record with this ID if it has this version.
    fn remove_version(
        &self,
        id: SessionId,
        version: u64,
    ) -> impl Future<Output = Result<Versioned, Self::Error>> + Send;

    /// All records of a user, in the order of `created` and then of the ID's bytes.
    fn of_user(&self, user_id: &[u8]) -> impl Future<Output = Result<Vec<Record>, Self::Error>> + Send;

    /// Removes all records of a user, except for one. Says how many.
    fn remove_of_user(
        &self,
        user_id: &[u8],
        except: Option<SessionId>,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Removes up to `limit` records whose `ends` is before `now`. Says how many. `limit` may be any
    /// number, up to `u64::MAX`. A store that removes them by itself may do nothing, and may find
    /// them no more.
    fn remove_ended(&self, now: u64, limit: u64) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}
