//! Shared keys of a server's clients in a file that is sealed: changed by one at a time, and followed without a restart.
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use crate::file::{Decryption, Encryption};
use crate::tls::{SharedKey, SharedKeyStore, SharedKeys};
use crate::{Error, Lock, Result, Unlock};

/// What the file is sealed for: nothing else that lies under the same key is taken for it.
const CONTEXT: &[u8] = b"bulla shared keys v1";
/// Bytes of such a file: 65 536 keys with the longest names have 31 million.
const BYTES: u64 = 32 << 20;

/// A file of shared keys, mode 0600, sealed under a [`Key`](crate::Key) or [`Passphrase`](crate::Passphrase): whoever has it alone
/// learns no key, and cannot put another in its place. (What is sealed for a recipient could be anybody's; the types refuse it.)
///
/// ```
/// use bulla::adapters::shared_key_file::SharedKeyFile;
/// use bulla::tls::{ByKeys, SharedKey, SharedKeyStore};
/// use bulla::Key;
/// use std::time::Duration;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("meters");
/// let sealed_under = Key::generate();
/// # let again = Key::from_bytes(sealed_under.expose_bytes());
/// let file = SharedKeyFile::new(&path, sealed_under);
/// file.change(|keys| keys.add("meter 7", SharedKey::generate()))?;
///
/// let keys = file.follow(Duration::from_secs(1), |error| eprintln!("{error}"))?;
/// assert!(keys.find("meter 7")?.is_some());
/// let whom = ByKeys::new(keys); // for `require_clients`
/// # let _ = (whom, again);
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct SharedKeyFile<K> {
    path: PathBuf,
    with: K,
}

/// The keys of a file as they are now: see [`SharedKeyFile::follow`].
pub struct FollowedKeys(Arc<ArcSwap<SharedKeys>>);

impl<K> std::fmt::Debug for SharedKeyFile<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedKeyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FollowedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FollowedKeys").finish_non_exhaustive()
    }
}

impl SharedKeyStore for FollowedKeys {
    fn find(&self, identity: &str) -> Result<Option<Arc<SharedKey>>> {
        self.0.load().find(identity)
    }
}

impl<K: Lock + Unlock> SharedKeyFile<K> {
    /// The file there, which need not exist yet, and what it is sealed under.
    pub fn new(path: impl AsRef<Path>, with: K) -> Self {
        SharedKeyFile { path: path.as_ref().to_owned(), with }
    }

    /// Reads the keys.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io), also over 32 MiB; those of [`decrypt`](crate::decrypt); [`Malformed`](crate::ErrorKind::Malformed) for what
    /// holds no shared keys.
    pub fn read(&self) -> Result<SharedKeys> {
        self.open(&read(&self.path)?)
    }

    fn open(&self, sealed: &[u8]) -> Result<SharedKeys> {
        let (text, _) = Decryption::with(&self.with).context(CONTEXT).bytes(sealed)?;
        let text = Zeroizing::new(text);
        SharedKeys::parse(&text)
    }

    /// Reads the keys, changes them, and puts the changed ones in their place, whole or not at all. A file that is not there is made.
    ///
    /// Two that change it at once go one after the other, on systems that lock directories (Unix's).
    ///
    /// # Errors
    /// Those of [`read`](Self::read), of the change, after which all is as it was, and of writing.
    pub fn change<T>(&self, change: impl FnOnce(&mut SharedKeys) -> Result<T>) -> Result<T> {
        let _one_at_a_time = self.lock()?;
        let mut keys = match read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => SharedKeys::new(),
            sealed => self.open(&sealed?)?,
        };
        let done = change(&mut keys)?;
        let text = keys.expose_text();
        Encryption::to(&self.with)
            .context(CONTEXT)
            .overwrite(true)
            .durable(true)
            .stream(text.as_bytes(), &self.path)?;
        Ok(done)
    }

    /// The directory, locked until it is dropped: the file itself is another after each change.
    fn lock(&self) -> Result<Option<File>> {
        if !cfg!(unix) {
            return Ok(None);
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")))?;
        folder.lock()?;
        Ok(Some(folder))
    }
}

impl<K: Lock + Unlock + Send + 'static> SharedKeyFile<K> {
    /// Reads the keys, which have to be sound now, and then again whenever the file has changed; `told` is called with what is wrong with
    /// a new one, once, and the keys stay as they are. A thread looks so often, until nobody has the keys any more.
    ///
    /// Who was removed is let in no more from then on; connections that there are go on.
    ///
    /// # Security
    /// Who may write the file can bring back an older one, with keys that were removed.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn follow(self, every: Duration, told: impl Fn(&Error) + Send + 'static) -> Result<FollowedKeys> {
        let sealed = read(&self.path)?;
        let keys = Arc::new(ArcSwap::from_pointee(self.open(&sealed)?));
        let theirs = Arc::downgrade(&keys);
        thread::Builder::new()
            .name("bulla-shared-keys".to_owned())
            .spawn(move || self.keep_up(Some(sealed), &theirs, every, told))?;
        Ok(FollowedKeys(keys))
    }

    fn keep_up(
        &self,
        mut seen: Option<Vec<u8>>,
        keys: &Weak<ArcSwap<SharedKeys>>,
        every: Duration,
        told: impl Fn(&Error),
    ) {
        loop {
            thread::sleep(every);
            let Some(keys) = keys.upgrade() else { return };
            let now = read(&self.path);
            // Opening it may cost a passphrase's work.
            if now.as_ref().ok() == seen.as_ref() {
                continue;
            }
            seen = now.as_ref().ok().cloned();
            match now.map_err(Error::from).and_then(|sealed| self.open(&sealed)) {
                Ok(new) => keys.store(Arc::new(new)),
                Err(error) => told(&error),
            }
        }
    }
}

/// What there is, within bounds.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut sealed = Vec::new();
    let count = File::open(path).map_err(named)?.take(BYTES + 1).read_to_end(&mut sealed).map_err(named)?;
    if u64::try_from(count).is_ok_and(|count| count > BYTES) {
        let kind = io::ErrorKind::FileTooLarge;
        return Err(named(io::Error::new(kind, "there are over 32 MiB, which no shared keys have")));
    }
    Ok(sealed)
}
