//! A primary key that seals, and retired keys that still open.
use zeroize::Zeroizing;

use super::{Key, KeyId};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::KEYRING_KEYS;
use crate::secret::SecretText;

const FIRST_LINE: &str = "bulla-keyring/v1";

/// Keys over time: one primary that seals, and retired ones that still open what they sealed.
///
/// ```
/// use bulla::Keyring;
/// let mut ring = Keyring::generate();
/// let old = bulla::encrypt(&ring, b"before")?;
/// ring.rotate();
/// let new = bulla::encrypt(&ring, b"after")?;
/// assert_eq!(bulla::decrypt(&ring, &old)?, b"before");
/// assert_eq!(bulla::decrypt(&ring, &new)?, b"after");
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Keyring {
    primary: Key,
    /// Newest first.
    retired: Vec<Key>,
}

impl Keyring {
    /// A new ring with a new primary key.
    #[must_use]
    pub fn generate() -> Self {
        Self::with_primary(Key::generate())
    }

    /// A ring round a key that exists.
    #[must_use]
    pub fn with_primary(primary: Key) -> Self {
        Keyring { primary, retired: Vec::new() }
    }

    /// Makes a new primary key; the one before it retires. Gives the new key's id.
    pub fn rotate(&mut self) -> KeyId {
        let old = std::mem::replace(&mut self.primary, Key::generate());
        self.retired.insert(0, old);
        self.primary.id()
    }

    /// Adds an old key that from now on opens only. Gives its id. One that is there already is not added twice.
    ///
    /// ```
    /// use bulla::{Key, Keyring};
    /// let old = Key::generate();
    /// let sealed = bulla::encrypt(&old, b"hello")?;
    /// let mut ring = Keyring::generate();
    /// ring.retire(old);
    /// assert_eq!(bulla::decrypt(&ring, &sealed)?, b"hello");
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn retire(&mut self, old: Key) -> KeyId {
        let id = old.id();
        if !self.keys().any(|key| *key == old) {
            self.retired.push(old);
        }
        id
    }

    /// Drops a retired key: what it sealed can no longer be opened with this ring.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if no retired key has that id; the primary key cannot be dropped, only rotated.
    ///
    /// ```
    /// let mut ring = bulla::Keyring::generate();
    /// let first = ring.primary_id();
    /// ring.rotate();
    /// ring.drop_retired(&first)?;
    /// assert!(ring.drop_retired(&first).is_err());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn drop_retired(&mut self, id: &KeyId) -> Result<()> {
        let place = self.retired.iter().position(|key| key.id() == *id).ok_or_else(|| {
            Error::usage(
                "keyring",
                format!("no retired key has the id {id}"),
                "look at the ids; the primary key has to be rotated first",
            )
        })?;
        self.retired.remove(place);
        Ok(())
    }

    /// The primary key's id.
    #[must_use]
    pub fn primary_id(&self) -> KeyId {
        self.primary.id()
    }

    /// The retired keys' ids, newest first.
    #[must_use]
    pub fn retired_ids(&self) -> Vec<KeyId> {
        self.retired.iter().map(Key::id).collect()
    }

    /// All keys as text, for sealing them: see [`file::write_keyring`](crate::file::write_keyring).
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut text = SecretText::new(String::with_capacity(100 * (self.retired.len() + 2)));
        text.push_str(FIRST_LINE);
        text.push('\n');
        for (index, key) in self.keys().enumerate() {
            text.push_str(if index == 0 { "primary " } else { "retired " });
            text.push_str(&key.expose_text());
            text.push('\n');
        }
        text
    }

    /// Reads what [`expose_text`](Self::expose_text) gives.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with the line's number, [`ErrorKind::OverLimit`] over 4096 keys.
    ///
    /// ```
    /// use bulla::Keyring;
    /// let ring = Keyring::generate();
    /// let again = Keyring::parse(ring.expose_text().as_bytes())?;
    /// assert_eq!(ring.primary_id(), again.primary_id());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bad = |number: usize| {
            let hint = "give a file that a bulla keyring was written to";
            Error::new(ErrorKind::Malformed, "keyring", format!("line {number} is wrong"), hint)
        };
        let text = std::str::from_utf8(text).map_err(|_| bad(1))?;
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(bad(1));
        }
        let primary = lines.next().and_then(|line| line.strip_prefix("primary "));
        let primary = primary.and_then(|text| text.parse().ok()).ok_or_else(|| bad(2))?;
        let mut ring = Keyring::with_primary(primary);
        for (number, line) in (3..).zip(lines) {
            // The first line is the form's name, the second the first key.
            if number > KEYRING_KEYS.saturating_add(1) {
                let why = format!("it has over {KEYRING_KEYS} keys");
                return Err(Error::over_limit("keyring", why, "drop those that sealed nothing you keep"));
            }
            let key = line.strip_prefix("retired ").and_then(|text| text.parse().ok());
            ring.retire(key.ok_or_else(|| bad(number))?);
        }
        Ok(ring)
    }

    pub(crate) fn primary(&self) -> &Key {
        &self.primary
    }

    /// The primary first, then the retired.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.primary).chain(&self.retired)
    }
}
