//! Shared keys in a sealed file: nobody reads or changes them without what seals it, and a server goes by the file as it is.
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bulla::adapters::shared_key_file::{FollowedKeys, SharedKeyFile};
use bulla::tls::{SharedKey, SharedKeyStore};
use bulla::{ErrorKind, Key, Passphrase};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
    key: Key,
}

impl Place {
    fn new() -> Self {
        Place { folder: TempDir::new().unwrap(), key: Key::generate() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("meters")
    }

    fn file(&self) -> SharedKeyFile<Key> {
        SharedKeyFile::new(self.path(), Key::from_bytes(self.key.expose_bytes()))
    }

    fn add(&self, name: &str) {
        self.file().change(|keys| keys.add(name, SharedKey::generate())).unwrap();
    }

    fn names(&self) -> Vec<String> {
        self.file().read().unwrap().names().into_iter().map(str::to_owned).collect()
    }
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}: not yet");
        std::thread::yield_now();
    }
}

fn knows(keys: &FollowedKeys, name: &str) -> bool {
    keys.find(name).unwrap().is_some()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_file_is_sealed_and_changes_whole_or_not_at_all() {
    let place = Place::new();
    place.add("meter 7");
    place.add("meter 8");
    assert_eq!(place.names(), ["meter 7", "meter 8"]);
    let sealed = std::fs::read(place.path()).unwrap();
    assert!(!sealed.windows(5).any(|bytes| bytes == b"meter" || bytes == b"bWV0Z"));
    #[cfg(unix)]
    assert_eq!(mode(&place.path()), 0o600);
    let refused: bulla::Result<()> = place.file().change(|keys| {
        keys.remove("meter 7");
        keys.add("", SharedKey::generate())
    });
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(std::fs::read(place.path()).unwrap(), sealed);

    // Under another key, a passphrase, or as something else that the key seals.
    let open = |with: SharedKeyFile<Key>| with.read().unwrap_err().kind();
    assert_eq!(open(SharedKeyFile::new(place.path(), Key::generate())), ErrorKind::NoKeyFits);
    let changed = SharedKeyFile::new(place.path(), Key::generate()).change(|_| Ok(()));
    assert_eq!(changed.unwrap_err().kind(), ErrorKind::NoKeyFits);
    assert!(SharedKeyFile::new(place.path(), Passphrase::generate()).read().is_err());
    let text = b"bulla shared keys v1\n";
    std::fs::write(place.path(), bulla::encrypt(&place.key, text).unwrap()).unwrap();
    assert_eq!(open(place.file()), ErrorKind::NoKeyFits);
    std::fs::remove_file(place.path()).unwrap();
    assert_eq!(open(place.file()), ErrorKind::Io);
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn nothing_is_lost_when_several_change_it_at_once() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for hand in 0..4 {
            let place = &place;
            scope.spawn(move || (0..8).for_each(|number| place.add(&format!("{hand} {number}"))));
        }
    });
    assert_eq!(place.names().len(), 32);
}

#[test]
fn who_is_added_comes_in_and_who_is_removed_does_not_without_a_restart() {
    let place = Place::new();
    assert_eq!(place.file().follow(Duration::ZERO, |_| {}).unwrap_err().kind(), ErrorKind::Io);
    place.add("meter 7");
    let (tell, told) = mpsc::channel();
    let told_of = move |error: &bulla::Error| tell.send(error.kind()).unwrap();
    let keys = place.file().follow(Duration::from_millis(1), told_of).unwrap();
    assert!(knows(&keys, "meter 7") && !knows(&keys, "meter 8"));
    place.add("meter 8");
    wait_until("meter 8", || knows(&keys, "meter 8"));
    let sound = std::fs::read(place.path()).unwrap();
    // What is damaged or gone is told once, and changes nothing.
    std::fs::rename(place.path(), place.folder.path().join("aside")).unwrap();
    assert_eq!(told.recv().unwrap(), ErrorKind::Io);
    bulla::file::write_whole(&sound[..sound.len() - 1], place.path(), true).unwrap();
    assert_eq!(told.recv().unwrap(), ErrorKind::Unauthentic);
    assert!(knows(&keys, "meter 7") && knows(&keys, "meter 8"));
    bulla::file::write_whole(&sound, place.path(), true).unwrap();
    assert!(place.file().change(|keys| Ok(keys.remove("meter 7"))).unwrap());
    wait_until("without meter 7", || !knows(&keys, "meter 7"));
    assert!(knows(&keys, "meter 8") && told.try_recv().is_err());
    // Nobody has the keys: the thread ends, and what it would tell with goes.
    drop(keys);
    assert!(told.recv().is_err());
}
