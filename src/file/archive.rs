//! Directories as tar streams: written plainly, and read as if an attacker had written them.
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use tar::{Archive, Builder, Entry, EntryType, Header};

use super::create::{check_running, sync_folder};
use super::progress::{Progress, tell};
use super::writer::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::payload::wide;
use crate::limits::{ARCHIVE_DEPTH, ARCHIVE_ENTRIES, ARCHIVE_PATH_BYTES};

/// Writes all of a directory as a tar stream.
pub(super) fn create<W: Write>(folder: &Path, out: Writer<W>, progress: Progress<'_>) -> Result<Writer<W>> {
    let mut tar = Builder::new(out);
    let mut done = 0;
    add_folder(&mut tar, folder, &PathBuf::new(), &mut done, progress)?;
    tar.into_inner().map_err(|error| Error::io("writing", error))
}

/// Adds what is in a folder, in the order of the names, so that the same directory gives the same stream.
fn add_folder<W: Write>(
    tar: &mut Builder<Writer<W>>,
    folder: &Path,
    inside: &Path,
    done: &mut u64,
    progress: Progress<'_>,
) -> Result<()> {
    let failed = |path: &Path, error| Error::io(path.display().to_string(), error);
    if inside.components().count() >= ARCHIVE_DEPTH {
        return Err(refuse(folder, "it is too deep for extraction"));
    }
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.map_err(|error| failed(folder, error))?;
    let after = fs::symlink_metadata(folder).map_err(|error| failed(folder, error))?;
    if after.is_symlink() && !inside.as_os_str().is_empty() {
        return Err(refuse(folder, "it was replaced while it was read"));
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), inside.join(entry.file_name()));
        let about = fs::symlink_metadata(&path).map_err(|error| failed(&path, error))?;
        let mut header = Header::new_gnu();
        header.set_mtime(seconds(&about));
        header.set_mode(if about.is_dir() || is_executable(&about) { 0o755 } else { 0o644 });
        if about.is_dir() {
            header.set_entry_type(EntryType::Directory);
            header.set_size(0);
            let appended = tar.append_data(&mut header, &name, io::empty());
            appended.map_err(|error| failed(&path, error))?;
            add_folder(tar, &path, &name, done, progress)?;
        } else if about.is_file() {
            header.set_size(about.len());
            let file = File::open(&path).map_err(|error| failed(&path, error))?;
            // Between the look and the opening it may have become a link to something else.
            let opened = file.metadata().map_err(|error| failed(&path, error))?;
            if !same_inode(&about, &opened) {
                return Err(refuse(&path, "it was replaced while it was read"));
            }
            let mut counted = Counted { inner: (&file).take(about.len()), count: 0 };
            let appended = tar.append_data(&mut header, &name, &mut counted);
            appended.map_err(|error| failed(&path, error))?;
            let after = file.metadata().map_err(|error| failed(&path, error))?;
            let same = after.len() == about.len() && after.modified().ok() == about.modified().ok();
            if counted.count != about.len() || !same {
                let hint = "encrypt it again when nobody writes to it";
                let what = path.display().to_string();
                return Err(Error::new(ErrorKind::Changed, what, "it changed while it was read", hint));
            }
            *done = done.saturating_add(about.len());
            tell(progress, *done)?;
        } else {
            return Err(refuse(&path, "it is a link, a device, a pipe or a socket"));
        }
    }
    Ok(())
}

fn refuse(path: &Path, why: &'static str) -> Error {
    let why = format!("{}: {why}", path.display());
    Error::usage("directory", why, "move it away, or use tar and encrypt what it writes")
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
        // A path counts for every folder that it may bring with it.
        let folders = entry.path_bytes().iter().filter(|byte| **byte == b'/').count();
        count = count.saturating_add(1).saturating_add(wide(folders));
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
        done = done.saturating_add(make(&mut entry, &path, durable)?);
        tell(progress, done)?;
    }
    // Behind the archive's end there is only filling.
    let mut rest = Vec::new();
    let mut counted_rest = (&mut counted).take(wide(TRAILING));
    counted_rest.read_to_end(&mut rest).map_err(|error| Error::io("archive", error))?;
    if rest.len() == TRAILING || rest.iter().any(|byte| *byte != 0) {
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

/// tar fills its stream up to a record: 20 blocks of 512 bytes by default. One more than that is too many.
const TRAILING: usize = 10 * 1024 + 1;

fn read_long_name(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>> {
    if entry.size() > wide(ARCHIVE_PATH_BYTES) {
        return Err(Error::over_limit("archive", "a name in it is too long", "it may be hostile"));
    }
    let mut name = Vec::new();
    entry.read_to_end(&mut name).map_err(unsound)?;
    name.pop_if(|byte| *byte == 0);
    Ok(name)
}

/// Makes what an entry says; gives the bytes of its content.
fn make(entry: &mut Entry<'_, impl Read>, path: &Path, durable: bool) -> Result<u64> {
    let failed = |error: io::Error| match error.kind() {
        // The folder was empty when we began: what is in the way came out of the archive.
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Error::malformed("archive", "it has a name twice")
        }
        _ => Error::io(path.display().to_string(), error),
    };
    if let Some(parent) = path.parent() {
        make_folders(parent).map_err(failed)?;
    }
    match entry.header().entry_type() {
        EntryType::Directory => make_folders(path).map_err(failed)?,
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
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
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
fn same_inode(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_inode(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
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

fn make_folders(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
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
    fn only_relative_paths_of_plain_parts_are_extracted() {
        for good in [&b"a"[..], b"a/b", b"./a", b"a/"] {
            assert_eq!(plain_path(good).is_ok(), !good.starts_with(b"."), "{good:?}");
        }
        for bad in [&b""[..], b"/", b"/a", b"..", b"a/../b", b"../a", b"a\0b"] {
            assert!(plain_path(bad).is_err(), "{bad:?}");
        }
    }
}
