//! A store in a file, for one host: redb, which leaves the file whole whenever the machine stops.
//!
//! What was answered is on the disk: a token that was used stays used after a crash, and a number that was replaced stays
//! replaced. So each change waits for the disk, a few milliseconds on most; the changes of all requests come one after the other.
//! For more than some hundreds in a second take a store of its own.
//!
//! ```
//! use bulla::Time;
//! use bulla::adapters::redb::RedbStore;
//! use bulla::cookie::Store;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bulla::Result<()> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("sessions.redb");
//! let until = Time::now() + Duration::from_secs(60);
//! let store = RedbStore::open(&path)?;
//! assert!(store.swap(&[7; 32], None, b"used", until).await?);
//! drop(store);
//!
//! // After a restart:
//! let store = RedbStore::open(&path)?;
//! assert!(!store.swap(&[7; 32], None, b"used", until).await?);
//! # Ok(())
//! # }
//! ```
mod faults;
#[cfg(feature = "opaque")]
mod users;

use std::io;
use std::path::Path;
use std::sync::Arc;

use ::redb::backends::FileBackend;
use ::redb::{Builder, Database, ReadableTable, Table, TableDefinition, WriteTransaction};
use tokio::runtime::Handle;

use self::faults::{from_open, from_redb};
use super::owners_file::owners_file;
use crate::cookie::{Store, check_value};
use crate::{Result, Time};

#[cfg(feature = "opaque")]
pub use users::RedbUsers;

/// Keeps values in a file that one process has open. It is made so that nobody but its owner can read it.
///
/// Its calls ask for a runtime of tokio's, whose threads for blocking work wait for the disk: a future that is dropped is done to
/// its end all the same. A disk that hangs is waited for.
///
/// What has ended is not given out any more, and removed by later changes, some with each. The file keeps its size, and what was
/// in it can be found there for a while.
pub struct RedbStore {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    clock: Box<dyn Fn() -> Time + Send + Sync>,
}

type Key = [u8; 32];
/// A value, with its end in seconds since 1970.
type Kept = (i64, &'static [u8]);
/// What ends, what ends first coming first.
type End = (i64, &'static Key);

const VALUES: TableDefinition<'_, &'static Key, Kept> = TableDefinition::new("values");
const ENDS: TableDefinition<'_, End, ()> = TableDefinition::new("ends");

/// Bytes that are held in memory. redb's own choice is 1 GiB.
const CACHE: usize = 32 << 20;
/// How many that have ended a change removes; it adds one.
const REMOVED_AT_ONCE: usize = 32;

impl RedbStore {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if it cannot be opened, is open elsewhere, or is none of redb's.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with_clock(path, Time::now)
    }

    /// Opens a file, and goes by this clock instead of the system's: for tests.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_clock(
        path: impl AsRef<Path>,
        clock: impl Fn() -> Time + Send + Sync + 'static,
    ) -> Result<Self> {
        let path = path.as_ref();
        let backend = FileBackend::new(owners_file(path)?).map_err(|error| from_open(path, error))?;
        let database = Builder::new().set_cache_size(CACHE).create_with_backend(backend);
        let database = database.map_err(|error| from_open(path, error))?;
        let shared = Shared { database, clock: Box::new(clock) };
        // So that who reads first finds tables.
        shared.change(|_, _| Ok(())).map_err(from_redb)?;
        Ok(RedbStore { shared: Arc::new(shared) })
    }

    /// Does something that waits for the disk, where that is allowed.
    async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> std::result::Result<T, ::redb::Error> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let done = runtime.spawn_blocking(move || work(&shared)).await;
        done.map_err(io::Error::other)?.map_err(from_redb)
    }
}

impl Store for RedbStore {
    async fn get(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let key = *key;
        self.wait(move |shared| shared.get(&key)).await
    }

    async fn put(&self, key: &[u8; 32], value: &[u8], until: Time) -> Result<()> {
        check_value(value)?;
        let (key, value) = (*key, value.to_vec());
        self.wait(move |shared| shared.change(|tables, _| tables.put(&key, &value, until))).await
    }

    async fn swap(&self, key: &[u8; 32], expected: Option<&[u8]>, value: &[u8], until: Time) -> Result<bool> {
        check_value(value)?;
        let (key, expected, value) = (*key, expected.map(<[u8]>::to_vec), value.to_vec());
        self.wait(move |shared| {
            shared.change(|tables, now| {
                let is_so = current(&tables.values, &key, now)? == expected;
                if is_so {
                    tables.put(&key, &value, until)?;
                }
                Ok(is_so)
            })
        })
        .await
    }

    async fn remove(&self, key: &[u8; 32]) -> Result<()> {
        let key = *key;
        self.wait(move |shared| shared.change(|tables, _| tables.remove(&key))).await
    }
}

impl Shared {
    fn get(&self, key: &Key) -> std::result::Result<Option<Vec<u8>>, ::redb::Error> {
        let reading = ::redb::ReadableDatabase::begin_read(&self.database)?;
        Ok(current(&reading.open_table(VALUES)?, key, (self.clock)())?)
    }

    /// One change, which is on the disk when this returns (`Durability::Immediate`, which is redb's own choice).
    fn change<T>(
        &self,
        work: impl FnOnce(&mut Tables<'_>, Time) -> std::result::Result<T, ::redb::StorageError>,
    ) -> std::result::Result<T, ::redb::Error> {
        let writing = self.database.begin_write()?;
        let now = (self.clock)();
        let mut tables = Tables::open(&writing)?;
        tables.forget_until(now)?;
        let done = work(&mut tables, now)?;
        drop(tables);
        writing.commit()?;
        Ok(done)
    }
}

struct Tables<'t> {
    values: Table<'t, &'static Key, Kept>,
    ends: Table<'t, End, ()>,
}

impl<'t> Tables<'t> {
    fn open(writing: &'t WriteTransaction) -> std::result::Result<Self, ::redb::TableError> {
        Ok(Tables { values: writing.open_table(VALUES)?, ends: writing.open_table(ENDS)? })
    }

    fn put(&mut self, key: &Key, value: &[u8], until: Time) -> std::result::Result<(), ::redb::StorageError> {
        let before = self.values.insert(key, (until.unix(), value))?.map(|kept| kept.value().0);
        if let Some(end) = before {
            self.ends.remove((end, key))?;
        }
        self.ends.insert((until.unix(), key), ())?;
        Ok(())
    }

    fn remove(&mut self, key: &Key) -> std::result::Result<(), ::redb::StorageError> {
        let before = self.values.remove(key)?.map(|kept| kept.value().0);
        if let Some(end) = before {
            self.ends.remove((end, key))?;
        }
        Ok(())
    }

    /// Removes some of what has ended.
    fn forget_until(&mut self, now: Time) -> std::result::Result<(), ::redb::StorageError> {
        for _ in 0..REMOVED_AT_ONCE {
            let first = self.ends.first()?.map(|(end, _)| (end.value().0, *end.value().1));
            match first {
                Some((end, key)) if end <= now.unix() => self.remove(&key)?,
                _ => break,
            }
        }
        Ok(())
    }
}

/// What is kept under a key, and has not ended.
fn current(
    values: &impl ReadableTable<&'static Key, Kept>,
    key: &Key,
    now: Time,
) -> std::result::Result<Option<Vec<u8>>, ::redb::StorageError> {
    let kept = values.get(key)?;
    Ok(kept.and_then(|kept| {
        let (until, value) = kept.value();
        (now.unix() < until).then(|| value.to_vec())
    }))
}
