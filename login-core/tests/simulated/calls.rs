//! The calls of a store and their answers, as values.

use std::sync::Arc;

use login_store::{Record, SessionId, SessionStore, Versioned};

/// A call, with the method's arguments.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Insert(Record),
    Find(SessionId),
    Update(Record),
    Touch(SessionId, u64, u64),
    Remove(SessionId),
    RemoveVersion(SessionId, u64),
    OfUser(Vec<u8>),
    RemoveOfUser(Vec<u8>, Option<SessionId>),
    RemoveEnded(u64, u64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Done,
    Found(Option<Record>),
    Versioned(Versioned),
    Removed(bool),
    Records(Vec<Record>),
    Count(u64),
}

/// The name of a method of the store.
pub(crate) type Method = &'static str;

impl Call {
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Insert(_) => "insert",
            Self::Find(_) => "find",
            Self::Update(_) => "update",
            Self::Touch(..) => "touch",
            Self::Remove(_) => "remove",
            Self::RemoveVersion(..) => "remove_version",
            Self::OfUser(_) => "of_user",
            Self::RemoveOfUser(..) => "remove_of_user",
            Self::RemoveEnded(..) => "remove_ended",
        }
    }

    /// What a store answers.
    pub(crate) async fn ask<S: SessionStore>(&self, store: &S) -> Result<Answer, S::Error> {
        Ok(match self {
            Self::Insert(record) => store.insert(record).await.map(|()| Answer::Done)?,
            Self::Find(id) => Answer::Found(store.find(*id).await?),
            Self::Update(record) => Answer::Versioned(store.update(record).await?),
            Self::Touch(id, seen, ends) => store.touch(*id, *seen, *ends).await.map(|()| Answer::Done)?,
            Self::Remove(id) => Answer::Removed(store.remove(*id).await?),
            Self::RemoveVersion(id, version) => Answer::Versioned(store.remove_version(*id, *version).await?),
            Self::OfUser(user_id) => Answer::Records(store.of_user(user_id).await?),
            Self::RemoveOfUser(user_id, except) => Answer::Count(store.remove_of_user(user_id, *except).await?),
            Self::RemoveEnded(now, limit) => Answer::Count(store.remove_ended(*now, *limit).await?),
        })
    }
}

/// A real store that is asked the same as the store in memory, and must answer the same.
#[derive(Clone)]
pub(crate) struct Mirror {
    pub(crate) answer: Arc<dyn Fn(&Call) -> Answer + Send + Sync>,
    /// False for a store that removes ended records by itself. The simulated time is in the past,
    /// so then no record is removed because it has ended.
    pub(crate) removes_ended: bool,
}
