//! Hostile archives: whatever they hold, nothing is made but plain files and directories below the target. And hostile
//! directories: whatever is done to one while it is read, nothing from elsewhere gets into the archive.
#![cfg(unix)]
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tar::Header;

use super::archive::extract;
use super::encryption::Encryption;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Key;
use crate::limits::{ARCHIVE_DEPTH, ARCHIVE_ENTRIES, ARCHIVE_PATH_BYTES};

const BLOCK: usize = 512;

/// A tar stream, entry by entry, as an attacker writes it: with any type and any name.
#[derive(Default)]
struct Tar(Vec<u8>);

impl Tar {
    fn entry(self, kind: u8, name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        self.sized(kind, name.as_ref(), content, content.len().try_into().unwrap())
    }

    fn file(self, name: impl AsRef<[u8]>) -> Self {
        self.entry(b'0', name, b"content")
    }

    /// An entry that says a size of its own.
    fn sized(mut self, kind: u8, name: &[u8], content: &[u8], size: u64) -> Self {
        let mut header = header(kind, name);
        header.set_size(size);
        self.header(header);
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
        self
    }

    fn header(&mut self, mut header: Header) {
        header.set_cksum();
        self.0.extend(header.as_bytes());
    }

    /// A name of any length before the entry that has it.
    fn long_name(self, name: impl AsRef<[u8]>) -> Self {
        self.entry(b'L', "././@LongLink", &[name.as_ref(), b"\0"].concat())
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 2 * BLOCK, 0);
        self.0
    }
}

fn header(kind: u8, name: &[u8]) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkflag = [kind];
    header.set_mode(0o644);
    header.set_mtime(1);
    header.set_size(0);
    header
}

/// A folder with a target for extraction in it, and a witness beside the target.
struct Ground(tempfile::TempDir);

impl Ground {
    fn new() -> Self {
        let ground = Ground(tempfile::tempdir().unwrap());
        fs::create_dir(ground.target()).unwrap();
        fs::write(ground.at("witness"), "untouched").unwrap();
        ground
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn target(&self) -> PathBuf {
        self.at("target")
    }

    fn extract(&self, stream: impl Read) -> Result<u64> {
        let result = extract(stream, &self.target(), false, None);
        assert_eq!(fs::read(self.at("witness")).unwrap(), b"untouched");
        assert_eq!(fs::read_dir(self.0.path()).unwrap().count(), 2, "something was made outside");
        assert_plain(&self.target());
        result
    }
}

/// Only files and directories, with no right for others.
fn assert_plain(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        assert!(about.is_file() || about.is_dir(), "{}", path.display());
        assert_eq!(about.permissions().mode() & 0o7077, 0, "{}", path.display());
        if about.is_dir() {
            assert_plain(&path);
        }
    }
}

fn kind(tar: Tar) -> ErrorKind {
    Ground::new().extract(&tar.end()[..]).unwrap_err().kind()
}

#[test]
fn names_that_lead_out_of_the_target_are_refused() {
    for name in [
        "..",
        "../witness",
        "a/../../witness",
        "a/..",
        "a/../b",
        "./../witness",
        "/",
        "//witness",
        "/etc/bulla-test",
        ".",
        "./a",
        "",
    ] {
        for tar in [
            Tar::default().file(name),
            Tar::default().entry(b'5', name, b""),
            Tar::default().long_name(name).file("harmless"),
        ] {
            assert_eq!(kind(tar), ErrorKind::Malformed, "{name:?}");
        }
    }
    assert!(!Path::new("/etc/bulla-test").exists());
    let ground = Ground::new();
    let absolute = ground.at("escaped").to_str().unwrap().to_owned();
    let tar = Tar::default().long_name(&absolute).file("harmless").end();
    assert_eq!(ground.extract(&tar[..]).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(kind(Tar::default().long_name("a\0/../../b").file("harmless")), ErrorKind::Malformed);
}

#[test]
fn the_prefix_field_of_a_name_is_checked_too() {
    let mut header = Header::new_ustar();
    header.as_ustar_mut().unwrap().name[..7].copy_from_slice(b"witness");
    header.as_ustar_mut().unwrap().prefix[..2].copy_from_slice(b"..");
    header.set_mode(0o644);
    header.set_mtime(1);
    header.set_size(0);
    let mut tar = Tar::default();
    tar.header(header);
    assert_eq!(kind(tar), ErrorKind::Malformed);
}

#[test]
fn links_devices_and_extensions_are_refused_with_the_whole_archive() {
    // Hard link, symbolic link, character and block device, pipe, contiguous file, directory dump, long link, multi-volume,
    // sparse file, volume label, pax headers, and what nobody has defined.
    for entry in *b"123467DKMSVxgXZ~\x01\xff" {
        let mut header = header(entry, b"a");
        header.set_link_name("../witness").unwrap();
        let mut tar = Tar::default().file("before");
        tar.header(header);
        assert_eq!(kind(tar.file("a/b")), ErrorKind::Malformed, "type {:?}", char::from(entry));
    }
}

#[test]
fn extended_headers_of_any_size_take_no_memory() {
    for entry in *b"xgKS" {
        let tar = Tar::default().sized(entry, b"a", b"", u64::MAX >> 1);
        assert_eq!(kind(tar), ErrorKind::Malformed, "type {:?}", char::from(entry));
    }
    let tar = Tar::default().sized(b'L', b"././@LongLink", b"", u64::MAX >> 1);
    assert_eq!(kind(tar), ErrorKind::OverLimit);
}

#[test]
fn a_pax_header_or_link_does_not_change_what_follows() {
    let pax = b"25 path=../../../witness\n";
    let tar = Tar::default().entry(b'x', "pax", pax).file("a");
    assert_eq!(kind(tar), ErrorKind::Malformed);
    let mut link = header(b'2', b"a");
    link.set_link_name("..").unwrap();
    let mut tar = Tar::default();
    tar.header(link);
    assert_eq!(kind(tar.file("a/witness")), ErrorKind::Malformed);
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    for tar in [
        Tar::default().file("a").file("a"),
        Tar::default().file("b/a").file("b//a"),
        Tar::default().entry(b'5', "a", b"").file("a"),
    ] {
        assert_eq!(kind(tar), ErrorKind::Malformed);
    }
    // A directory is made for what is in it; saying so again changes nothing.
    let twice = Tar::default().file("a/b").entry(b'5', "a", b"").entry(b'5', "a/", b"").end();
    assert!(Ground::new().extract(&twice[..]).is_ok());
}

#[test]
fn a_name_that_is_a_file_and_then_a_directory_is_refused_as_malformed() {
    for tar in [Tar::default().file("a").entry(b'5', "a", b""), Tar::default().file("a").file("a/b")] {
        assert_eq!(kind(tar), ErrorKind::Malformed);
    }
}

#[test]
fn a_long_name_is_taken_up_to_the_bound_and_refused_beyond() {
    let part = "x".repeat(200);
    let name = [part.as_str(); 5].join("/");
    let ground = Ground::new();
    ground.extract(&Tar::default().long_name(&name).file("short").end()[..]).unwrap();
    assert_eq!(fs::read(ground.target().join(&name)).unwrap(), b"content");
    // At the bound it is a name, though too long a path for the disk.
    let most: String = [part.as_str(); 21].join("/").chars().take(ARCHIVE_PATH_BYTES - 1).collect();
    assert_eq!(kind(Tar::default().long_name(&most).file("short")), ErrorKind::Io);
    assert_eq!(kind(Tar::default().long_name(most + "y").file("short")), ErrorKind::OverLimit);
}

#[test]
fn a_deep_path_is_taken_up_to_the_bound_and_refused_beyond() {
    let path = |depth| ["d"].repeat(depth).join("/");
    let ground = Ground::new();
    ground.extract(&Tar::default().long_name(path(ARCHIVE_DEPTH)).file("short").end()[..]).unwrap();
    assert!(ground.target().join(path(ARCHIVE_DEPTH)).is_file());
    let deeper = Tar::default().long_name(path(ARCHIVE_DEPTH + 1)).file("short");
    assert_eq!(kind(deeper), ErrorKind::Malformed);
}

#[test]
fn ten_million_entries_are_taken_and_one_more_is_refused() {
    // The cheapest entry: a name for another that never comes.
    let entry = Tar::default().entry(b'L', "n", b"").0;
    let mut endless = Repeat { block: &entry, given: 0 };
    let error = Ground::new().extract(&mut endless).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OverLimit);
    assert_eq!(u64::try_from(endless.given / entry.len()).unwrap(), ARCHIVE_ENTRIES + 1);
}

/// The same block for ever.
struct Repeat<'a> {
    block: &'a [u8],
    given: usize,
}

impl Read for Repeat<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = &self.block[self.given % self.block.len()..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[test]
fn an_archive_that_is_cut_short_or_broken_is_refused() {
    let good = Tar::default().entry(b'0', "a", &[7; 1000]).file("b").end();
    assert!(Ground::new().extract(&good[..]).is_ok());
    // In a header, in a content, in its filling.
    for length in [1, 511, 513, 600, 1511, 2000, 2049] {
        let result = Ground::new().extract(&good[..length]);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Malformed, "{length}");
    }
    let mut wrong_sum = good.clone();
    wrong_sum[0] ^= 1;
    let mut no_number = good.clone();
    no_number[124..136].fill(b'x');
    for bad in [wrong_sum, no_number, vec![0xff; 4096]] {
        assert_eq!(Ground::new().extract(&bad[..]).unwrap_err().kind(), ErrorKind::Malformed);
    }
    for size in [9, 1 << 40, u64::MAX >> 1, u64::MAX] {
        let result = Ground::new().extract(&Tar::default().sized(b'0', b"a", b"", size).0[..]);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Malformed, "{size}");
    }
}

#[test]
fn only_zeros_up_to_a_record_may_follow_the_end() {
    let good = Tar::default().file("a").end();
    let with =
        |more: &[u8]| Ground::new().extract(&[&good[..], more].concat()[..]).map_err(|error| error.kind());
    // A record has 20 blocks, and one of the two that end the archive at least is in the last record.
    assert_eq!(with(&[0; 19 * BLOCK]), Ok(2048 + 19 * 512));
    assert_eq!(with(&[0; 19 * BLOCK + 1]), Err(ErrorKind::Malformed));
    assert_eq!(with(&[0, 0, 1]), Err(ErrorKind::Malformed));
    assert_eq!(with(&Tar::default().file("hidden").end()), Err(ErrorKind::Malformed));
}

#[test]
fn rights_and_times_of_the_archive_give_nobody_else_anything() {
    let mut tar = Tar::default();
    for (name, mode) in [(&b"setuid"[..], 0o4755), (b"open", 0o666), (b"none", 0), (b"most", 0o7777)] {
        let mut header = header(b'0', name);
        header.set_mode(mode);
        header.set_mtime(u64::MAX);
        header.set_uid(0);
        tar.header(header);
    }
    let ground = Ground::new();
    ground.extract(&tar.entry(b'5', "folder", b"").end()[..]).unwrap();
    let mode = |name: &str| fs::metadata(ground.target().join(name)).unwrap().permissions().mode() & 0o7777;
    let modes = ["setuid", "open", "none", "most", "folder"].map(mode);
    assert_eq!(modes, [0o700, 0o600, 0o600, 0o700, 0o700]);
}

#[test]
fn an_error_of_the_payload_comes_through_with_its_kind() {
    /// What a reader of sealed content gives when it meets a chunk that is not authentic.
    struct Forged;
    impl Read for Forged {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(Error::unauthentic().into())
        }
    }
    let good = Tar::default().long_name("a").entry(b'0', "a", &[7; 1000]).file("b").end();
    for length in [0, 100, 512, 600, 1024, 1100, 1536, 2000, 2560, 2600, 3072, 3584, 4000, good.len()] {
        let result = Ground::new().extract(good[..length].chain(Forged));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Unauthentic, "after {length} bytes");
    }
}

#[test]
fn an_error_about_a_hostile_name_is_one_line_that_no_terminal_obeys() {
    let name = format!("{}\u{1b}[2J\n", "x".repeat(300));
    let error = Ground::new().extract(&Tar::default().long_name(name).file("short").end()[..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("\\u{1b}[2J\\n"), "{error}");
    assert!(!error.to_string().contains(['\n', '\u{1b}']), "{error:?}");
}

/// What is sealed of a directory, as a tar stream; `meanwhile` happens after each file.
fn archive(folder: &Path, meanwhile: impl Fn() + Sync) -> Result<Vec<u8>> {
    let key = Key::generate();
    let tell = |_| {
        meanwhile();
        ControlFlow::Continue(())
    };
    let sealed = Encryption::to(&key).progress(&tell).directory_to(folder, Vec::new())?;
    super::decrypt(&key, &sealed)
}

/// A tree, and outside of it one with the same names, which nobody meant to have sealed.
fn tree_and_outside() -> tempfile::TempDir {
    let ground = tempfile::tempdir().unwrap();
    for (root, content) in [("tree", "mine"), ("outside", "SECRET")] {
        fs::create_dir_all(ground.path().join(root).join("a/c")).unwrap();
        for file in ["a/1", "a/2", "a/c/3", "z"] {
            fs::write(ground.path().join(root).join(file), content).unwrap();
        }
    }
    ground
}

/// Archives the tree, and after the first file swaps a part of it for a link to the same part outside.
fn archive_while_swapping(part: &str) -> Result<Vec<u8>> {
    let ground = tree_and_outside();
    let at = |name: &str| ground.path().join(name);
    let swap = || {
        if !at("away").exists() {
            fs::rename(at("tree").join(part), at("away")).unwrap();
            symlink(at("outside").join(part), at("tree").join(part)).unwrap();
        }
    };
    let result = archive(&at("tree"), swap);
    assert!(at("tree").join(part).is_symlink(), "it was not swapped");
    result
}

#[test]
fn a_folder_that_is_swapped_for_a_link_while_it_is_read_gives_what_was_in_it() {
    let ground = tree_and_outside();
    let undisturbed = archive(&ground.path().join("tree"), || ()).unwrap();
    assert!(undisturbed.windows(4).filter(|part| part == b"mine").count() == 4);
    // Its times are the tree's own: other trees may have others.
    let contents = |stream: &[u8]| -> Vec<Vec<u8>> {
        let mut archive = tar::Archive::new(stream);
        let entries = archive.entries().unwrap().map(|entry| {
            let mut content = Vec::new();
            let mut entry = entry.unwrap();
            entry.read_to_end(&mut content).unwrap();
            [&entry.path_bytes(), &content[..]].concat()
        });
        entries.collect()
    };
    assert_eq!(contents(&archive_while_swapping("a").unwrap()), contents(&undisturbed));
}

#[test]
fn a_file_or_folder_that_is_swapped_for_a_link_before_it_is_read_is_refused() {
    for part in ["a/2", "a/c", "a/c/3", "z"] {
        let error = archive_while_swapping(part).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let ground = tree_and_outside();
    let pipe = ground.path().join("tree/a/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = archive(&ground.path().join("tree"), || ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("pipe"), "{error}");
}

#[test]
fn a_deep_folder_is_archived_up_to_the_bound_and_refused_beyond() {
    let ground = Ground::new();
    let root = ground.target();
    let deepest = root.join(["d"; ARCHIVE_DEPTH - 1].join("/"));
    fs::create_dir_all(&deepest).unwrap();
    fs::write(deepest.join("f"), "content").unwrap();
    let stream = archive(&root, || ()).unwrap();
    Ground::new().extract(&stream[..]).unwrap();
    fs::create_dir(deepest.join("e")).unwrap();
    assert_eq!(archive(&root, || ()).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn a_file_that_is_changed_while_it_is_read_is_an_error() {
    /// Does something to a file when the first bytes are written; then the file is not yet read to its end.
    struct Meddler<'a>(&'a Path, fn(&File) -> io::Result<()>);
    impl Write for Meddler<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            (self.1)(&File::options().append(true).open(self.0)?)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let seal = |change| {
        let ground = tree_and_outside();
        let large = ground.path().join("tree/large");
        fs::write(&large, vec![7; 3_000_000]).unwrap();
        File::options().append(true).open(&large).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let sealed = Encryption::to(&Key::generate())
            .directory_to(ground.path().join("tree"), Meddler(&large, change))
            .map(drop);
        sealed.map_err(|error| error.kind())
    };
    assert_eq!(seal(|_| Ok(())), Ok(()));
    assert_eq!(seal(|mut file| file.write_all(b"more")), Err(ErrorKind::Changed));
    assert_eq!(seal(|file| file.set_len(2_000_000)), Err(ErrorKind::Changed));
    assert_eq!(
        seal(|file| file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))),
        Err(ErrorKind::Changed)
    );
}
