//! The session store of a conformance server: in memory, or in an SQLite file. It fails when it
//! is told to.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use login_store::{MemoryStore, Record, SessionId, SessionStore, Versioned};
use login_store_sqlx::SqliteStore;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteRow};

type Failure = Box<dyn Error + Send + Sync>;

/// Which store is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// It ends with the server.
    Memory,
    /// It is in a file.
    Sqlite,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fails {
    Reads,
    Writes,
    #[default]
    None,
}

/// The query of `/store`.
#[derive(Debug, Deserialize)]
pub struct StoreQuery {
    fail: Fails,
}

/// The store. Clones share the records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    records: Records,
    fails: Arc<Mutex<Fails>>,
}

/// Where the records are.
#[derive(Debug, Clone)]
enum Records {
    Memory(MemoryStore),
    /// The pool reads what the store has written.
    Sqlite(SqliteStore, SqlitePool),
}

impl Default for Records {
    fn default() -> Self {
        Self::Memory(MemoryStore::new())
    }
}

/// Calls a method of the store that is used.
macro_rules! of {
    ($records:expr, $($call:tt)+) => {
        match $records {
            Records::Memory(store) => store.$($call)+.await.map_err(Failure::from),
            Records::Sqlite(store, _) => store.$($call)+.await.map_err(Failure::from),
        }
    };
}

/// A record with each field as the hexadecimal digits of its bytes.
#[derive(Debug, Serialize)]
pub struct DumpedRecord {
    id: String,
    user_id: String,
    version: String,
    created: String,
    seen: String,
    ends: String,
    body: String,
}

impl DumpedRecord {
    fn new(record: &Record) -> Self {
        let number = |number: u64| hex(&number.to_be_bytes());
        Self {
            id: hex(record.id.as_bytes()),
            user_id: hex(&record.user_id),
            version: number(record.version),
            created: number(record.created),
            seen: number(record.seen),
            ends: number(record.ends),
            body: hex(&record.body),
        }
    }

    /// Of the columns as the database has them.
    fn of_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let bytes = |column| row.try_get::<&[u8], _>(column).map(hex);
        let number = |column| row.try_get::<i64, _>(column).map(|number| hex(&number.to_be_bytes()));
        Ok(Self {
            id: bytes("id")?,
            user_id: bytes("user_id")?,
            version: number("version")?,
            created: number("created")?,
            seen: number("seen")?,
            ends: number("ends")?,
            body: bytes("body")?,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Store {
    /// The store in this file, which is made if it is not there.
    pub(crate) async fn in_file(file: &Path) -> Result<Self, Box<dyn Error>> {
        let options =
            SqliteConnectOptions::new().filename(file).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePool::connect_with(options).await?;
        let store = SqliteStore::new(pool.clone());
        store.create_table().await?;
        Ok(Self { records: Records::Sqlite(store, pool), ..Self::default() })
    }

    /// Lets calls fail from now on.
    pub(crate) fn fail(&self, query: &StoreQuery) {
        *self.failing() = query.fail;
    }

    /// All records, the oldest first.
    pub(crate) async fn dump(&self) -> Result<Vec<DumpedRecord>, Failure> {
        match &self.records {
            Records::Memory(store) => Ok(store.records().iter().map(DumpedRecord::new).collect()),
            Records::Sqlite(_, pool) => {
                let rows = sqlx::query("SELECT * FROM login_sessions ORDER BY created, id").fetch_all(pool).await?;
                Ok(rows.iter().map(DumpedRecord::of_row).collect::<Result<_, _>>()?)
            }
        }
    }

    fn failing(&self) -> MutexGuard<'_, Fails> {
        self.fails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Result<&Records, Failure> {
        if *self.failing() == Fails::Reads { Err("the store cannot be read".into()) } else { Ok(&self.records) }
    }

    fn write(&self) -> Result<&Records, Failure> {
        if *self.failing() == Fails::Writes { Err("the store cannot be written".into()) } else { Ok(&self.records) }
    }
}

impl SessionStore for Store {
    type Error = Failure;

    async fn insert(&self, record: &Record) -> Result<(), Failure> {
        of!(self.write()?, insert(record))
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>, Failure> {
        of!(self.read()?, find(id))
    }

    async fn update(&self, record: &Record) -> Result<Versioned, Failure> {
        of!(self.write()?, update(record))
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), Failure> {
        of!(self.write()?, touch(id, seen, ends))
    }

    async fn remove(&self, id: SessionId) -> Result<bool, Failure> {
        of!(self.write()?, remove(id))
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, Failure> {
        of!(self.write()?, remove_version(id, version))
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, Failure> {
        of!(self.read()?, of_user(user_id))
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, Failure> {
        of!(self.write()?, remove_of_user(user_id, except))
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, Failure> {
        of!(self.write()?, remove_ended(now, limit))
    }
}
