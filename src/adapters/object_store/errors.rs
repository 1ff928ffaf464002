//! What the store reports as bulla's own error, and a length that both halves need.
use std::io;

use ::object_store::Error as StoreError;

use crate::Error;

pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The kind that a caller may want to act on survives as that of the source.
pub(super) fn from_store(error: StoreError) -> Error {
    let kind = match &error {
        StoreError::NotFound { .. } => io::ErrorKind::NotFound,
        StoreError::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error).into()
}
