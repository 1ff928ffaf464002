//! A folder that is read entry by entry, and never through a link: what was opened decides, not what was looked at.
use std::fs::{File, Metadata};

#[cfg(unix)]
pub(super) use descriptors::Folder;
#[cfg(not(unix))]
pub(super) use paths::Folder;

/// What has a name in a folder, opened, and what it was like then.
pub(super) enum Entry {
    File(File, Metadata),
    Folder(Folder, Metadata),
    /// A link, a device, a pipe or a socket.
    Other,
}

/// By descriptors: below the first folder no path is walked, only names in folders that are open. Whoever can rename
/// things in the tree cannot lead the walk out of it.
#[cfg(unix)]
mod descriptors {
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, open, openat, statat};
    use rustix::io::retry_on_intr;

    use super::Entry;

    /// An open folder: one descriptor.
    pub(in crate::file) struct Folder(Dir);

    impl Folder {
        /// Opens the folder that the caller names. If that is a link, it is what the caller means.
        pub(in crate::file) fn open(path: &Path) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Ok(Folder(Dir::new(open(path, flags, Mode::empty())?)?))
        }

        /// The names in it, in the system's order. They are read once: a second call gives none.
        pub(in crate::file) fn names(&mut self) -> io::Result<Vec<OsString>> {
            let mut names = Vec::new();
            for entry in &mut self.0 {
                let entry = entry?;
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                if name != "." && name != ".." {
                    names.push(name.to_owned());
                }
            }
            Ok(names)
        }

        /// Opens what has this name in the folder.
        pub(in crate::file) fn open_entry(&self, name: &OsStr) -> io::Result<Entry> {
            // To open a device or a pipe can do something. So there is a look first, which decides nothing else.
            let seen = statat(self.0.fd()?, name, AtFlags::SYMLINK_NOFOLLOW)?;
            match FileType::from_raw_mode(seen.st_mode) {
                FileType::RegularFile | FileType::Directory => self.open_unseen(name),
                _ => Ok(Entry::Other),
            }
        }

        /// Opens a name that may stand for anything by now.
        pub(super) fn open_unseen(&self, name: &OsStr) -> io::Result<Entry> {
            // A link is an error, a pipe that nobody writes to does not keep us, a terminal does not become ours.
            let flags =
                OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            let folder = self.0.fd()?;
            let file = File::from(retry_on_intr(|| openat(folder, name, flags, Mode::empty()))?);
            let about = file.metadata()?;
            Ok(match about.file_type() {
                kind if kind.is_dir() => Entry::Folder(Folder(Dir::new(file)?), about),
                kind if kind.is_file() => Entry::File(file, about),
                _ => Entry::Other,
            })
        }
    }
}

/// By paths, where the system opens no folders. This is weaker: whoever replaces a folder or a file by a link between
/// two of these calls can have something else read.
#[cfg(not(unix))]
mod paths {
    use std::ffi::{OsStr, OsString};
    use std::fs::{self, File};
    use std::io;
    use std::path::{Path, PathBuf};

    use super::Entry;

    pub(in crate::file) struct Folder {
        path: PathBuf,
        /// Whether the caller named it: then it may be a link.
        first: bool,
    }

    impl Folder {
        pub(in crate::file) fn open(path: &Path) -> io::Result<Self> {
            Ok(Folder { path: path.to_owned(), first: true })
        }

        pub(in crate::file) fn names(&mut self) -> io::Result<Vec<OsString>> {
            let names = fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name())).collect();
            if !self.first && fs::symlink_metadata(&self.path)?.is_symlink() {
                return Err(io::Error::other("it was replaced while it was read"));
            }
            names
        }

        pub(in crate::file) fn open_entry(&self, name: &OsStr) -> io::Result<Entry> {
            let path = self.path.join(name);
            let about = fs::symlink_metadata(&path)?;
            Ok(match about.file_type() {
                kind if kind.is_dir() => Entry::Folder(Folder { path, first: false }, about),
                kind if kind.is_file() => {
                    let file = File::open(&path)?;
                    let about = file.metadata()?;
                    Entry::File(file, about)
                }
                _ => Entry::Other,
            })
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;
    use std::{fs, io};

    use super::*;

    /// A folder with one of each kind, each by the name of its kind.
    fn one_of_each() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let at = |name: &str| temporary.path().join(name);
        fs::write(at("file"), "content").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink("file", at("link to file")).unwrap();
        symlink("folder", at("link to folder")).unwrap();
        symlink("/dev/null", at("link to device")).unwrap();
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        drop(UnixListener::bind(at("socket")).unwrap());
        let folder = Folder::open(temporary.path()).unwrap();
        (temporary, folder)
    }

    fn kind(entry: io::Result<Entry>) -> &'static str {
        match entry {
            Ok(Entry::File(..)) => "file",
            Ok(Entry::Folder(..)) => "folder",
            Ok(Entry::Other) => "other",
            Err(_) => "error",
        }
    }

    #[test]
    fn the_names_in_a_folder_are_all_that_is_in_it() {
        let (_temporary, mut folder) = one_of_each();
        let mut names = folder.names().unwrap();
        names.sort();
        let expected =
            ["file", "folder", "link to device", "link to file", "link to folder", "pipe", "socket"];
        assert_eq!(names, expected);
    }

    #[test]
    fn only_files_and_folders_are_opened() {
        let (_temporary, mut folder) = one_of_each();
        for name in folder.names().unwrap() {
            let expected = match name.to_str().unwrap() {
                plain @ ("file" | "folder") => plain,
                _ => "other",
            };
            assert_eq!(kind(folder.open_entry(&name)), expected, "{name:?}");
        }
        assert_eq!(kind(folder.open_entry("missing".as_ref())), "error");
    }

    /// As if it had been swapped after the look. A pipe that is waited for would keep this test for ever.
    #[test]
    fn what_was_swapped_after_the_look_is_not_followed_and_not_waited_for() {
        let (_temporary, folder) = one_of_each();
        for (name, expected) in [
            ("file", "file"),
            ("folder", "folder"),
            ("link to file", "error"),
            ("link to folder", "error"),
            ("link to device", "error"),
            ("pipe", "other"),
            ("socket", "error"),
        ] {
            assert_eq!(kind(folder.open_unseen(name.as_ref())), expected, "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_open_is_read_wherever_its_name_leads_by_then() {
        let temporary = tempfile::tempdir().unwrap();
        let at = |name: &str| temporary.path().join(name);
        fs::create_dir_all(at("tree/inner")).unwrap();
        fs::write(at("tree/inner/mine"), "").unwrap();
        fs::create_dir(at("outside")).unwrap();
        fs::write(at("outside/theirs"), "").unwrap();
        let Ok(Entry::Folder(mut inner, _)) = Folder::open(&at("tree")).unwrap().open_entry("inner".as_ref())
        else {
            panic!("no folder");
        };
        fs::rename(at("tree/inner"), at("tree/away")).unwrap();
        symlink(at("outside"), at("tree/inner")).unwrap();
        assert_eq!(inner.names().unwrap(), ["mine"]);
        assert_eq!(kind(inner.open_entry("mine".as_ref())), "file");
        assert_eq!(kind(inner.open_entry("theirs".as_ref())), "error");
    }
}
