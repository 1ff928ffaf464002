//! What redb says of a file, as errors of bulla's.
use std::io;
use std::path::Path;

use ::redb::DatabaseError;

use crate::Error;
use crate::adapters::owners_file::with_name;

pub(super) fn from_open(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            let why = "it is open already, and one store at a time can have it open";
            with_name(path, io::ErrorKind::ResourceBusy, why)
        }
        other => with_name(path, io::ErrorKind::Other, other),
    }
}

pub(super) fn from_redb(error: ::redb::Error) -> Error {
    match error {
        ::redb::Error::Io(error) => error.into(),
        other => io::Error::other(other).into(),
    }
}
