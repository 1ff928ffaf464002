//! Private keys that open what was encrypted to their recipients.
use std::str::FromStr;

use zeroize::Zeroizing;

use super::recipient::{PublicKey, Recipient};
use super::ssh;
use super::text::bad_key;
use crate::encoding::bech32;
use crate::error::{Error, ErrorKind, Result};
use crate::primitives::hpke::{self, Kem};
use crate::primitives::{agree, random};
use crate::secret::Secret;

/// A private key that opens what was encrypted to its [`Recipient`].
///
/// Its text is age's: `AGE-SECRET-KEY-PQ-1…` (post-quantum hybrid X-Wing) or `AGE-SECRET-KEY-1…` (X25519).
/// SSH keys are read by [`from_ssh`](Self::from_ssh).
///
/// It is wiped on drop and has no `Debug`, `Display` or `Clone`.
///
/// ```
/// use bulla::Identity;
/// let identity = Identity::generate();
/// let again: Identity = identity.expose_text().unwrap().parse()?;
/// assert_eq!(identity.recipient(), again.recipient());
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Identity(pub(crate) PrivateKey);

pub(crate) enum PrivateKey {
    X25519(Secret<32>),
    XWing(Secret<32>),
    Ssh(Box<ssh::Private>),
}

const X25519_PREFIX: &str = "age-secret-key-";
const XWING_PREFIX: &str = "age-secret-key-pq-";

impl Identity {
    /// A new post-quantum hybrid identity: ML-KEM-768 and X25519 together, as X-Wing.
    ///
    /// What is encrypted to it stays closed unless both are broken.
    #[must_use]
    pub fn generate() -> Self {
        Identity(PrivateKey::XWing(Secret::filled_by(|seed| random::fill(seed))))
    }

    /// A new X25519 identity, for those whose age is older than its post-quantum keys.
    ///
    /// Its recipient has 62 characters instead of 1959, and a quantum computer would open what is encrypted to it.
    ///
    /// ```
    /// let identity = bulla::Identity::generate_x25519();
    /// assert!(!identity.recipient().is_post_quantum());
    /// ```
    #[must_use]
    pub fn generate_x25519() -> Self {
        Identity(PrivateKey::X25519(Secret::filled_by(|secret| random::fill(secret))))
    }

    /// Reads an OpenSSH private key (`ssh-ed25519`, or `ssh-rsa` of 2048 to 8192 bits) in its PEM form.
    /// `passphrase` opens it if it is sealed, and is used as it is, without normalising.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] or [`ErrorKind::Unsupported`] if it is no such key, [`ErrorKind::Usage`] if it is
    /// sealed and no passphrase is given, [`ErrorKind::NoKeyFits`] if the passphrase is wrong,
    /// [`ErrorKind::OverLimit`] if its own KDF asks for too much work.
    ///
    /// ```no_run
    /// let pem = std::fs::read("/home/me/.ssh/id_ed25519")?;
    /// let identity = bulla::Identity::from_ssh(&pem, None)?;
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn from_ssh(pem: &[u8], passphrase: Option<&str>) -> Result<Self> {
        let key = ssh::Private::parse(pem, passphrase)?;
        Ok(Identity(PrivateKey::Ssh(Box::new(key))))
    }

    /// Reads the text of an identity file: one identity a line; empty lines and lines that begin with `#` are skipped.
    ///
    /// Files, sealed ones too, are read by [`file::read_identities`](crate::file::read_identities).
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with the line's number if a line is not an identity, or if there is none.
    ///
    /// ```
    /// let one = bulla::Identity::generate();
    /// let text = format!("# mine\n{}\n", *one.expose_text().unwrap());
    /// assert_eq!(bulla::Identity::parse_lines(&text)?.len(), 1);
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn parse_lines(text: &str) -> Result<Vec<Self>> {
        let bad = |why: String| {
            let hint = "put one identity on a line: AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1…";
            Error::new(ErrorKind::Malformed, "identities", why, hint)
        };
        let mut identities = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let parsed = line.parse().map_err(|_| bad(format!("line {number} is not an identity")))?;
                identities.push(parsed);
            }
        }
        if identities.is_empty() {
            return Err(bad("there is none".into()));
        }
        Ok(identities)
    }

    /// The public half.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(match &self.0 {
            PrivateKey::X25519(secret) => PublicKey::X25519(agree::public(secret.expose())),
            PrivateKey::XWing(seed) => PublicKey::XWing(hpke::public(Kem::XWing, seed.expose())),
            PrivateKey::Ssh(key) => PublicKey::Ssh(key.public().clone()),
        })
    }

    /// The identity as text, for storing it. `None` for an SSH key, which has its own file.
    #[must_use]
    pub fn expose_text(&self) -> Option<Zeroizing<String>> {
        let mut text = match &self.0 {
            PrivateKey::X25519(secret) => bech32::encode(X25519_PREFIX, secret.expose()),
            PrivateKey::XWing(seed) => bech32::encode(XWING_PREFIX, seed.expose()),
            PrivateKey::Ssh(_) => return None,
        };
        text.make_ascii_uppercase();
        Some(text)
    }
}

impl FromStr for Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || bad_key("AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1…");
        // age writes identities in capitals, and reads no other.
        if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Err(bad());
        }
        let (prefix, bytes) = bech32::decode(text).ok_or_else(bad)?;
        let secret = Secret::copy_from(&bytes).ok_or_else(bad)?;
        match prefix.as_str() {
            X25519_PREFIX => Ok(Identity(PrivateKey::X25519(secret))),
            XWING_PREFIX => Ok(Identity(PrivateKey::XWing(secret))),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_own_example_key_has_its_own_recipient() {
        // C2SP age.md, "The X25519 recipient type".
        let text = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        let identity: Identity = text.parse().unwrap();
        let recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        assert_eq!(identity.recipient().to_string(), recipient);
        assert_eq!(identity.expose_text().unwrap().as_str(), text);
    }
}
