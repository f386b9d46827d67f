//! The session store of a conformance server. Its records are in memory, and also in a file if
//! it has one. It fails when it is told to.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use login_store::{MemoryStore, Record, SessionId, SessionStore, Versioned};
use serde::{Deserialize, Serialize};

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
    records: MemoryStore,
    file: Option<PathBuf>,
    fails: Arc<Mutex<Fails>>,
}

/// A record with each field as the hexadecimal digits of its bytes.
#[derive(Debug, Serialize, Deserialize)]
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

    fn read(&self) -> Result<Record, Box<dyn Error>> {
        let number = |text: &str| u64::from_str_radix(text, 16);
        Ok(Record {
            id: self.id.parse()?,
            user_id: bytes(&self.user_id)?,
            version: number(&self.version)?,
            created: number(&self.created)?,
            seen: number(&self.seen)?,
            ends: number(&self.ends)?,
            body: bytes(&self.body)?,
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

fn bytes(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}

fn read_file(file: &Path) -> Result<Vec<Record>, Box<dyn Error>> {
    let records: Vec<DumpedRecord> = serde_json::from_slice(&std::fs::read(file)?)?;
    records.iter().map(DumpedRecord::read).collect()
}

impl Store {
    /// The store with the records in this file, which is made if it is not there.
    pub(crate) async fn in_file(file: &Path) -> Result<Self, Box<dyn Error>> {
        let records = if file.exists() { read_file(file)? } else { Vec::new() };
        let store = Self { file: Some(file.to_owned()), ..Self::default() };
        for record in &records {
            store.records.insert(record).await?;
        }
        store.write_file()?;
        Ok(store)
    }

    /// Lets calls fail from now on.
    pub(crate) fn fail(&self, query: &StoreQuery) {
        *self.failing() = query.fail;
    }

    /// All records.
    pub(crate) fn dump(&self) -> Vec<DumpedRecord> {
        self.records.records().iter().map(DumpedRecord::new).collect()
    }

    fn failing(&self) -> MutexGuard<'_, Fails> {
        self.fails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all records to the file, which has the form of a dump.
    fn write_file(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        // Locked, so that no older state is written over a newer one.
        let _lock = self.failing();
        std::fs::write(file, serde_json::to_vec(&self.dump())?)
    }

    fn read(&self) -> Result<&MemoryStore, Failure> {
        if *self.failing() == Fails::Reads { Err("the store cannot be read".into()) } else { Ok(&self.records) }
    }

    async fn write<T, E: Into<Failure>>(&self, write: impl Future<Output = Result<T, E>>) -> Result<T, Failure> {
        if *self.failing() == Fails::Writes {
            return Err("the store cannot be written".into());
        }
        let written = write.await.map_err(Into::into)?;
        self.write_file()?;
        Ok(written)
    }
}

impl SessionStore for Store {
    type Error = Failure;

    async fn insert(&self, record: &Record) -> Result<(), Failure> {
        self.write(self.records.insert(record)).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Record>, Failure> {
        Ok(self.read()?.find(id).await?)
    }

    async fn update(&self, record: &Record) -> Result<Versioned, Failure> {
        self.write(self.records.update(record)).await
    }

    async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), Failure> {
        self.write(self.records.touch(id, seen, ends)).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool, Failure> {
        self.write(self.records.remove(id)).await
    }

    async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, Failure> {
        self.write(self.records.remove_version(id, version)).await
    }

    async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, Failure> {
        Ok(self.read()?.of_user(user_id).await?)
    }

    async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, Failure> {
        self.write(self.records.remove_of_user(user_id, except)).await
    }

    async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, Failure> {
        self.write(self.records.remove_ended(now, limit)).await
    }
}
