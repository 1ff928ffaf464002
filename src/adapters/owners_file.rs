//! Files of databases, which hold what is nobody's business but their owner's.
#[cfg(feature = "redb")]
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use crate::{Error, Result};

/// A file that its owner alone can read and write, where it is made here.
#[cfg(feature = "redb")]
pub(super) fn owners_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| with_name(path, error.kind(), error))
}

/// Makes such a file where there is none. One that is there is not even opened: a process that closes a file gives up the locks that it
/// has on it by others (POSIX, `fcntl`), SQLite's among them.
#[cfg(feature = "sqlite")]
pub(super) fn make_for_owner(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(with_name(path, error.kind(), error))
        }
        _ => Ok(()),
    }
}

/// Says so in the log if others than its owner can read a file of users: a copy is enough to try out passwords at home.
#[cfg(feature = "opaque")]
pub(super) fn warn_of_readers(path: &Path) {
    #[cfg(unix)]
    if let Ok(file) = std::fs::metadata(path)
        && std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o044 != 0
    {
        tracing::warn!(file = %path.display(), "others can read this file of users: `chmod go-r` it");
    }
    #[cfg(not(unix))]
    let _ = path;
}

pub(super) fn with_name(path: &Path, kind: io::ErrorKind, error: impl std::fmt::Display) -> Error {
    io::Error::new(kind, format!("{}: {error}", path.display())).into()
}
