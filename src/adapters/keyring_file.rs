//! Token keys from a sealed file that is looked at again and again: a new ring comes into use without a restart.
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::keyring_in_use::KeyringInUse;
use crate::cookie::TokenKeys;
use crate::{Error, Result, Unlock, file};

/// A file that [`file::write_token_keyring`] wrote, followed by a thread of its own until this is dropped.
///
/// A file that is missing, damaged, sealed under something else, or older than the ring in use changes nothing. Older is one whose
/// active key became active earlier; an older one with the same active key is not known as that, so whoever may write the file can
/// bring back a key that was dropped, until the next [`rotate`](crate::TokenKeyring::rotate).
///
/// ```
/// use bulla::adapters::keyring_file::KeyringFile;
/// use bulla::{Key, Time, TokenKeyring, file};
/// use std::time::Duration;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("ring");
/// let minute = Duration::from_secs(60);
/// let key = Key::generate();
/// file::write_token_keyring(&TokenKeyring::generate(minute * 5, minute * 60, Time::now())?, &key, &path, false)?;
///
/// let (keys, _follower) = KeyringFile::follow(&path, key, minute, |error| println!("{error}"))?;
/// // Tokens by `keys` go by whatever ring is written there next.
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "when it is dropped, the file is not looked at any more"]
pub struct KeyringFile {
    _end: Sender<()>,
}

/// Bytes of such a file: 64 keys have 10 KiB.
const BYTES: u64 = 1 << 20;

impl KeyringFile {
    /// Reads the file, which has to be sound now, and then again whenever it has changed; `told` is called with what is wrong with
    /// a new one, once.
    ///
    /// # Errors
    /// Those of [`file::read_token_keyring`]; [`ErrorKind::Io`](crate::ErrorKind::Io) if the ring's
    /// [`spread`](crate::TokenKeyring::spread) is less than a second more than `every`.
    pub fn follow(
        path: impl AsRef<Path>,
        with: impl Unlock + Send + 'static,
        every: Duration,
        told: impl Fn(&Error) + Send + 'static,
    ) -> Result<(TokenKeys, Self)> {
        let path = path.as_ref().to_owned();
        let seen = bytes(&path);
        let in_use = KeyringInUse::new(file::read_token_keyring(&with, &path)?, every)?;
        let (keys, (end, ends)) = (in_use.keys(), channel());
        thread::Builder::new().name("bulla-keyring".to_owned()).spawn(move || {
            follow(&path, &with, seen, in_use, every, &told, &ends);
        })?;
        Ok((keys, KeyringFile { _end: end }))
    }
}

fn follow(
    path: &PathBuf,
    with: &impl Unlock,
    mut seen: Option<Vec<u8>>,
    mut in_use: KeyringInUse,
    every: Duration,
    told: &impl Fn(&Error),
    ends: &Receiver<()>,
) {
    while ends.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        let now = bytes(path);
        // Opening it may cost a passphrase's work.
        if now == seen {
            continue;
        }
        seen = now;
        if let Err(error) = file::read_token_keyring(with, path).and_then(|ring| in_use.replace(ring)) {
            told(&error);
        }
    }
}

/// What is there; `None` if it cannot be read.
fn bytes(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
