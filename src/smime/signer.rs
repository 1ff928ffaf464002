//! Who signed a mail, as it was found and validated.
use std::fmt;

use super::capabilities::Capabilities;
use super::check::Claims;
use crate::clock::Time;
use crate::keys::{Digest, SignatureAlgorithm};
use crate::verified::Verified;
use crate::x509::{Certificate, EmailAddress, Path};

/// Who signed a mail: the certificate, the path on which it is trusted, and what the signer said besides.
///
/// It is what [`Verified::by`](crate::Verified::by) gives for a mail.
#[derive(Clone)]
pub struct Signer {
    certificate: Verified<Certificate, Path>,
    claims: Claims,
}

impl Signer {
    pub(super) fn new(certificate: Verified<Certificate, Path>, claims: Claims) -> Self {
        Signer { certificate, claims }
    }

    /// Whether the content came with other ends of lines than were signed.
    pub(super) fn is_canonical(&self) -> bool {
        self.claims.is_canonical
    }

    /// The certificate, which is good for signing mail.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.certificate.get()
    }

    /// The way on which it is trusted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.certificate.by()
    }

    /// The addresses that the certificate names. With [`Expect::Address`](super::Expect::Address) that one is among them.
    #[must_use]
    pub fn addresses(&self) -> Vec<EmailAddress> {
        self.certificate().email_addresses().unwrap_or_default()
    }

    /// When the signer says to have signed. Nobody else has seen that.
    #[must_use]
    pub fn signing_time(&self) -> Option<Time> {
        self.claims.signing_time
    }

    /// How it was signed.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.claims.algorithm
    }

    /// The hash of the content.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.claims.digest
    }

    /// What the signer's program reads, if it says so: for [`Addressees::reading`](super::Addressees::reading).
    #[must_use]
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.claims.capabilities.as_ref()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?}, {})", self.certificate(), self.algorithm())
    }
}

/// Who signed an old mail, by algorithms that can be forged today, at the mail's own date.
///
/// # Security
/// It is a likely story, and no proof: SHA-1 collides, and the date is what the mail says of itself.
#[derive(Clone, Debug)]
pub struct LegacySigner(pub(super) Signer);

impl LegacySigner {
    /// As whoever the mail is shown to be signed by.
    #[must_use]
    pub fn dangerous_signer(&self) -> &Signer {
        &self.0
    }
}
