//! Keys of tokens and of TLS's tickets, from a sealed file that is looked at again and again: a new ring comes into use without a restart.
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::keyring_in_use::KeyringInUse;
use crate::{Error, Result, TokenKeys, Unlock, file};

/// Reads a file that [`file::write_token_keyring`] wrote, which has to be sound now, and then again whenever it has changed; `told` is
/// called with what is wrong with a new one, once. A thread looks so often, until nobody has the keys any more.
///
/// A file that is missing, damaged, sealed under something else, or older than the ring in use changes nothing. Older is one whose
/// active key became active earlier; an older one with the same active key is not known as that, so whoever may write the file can
/// bring back a key that was dropped, until the next [`rotate`](crate::TokenKeyring::rotate).
///
/// # Errors
/// Those of [`file::read_token_keyring`]; [`ErrorKind::Usage`](crate::ErrorKind::Usage) if the ring's
/// [`spread`](crate::TokenKeyring::spread) is less than a second more than `every`.
///
/// ```
/// use bulla::adapters::keyring_file;
/// use bulla::{Key, Time, TokenKeyring, file};
/// use std::time::Duration;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("ring");
/// let minute = Duration::from_secs(60);
/// let key = Key::generate();
/// file::write_token_keyring(&TokenKeyring::generate(minute * 5, minute * 60, Time::now())?, &key, &path, false)?;
///
/// let keys = keyring_file::follow(&path, key, minute, |error| println!("{error}"))?;
/// // Tokens and tickets by `keys` go by whatever ring is written there next.
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn follow(
    path: impl AsRef<Path>,
    with: impl Unlock + Send + 'static,
    every: Duration,
    told: impl Fn(&Error) + Send + 'static,
) -> Result<TokenKeys> {
    let path = path.as_ref().to_owned();
    let mut seen = bytes(&path);
    let mut in_use = KeyringInUse::new(file::read_token_keyring(&with, &path)?, every)?;
    let keys = in_use.keys();
    thread::Builder::new().name("bulla-keyring".to_owned()).spawn(move || {
        loop {
            thread::sleep(every);
            if !in_use.is_needed() {
                return;
            }
            let now = bytes(&path);
            // Opening it may cost a passphrase's work.
            if now == seen {
                continue;
            }
            seen = now;
            if let Err(error) = file::read_token_keyring(&with, &path).and_then(|ring| in_use.replace(ring)) {
                told(&error);
            }
        }
    })?;
    Ok(keys)
}

/// Bytes of such a file: 64 keys have 10 KiB.
const BYTES: u64 = 1 << 20;

/// What is there; `None` if it cannot be read.
fn bytes(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
