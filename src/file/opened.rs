//! What is known of something that was opened: format, who could have sealed it, and its metadata.
use std::time::{Duration, SystemTime};

use super::names::is_plain_name;
use crate::formats::meta::Meta;
use crate::formats::sealing::Format;
use crate::formats::unsealing::{Authenticity, Unsealed};
use crate::keys::KeyId;

/// What is known of something that was opened. All of it is authentic.
#[derive(Clone, Debug)]
pub struct Opened {
    format: Format,
    authenticity: Authenticity,
    key_id: Option<KeyId>,
    length: Option<u64>,
    metadata: Metadata,
}

impl Opened {
    pub(super) fn of(unsealed: &Unsealed, length: Option<u64>) -> Self {
        Opened {
            format: unsealed.format,
            authenticity: unsealed.authenticity,
            key_id: unsealed.key_id,
            length,
            metadata: Metadata(unsealed.meta.clone()),
        }
    }

    pub(super) fn set_length(&mut self, length: u64) {
        self.length = Some(length);
    }

    /// Which format it has.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// What opening tells about who sealed it.
    #[must_use]
    pub fn authenticity(&self) -> Authenticity {
        self.authenticity
    }

    /// Which [`Key`](crate::Key) opened it, if it was one: a keyring's primary, or one that is retired by now.
    ///
    /// ```
    /// use bulla::{Keyring, file::Decryption};
    /// let mut ring = Keyring::generate();
    /// let sealed = bulla::encrypt(&ring, b"hello")?;
    /// let old = ring.primary_id();
    /// ring.rotate();
    /// let (_, opened) = Decryption::with(&ring).bytes(&sealed)?;
    /// assert_eq!(opened.key_id(), Some(old));
    /// # Ok::<(), bulla::Error>(())
    /// ```
    #[must_use]
    pub fn key_id(&self) -> Option<KeyId> {
        self.key_id
    }

    /// The content's size in bytes; `None` while a stream's end has not been seen.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// What was sealed beside the content.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// What was sealed beside the content, if its writer asked for that.
///
/// It is authentic, but its writer may be anybody (see [`Authenticity`]): a name is a claim, not a path.
///
/// ```
/// use bulla::{Key, file::{Decryption, Encryption}};
/// let key = Key::generate();
/// let sealed = Encryption::to(&key).name("../../etc/passwd").bytes(b"root::0:0")?;
/// let (_, opened) = Decryption::with(&key).bytes(&sealed)?;
/// assert_eq!(opened.metadata().untrusted_name(), Some("../../etc/passwd"));
/// assert_eq!(opened.metadata().file_name(), None);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Metadata(Meta);

impl Metadata {
    /// The original name, if it is a plain file name that is safe in any directory: no separator, no control
    /// character, not hidden, no name that Windows keeps for devices.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.untrusted_name().filter(|name| is_plain_name(name))
    }

    /// The original name as its writer gave it, whatever it holds. Never use it as a path, or show it unescaped.
    #[must_use]
    pub fn untrusted_name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// When the original was last modified (UTC), if this system can say that time.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        let (seconds, nanos) = self.0.modified?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let time = if seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(whole)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        time?.checked_add(Duration::from_nanos(nanos.into()))
    }

    /// The media type (RFC 6838), as its writer gave it: 1 to 255 printable ASCII characters.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.0.media_type.as_deref()
    }

    /// Whether it was a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.0.directory
    }

    /// Whether its length was padded.
    #[must_use]
    pub fn is_padded(&self) -> bool {
        self.0.padded
    }
}
