//! A content that nobody is to see yet: written once, read as often as needed, in memory or in a file.
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};

use super::files;
use crate::error::{Error, Result};
use crate::secret::SecretVec;

/// Bytes that are kept in memory before a file is taken.
const IN_MEMORY: usize = 1 << 20;

/// Where a content waits until it is known to be good.
pub(super) enum Spool {
    /// As long as the content is short; `true`: however long it becomes.
    Memory(SecretVec, bool),
    File(File),
    /// Nobody asks for it.
    Nowhere,
}

impl Spool {
    /// In memory.
    pub(super) fn in_memory() -> Self {
        Spool::Memory(SecretVec::default(), true)
    }

    /// In memory first, and when it becomes long in a file that has no name.
    pub(super) fn temporary() -> Self {
        Spool::Memory(SecretVec::default(), false)
    }

    /// Forgotten at once.
    pub(super) fn nowhere() -> Self {
        Spool::Nowhere
    }

    /// In a file that somebody else keeps, and gives its name once the content is good.
    pub(super) fn in_file(file: &File) -> io::Result<Self> {
        Ok(Spool::File(file.try_clone()?))
    }

    /// Reads it from its beginning.
    pub(super) fn reader(&mut self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Spool::Memory(bytes, _) => Ok(Box::new(Cursor::new(bytes.as_slice()))),
            Spool::File(file) => {
                file.rewind()?;
                Ok(Box::new(file))
            }
            Spool::Nowhere => Ok(Box::new(io::empty())),
        }
    }

    /// Writes all of it; says how many bytes that were.
    pub(super) fn write_to(&mut self, into: &mut (impl Write + ?Sized)) -> Result<u64> {
        let mut reader = self.reader().map_err(|error| Error::io("temporary file", error))?;
        files::copy(&mut *reader, into)
    }

    /// All of it.
    pub(super) fn into_bytes(mut self) -> io::Result<SecretVec> {
        if let Spool::Memory(bytes, _) = self {
            return Ok(bytes);
        }
        let mut bytes = SecretVec::default();
        self.reader()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Puts another content in its place.
    pub(super) fn replace(&mut self, mut by: Spool) -> io::Result<()> {
        match self {
            Spool::Memory(..) | Spool::Nowhere => *self = by,
            Spool::File(file) => {
                file.rewind()?;
                file.set_len(0)?;
                by.write_to(file)?;
            }
        }
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Spool::Memory(waiting, always) => {
                let length = waiting.len().saturating_add(bytes.len());
                if !*always && length > IN_MEMORY {
                    let mut file = tempfile::tempfile()?;
                    file.write_all(waiting)?;
                    file.write_all(bytes)?;
                    *self = Spool::File(file);
                    return Ok(bytes.len());
                }
                grow(waiting, length);
                waiting.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Spool::File(file) => file.write(bytes),
            Spool::Nowhere => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes room. What a vector grows out of would not be wiped.
fn grow(bytes: &mut SecretVec, length: usize) {
    if bytes.capacity() < length {
        let mut wider = SecretVec::new(Vec::with_capacity(length.max(bytes.capacity().saturating_mul(2))));
        wider.extend_from_slice(bytes);
        *bytes = wider;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(spool: &mut Spool) -> Vec<u8> {
        let mut bytes = Vec::new();
        spool.reader().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read_as_often_as_needed_wherever_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::options().read(true).write(true).create_new(true).open(folder.path().join("a"));
        let all = [Spool::in_memory(), Spool::temporary(), Spool::in_file(&file.unwrap()).unwrap()];
        for mut spool in all {
            let long: Vec<u8> = (0..IN_MEMORY + 5).map(|at| (at % 251) as u8).collect();
            for part in long.chunks(100_000) {
                spool.write_all(part).unwrap();
            }
            assert!(read(&mut spool) == long);
            assert!(read(&mut spool) == long);
            let mut other = Spool::in_memory();
            other.write_all(b"other").unwrap();
            spool.replace(other).unwrap();
            assert_eq!(read(&mut spool), b"other");
            assert_eq!(&spool.into_bytes().unwrap()[..], b"other");
        }
    }
}
