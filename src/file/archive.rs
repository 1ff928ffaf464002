//! Directories as tar streams: written plainly, and read as if an attacker had written them.
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use tar::{Archive, Builder, EntryType, Header};

use super::folders::{Entry, Folder};
use super::names::{is_windows_name, shown};
use super::progress::{Progress, tell};
use super::writer::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::payload::wide;
use crate::limits::{ARCHIVE_DEPTH, ARCHIVE_ENTRIES, ARCHIVE_FILLING, ARCHIVE_PATH_BYTES};
use crate::new_file::{check_running, sync_folder};

/// Writes all of a directory as a tar stream.
pub(super) fn create<W: Write>(folder: &Path, out: Writer<W>, progress: Progress<'_>) -> Result<Writer<W>> {
    let mut making = Making { tar: Builder::new(out), root: folder, entries: 0, done: 0, progress };
    let opened = Folder::open(folder).map_err(|error| making.failed(Path::new(""), error))?;
    making.add_folder(opened, Path::new(""))?;
    making.tar.into_inner().map_err(|error| Error::io("writing", error))
}

/// A tar stream that is being written. Paths are those inside the directory; the whole ones are only for errors.
struct Making<'a, W: Write> {
    tar: Builder<Writer<W>>,
    root: &'a Path,
    entries: u64,
    done: u64,
    progress: Progress<'a>,
}

impl<W: Write> Making<'_, W> {
    /// Adds what is in a folder, in the order of the names, so that the same directory gives the same stream.
    ///
    /// Each folder on the way down stays open, so that no path is walked: that takes a descriptor for each of at most
    /// [`ARCHIVE_DEPTH`] folders, and one for what is read in the last.
    fn add_folder(&mut self, mut folder: Folder, inside: &Path) -> Result<()> {
        if inside.components().count() >= ARCHIVE_DEPTH {
            return Err(self.refuse(inside, "it is too deep for extraction"));
        }
        let mut names = folder.names().map_err(|error| self.failed(inside, error))?;
        names.sort();
        for name in names {
            let path = inside.join(&name);
            self.count(&path)?;
            match folder.open_entry(&name).map_err(|error| self.failed(&path, error))? {
                Entry::Folder(next, about) => {
                    let mut header = header(&about, true);
                    header.set_entry_type(EntryType::Directory);
                    header.set_size(0);
                    let appended = self.tar.append_data(&mut header, &path, io::empty());
                    appended.map_err(|error| self.failed(&path, error))?;
                    self.add_folder(next, &path)?;
                }
                Entry::File(file, about) => self.add_file(&file, &about, &path)?,
                Entry::Other => return Err(self.refuse(&path, "it is a link, a device, a pipe or a socket")),
            }
        }
        Ok(())
    }

    /// Counts an entry as extraction does: a name that is too long for a header has one of its own.
    fn count(&mut self, path: &Path) -> Result<()> {
        let long = path.as_os_str().len() >= NAME_BYTES;
        self.entries = self.entries.saturating_add(1).saturating_add(long.into());
        if self.entries > ARCHIVE_ENTRIES {
            let why = format!("it holds over {ARCHIVE_ENTRIES} entries, and extraction would refuse so many");
            return Err(Error::usage("directory", why, "divide it, or use tar and encrypt what it writes"));
        }
        Ok(())
    }

    /// Adds a file, if it stays what it was when it was opened.
    fn add_file(&mut self, file: &File, about: &fs::Metadata, path: &Path) -> Result<()> {
        let mut header = header(about, is_executable(about));
        header.set_size(about.len());
        let mut counted = Counted { inner: file.take(about.len()), count: 0 };
        let appended = self.tar.append_data(&mut header, path, &mut counted);
        appended.map_err(|error| self.failed(path, error))?;
        let after = file.metadata().map_err(|error| self.failed(path, error))?;
        let same = after.len() == about.len() && after.modified().ok() == about.modified().ok();
        if counted.count != about.len() || !same {
            let (why, hint) = ("it changed while it was read", "encrypt it again when nobody writes to it");
            return Err(Error::new(ErrorKind::Changed, self.shown(path), why, hint));
        }
        self.done = self.done.saturating_add(about.len());
        tell(self.progress, self.done)
    }

    fn failed(&self, inside: &Path, error: io::Error) -> Error {
        Error::io(self.shown(inside), error)
    }

    fn refuse(&self, inside: &Path, why: &'static str) -> Error {
        let why = format!("{}: {why}", self.shown(inside));
        Error::usage("directory", why, "move it away, or use tar and encrypt what it writes")
    }

    fn shown(&self, inside: &Path) -> String {
        // To join nothing would add a separator.
        let whole = if inside.as_os_str().is_empty() { self.root.to_owned() } else { self.root.join(inside) };
        shown(&whole)
    }
}

fn header(about: &fs::Metadata, executable: bool) -> Header {
    let mut header = Header::new_gnu();
    header.set_mtime(seconds(about));
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(out)?;
        self.count = self.count.saturating_add(wide(got));
        Ok(got)
    }
}

fn seconds(about: &fs::Metadata) -> u64 {
    let since = about.modified().ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_secs())
}

/// Extracts a tar stream into a directory that is empty and ours; gives the bytes of the stream.
///
/// Only plain files and directories are made, and only below `folder`. No link is ever made, so no path can lead out
/// through one. The stream is read to its end: the last of it must be authentic, too.
pub(super) fn extract(
    reader: impl Read,
    folder: &Path,
    durable: bool,
    progress: Progress<'_>,
) -> Result<u64> {
    let mut counted = Counted { inner: reader, count: 0 };
    let mut archive = Archive::new(&mut counted);
    let mut long_name = None;
    let mut count: u64 = 0;
    let mut done: u64 = 0;
    // Raw: the crate would read long names and extended headers of any size into memory.
    let entries = archive.entries().map_err(|error| Error::io("archive", error))?.raw(true);
    for entry in entries {
        let mut entry = entry.map_err(unsound)?;
        check_running()?;
        count = count.saturating_add(1);
        if count > ARCHIVE_ENTRIES {
            let why = format!("it has over {ARCHIVE_ENTRIES} entries");
            return Err(Error::over_limit("archive", why, "it may be hostile"));
        }
        if entry.header().entry_type() == EntryType::GNULongName {
            long_name = Some(read_long_name(&mut entry)?);
            continue;
        }
        let name = match long_name.take() {
            Some(name) => name,
            None => entry.path_bytes().into_owned(),
        };
        let path = folder.join(plain_path(&name)?);
        // A path counts for every folder that it brings with it.
        done = done.saturating_add(make(&mut entry, &path, durable, &mut count)?);
        tell(progress, done)?;
    }
    // Behind the archive's end there is only filling.
    let mut rest = Vec::new();
    let mut counted_rest = (&mut counted).take(wide(ARCHIVE_FILLING).saturating_add(1));
    counted_rest.read_to_end(&mut rest).map_err(|error| Error::io("archive", error))?;
    if rest.len() > ARCHIVE_FILLING || rest.iter().any(|byte| *byte != 0) {
        return Err(Error::malformed("archive", "something follows its end"));
    }
    if durable {
        sync_folders(folder)?;
    }
    Ok(counted.count)
}

/// Makes the names in a folder and in all below it durable.
fn sync_folders(folder: &Path) -> Result<()> {
    let failed = |error| Error::io(folder.display().to_string(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Bytes of a name in a header (POSIX.1-1988, ustar).
const NAME_BYTES: usize = 100;

fn read_long_name(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>> {
    if entry.size() > wide(ARCHIVE_PATH_BYTES) {
        return Err(Error::over_limit("archive", "a name in it is too long", "it may be hostile"));
    }
    let mut name = Vec::new();
    entry.read_to_end(&mut name).map_err(unsound)?;
    name.pop_if(|byte| *byte == 0);
    Ok(name)
}

/// Makes what an entry says; gives the bytes of its content. `count` grows by the folders that it did not name itself.
fn make(entry: &mut tar::Entry<'_, impl Read>, path: &Path, durable: bool, count: &mut u64) -> Result<u64> {
    let failed = |error: io::Error| match error.kind() {
        // The folder was empty when we began: what is in the way came out of the archive.
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Error::malformed("archive", "it has a name twice")
        }
        _ => Error::io(shown(path), error),
    };
    if let Some(parent) = path.parent() {
        *count = count.saturating_add(make_folders(parent).map_err(failed)?);
    }
    match entry.header().entry_type() {
        EntryType::Directory => {
            make_folders(path).map_err(failed)?;
        }
        EntryType::Regular => {
            let mode = entry.header().mode().map_err(unsound)?;
            let mut file = new_file(path, mode & 0o100 != 0).map_err(failed)?;
            let copied = io::copy(entry, &mut file).map_err(failed)?;
            if copied != entry.size() {
                return Err(Error::malformed("archive", "it ends in the middle of a file"));
            }
            let modified = entry.header().mtime().map_err(unsound)?;
            let modified = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(modified));
            if let Some(modified) = modified {
                // A time that this disk cannot keep is not worth losing the file for.
                let _ = file.set_modified(modified);
            }
            if durable {
                file.sync_all().map_err(failed)?;
            }
            return Ok(copied);
        }
        _ => {
            let why = "it holds something other than files and directories: a link, a device or an extension";
            return Err(Error::malformed("archive", why));
        }
    }
    Ok(0)
}

/// A relative path of plain names only.
fn plain_path(bytes: &[u8]) -> Result<PathBuf> {
    let bad = || Error::malformed("archive", "a name in it leads out of the directory, or is none");
    let text = path_of(bytes).ok_or_else(bad)?;
    // On Windows some names stand for a device, for a stream inside a file, or for another name. Elsewhere they are as
    // good as any.
    let fits = |name: &OsStr| !cfg!(windows) || name.to_str().is_some_and(is_windows_name);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(name) if fits(name));
    let depth = text.components().count();
    if bytes.contains(&0) || bytes.len() > ARCHIVE_PATH_BYTES || depth == 0 || depth > ARCHIVE_DEPTH {
        return Err(bad());
    }
    if text.components().all(plain) { Ok(text.to_owned()) } else { Err(bad()) }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Some(Path::new(OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<&Path> {
    std::str::from_utf8(bytes).ok().map(|text| Path::new(OsStr::new(text)))
}

fn unsound(error: io::Error) -> Error {
    // An error of ours (not authentic, say) comes through; one of the crate's is about the archive.
    match Error::io("archive", error) {
        error if error.kind() == ErrorKind::Io => Error::malformed("archive", "it is not a sound tar stream"),
        error => error,
    }
}

#[cfg(unix)]
fn is_executable(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

/// Makes a folder and those above it that are missing; gives how many that were.
fn make_folders(path: &Path) -> io::Result<u64> {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match (builder.create(path), path.parent()) {
        (Ok(()), _) => Ok(1),
        (Err(error), _) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(0),
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            let made = make_folders(parent)?;
            builder.create(path)?;
            Ok(made.saturating_add(1))
        }
        (Err(error), _) => Err(error),
    }
}

fn new_file(path: &Path, executable: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if executable { 0o700 } else { 0o600 });
    #[cfg(not(unix))]
    let _ = executable;
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_that_a_path_brings_is_counted_once() {
        let ground = tempfile::tempdir().unwrap();
        let made = |path: &str| make_folders(&ground.path().join(path)).unwrap();
        assert_eq!([made("a/b/c"), made("a/b/c"), made("a/b/d"), made("a")], [3, 0, 1, 0]);
        fs::write(ground.path().join("file"), "").unwrap();
        assert!(make_folders(&ground.path().join("file")).is_err());
        assert!(make_folders(&ground.path().join("file/below")).is_err());
    }

    #[test]
    fn only_relative_paths_of_plain_parts_are_extracted() {
        for good in [&b"a"[..], b"a/b", b"./a", b"a/"] {
            assert_eq!(plain_path(good).is_ok(), !good.starts_with(b"."), "{good:?}");
        }
        for bad in [&b""[..], b"/", b"/a", b"..", b"a/../b", b"../a", b"a\0b"] {
            assert!(plain_path(bad).is_err(), "{bad:?}");
        }
    }
}
