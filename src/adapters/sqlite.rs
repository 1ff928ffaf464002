//! A server's users in a file of SQLite's, which several processes of one host can have open.
//!
//! ```
//! use bulla::Passphrase;
//! use bulla::adapters::sqlite::SqliteUsers;
//! use bulla::tls::Users;
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("users.sqlite");
//! let server = Users::new(SqliteUsers::open(&path)?)?;
//! let another = Users::new(SqliteUsers::open(&path)?)?; // in another process
//! another.add("alice", &Passphrase::new("correct horse battery staple")?)?;
//! assert!(server.check("alice", &Passphrase::new("correct horse battery staple")?).is_ok());
//! # Ok::<(), bulla::Error>(())
//! ```
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use super::owners_file::{make_for_owner, warn_of_readers, with_name};
use crate::tls::UserStore;
use crate::{Error, ErrorKind, Result};

/// Keeps the [`Users`](crate::tls::Users) of a server, and the secret of their table, in a file of SQLite's.
///
/// A change is on the disk when it is answered, and seen by all processes that have the file open. They wait for each other, five
/// seconds at most. The file has to be on a disk of the host: SQLite's write-ahead log does not work over a network. It is made so
/// that nobody but its owner can read it.
///
/// # Security
/// Who gets the file, or a copy of it, can try out passwords at home: see [`UserStore`]. What was removed
/// is overwritten in the table, and can be found beside it for a while, in the log of SQLite's.
pub struct SqliteUsers(Mutex<Connection>);

/// So long one process waits for another.
const BUSY: Duration = Duration::from_secs(5);
/// What says that a file is of this kind: `PRAGMA user_version`.
const VERSION: i64 = 1;

const TABLES: &str = "
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS secret (number INTEGER PRIMARY KEY CHECK (number = 1), value BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
    COMMIT;";

/// The version, and how many tables there are, and how many of ours. In one question: another process may be making them.
const FOUND: &str = "
    SELECT user_version, (SELECT count(*) FROM sqlite_schema),
        (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('secret', 'users'))
    FROM pragma_user_version";

impl SqliteUsers {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it cannot be opened, is none of SQLite's, another program's, or of a newer bulla.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        make_for_owner(path)?;
        warn_of_readers(path);
        let named = |error: rusqlite::Error| with_name(path, io::ErrorKind::Other, error);
        let connection = Connection::open(path).map_err(named)?;
        connection.busy_timeout(BUSY).map_err(named)?;
        let found = connection.query_row(FOUND, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let not_ours = |why, hint| Err(Error::new(ErrorKind::Io, path.display().to_string(), why, hint));
        match found.map_err(named)? {
            (0, 0, _) => connection.execute_batch(TABLES).map_err(named)?,
            (VERSION, _, 2) => {}
            (VERSION.., _, 2) => return not_ours("a newer bulla has made it", "take that one for it"),
            _ => return not_ours("it is another program's", "name another file"),
        }
        // On the disk before it is answered, and no remains of what was removed.
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;";
        connection.execute_batch(settings).map_err(named)?;
        Ok(SqliteUsers(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UserStore for SqliteUsers {
    fn secret(&self, fresh: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let connection = self.connection();
        // Of several processes that begin at one time, the first has the say.
        let made = connection.execute("INSERT INTO secret VALUES (1, ?1) ON CONFLICT DO NOTHING", [fresh]);
        made.map_err(from_sqlite)?;
        let kept = connection.query_row("SELECT value FROM secret", [], |row| row.get(0).map(Zeroizing::new));
        kept.map_err(from_sqlite)
    }

    fn find(&self, user: &str) -> Result<Option<Vec<u8>>> {
        let find = "SELECT record FROM users WHERE name = ?1";
        self.connection().query_row(find, [user], |row| row.get(0)).optional().map_err(from_sqlite)
    }

    fn swap(&self, user: &str, expected: Option<&[u8]>, record: Option<&[u8]>) -> Result<bool> {
        let connection = self.connection();
        let changed = match (expected, record) {
            (None, None) => return nobody(&connection, user),
            (None, Some(record)) => connection
                .execute("INSERT INTO users VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![user, record]),
            (Some(expected), Some(record)) => connection.execute(
                "UPDATE users SET record = ?3 WHERE name = ?1 AND record = ?2",
                params![user, expected, record],
            ),
            (Some(expected), None) => connection
                .execute("DELETE FROM users WHERE name = ?1 AND record = ?2", params![user, expected]),
        };
        Ok(changed.map_err(from_sqlite)? == 1)
    }

    fn list(&self) -> Result<Vec<String>> {
        let connection = self.connection();
        let mut list = connection.prepare("SELECT name FROM users ORDER BY name").map_err(from_sqlite)?;
        let names = list.query_map([], |row| row.get(0)).map_err(from_sqlite)?;
        names.collect::<rusqlite::Result<_>>().map_err(from_sqlite)
    }
}

fn nobody(connection: &Connection, user: &str) -> Result<bool> {
    let count = connection.query_row("SELECT count(*) FROM users WHERE name = ?1", [user], |row| row.get(0));
    count.map(|count: i64| count == 0).map_err(from_sqlite)
}

fn from_sqlite(error: rusqlite::Error) -> Error {
    io::Error::other(error).into()
}
