//! What is asked of a store next. The core never calls a store.

use std::error::Error;

use login_store::{Record, SessionId, Versioned};

use crate::store::erased::AnyStore;

/// The next step of an operation that needs the session store: a question to it, or the result.
#[must_use = "nothing is done before the last step"]
pub enum StoreStep<T> {
    /// Ask the store.
    Ask(StoreCall<T>),
    /// The operation has ended.
    Done(T),
}

/// A call of the store. Each has a token, which is answered with what the
/// [store's method](login_store::SessionStore) of the same name returns.
#[must_use = "call the store and answer the token"]
pub enum StoreCall<T> {
    /// Add a record.
    Insert {
        /// The record.
        record: Record,
        /// Answers the call.
        token: Answers<(), T>,
    },
    /// Find a record.
    Find {
        /// Its ID.
        id: SessionId,
        /// Answers the call.
        token: Answers<Option<Record>, T>,
    },
    /// Change a record that has the version of this one.
    Update {
        /// The record as it shall be, with the version that it was read with.
        record: Record,
        /// Answers the call.
        token: Answers<Versioned, T>,
    },
    /// Move the times of a record forward.
    Touch {
        /// Its ID.
        id: SessionId,
        /// When it was last used: a Unix time in milliseconds.
        seen: u64,
        /// When it may be removed: a Unix time in milliseconds.
        ends: u64,
        /// Answers the call.
        token: Answers<(), T>,
    },
    /// Remove a record.
    Remove {
        /// Its ID.
        id: SessionId,
        /// Answers the call.
        token: Answers<bool, T>,
    },
    /// Remove a record that has this version.
    RemoveVersion {
        /// Its ID.
        id: SessionId,
        /// The version.
        version: u64,
        /// Answers the call.
        token: Answers<Versioned, T>,
    },
    /// List the records of a user.
    OfUser {
        /// The user's ID.
        user_id: Vec<u8>,
        /// Answers the call.
        token: Answers<Vec<Record>, T>,
    },
    /// Remove the records of a user.
    RemoveOfUser {
        /// The user's ID.
        user_id: Vec<u8>,
        /// The record that stays.
        except: Option<SessionId>,
        /// Answers the call.
        token: Answers<u64, T>,
    },
    /// Remove records that have ended.
    RemoveEnded {
        /// The time: a Unix time in milliseconds.
        now: u64,
        /// How many at most.
        limit: u64,
        /// Answers the call.
        token: Answers<u64, T>,
    },
}

/// A store's error.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

type Then<A, T> = Box<dyn FnOnce(Result<A, Failure>) -> StoreStep<T> + Send>;

/// Takes the answer to a call of the store: a value of type `A`. If it is dropped, the operation
/// ends here.
#[must_use = "answer it with the result of the store"]
pub struct Answers<A, T>(Then<A, T>);

impl<A, T> Answers<A, T> {
    /// Answers with the result of the store. An error makes the response a 5xx, if it matters.
    pub fn answer(self, result: Result<A, impl Into<Box<dyn Error + Send + Sync>>>) -> StoreStep<T> {
        (self.0)(result.map_err(Into::into))
    }
}

/// Without what they contain.
impl<A, T> std::fmt::Debug for Answers<A, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answers(..)")
    }
}

impl<T> std::fmt::Debug for StoreStep<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ask(call) => call.fmt(f),
            Self::Done(_) => f.write_str("Done(..)"),
        }
    }
}

impl<T> std::fmt::Debug for StoreCall<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Insert { .. } => "Insert(..)",
            Self::Find { .. } => "Find(..)",
            Self::Update { .. } => "Update(..)",
            Self::Touch { .. } => "Touch(..)",
            Self::Remove { .. } => "Remove(..)",
            Self::RemoveVersion { .. } => "RemoveVersion(..)",
            Self::OfUser { .. } => "OfUser(..)",
            Self::RemoveOfUser { .. } => "RemoveOfUser(..)",
            Self::RemoveEnded { .. } => "RemoveEnded(..)",
        })
    }
}

/// What an operation does with the answer to a call.
pub(crate) trait Next<A, T>: FnOnce(Result<A, Failure>) -> StoreStep<T> + Send + 'static {}
impl<A, T, F: FnOnce(Result<A, Failure>) -> StoreStep<T> + Send + 'static> Next<A, T> for F {}

impl<T> StoreStep<T> {
    pub(crate) fn insert(record: Record, then: impl Next<(), T>) -> Self {
        Self::Ask(StoreCall::Insert { record, token: Answers(Box::new(then)) })
    }

    pub(crate) fn find(id: SessionId, then: impl Next<Option<Record>, T>) -> Self {
        Self::Ask(StoreCall::Find { id, token: Answers(Box::new(then)) })
    }

    pub(crate) fn update(record: Record, then: impl Next<Versioned, T>) -> Self {
        Self::Ask(StoreCall::Update { record, token: Answers(Box::new(then)) })
    }

    pub(crate) fn touch(id: SessionId, seen: u64, ends: u64, then: impl Next<(), T>) -> Self {
        Self::Ask(StoreCall::Touch { id, seen, ends, token: Answers(Box::new(then)) })
    }

    pub(crate) fn remove(id: SessionId, then: impl Next<bool, T>) -> Self {
        Self::Ask(StoreCall::Remove { id, token: Answers(Box::new(then)) })
    }

    pub(crate) fn remove_version(id: SessionId, version: u64, then: impl Next<Versioned, T>) -> Self {
        Self::Ask(StoreCall::RemoveVersion { id, version, token: Answers(Box::new(then)) })
    }

    pub(crate) fn of_user(user_id: Vec<u8>, then: impl Next<Vec<Record>, T>) -> Self {
        Self::Ask(StoreCall::OfUser { user_id, token: Answers(Box::new(then)) })
    }

    pub(crate) fn remove_of_user(user_id: Vec<u8>, except: Option<SessionId>, then: impl Next<u64, T>) -> Self {
        Self::Ask(StoreCall::RemoveOfUser { user_id, except, token: Answers(Box::new(then)) })
    }

    pub(crate) fn remove_ended(now: u64, limit: u64, then: impl Next<u64, T>) -> Self {
        Self::Ask(StoreCall::RemoveEnded { now, limit, token: Answers(Box::new(then)) })
    }

    /// Goes on with the result.
    pub(crate) fn and_then<V: 'static>(self, then: impl FnOnce(T) -> StoreStep<V> + Send + 'static) -> StoreStep<V>
    where
        T: 'static,
    {
        match self {
            Self::Done(value) => then(value),
            Self::Ask(call) => StoreStep::Ask(call.and_then(then)),
        }
    }

    /// Runs all steps with a store.
    pub(crate) async fn run(mut self, store: &dyn AnyStore) -> T {
        loop {
            self = match self {
                Self::Ask(call) => call.run(store).await,
                Self::Done(value) => return value,
            };
        }
    }
}

impl<T> StoreCall<T> {
    fn and_then<V: 'static>(self, then: impl FnOnce(T) -> StoreStep<V> + Send + 'static) -> StoreCall<V>
    where
        T: 'static,
    {
        match self {
            Self::Insert { record, token } => StoreCall::Insert { record, token: token.and_then(then) },
            Self::Find { id, token } => StoreCall::Find { id, token: token.and_then(then) },
            Self::Update { record, token } => StoreCall::Update { record, token: token.and_then(then) },
            Self::Touch { id, seen, ends, token } => StoreCall::Touch { id, seen, ends, token: token.and_then(then) },
            Self::Remove { id, token } => StoreCall::Remove { id, token: token.and_then(then) },
            Self::RemoveVersion { id, version, token } => {
                StoreCall::RemoveVersion { id, version, token: token.and_then(then) }
            }
            Self::OfUser { user_id, token } => StoreCall::OfUser { user_id, token: token.and_then(then) },
            Self::RemoveOfUser { user_id, except, token } => {
                StoreCall::RemoveOfUser { user_id, except, token: token.and_then(then) }
            }
            Self::RemoveEnded { now, limit, token } => {
                StoreCall::RemoveEnded { now, limit, token: token.and_then(then) }
            }
        }
    }

    async fn run(self, store: &dyn AnyStore) -> StoreStep<T> {
        match self {
            Self::Insert { record, token } => token.answer(store.insert(&record).await),
            Self::Find { id, token } => token.answer(store.find(id).await),
            Self::Update { record, token } => token.answer(store.update(&record).await),
            Self::Touch { id, seen, ends, token } => token.answer(store.touch(id, seen, ends).await),
            Self::Remove { id, token } => token.answer(store.remove(id).await),
            Self::RemoveVersion { id, version, token } => token.answer(store.remove_version(id, version).await),
            Self::OfUser { user_id, token } => token.answer(store.of_user(&user_id).await),
            Self::RemoveOfUser { user_id, except, token } => token.answer(store.remove_of_user(&user_id, except).await),
            Self::RemoveEnded { now, limit, token } => token.answer(store.remove_ended(now, limit).await),
        }
    }
}

impl<A: 'static, T: 'static> Answers<A, T> {
    fn and_then<V: 'static>(self, then: impl FnOnce(T) -> StoreStep<V> + Send + 'static) -> Answers<A, V> {
        Answers(Box::new(move |result| (self.0)(result).and_then(then)))
    }
}
