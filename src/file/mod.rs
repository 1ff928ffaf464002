//! Files and messages: encrypt and decrypt bytes, streams, files and directories.
//!
//! [`encrypt`] and [`decrypt`] take bytes, [`encrypt_file`] and [`decrypt_file`] files. For everything else there are
//! two builders, [`Encryption`] and [`Decryption`]. Nothing is handed out before it is authentic, and a target file
//! appears whole or not at all.
mod archive;
mod create;
mod decryption;
mod encryption;
mod inspect;
mod keyfiles;
mod parallel;
mod ranges;
mod reader;
mod rewrap;
mod writer;

pub use create::remove_unfinished;
pub use decryption::{Decryption, Metadata, Opened, decrypt, decrypt_file, verify};
pub use encryption::{Encryption, encrypt, encrypt_file};
pub use inspect::{Inspection, StanzaInfo, inspect, inspect_file};
pub use keyfiles::{read_identities, read_keyring, write_identity, write_keyring};
pub use ranges::{Ranges, UncheckedRanges};
pub use reader::Reader;
pub use rewrap::{Rewrap, rewrap};
pub use writer::Writer;

pub use crate::formats::padding::Padding;
pub use crate::formats::sealing::Format;
pub use crate::formats::unsealing::Authenticity;

use std::fs::{File, Metadata as FileMetadata};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::formats::payload::wide;
use decryption::Progress;

/// A source file, and what it was like when it was opened.
struct Source {
    path: PathBuf,
    file: File,
    before: FileMetadata,
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::io(path.display().to_string(), error);
        let file = File::open(path).map_err(failed)?;
        let before = file.metadata().map_err(failed)?;
        Ok(Source { path: path.to_owned(), file, before })
    }

    /// The size of a file that can be read at any place. Files of /proc say 0 and have more: those are streams.
    fn size(&self) -> Option<u64> {
        let size = self.before.len();
        (cfg!(unix) && self.before.is_file() && size > 0).then_some(size)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn changed(&self) -> Error {
        let hint = "encrypt it again when nobody writes to it";
        Error::new(ErrorKind::Changed, self.name(), "it changed while it was read", hint)
    }

    fn check_unchanged(&self) -> Result<()> {
        let after = self.file.metadata().map_err(|error| Error::io(self.name(), error))?;
        let same_time = after.modified().ok() == self.before.modified().ok();
        if self.size().is_some() && (after.len() != self.before.len() || !same_time) {
            return Err(self.changed());
        }
        Ok(())
    }

    /// Whether the target may be made. If it is the source it would be read while it is written.
    fn check_target(&self, target: &Path, overwrite: bool) -> Result<()> {
        let same = match (self.path.canonicalize(), target.canonicalize()) {
            (Ok(source), Ok(target)) => source == target || same_file(&self.before, &target),
            _ => false,
        };
        if same {
            return Err(Error::usage("target", "it is the source", "name another target"));
        }
        create::check_target(target, overwrite)
    }
}

#[cfg(unix)]
fn same_file(source: &FileMetadata, target: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = |file: &FileMetadata| (file.dev(), file.ino());
    target.metadata().is_ok_and(|target| inode(&target) == inode(source))
}

#[cfg(not(unix))]
fn same_file(_: &FileMetadata, _: &Path) -> bool {
    false
}

/// Tells how many bytes are done; an error if the caller wants to stop.
fn tell(progress: Progress<'_>, done: u64) -> Result<()> {
    match progress.map(|tell| tell(done)) {
        Some(ControlFlow::Break(())) => Err(Error::new(
            ErrorKind::Cancelled,
            "stopped",
            "the caller asked for that",
            "nothing was left behind",
        )),
        _ => Ok(()),
    }
}

/// Copies plaintext, telling how far it is; the buffer is wiped.
fn copy(from: &mut impl Read, to: &mut impl Write, progress: Progress<'_>) -> Result<u64> {
    let mut buffer = Zeroizing::new(vec![0; 256 * 1024]);
    let mut done: u64 = 0;
    loop {
        let got = match from.read(&mut buffer) {
            Ok(0) => return Ok(done),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.map_err(|error| Error::io("reading", error))?,
        };
        let piece = buffer.split_at(got.min(buffer.len())).0;
        to.write_all(piece).map_err(|error| Error::io("writing", error))?;
        done = done.saturating_add(wide(got));
        tell(progress, done)?;
    }
}
