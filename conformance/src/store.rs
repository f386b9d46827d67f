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

impl Store {
    /// The store with the records in this file, which is made if it is not there.
    pub(crate) fn in_file(file: &Path) -> Result<Self, Box<dyn Error>> {
        let (records, file) = (MemoryStore::new(), Some(file.to_owned()));
        let store = Self { records, file, fails: Arc::default() };
        store.read_file()?;
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

    fn read_file(&self) -> Result<(), Box<dyn Error>> {
        let Some(file) = self.file.as_ref().filter(|file| file.exists()) else { return Ok(()) };
        for record in serde_json::from_slice::<Vec<DumpedRecord>>(&std::fs::read(file)?)? {
            insert_now(&self.records, &record.read()?)?;
        }
        Ok(())
    }

    /// Writes all records to the file. 
    fn write_file(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        // Locked, so that no older state is written over a newer one.
        let _lock = self.failing();
        Ok(std::fs::write(file, serde_json::to_vec(&self.dump())?)?)
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
