//! A key that the ends of a correspondence have, and call by a name.
use crate::error::{Error, Result};
use crate::keys::Key;
use crate::secret::SecretVec;

/// A key that both sides have, with the name that they know it by (RFC 5652 section 6.2.3): content keys are wrapped under it.
///
/// ```
/// use bulla::smime::{Addressees, Entity, Opened, Opening, SharedKey};
/// let key = SharedKey::of(&bulla::Key::generate());
/// let note = Entity::parse(b"Content-Type: text/plain\r\n\r\nNoon.\r\n")?;
/// let sealed = note.encrypt(&Addressees::key(&key))?;
/// let Opened::Plain(opened) = Opening::with_key(&key).bytes(sealed.as_bytes())? else { panic!("nobody signed it") };
/// assert_eq!(opened, note);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct SharedKey {
    name: Vec<u8>,
    key: SecretVec,
}

impl SharedKey {
    /// A key of 16, 24 or 32 uniformly random bytes that comes from elsewhere, and its name there: 1 to 64 bytes, which every
    /// mail shows.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for other lengths. A password is no such key: see
    /// [`Addressees::passphrase`](super::Addressees::passphrase).
    pub fn new(name: &[u8], key: &[u8]) -> Result<Self> {
        if !matches!(key.len(), 16 | 24 | 32) {
            return Err(Error::usage(
                "shared key",
                "it has not 16, 24 or 32 bytes",
                "give one of AES's lengths",
            ));
        }
        if !(1..=64).contains(&name.len()) {
            return Err(Error::usage("shared key", "its name has not 1 to 64 bytes", "give a short one"));
        }
        Ok(SharedKey { name: name.to_vec(), key: SecretVec::new(key.to_vec()) })
    }

    /// A key of bulla's, under its own name.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        SharedKey { name: key.id().as_bytes().to_vec(), key: SecretVec::new(key.expose_bytes().to_vec()) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }
}

crate::secret::opaque_debug! {
    [] SharedKey = "SharedKey";
}
