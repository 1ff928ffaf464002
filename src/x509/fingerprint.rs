//! The name of a certificate, by which it can be pinned.
use std::fmt;

use crate::primitives::hash;

/// The name of a certificate: the SHA-256 of all of it in DER, shown in hexadecimal.
///
/// A new certificate for the same key has another. The name of a key is [`Fingerprint`](crate::Fingerprint), which is
/// another type: a pin of the one is never held against the other.
///
/// ```
/// use bulla::x509::Issue;
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let [old, new] = [Issue::self_signed(&"CN=Bob".parse()?, &key)?, Issue::self_signed(&"CN=Bob".parse()?, &key)?];
/// assert_ne!(old.fingerprint(), new.fingerprint());
/// assert_eq!(old.public_key()?.fingerprint(), new.public_key()?.fingerprint());
/// # Ok::<(), bulla::Error>(())
/// ```
///
/// ```compile_fail,E0308
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let certificate = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?;
/// assert!(certificate.fingerprint() == key.public().fingerprint());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateFingerprint([u8; 32]);

impl CertificateFingerprint {
    pub(super) fn of(der: &[u8]) -> Self {
        CertificateFingerprint(hash::sha256(der))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateFingerprint({self})")
    }
}
