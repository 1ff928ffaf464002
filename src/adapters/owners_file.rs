//! Files of databases, which hold what is nobody's business but their owner's.
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::{Error, Result};

/// A file that its owner alone can read and write, where it is made here.
pub(super) fn owners_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| with_name(path, error.kind(), error))
}

pub(super) fn with_name(path: &Path, kind: io::ErrorKind, error: impl std::fmt::Display) -> Error {
    io::Error::new(kind, format!("{}: {error}", path.display())).into()
}
