//! OCSP requests (RFC 6960 section 4.1): a question about one certificate, as even the simplest responders answer it.
use std::fmt;

use super::certificate::Certificate;
use super::extension::Extension;
use super::ocsp::NONCE;
use super::ocsp_id::{self, About, Issuer};
use crate::encoding::tlv;
use crate::error::{Error, Result};
use crate::primitives::random;

/// A question to an OCSP responder: has this certificate been revoked?
///
/// Sent by HTTP (POST, `application/ocsp-request`) to an address that the certificate
/// [names](Certificate::authority_info_access); the answer is read by [`OcspResponse::from_der`] and checked by
/// [`OcspResponse::check_answer`].
///
/// ```
/// # use bulla::{KeyKind, PrivateKey};
/// # let root = bulla::x509::Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.email(key.public(), &["bob@example.org".parse()?])?.ocsp_at("http://ocsp.example.org").sign()?;
/// # let issuer = root.certificate();
/// use bulla::x509::OcspRequest;
/// let request = OcspRequest::about(&certificate, &issuer)?.with_nonce();
/// let to_send: &[u8] = request.as_der();
/// # assert!(to_send.len() > 100);
/// # Ok::<(), bulla::Error>(())
/// ```
///
/// [`OcspResponse::from_der`]: super::OcspResponse::from_der
/// [`OcspResponse::check_answer`]: super::OcspResponse::check_answer
#[derive(Clone)]
pub struct OcspRequest {
    der: Vec<u8>,
    id: Vec<u8>,
    certificate: Certificate,
    issuer: Certificate,
    nonce: Option<[u8; 32]>,
}

impl OcspRequest {
    /// A question about a certificate to a responder of its issuer's.
    ///
    /// The certificate is named by SHA-1 hashes, which all responders know (RFC 5019 section 2.1.1).
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the certificate names another issuer,
    /// [`Malformed`](crate::ErrorKind::Malformed) if the issuer's key cannot be read.
    pub fn about(certificate: &Certificate, issuer: &Certificate) -> Result<Self> {
        if certificate.issuer() != issuer.subject() {
            let hint = "give the certificate of its issuer";
            return Err(Error::usage("OCSP request", "the certificate names another issuer", hint));
        }
        let id = ocsp_id::write(&About { certificate, issuer: Issuer::of(issuer) })?;
        let (certificate, issuer) = (certificate.clone(), issuer.clone());
        Ok(OcspRequest { der: write(&id, None), id, certificate, issuer, nonce: None })
    }

    /// With 32 random bytes that the answer must repeat (RFC 9654), so that it cannot be an old one.
    ///
    /// Responders that make their answers beforehand, as those of large CAs do, cannot repeat it, and
    /// [`check_answer`](super::OcspResponse::check_answer) then refuses what they send.
    #[must_use]
    pub fn with_nonce(mut self) -> Self {
        let nonce = random::bytes();
        self.der = write(&self.id, Some(&nonce));
        self.nonce = Some(nonce);
        self
    }

    /// The request in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn issuer(&self) -> &Certificate {
        &self.issuer
    }

    pub(super) fn nonce(&self) -> Option<&[u8; 32]> {
        self.nonce.as_ref()
    }
}

/// OCSPRequest, not signed.
fn write(id: &[u8], nonce: Option<&[u8; 32]>) -> Vec<u8> {
    let list = tlv::sequence(&[&tlv::sequence(&[id])]);
    let extensions = nonce.map(|nonce| {
        let nonce = Extension::known(&NONCE, false, tlv::wrap(tlv::OCTET_STRING, &[nonce]));
        tlv::wrap(tlv::constructed(2), &[&tlv::sequence(&[&nonce.write()])])
    });
    tlv::sequence(&[&tlv::sequence(&[&list, &extensions.unwrap_or_default()])])
}

impl fmt::Debug for OcspRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OcspRequest({:?})", self.certificate)
    }
}
