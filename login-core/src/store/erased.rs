//! A store with its type erased.

use std::future::Future;
use std::pin::Pin;

use login_store::{Record, SessionId, SessionStore, Versioned};

use crate::store::step::Failure;

/// The future of a call.
pub(crate) type Calling<'s, A> = Pin<Box<dyn Future<Output = Result<A, Failure>> + Send + 's>>;

/// A [`SessionStore`] with its type erased. A call waits for a database, so the box does not
/// matter.
pub(crate) trait AnyStore: Send + Sync {
    fn insert<'s>(&'s self, record: &'s Record) -> Calling<'s, ()>;
    fn find(&self, id: SessionId) -> Calling<'_, Option<Record>>;
    fn update<'s>(&'s self, record: &'s Record) -> Calling<'s, Versioned>;
    fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Calling<'_, ()>;
    fn remove(&self, id: SessionId) -> Calling<'_, bool>;
    fn remove_version(&self, id: SessionId, version: u64) -> Calling<'_, Versioned>;
    fn of_user<'s>(&'s self, user_id: &'s [u8]) -> Calling<'s, Vec<Record>>;
    fn remove_of_user<'s>(&'s self, user_id: &'s [u8], except: Option<SessionId>) -> Calling<'s, u64>;
    fn remove_ended(&self, now: u64, limit: u64) -> Calling<'_, u64>;
}

/// A manager whose server runs the steps. Awaiting a session is then a mistake in the program.
pub(crate) struct NoStore;

const MISTAKE: &str = "this manager was built without a store to await: run the steps of `StoreStep`";

impl SessionStore for NoStore {
    type Error = &'static str;

    async fn insert(&self, _: &Record) -> Result<(), &'static str> {
        Err(MISTAKE)
    }

    async fn find(&self, _: SessionId) -> Result<Option<Record>, &'static str> {
        Err(MISTAKE)
    }

    async fn update(&self, _: &Record) -> Result<Versioned, &'static str> {
        Err(MISTAKE)
    }

    async fn touch(&self, _: SessionId, _: u64, _: u64) -> Result<(), &'static str> {
        Err(MISTAKE)
    }

    async fn remove(&self, _: SessionId) -> Result<bool, &'static str> {
        Err(MISTAKE)
    }

    async fn remove_version(&self, _: SessionId, _: u64) -> Result<Versioned, &'static str> {
        Err(MISTAKE)
    }

    async fn of_user(&self, _: &[u8]) -> Result<Vec<Record>, &'static str> {
        Err(MISTAKE)
    }

    async fn remove_of_user(&self, _: &[u8], _: Option<SessionId>) -> Result<u64, &'static str> {
        Err(MISTAKE)
    }

    async fn remove_ended(&self, _: u64, _: u64) -> Result<u64, &'static str> {
        Err(MISTAKE)
    }
}

impl<S: SessionStore> AnyStore for S {
    fn insert<'s>(&'s self, record: &'s Record) -> Calling<'s, ()> {
        Box::pin(async move { SessionStore::insert(self, record).await.map_err(Into::into) })
    }

    fn find(&self, id: SessionId) -> Calling<'_, Option<Record>> {
        Box::pin(async move { SessionStore::find(self, id).await.map_err(Into::into) })
    }

    fn update<'s>(&'s self, record: &'s Record) -> Calling<'s, Versioned> {
        Box::pin(async move { SessionStore::update(self, record).await.map_err(Into::into) })
    }

    fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Calling<'_, ()> {
        Box::pin(async move { SessionStore::touch(self, id, seen, ends).await.map_err(Into::into) })
    }

    fn remove(&self, id: SessionId) -> Calling<'_, bool> {
        Box::pin(async move { SessionStore::remove(self, id).await.map_err(Into::into) })
    }

    fn remove_version(&self, id: SessionId, version: u64) -> Calling<'_, Versioned> {
        Box::pin(async move { SessionStore::remove_version(self, id, version).await.map_err(Into::into) })
    }

    fn of_user<'s>(&'s self, user_id: &'s [u8]) -> Calling<'s, Vec<Record>> {
        Box::pin(async move { SessionStore::of_user(self, user_id).await.map_err(Into::into) })
    }

    fn remove_of_user<'s>(&'s self, user_id: &'s [u8], except: Option<SessionId>) -> Calling<'s, u64> {
        Box::pin(async move { SessionStore::remove_of_user(self, user_id, except).await.map_err(Into::into) })
    }

    fn remove_ended(&self, now: u64, limit: u64) -> Calling<'_, u64> {
        Box::pin(async move { SessionStore::remove_ended(self, now, limit).await.map_err(Into::into) })
    }
}
