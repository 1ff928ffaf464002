//! A source file: what it was like when it was opened, and whether it still is.
use std::fs::{File, Metadata as FileMetadata};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::new_file;

/// A source file, and what it was like when it was opened.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) before: FileMetadata,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::io(path.display().to_string(), error);
        let file = File::open(path).map_err(failed)?;
        let before = file.metadata().map_err(failed)?;
        Ok(Source { path: path.to_owned(), file, before })
    }

    /// The size of a file that can be read at any place. Files of /proc say 0 and have more: those are streams.
    pub(super) fn size(&self) -> Option<u64> {
        let size = self.before.len();
        (cfg!(unix) && self.before.is_file() && size > 0).then_some(size)
    }

    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn changed(&self) -> Error {
        let hint = "encrypt it again when nobody writes to it";
        Error::new(ErrorKind::Changed, self.name(), "it changed while it was read", hint)
    }

    pub(super) fn check_unchanged(&self) -> Result<()> {
        let after = self.file.metadata().map_err(|error| Error::io(self.name(), error))?;
        let same_time = after.modified().ok() == self.before.modified().ok();
        let same_size = !self.before.is_file() || after.len() == self.before.len();
        // Files of /proc are new at each look.
        let same = self.size().is_none() || same_time && same_change(&self.before, &after);
        if !same_size || !same {
            return Err(self.changed());
        }
        Ok(())
    }

    /// An error if another file has the source's name by now: it would be replaced unread.
    pub(super) fn check_in_place(&self) -> Result<()> {
        if cfg!(unix) && !same_file(&self.before, &self.path) {
            return Err(self.changed());
        }
        Ok(())
    }

    /// A target inside the directory that is encrypted would be part of itself.
    pub(super) fn refuse_inside(&self, target: &Path) -> Result<()> {
        let inside = match (self.path.canonicalize(), new_file::folder(target).canonicalize()) {
            (Ok(source), Ok(folder)) => folder.starts_with(source),
            _ => false,
        };
        if inside {
            return Err(Error::usage("target", "it is inside the source", "put it beside the directory"));
        }
        Ok(())
    }

    /// Whether the target may be made. If it is the source it would be read while it is written.
    pub(super) fn check_target(&self, target: &Path, overwrite: bool) -> Result<()> {
        let same = match (self.path.canonicalize(), target.canonicalize()) {
            (Ok(source), Ok(target)) => source == target || same_file(&self.before, &target),
            _ => false,
        };
        if same {
            return Err(Error::usage("target", "it is the source", "name another target"));
        }
        new_file::check_target(target, overwrite)
    }
}

/// Whether the time of the last change, which nobody can set back, is the same. A name that came or went changes it,
/// too, and says nothing of the content.
#[cfg(unix)]
fn same_change(before: &FileMetadata, after: &FileMetadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let time = |file: &FileMetadata| (file.ctime(), file.ctime_nsec());
    time(before) == time(after) || before.nlink() != after.nlink()
}

#[cfg(not(unix))]
fn same_change(_: &FileMetadata, _: &FileMetadata) -> bool {
    true
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_source_that_grows_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("source");
        std::fs::write(&path, "").unwrap();
        let source = Source::open(&path).unwrap();
        assert!(source.check_unchanged().is_ok());
        std::fs::write(&path, "more").unwrap();
        assert_eq!(source.check_unchanged().unwrap_err().kind(), ErrorKind::Changed);
    }
}
