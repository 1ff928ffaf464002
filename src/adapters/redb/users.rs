//! A server's users in a file that one process has open.
use std::path::Path;

use ::redb::{
    Builder, Database, Error as RedbError, ReadableDatabase, ReadableTable, TableDefinition,
    backends::FileBackend,
};
use zeroize::Zeroizing;

use super::faults::{from_open, from_redb};
use crate::Result;
use crate::adapters::owners_file::{owners_file, warn_of_readers};
use crate::tls::UserStore;

/// Keeps the [`Users`](crate::tls::Users) of a server, and the secret of their table, in a file of redb's that one process has open.
/// For several there is `SqliteUsers` (feature `sqlite`).
///
/// A change is on the disk when it is answered. The file is made so that nobody but its owner can read it.
///
/// # Security
/// Who gets the file, or a copy of it, can try out passwords at home: see [`UserStore`]. What was removed can be found in it for a
/// while.
///
/// ```
/// use bulla::Passphrase;
/// use bulla::adapters::redb::RedbUsers;
/// use bulla::tls::Users;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("users.redb");
/// let users = Users::new(RedbUsers::open(&path)?)?;
/// users.add("alice", &Passphrase::new("correct horse battery staple")?)?;
/// drop(users);
///
/// // After a restart:
/// let users = Users::new(RedbUsers::open(&path)?)?;
/// assert_eq!(users.list()?, ["alice"]);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct RedbUsers(Database);

const RECORDS: TableDefinition<'_, &'static str, &'static [u8]> = TableDefinition::new("users");
const SECRET: TableDefinition<'_, (), &'static [u8]> = TableDefinition::new("secret of users");

/// Bytes that are held in memory. Ours: ten thousand users.
const CACHE: usize = 4 << 20;

type Done<T> = std::result::Result<T, RedbError>;

impl RedbUsers {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if it cannot be opened, is open elsewhere, or is none of redb's.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        warn_of_readers(path);
        let backend = FileBackend::new(owners_file(path)?).map_err(|error| from_open(path, error))?;
        let database = Builder::new().set_cache_size(CACHE).create_with_backend(backend);
        let users = RedbUsers(database.map_err(|error| from_open(path, error))?);
        // So that who reads first finds a table.
        users.change(|writing| writing.open_table(RECORDS).map(drop).map_err(RedbError::from))?;
        Ok(users)
    }

    /// One change, which is on the disk when this returns.
    fn change<T>(&self, work: impl FnOnce(&::redb::WriteTransaction) -> Done<T>) -> Result<T> {
        let done = || -> Done<T> {
            let writing = self.0.begin_write()?;
            let done = work(&writing)?;
            writing.commit()?;
            Ok(done)
        };
        done().map_err(from_redb)
    }

    fn read<T>(
        &self,
        work: impl FnOnce(::redb::ReadOnlyTable<&'static str, &'static [u8]>) -> Done<T>,
    ) -> Result<T> {
        let done = || -> Done<T> { work(self.0.begin_read()?.open_table(RECORDS)?) };
        done().map_err(from_redb)
    }
}

impl UserStore for RedbUsers {
    fn secret(&self, fresh: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.change(|writing| {
            let mut table = writing.open_table(SECRET)?;
            if let Some(kept) = table.get(())? {
                return Ok(Zeroizing::new(kept.value().to_vec()));
            }
            table.insert((), fresh)?;
            Ok(Zeroizing::new(fresh.to_vec()))
        })
    }

    fn find(&self, user: &str) -> Result<Option<Vec<u8>>> {
        self.read(|table| Ok(table.get(user)?.map(|kept| kept.value().to_vec())))
    }

    fn swap(&self, user: &str, expected: Option<&[u8]>, record: Option<&[u8]>) -> Result<bool> {
        self.change(|writing| {
            let mut table = writing.open_table(RECORDS)?;
            if table.get(user)?.as_ref().map(::redb::AccessGuard::value) != expected {
                return Ok(false);
            }
            match record {
                Some(record) => drop(table.insert(user, record)?),
                None => drop(table.remove(user)?),
            }
            Ok(true)
        })
    }

    fn list(&self) -> Result<Vec<String>> {
        self.read(|table| table.iter()?.map(|one| Ok(one?.0.value().to_owned())).collect())
    }
}
