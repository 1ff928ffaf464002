//! A raw symmetric key of 32 bytes, and its public name.
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::text::{bad_key, read_key_file};
use crate::encoding::bech32;
use crate::error::{Error, ErrorKind, Result};
use crate::primitives::{hash, random};
use crate::secret::Secret;

const PREFIX: &str = "bulla-secret-key-";

/// A symmetric key: 32 random bytes.
///
/// With a key, [`encrypt`](crate::encrypt) writes a bare [C2SP chunked-encryption] message
/// (Cobblestone-256), which other libraries read too.
///
/// It is wiped on drop, compared in constant time, and has no `Debug`, `Display` or `Clone`.
/// As text it is Bech32, `BULLA-SECRET-KEY-1…`: a typing error shows.
///
/// ```
/// use bulla::Key;
/// let key = Key::generate();
/// let again: Key = key.expose_text().parse()?;
/// assert!(key == again);
/// # Ok::<(), bulla::Error>(())
/// ```
///
/// [C2SP chunked-encryption]: https://c2sp.org/chunked-encryption
pub struct Key {
    secret: Secret<32>,
    /// Derived when it is first asked for: a keyring's keys are compared with many stanzas.
    id: OnceLock<KeyId>,
}

/// The public name of a [`Key`]: 16 bytes that follow from the key and do not tell it. Shown in hexadecimal.
///
/// ```
/// use bulla::{Key, KeyId};
/// let key = Key::generate();
/// let id: KeyId = key.id().to_string().parse()?;
/// assert_eq!(id, key.id());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 16]);

impl Key {
    fn new(secret: Secret<32>) -> Self {
        Key { secret, id: OnceLock::new() }
    }

    /// A new key from the operating system's generator.
    #[must_use]
    pub fn generate() -> Self {
        Key::new(Secret::filled_by(|bytes| random::fill(bytes)))
    }

    /// A key of 32 uniformly random bytes that come from elsewhere: a KMS, an HSM, another library.
    ///
    /// A password or a text is not such a key: use [`Passphrase`](crate::Passphrase) for those.
    /// The array is the caller's to wipe.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Key::new(Secret::filled_by(|key| key.copy_from_slice(bytes)))
    }

    /// Reads a key file: the text that [`expose_text`](Self::expose_text) gives, or 32 raw bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it cannot be read, [`ErrorKind::Malformed`] if it holds no key.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("app.key");
    /// let key = bulla::Key::generate();
    /// std::fs::write(&path, key.expose_text().as_bytes())?;
    /// assert!(bulla::Key::read_file(&path)? == key);
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn read_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_key_file(path)?;
        // 32 random bytes are text about never; 32 bytes of text are a password or half a key.
        let text = bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        if let Some(key) = Secret::copy_from(&bytes).filter(|_| !text) {
            return Ok(Key::new(key));
        }
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        text.trim().parse().map_err(|_| {
            Error::new(
                ErrorKind::Malformed,
                path.display().to_string(),
                "it holds neither a line BULLA-SECRET-KEY-1… nor 32 raw bytes",
                "give a file that `bulla keygen --key` made",
            )
        })
    }

    /// The key as text, for storing it: whoever sees it can open what it locks.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut text = bech32::encode(PREFIX, self.secret.expose());
        text.make_ascii_uppercase();
        text
    }

    /// The key's bytes, for handing them to another library.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 32] {
        self.secret.expose()
    }

    /// The key's public name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        *self.id.get_or_init(|| {
            KeyId(*hash::expand_sha512::<16>(self.secret.expose(), &[b"bulla/v1 key id"]).expose())
        })
    }
}

impl PartialEq for Key {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.secret == other.secret
    }
}

impl Eq for Key {}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        bech32::decode(text)
            .filter(|(prefix, _)| prefix == PREFIX)
            .and_then(|(_, bytes)| Secret::copy_from(&bytes))
            .map(Key::new)
            .ok_or_else(|| bad_key("BULLA-SECRET-KEY-1…"))
    }
}

impl KeyId {
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut id = [0; 16];
        // Digits only: `from_str_radix` would take a sign for one of them.
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        id.copy_from_slice(&number.ok_or_else(|| bad_key("32 hexadecimal digits"))?.to_be_bytes());
        Ok(KeyId(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_is_32_hexadecimal_digits_and_nothing_else() {
        let id = "0123456789abcdef".repeat(2);
        assert_eq!(id.parse::<KeyId>().unwrap().to_string(), id);
        for bad in ["+", "-", " ", "0x", "g", "\u{e9}"] {
            let text = format!("{bad}{}", &id[bad.len()..]);
            assert_eq!(text.parse::<KeyId>().unwrap_err().kind(), ErrorKind::Malformed, "{text}");
        }
        assert!(id[1..].parse::<KeyId>().is_err() && format!("{id}0").parse::<KeyId>().is_err());
    }
}
