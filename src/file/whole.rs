//! Bytes of the caller's own, in a file that appears whole or not at all.
use std::io::Write;
use std::path::Path;

use super::create::{Manner, NewFile};
use crate::error::{Error, Result};

/// Writes bytes to a file (mode 0600) as everything else here is written: it appears whole, on the disk, or not at all.
/// `overwrite` says whether a file that is there is replaced.
///
/// For what is not encrypted by this face: private keys in PEM, certificates, CRLs.
///
/// # Errors
/// [`Exists`](crate::ErrorKind::Exists) if the file exists and is not to be replaced,
/// [`Usage`](crate::ErrorKind::Usage) if what is there is no regular file, [`Io`](crate::ErrorKind::Io).
///
/// ```
/// use bulla::{KeyKind, Passphrase, PrivateKey, file};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("me.pem");
/// let text = PrivateKey::generate(KeyKind::P256)?.to_pem(&Passphrase::generate())?;
/// file::write_whole(text, &path, false)?;
/// assert!(file::write_whole("another", &path, false).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn write_whole(bytes: impl AsRef<[u8]>, path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
    let path = path.as_ref();
    let target = NewFile::begin(path, Manner { overwrite, durable: true })?;
    let written = target.file().write_all(bytes.as_ref());
    written.map_err(|error| Error::io(path.display().to_string(), error))?;
    target.commit()
}
