//! From one file into another that appears whole or not at all.
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use crate::encoding::input::read_full;
use crate::error::{Error, Result};
use crate::new_file::{Manner, NewFile};
use crate::secret::SecretVec;

/// Bytes that are read, digested and written at a time.
pub(super) const BUFFER: usize = 1 << 16;

/// Opens a source.
pub(super) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Error::io(path.display().to_string(), error))
}

/// Reads one file and writes another.
pub(super) fn through(
    from: &Path,
    into: &Path,
    overwrite: bool,
    work: impl FnOnce(File, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    let source = open(from)?;
    let target = NewFile::begin(into, Manner { overwrite, durable: true })?;
    let mut writer = BufWriter::with_capacity(BUFFER, target.file());
    work(source, &mut writer)?;
    writer.flush().map_err(|error| Error::io(into.display().to_string(), error))?;
    drop(writer);
    target.commit()
}

/// Copies all that there is.
pub(super) fn copy(mut from: &mut dyn Read, into: &mut impl Write) -> Result<()> {
    let mut buffer = SecretVec::new(vec![0; BUFFER]);
    loop {
        let count = read_full(&mut from, &mut buffer).map_err(|error| Error::io("mail", error))?;
        let read = buffer.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Ok(());
        }
        into.write_all(read).map_err(|error| Error::io("output", error))?;
    }
}
