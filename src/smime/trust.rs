//! Whom one trusts to say whose a key is, and with what knowledge of revocations: for who signs, and for who is written to.
use crate::clock::Time;
use crate::error::Result;
use crate::verified::Verified;
use crate::x509::{
    Certificate, Crl, EmailAddress, Mailbox, OcspResponse, Path, Purpose, Revocation, TrustAnchors,
    Validation,
};

/// Who shall have signed. There is no default: a signature of somebody proves nothing about whom one thinks of.
///
/// # Security
/// Take the address from where the reader sees it, such as the mail's `From` field, and show it with the outcome.
/// [`AnyTrustedSigner`](Expect::AnyTrustedSigner) tells who signed, and leaves the comparison to the caller.
#[derive(Clone, Copy, Debug)]
pub enum Expect<'a> {
    /// The owner of this address: the certificate names it.
    Address(&'a EmailAddress),
    /// Anybody whom an anchor vouches for. The caller looks at [`Signer::certificate`](super::Signer::certificate).
    AnyTrustedSigner,
}

impl<'a> Expect<'a> {
    pub(super) fn mailbox(self) -> Mailbox<'a> {
        match self {
            Expect::Address(address) => Mailbox::Of(address),
            Expect::AnyTrustedSigner => Mailbox::Anyone,
        }
    }
}

/// Whom one trusts, and what one knows: anchors, a word on missing revocation data, further certificates, CRLs, OCSP
/// responses.
///
/// ```
/// # let root = bulla::x509::Authority::root(&"CN=Root".parse()?, bulla::PrivateKey::generate(bulla::KeyKind::P256)?)?;
/// use bulla::smime::Trust;
/// use bulla::x509::{Revocation, TrustAnchors};
/// let anchors = TrustAnchors::new([root.certificate().clone()])?;
/// let trust = Trust::new(&anchors, Revocation::IfGiven);
/// # let _ = trust;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Trust<'a> {
    anchors: &'a TrustAnchors,
    revocation: Revocation,
    at: Option<Time>,
    intermediates: Vec<Certificate>,
    crls: Vec<Crl>,
    ocsp: Vec<OcspResponse>,
}

impl<'a> Trust<'a> {
    /// These anchors, with this word on missing revocation data, now.
    pub fn new(anchors: &'a TrustAnchors, revocation: Revocation) -> Self {
        let (intermediates, crls, ocsp) = (Vec::new(), Vec::new(), Vec::new());
        Trust { anchors, revocation, at: None, intermediates, crls, ocsp }
    }

    /// At another time than now.
    ///
    /// # Security
    /// What a mail says about when it was signed is the signer's word, or that of whoever has the key by now. Only a time
    /// that is proven otherwise, by an archive say, makes an expired or revoked certificate good.
    pub fn at(mut self, time: Time) -> Self {
        self.at = Some(time);
        self
    }

    /// Certificates that paths may lead through, besides those that a mail brings.
    pub fn intermediates(mut self, certificates: impl IntoIterator<Item = Certificate>) -> Self {
        self.intermediates.extend(certificates);
        self
    }

    /// CRLs, besides those that a mail brings.
    pub fn crls(mut self, crls: impl IntoIterator<Item = Crl>) -> Self {
        self.crls.extend(crls);
        self
    }

    /// OCSP responses.
    pub fn ocsp(mut self, responses: impl IntoIterator<Item = OcspResponse>) -> Self {
        self.ocsp.extend(responses);
        self
    }

    /// Whether the caller said for when.
    pub(super) fn is_dated(&self) -> bool {
        self.at.is_some()
    }

    /// Certificates of signers that a mail may leave out.
    pub(super) fn certificates(&self) -> &[Certificate] {
        &self.intermediates
    }

    /// A validation for a purpose, with what is known here.
    pub(super) fn validation<'p>(&self, purpose: Purpose<'p>) -> Validation<'p> {
        let validation = Validation::new(purpose, self.revocation)
            .intermediates(self.intermediates.iter().cloned())
            .crls(self.crls.iter().cloned())
            .ocsp(self.ocsp.iter().cloned());
        match self.at {
            Some(time) => validation.at(time),
            None => validation,
        }
    }

    pub(super) fn validate(
        &self,
        validation: &Validation<'_>,
        certificate: &Certificate,
    ) -> Result<Verified<Certificate, Path>> {
        validation.validate(certificate, self.anchors)
    }
}

crate::secret::opaque_debug! {
    [] Trust<'_> = "Trust";
}
