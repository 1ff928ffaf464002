//! Sources: gone, directories, and changed while they are read.
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bulla::file::{Decryption, Encryption};
use bulla::{ErrorKind, Format, Identity, Key, Padding};

use super::ground::Ground;

/// Several batches, so that there is a middle.
const SIZE: usize = 3_000_000;

/// Encrypts while the source is changed once, in the middle.
fn encrypt_while(how: &Encryption<'_>, change: &(dyn Fn(&Path) + Sync)) -> bulla::Result<()> {
    let ground = Ground::new();
    let source = ground.file("source", vec![5; SIZE]);
    // Clocks of disks are coarse: what is written now must not look as old as what was there.
    File::options().write(true).open(&source).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let target = ground.at("target");
    let done = AtomicBool::new(false);
    let meddle = |_| {
        if !done.swap(true, Ordering::SeqCst) {
            change(&source);
        }
        ControlFlow::Continue(())
    };
    let result = how.clone().progress(&meddle).file(&source, &target);
    let left = ground.state().into_keys().filter(|path| *path != source).collect::<Vec<_>>();
    assert_eq!(left.is_empty(), result.is_err(), "{left:?}");
    result
}

#[test]
fn a_source_that_changes_while_it_is_read_is_an_error() {
    let key = Key::generate();
    let recipient = Identity::generate().recipient();
    let ways = [
        Encryption::to(&key),
        Encryption::to(&key).padding(Padding::Padme),
        Encryption::to(&key).armor(true),
        Encryption::to(&recipient).format(Format::Age),
    ];
    let open = |path: &Path| File::options().write(true).open(path).unwrap();
    let changes: [&(dyn Fn(&Path) + Sync); 5] = [
        &|path| open(path).set_len(1_000_000).unwrap(),
        &|path| open(path).set_len(0).unwrap(),
        &|path| open(path).set_len(5_000_000).unwrap(),
        &|path| File::options().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        // The same size and other content: its time tells.
        &|path| open(path).write_all(b"other").unwrap(),
    ];
    for way in &ways {
        for change in changes {
            assert_eq!(encrypt_while(way, change).unwrap_err().kind(), ErrorKind::Changed);
        }
        // What was opened is still whole without its name; whether that is a change is not promised.
        let removed = encrypt_while(way, &|path| fs::remove_file(path).unwrap());
        assert!(removed.is_ok() || removed.is_err_and(|error| error.kind() == ErrorKind::Changed));
    }
}

#[test]
fn a_sealed_source_that_is_cut_while_it_is_read_is_not_authentic() {
    let key = Key::generate();
    for armored in [false, true] {
        let ground = Ground::new();
        let sealed = ground.at("sealed");
        Encryption::to(&key).armor(armored).file(ground.file("plain", vec![5; SIZE]), &sealed).unwrap();
        let target = ground.at("target");
        let cut = |_| {
            File::options().write(true).open(&sealed).unwrap().set_len(1_000).unwrap();
            ControlFlow::Continue(())
        };
        let kind = Decryption::with(&key).progress(&cut).file(&sealed, &target).unwrap_err().kind();
        // An armor without its end is no armor.
        assert_eq!(kind, if armored { ErrorKind::Malformed } else { ErrorKind::Unauthentic });
        assert_eq!(ground.state().len(), 2);
    }
}

#[test]
fn a_file_that_changes_size_while_its_directory_is_read_is_an_error() {
    let (ground, key) = (Ground::new(), Key::generate());
    fs::create_dir(ground.at("folder")).unwrap();
    let later = ground.at("folder/b");
    fs::write(ground.at("folder/a"), vec![5; 1000]).unwrap();
    fs::write(&later, vec![5; SIZE]).unwrap();
    // It is gone by its turn.
    let remove = |_| {
        let _ = fs::remove_file(&later);
        ControlFlow::Continue(())
    };
    let result = Encryption::to(&key).progress(&remove).directory(ground.at("folder"), ground.at("target"));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Io);
    assert!(!ground.at("target").exists() && ground.state().len() == 2);
}

#[test]
fn a_source_that_is_not_there_or_of_the_wrong_kind_is_refused() {
    let (ground, key) = (Ground::new(), Key::generate());
    fs::create_dir(ground.at("folder")).unwrap();
    let file = ground.file("file", "content");
    let (folder, missing, target) = (ground.at("folder"), ground.at("missing"), ground.at("target"));
    let (seal, open) = (Encryption::to(&key), Decryption::with(&key));
    ground.refuses(ErrorKind::Io, || seal.file(&missing, &target));
    ground.refuses(ErrorKind::Io, || seal.directory(&missing, &target));
    ground.refuses(ErrorKind::Io, || open.file(&missing, &target));
    ground.refuses(ErrorKind::Io, || open.directory(&missing, &target));
    ground.refuses(ErrorKind::Io, || open.verify(&missing));
    ground.refuses(ErrorKind::Usage, || seal.file(&folder, &target));
    ground.refuses(ErrorKind::Usage, || seal.directory(&file, &target));
    ground.refuses(ErrorKind::Usage, || open.file(&folder, &target));
    ground.refuses(ErrorKind::Usage, || open.directory(&folder, &target));
    let sealed = ground.at("sealed");
    seal.file(&file, &sealed).unwrap();
    ground.refuses(ErrorKind::Usage, || open.directory(&sealed, &target));
}

#[test]
#[cfg(target_os = "linux")]
fn a_source_that_does_not_tell_its_size_is_read_to_its_end() {
    let (ground, key) = (Ground::new(), Key::generate());
    let sealed = ground.at("sealed");
    // Files of /proc say that they are empty, and are not.
    bulla::encrypt_file(&key, "/proc/self/cmdline", &sealed).unwrap();
    let content = bulla::decrypt(&key, &fs::read(&sealed).unwrap()).unwrap();
    assert_eq!(content, fs::read("/proc/self/cmdline").unwrap());
    assert!(!content.is_empty());
}

/// Gives its bytes once, then an error of the system for ever.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::ErrorKind::ConnectionReset.into()),
            got => Ok(got),
        }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn an_error_of_the_system_stays_one_and_the_data_are_not_blamed() {
    let key = Key::generate();
    let mut sealed = bulla::encrypt(&key, &vec![1; SIZE]).unwrap();
    sealed.truncate(SIZE / 2);
    let mut reader = Decryption::with(&key).reader(Failing(Cursor::new(sealed))).unwrap();
    let mut content = Vec::new();
    assert_eq!(reader.read_to_end(&mut content).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(content.len() > SIZE / 3 && content.iter().all(|byte| *byte == 1));
    for _ in 0..2 {
        let error = bulla::Error::from(reader.read(&mut [0]).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Io);
        let error = bulla::Error::from(reader.seek(SeekFrom::Start(0)).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Io);
    }
}

#[test]
fn a_stream_tells_its_length_when_its_end_has_been_seen() {
    let key = Key::generate();
    let sealed = Encryption::to(&key).padding(Padding::Padme).bytes(&vec![0; SIZE]).unwrap();
    let mut reader = Decryption::with(&key).reader(&sealed[..]).unwrap();
    reader.read_exact(&mut vec![7; SIZE]).unwrap();
    assert_eq!(reader.opened().length(), None);
    assert_eq!(reader.read(&mut [7]).unwrap(), 0);
    assert_eq!(reader.opened().length(), Some(SIZE.try_into().unwrap()));
}

#[test]
fn ranges_of_an_armored_file_are_an_error_of_use() {
    let key = Key::generate();
    let sealed = Encryption::to(&key).armor(true).bytes(b"hello").unwrap();
    let error = Decryption::with(&key).ranges(&sealed, sealed.len().try_into().unwrap()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Usage);
}
