//! The store.

use std::fmt;
use std::sync::Arc;

use login_store::{Record, SessionId, SessionStore, Versioned};
use redis::aio::ConnectionManager;
use redis::{FromRedisValue, Script, ScriptInvocation, cmd};

use crate::error::Error;
use crate::scripts;

type Result<T> = std::result::Result<T, Error>;

/// Keeps sessions in Redis 7 or Valkey. The front page of this crate says how the server must be
/// configured.
///
/// Clones share the connection.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: Arc<str>,
}

impl RedisStore {
    /// A store whose keys begin with `login:`.
    #[must_use]
    pub fn new(connection: ConnectionManager) -> Self {
        Self { connection, prefix: "login:".into() }
    }

    /// What all keys begin with, so that several applications can use one database. Stores with
    /// different prefixes share nothing, even if one prefix begins with another. The default is `login:`.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<Arc<str>>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    fn key(&self, id: SessionId) -> String {
        format!("{}session:{id}", self.prefix)
    }

    /// A call of a script that concerns one record.
    fn on_record<'a>(&self, script: &'a Script, id: SessionId) -> ScriptInvocation<'a> {
        let mut call = script.key(self.key(id));
        call.arg(&*self.prefix).arg(id.to_string());
        call
    }

    /// A call of a script that concerns all records of a user.
    fn on_user<'a>(&self, script: &'a Script, user_id: &[u8]) -> ScriptInvocation<'a> {
        let mut call = script.arg(&*self.prefix);
        call.arg(user_id);
        call
    }

    async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T> {
        Ok(call.invoke_async(&mut self.connection.clone()).await?)
    }

    async fn run_versioned(&self, call: &ScriptInvocation<'_>) -> Result<Versioned> {
        match self.run::<String>(call).await?.as_str() {
            "done" => Ok(Versioned::Done),
            "conflict" => Ok(Versioned::Conflict),
            "gone" => Ok(Versioned::Gone),
            _ => Err(Error::Malformed),
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// User ID, version, created, seen, ends and body, as HMGET returns them: nothing but `None` if there
/// is no record.
type Fields = (Option<Vec<u8>>, Option<u64>, Option<u64>, Option<u64>, Option<u64>, Option<Vec<u8>>);

fn record(id: SessionId, fields: Fields) -> Result<Option<Record>> {
    match fields {
        (Some(user_id), Some(version), Some(created), Some(seen), Some(ends), Some(body)) => {
            Ok(Some(Record { id, user_id, version, created, seen, ends, body }))
        }
        (None, None, None, None, None, None) => Ok(None),
        _ => Err(Error::Malformed),
    }
}

impl SessionStore for RedisStore {
    type Error = Error;

    async fn insert(&self, record: &Record) -> Result<()> {
        let mut call = self.on_record(&scripts::INSERT, record.id);
        call.arg(&record.user_id).arg(record.version).arg(record.created).arg(record.seen).arg(record.ends);
        match self.run::<String>(call.arg(&record.body)).await?.as_str() {
            "done" => Ok(()),
            _ => Err(Error::IdTaken),
        }
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>> {
        let mut command = cmd("HMGET");
        command.arg(self.key(id)).arg(&["user", "version", "created", "seen", "ends", "body"]);
        record(id, command.query_async(&mut self.connection.clone()).await?)
    }

    async fn update(&self, record: &Record) -> Result<Versioned> {
        let mut call = self.on_record(&scripts::UPDATE, record.id);
        call.arg(record.seen).arg(record.ends).arg(record.version).arg(&record.body);
        self.run_versioned(&call).await
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<()> {
        let mut call = self.on_record(&scripts::UPDATE, id);
        self.run(call.arg(seen).arg(ends)).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        let call = self.on_record(&scripts::REMOVE, id);
        Ok(self.run_versioned(&call).await? == Versioned::Done)
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned> {
        let mut call = self.on_record(&scripts::REMOVE, id);
        self.run_versioned(call.arg(version)).await
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>> {
        let call = self.on_user(&scripts::OF_USER, user_id);
        let mut records = Vec::new();
        for (id, fields) in self.run::<Vec<(String, Fields)>>(&call).await? {
            let id = id.parse().map_err(|_| Error::Malformed)?;
            records.extend(record(id, fields)?);
        }
        records.sort_by_key(|record| (record.created, record.id));
        Ok(records)
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64> {
        let mut call = self.on_user(&scripts::REMOVE_OF_USER, user_id);
        self.run(call.arg(except.map(|id| id.to_string()))).await
    }

    /// Does nothing: records expire by themselves.
    async fn remove_ended(&self, _now: u64, _limit: u64) -> Result<u64> {
        Ok(0)
    }
}
