//! Files that hold keys: identity files and keyrings, plain or sealed.
use std::io::Write;
use std::path::Path;

use super::{decrypt, encrypt};
use crate::encoding::armor::Label;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::header;
#[cfg(any(feature = "cookie", feature = "tls"))]
use crate::keys::TokenKeyring;
use crate::keys::lock::{Holder, Opener};
use crate::keys::text::read_key_file;
use crate::keys::{Identity, Key, Keyring, Lock, Passphrase, Unlock};
use crate::new_file::{Manner, NewFile};
use crate::secret::SecretVec;

const MANNER: Manner = Manner { overwrite: false, durable: true };

/// Reads an identity file: lines of identities, an OpenSSH private key, or a file of identities that is sealed under a
/// passphrase (by bulla or by age). `ask` gives the passphrase, and is called only if one is needed.
///
/// # Errors
/// [`ErrorKind::Io`], [`ErrorKind::Malformed`], [`ErrorKind::NoKeyFits`] if the passphrase is wrong, and what `ask` gives.
///
/// ```
/// use bulla::{Identity, Passphrase, file};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("me.key");
/// let identity = Identity::generate_x25519();
/// file::write_identity(&identity, &path, None)?;
/// let again = file::read_identities(&path, || Passphrase::new("not asked for"))?;
/// assert_eq!(again[0].recipient(), identity.recipient());
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn read_identities(
    path: impl AsRef<Path>,
    ask: impl FnOnce() -> Result<Passphrase>,
) -> Result<Vec<Identity>> {
    let path = path.as_ref();
    let bytes = read_key_file(path)?;
    if is_ssh(&bytes) {
        return read_ssh(&bytes, ask);
    }
    if !is_sealed(&bytes) {
        return parse_identities(&bytes, path);
    }
    let text = SecretVec::new(decrypt(&ask()?, &bytes)?);
    parse_identities(&text, path)
}

fn parse_identities(text: &[u8], path: &Path) -> Result<Vec<Identity>> {
    let not_text = |_| Error::malformed("identities", format!("{} is not text", path.display()));
    Identity::parse_lines(std::str::from_utf8(text).map_err(not_text)?)
}

fn read_ssh(bytes: &[u8], ask: impl FnOnce() -> Result<Passphrase>) -> Result<Vec<Identity>> {
    let identity = match Identity::from_ssh(bytes, None) {
        // The one error of use that an SSH key has: it is sealed, and no passphrase was given.
        Err(error) if error.kind() == ErrorKind::Usage => {
            Identity::from_ssh(bytes, Some(&ask()?.expose_text()))?
        }
        other => other?,
    };
    Ok(vec![identity])
}

/// Whether bytes are a private key in PEM, in OpenSSH's form or in one that SSH wrote of old.
fn is_ssh(bytes: &[u8]) -> bool {
    let first = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.starts_with(b"-----BEGIN ") && first.trim_ascii_end().ends_with(b"PRIVATE KEY-----")
}

/// Whether bytes are a container, an age file or an armor.
fn is_sealed(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let armored = [Label::Bulla, Label::Age].iter().any(|label| start.starts_with(label.begin().as_bytes()));
    armored || !matches!(header::sniff(bytes), Ok(None))
}

/// Writes an identity file (mode 0600) with its recipient in a comment, sealed under a passphrase if one is given.
///
/// # Errors
/// [`ErrorKind::Exists`] if the file exists, [`ErrorKind::Usage`] for an SSH key, [`ErrorKind::Io`].
///
/// ```
/// use bulla::{Identity, Passphrase, file};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("me.key");
/// let passphrase = Passphrase::generate();
/// file::write_identity(&Identity::generate(), &path, Some(&passphrase))?;
/// assert!(std::fs::read(&path)?.starts_with(b"bulla/v1\n"));
/// assert_eq!(file::read_identities(&path, || Ok(passphrase))?.len(), 1);
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn write_identity(
    identity: &Identity,
    path: impl AsRef<Path>,
    passphrase: Option<&Passphrase>,
) -> Result<()> {
    let secret = identity
        .expose_text()
        .ok_or_else(|| Error::usage("identity", "an SSH key has a file of its own", "use that file"))?;
    let mut text = SecretVec::new(Vec::with_capacity(4096));
    text.extend_from_slice(format!("# public key: {}\n", identity.recipient()).as_bytes());
    text.extend_from_slice(secret.as_bytes());
    text.push(b'\n');
    match passphrase {
        Some(passphrase) => write_new(path.as_ref(), &encrypt(passphrase, &text)?, MANNER),
        None => write_new(path.as_ref(), &text, MANNER),
    }
}

/// Writes a key file (mode 0600): the line that [`Key::expose_text`] gives. Read it with [`Key::read_file`].
///
/// # Errors
/// [`ErrorKind::Exists`] if the file exists: a key is never replaced. [`ErrorKind::Io`].
///
/// ```
/// use bulla::{Key, file};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("app.key");
/// let key = Key::generate();
/// file::write_key(&key, &path)?;
/// assert!(Key::read_file(&path)? == key);
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn write_key(key: &Key, path: impl AsRef<Path>) -> Result<()> {
    let mut text = SecretVec::new(Vec::with_capacity(128));
    text.extend_from_slice(key.expose_text().as_bytes());
    text.push(b'\n');
    write_new(path.as_ref(), &text, MANNER)
}

/// Reads a keyring that [`write_keyring`] sealed under a key or passphrase.
///
/// # Errors
/// Those of [`decrypt`]; [`ErrorKind::Usage`] for an identity: anybody could have sealed another keyring for it;
/// [`ErrorKind::Malformed`] if what was sealed is not a keyring.
///
/// ```
/// use bulla::{Key, Keyring, file};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("ring");
/// let (ring, key) = (Keyring::generate(), Key::generate());
/// file::write_keyring(&ring, &key, &path, false)?;
/// assert_eq!(file::read_keyring(&key, &path)?.primary_id(), ring.primary_id());
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn read_keyring(with: &(impl Unlock + ?Sized), path: impl AsRef<Path>) -> Result<Keyring> {
    Keyring::parse(&read_shared(with, path.as_ref())?)
}

/// [`read_keyring`] for the keys of tokens.
///
/// # Errors
/// Those of [`read_keyring`].
#[cfg(any(feature = "cookie", feature = "tls"))]
pub fn read_token_keyring(with: &(impl Unlock + ?Sized), path: impl AsRef<Path>) -> Result<TokenKeyring> {
    TokenKeyring::parse(&read_shared(with, path.as_ref())?)
}

/// Writes a keyring to a file (mode 0600), sealed under a passphrase or key; it is never plain.
/// `overwrite` says whether a file that is there is replaced, whole.
///
/// # Errors
/// [`ErrorKind::Usage`] for a recipient: anybody who knows it could put another keyring in this one's place.
/// [`ErrorKind::Exists`], [`ErrorKind::Io`], [`ErrorKind::OverLimit`] over 4096 keys, and those of [`encrypt`].
///
/// ```
/// use bulla::{Identity, Keyring, Passphrase, file};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("ring");
/// let mut ring = Keyring::generate();
/// let passphrase = Passphrase::generate();
/// file::write_keyring(&ring, &passphrase, &path, false)?;
/// ring.rotate();
/// file::write_keyring(&ring, &passphrase, &path, true)?;
/// # let recipient = Identity::generate().recipient();
/// # assert!(file::write_keyring(&ring, &recipient, &path, true).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn write_keyring(
    ring: &Keyring,
    to: &(impl Lock + ?Sized),
    path: impl AsRef<Path>,
    overwrite: bool,
) -> Result<()> {
    let text = ring.expose_text();
    // What could not be read again is not written.
    Keyring::parse(text.as_bytes())?;
    write_shared(&text, to, path.as_ref(), overwrite)
}

/// [`write_keyring`] for the keys of tokens.
///
/// # Errors
/// Those of [`write_keyring`]; over 64 keys there are none.
///
/// ```
/// use bulla::{Key, Time, TokenKeyring, file};
/// use std::time::Duration;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("ring");
/// let hour = Duration::from_secs(3600);
/// let (ring, key) = (TokenKeyring::generate(hour, hour * 24, Time::now())?, Key::generate());
/// file::write_token_keyring(&ring, &key, &path, false)?;
/// assert!(file::read_token_keyring(&key, &path)?.keys().eq(ring.keys()));
/// # Ok::<(), bulla::Error>(())
/// ```
#[cfg(any(feature = "cookie", feature = "tls"))]
pub fn write_token_keyring(
    ring: &TokenKeyring,
    to: &(impl Lock + ?Sized),
    path: impl AsRef<Path>,
    overwrite: bool,
) -> Result<()> {
    let text = ring.expose_text();
    TokenKeyring::parse(text.as_bytes())?;
    write_shared(&text, to, path.as_ref(), overwrite)
}

/// Opens a file that only who shares its secret can have sealed.
fn read_shared(with: &(impl Unlock + ?Sized), path: &Path) -> Result<SecretVec> {
    if with.openers().iter().any(|opener| matches!(opener, Opener::Identity(_))) {
        return Err(only_shared());
    }
    Ok(SecretVec::new(decrypt(with, &read_key_file(path)?)?))
}

fn write_shared(text: &str, to: &(impl Lock + ?Sized), path: &Path, overwrite: bool) -> Result<()> {
    if to.holders().list.iter().any(|holder| matches!(holder, Holder::Recipient(_))) {
        return Err(only_shared());
    }
    write_new(path, &encrypt(to, text.as_bytes())?, Manner { overwrite, ..MANNER })
}

fn only_shared() -> Error {
    let why = "sealed for a recipient it could be replaced by a keyring of anybody's";
    Error::usage("keyring", why, "seal it under a key or passphrase, and open it with that")
}

fn write_new(path: &Path, bytes: &[u8], manner: Manner) -> Result<()> {
    let target = NewFile::begin(path, manner).map_err(|error| match error.kind() {
        ErrorKind::Exists => {
            let hint = "name another file: keys that are there are not replaced";
            Error::new(ErrorKind::Exists, path.display().to_string(), "it exists", hint)
        }
        _ => error,
    })?;
    target.file().write_all(bytes).map_err(|error| Error::io(path.display().to_string(), error))?;
    target.commit()
}
