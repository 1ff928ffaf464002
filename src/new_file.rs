//! Output that appears whole or not at all: a temporary file beside the target, synced, renamed.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::error::{Error, ErrorKind, Result};

/// How a target is made.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) overwrite: bool,
    pub(crate) durable: bool,
}

/// A file that is not yet in its place. Dropped, it is removed.
pub(crate) struct NewFile {
    // Declared before `entry`: the file is removed first, then forgotten.
    temporary: NamedTempFile,
    entry: Entry,
    target: PathBuf,
    manner: Manner,
}

/// A directory that is not yet in its place. Dropped, it is removed.
pub(crate) struct NewDirectory {
    temporary: TempDir,
    entry: Entry,
    target: PathBuf,
    durable: bool,
}

/// Every temporary file and directory of this process; `None` once [`remove_unfinished`] has been called.
static UNFINISHED: Mutex<Option<Vec<PathBuf>>> = Mutex::new(Some(Vec::new()));

/// Removes the temporary files of everything that is under way, and lets nothing new begin.
///
/// For a program that is about to exit on a signal: call it on an ordinary thread (not in a signal handler),
/// then exit. Every call under way fails from then on. A process that is killed outright can leave one file
/// `.bulla-….partial`, mode 0600, beside its target: it holds sealed
/// bytes, authentic content, or mail that is not verified yet, and may be deleted.
///
/// ```no_run
/// // With the crate signal-hook:
/// // for signal in Signals::new([SIGINT, SIGTERM])?.forever() {
/// bulla::remove_unfinished();
/// std::process::exit(130);
/// // }
/// ```
pub fn remove_unfinished() {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    for path in unfinished.take().unwrap_or_default() {
        // An extraction may still be making the file that it had begun: then a directory is not empty at once.
        for _ in 0..100 {
            let removed = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            if removed.is_ok() || fs::symlink_metadata(&path).is_err() {
                break;
            }
        }
    }
}

/// An error once [`remove_unfinished`] has been called: for work that makes files one by one.
pub(crate) fn check_running() -> Result<()> {
    let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    if unfinished.is_some() { Ok(()) } else { Err(ending()) }
}

/// A place in [`UNFINISHED`].
struct Entry(PathBuf);

impl Entry {
    /// Makes a temporary thing and notes it, both under the lock: none is ever made and not noted.
    fn note<T>(
        make: impl FnOnce() -> std::io::Result<T>,
        path: impl FnOnce(&T) -> PathBuf,
        target: &Path,
    ) -> Result<(T, Entry)> {
        let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        let list = unfinished.as_mut().ok_or_else(ending)?;
        let made = make().map_err(|error| Error::io(format!("beside {}", target.display()), error))?;
        let path = path(&made);
        list.push(path.clone());
        Ok((made, Entry(path)))
    }

    /// Does the last step under the lock, unless the process is ending.
    fn settle<T>(self, last: impl FnOnce() -> Result<T>) -> Result<T> {
        let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        if unfinished.is_none() {
            return Err(ending());
        }
        let result = last();
        drop(unfinished);
        result
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = unfinished.as_mut() {
            list.retain(|path| *path != self.0);
        }
    }
}

fn ending() -> Error {
    Error::new(ErrorKind::Cancelled, "stopped", "the program is ending", "nothing was left behind")
}

impl NewFile {
    /// Begins a file for `target`, after checking that it may be made there.
    pub(crate) fn begin(target: &Path, manner: Manner) -> Result<Self> {
        check_target(target, manner.overwrite)?;
        let folder = folder(target);
        let make = || Builder::new().prefix(".bulla-").suffix(".partial").tempfile_in(folder);
        let (temporary, entry) = Entry::note(make, |temporary| temporary.path().to_owned(), target)?;
        Ok(NewFile { temporary, entry, target: target.to_owned(), manner })
    }

    pub(crate) fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Puts the file in its place.
    pub(crate) fn commit(self) -> Result<()> {
        self.commit_with(None)
    }

    /// Puts the file in its place, and gives it a mode there: a temporary file never has another than 0600.
    pub(crate) fn commit_with(self, mode: Option<fs::Permissions>) -> Result<()> {
        let NewFile { temporary, entry, target, manner } = self;
        let failed = |error| Error::io(target.display().to_string(), error);
        if manner.durable {
            temporary.as_file().sync_all().map_err(failed)?;
        }
        entry.settle(|| {
            let placed = if manner.overwrite {
                check_target(&target, true)?;
                temporary.persist(&target)
            } else {
                temporary.persist_noclobber(&target)
            };
            match placed {
                Ok(file) => mode.map_or(Ok(()), |mode| file.set_permissions(mode)).map_err(failed),
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(&target)),
                Err(error) => Err(failed(error.error)),
            }
        })?;
        if manner.durable { sync_folder(folder(&target)) } else { Ok(()) }
    }
}

impl NewDirectory {
    /// Begins a directory for `target`, which must not exist: a directory is never replaced.
    pub(crate) fn begin(target: &Path, durable: bool) -> Result<Self> {
        check_target(target, false)?;
        let folder = folder(target);
        let make = || {
            let mut builder = Builder::new();
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
            builder.prefix(".bulla-").suffix(".partial").tempdir_in(folder)
        };
        let (temporary, entry) = Entry::note(make, |temporary| temporary.path().to_owned(), target)?;
        Ok(NewDirectory { temporary, entry, target: target.to_owned(), durable })
    }

    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Puts the directory in its place.
    pub(crate) fn commit(self) -> Result<()> {
        let NewDirectory { temporary, entry, target, durable } = self;
        entry.settle(|| {
            // An empty directory made there meanwhile is replaced by rename; anything else makes it fail.
            check_target(&target, false)?;
            fs::rename(temporary.path(), &target)
                .map_err(|error| Error::io(target.display().to_string(), error))
        })?;
        // It is no longer where it was made: nothing is left to remove.
        let _ = temporary.keep();
        if durable { sync_folder(folder(&target)) } else { Ok(()) }
    }
}

/// Whether a file may be made there. Asked before work is done, and again when the file gets its name.
pub(crate) fn check_target(target: &Path, overwrite: bool) -> Result<()> {
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(target.display().to_string(), error)),
        Ok(there) if !overwrite && !there.is_file() => Err(Error::new(
            ErrorKind::Exists,
            target.display().to_string(),
            "it exists, and is not a regular file",
            "name another target",
        )),
        Ok(_) if !overwrite => Err(exists(target)),
        Ok(there) if !there.is_file() => Err(Error::usage(
            "target",
            format!("{} is not a regular file, and would be replaced by one", target.display()),
            "name a file; to write to a device or a pipe, use standard output",
        )),
        Ok(_) => Ok(()),
    }
}

fn exists(target: &Path) -> Error {
    Error::new(
        ErrorKind::Exists,
        target.display().to_string(),
        "it exists",
        "name another target, or say that it may be replaced: overwrite, --force",
    )
}

/// The folder that a target is in.
pub(crate) fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    // Where a directory cannot be opened (Windows), a rename is as durable as the system makes it.
    match File::open(folder) {
        Ok(open) => open.sync_all().map_err(|error| Error::io(folder.display().to_string(), error)),
        Err(_) => Ok(()),
    }
}
