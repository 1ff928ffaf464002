//! Copies piece by piece, and from one file into another that appears whole or not at all.
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use crate::encoding::input::read_full;
use crate::error::{Error, Result};
use crate::new_file::{Manner, NewFile};
use crate::secret::{SecretVec, refit};

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

/// Bytes of the first piece: wiping a large buffer would take longer than all else that a small mail needs.
const FIRST: usize = 1 << 13;

/// A buffer to read through, piece by piece.
pub(super) struct Pieces {
    buffer: SecretVec,
    was_full: bool,
}

impl Pieces {
    pub(super) fn new() -> Self {
        Pieces { buffer: SecretVec::new(vec![0; FIRST]), was_full: false }
    }

    /// The next piece: as much as there is room for, however little comes at once. Empty at the end.
    pub(super) fn next(&mut self, mut from: &mut dyn Read) -> io::Result<&mut [u8]> {
        if self.was_full {
            refit(&mut self.buffer, BUFFER);
        }
        let count = read_full(&mut from, &mut self.buffer)?;
        self.was_full = count == self.buffer.len();
        Ok(self.buffer.get_mut(..count).unwrap_or_default())
    }
}

/// Copies all that there is; says how many bytes that were.
pub(super) fn copy(from: &mut dyn Read, into: &mut (impl Write + ?Sized)) -> Result<u64> {
    let (mut pieces, mut length) = (Pieces::new(), 0_u64);
    loop {
        let read = pieces.next(from).map_err(|error| Error::io("mail", error))?;
        if read.is_empty() {
            return Ok(length);
        }
        into.write_all(read).map_err(|error| Error::io("output", error))?;
        length = length.saturating_add(u64::try_from(read.len()).unwrap_or(u64::MAX));
    }
}
