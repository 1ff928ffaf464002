//! Public keys that something can be encrypted to.
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::str::FromStr;

use super::ssh;
use super::text::read_key_file;
use crate::encoding::bech32;
use crate::error::{Error, ErrorKind, Result};
use crate::primitives::hpke::{self, Kem};

/// The public half of an [`Identity`](crate::Identity): whoever has it can encrypt to the identity's holder.
///
/// Its text is age's: `age1pq1…` (post-quantum hybrid X-Wing, the default), `age1…` (X25519), or the line of an
/// `ssh-ed25519` or `ssh-rsa` public key. SSH keys are age's recipients and need an age file.
///
/// Encrypting to a recipient does not say who encrypted: anybody can.
///
/// ```
/// use bulla::{Identity, Recipient};
/// let identity = Identity::generate();
/// let recipient: Recipient = identity.recipient().to_string().parse()?;
/// let sealed = bulla::encrypt(&recipient, b"hello")?;
/// assert_eq!(bulla::decrypt(&identity, &sealed)?, b"hello");
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(pub(crate) PublicKey);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    X25519([u8; 32]),
    XWing(Vec<u8>),
    Ssh(ssh::Public),
}

impl Hash for Recipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            PublicKey::X25519(key) => key.hash(state),
            PublicKey::XWing(key) => key.hash(state),
            PublicKey::Ssh(key) => key.wire.hash(state),
        }
    }
}

pub(super) const X25519_PREFIX: &str = "age";
pub(super) const XWING_PREFIX: &str = "age1pq";

impl Recipient {
    /// Reads a recipients file: one recipient a line; empty lines and lines that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it cannot be read, [`ErrorKind::Malformed`] with the line's number if a line is not a
    /// recipient, or if there is none.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("team.txt");
    /// let one = bulla::Identity::generate().recipient();
    /// std::fs::write(&path, format!("# the team\n{one}\n"))?;
    /// assert_eq!(bulla::Recipient::read_file(&path)?, [one]);
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn read_file(path: impl AsRef<Path>) -> Result<Vec<Self>> {
        let path = path.as_ref();
        let bytes = read_key_file(path)?;
        let bad = |why: String| {
            let hint = "put one recipient on a line: age1…, age1pq1…, ssh-ed25519 … or ssh-rsa …";
            Error::new(ErrorKind::Malformed, path.display().to_string(), why, hint)
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is not text".into()))?;
        let mut recipients = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let parsed = line.parse().map_err(|_| bad(format!("line {number} is not a recipient")))?;
                recipients.push(parsed);
            }
        }
        if recipients.is_empty() {
            return Err(bad("it holds no recipient".into()));
        }
        Ok(recipients)
    }

    /// Whether a quantum computer would not help to open what is encrypted to it.
    #[must_use]
    pub fn is_post_quantum(&self) -> bool {
        matches!(self.0, PublicKey::XWing(_))
    }
}

impl FromStr for Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with("ssh-") {
            return ssh::Public::parse(text).map(|key| Recipient(PublicKey::Ssh(key)));
        }
        let bad = || {
            Error::new(
                ErrorKind::Malformed,
                "recipient",
                "the text is not of the form age1…, age1pq1…, ssh-ed25519 … or ssh-rsa …, or a character is wrong",
                "copy it whole; a secret key (AGE-SECRET-KEY-…) is not a recipient",
            )
        };
        // age writes recipients in lower case, and reads no other.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(bad());
        }
        let (prefix, bytes) = bech32::decode(text).ok_or_else(bad)?;
        match prefix.as_str() {
            X25519_PREFIX if hpke::is_public(Kem::X25519, &bytes) => {
                let key = bytes.as_slice().try_into().map_err(|_| bad())?;
                Ok(Recipient(PublicKey::X25519(key)))
            }
            XWING_PREFIX if hpke::is_public(Kem::XWing, &bytes) => {
                Ok(Recipient(PublicKey::XWing(bytes.to_vec())))
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            PublicKey::X25519(key) => f.write_str(&bech32::encode(X25519_PREFIX, key)),
            PublicKey::XWing(key) => f.write_str(&bech32::encode(XWING_PREFIX, key)),
            PublicKey::Ssh(key) => f.write_str(key.text()),
        }
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}
