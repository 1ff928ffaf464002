//! Bytes of the caller's own, in a file that appears whole or not at all.
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::new_file::{Manner, NewFile};

/// Bytes that are written at a time.
const BUFFER: usize = 1 << 16;

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
    write_streamed(path, overwrite, |into| {
        into.write_all(bytes.as_ref()).map_err(|error| Error::io(path.display().to_string(), error))
    })
}

/// Writes a file as [`write_whole`] does, of any length in little memory: the file appears once `work` is done with it. If
/// `work` fails, nothing is left.
///
/// # Errors
/// Those of [`write_whole`], and of `work`.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("numbers");
/// bulla::file::write_streamed(&path, false, |into| {
///     (0..1000).try_for_each(|number| writeln!(into, "{number}")).map_err(bulla::Error::from)
/// })?;
/// assert!(std::fs::read_to_string(&path)?.ends_with("998\n999\n"));
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn write_streamed<T, E: From<Error>>(
    path: impl AsRef<Path>,
    overwrite: bool,
    work: impl FnOnce(&mut dyn Write) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    let path = path.as_ref();
    let target = NewFile::begin(path, Manner { overwrite, durable: true })?;
    let mut writer = BufWriter::with_capacity(BUFFER, target.file());
    let done = work(&mut writer)?;
    writer.flush().map_err(|error| Error::io(path.display().to_string(), error))?;
    drop(writer);
    target.commit()?;
    Ok(done)
}
