//! Whether a peer is who it should be: what is asked of each kind of trust, and how rustls asks.
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};

use super::proof::Proof;
use super::verdict;
use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::TLS_CERTIFICATES;
use crate::x509::{Certificate, ServerName};

/// What a peer has shown.
pub(super) struct Presented<'a> {
    /// Its certificate, or its bare public key (RFC 7250), in DER.
    pub(super) end: &'a [u8],
    pub(super) others: &'a [CertificateDer<'a>],
    /// A stapled OCSP response; empty if there is none. `None` where none can come: from a client, and where a connection is resumed.
    pub(super) ocsp: Option<&'a [u8]>,
    /// The server that it should be; `None`: it is a client.
    pub(super) server: Option<&'a ServerName>,
    pub(super) now: Time,
}

/// Decides on peers.
pub(super) trait Judge<P>: Send + Sync {
    /// Decides on what a peer has shown. That it also has the private key is proven by TLS.
    ///
    /// # Errors
    /// Why it is not the peer that it should be.
    fn judge(&self, presented: &Presented<'_>) -> Result<P>;

    /// Until when this peer may be taken at its word without another look at what it shows.
    fn until(&self, peer: &P) -> Option<Time>;

    /// Whether the certificates alone will do, where a connection is resumed.
    fn can_judge_again(&self) -> bool {
        true
    }

    /// How this side proves who it is inside of the connection, and asks the same of the other, if it is not by certificates.
    fn proof(&self) -> Option<Box<dyn Proof<P>>> {
        None
    }

    /// Whether it is a bare public key that peers have to show, and no certificate.
    fn is_for_bare_keys(&self) -> bool {
        false
    }

    /// Names of the CAs that a client's certificate may come from, in DER.
    fn authorities(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// What the decision depends on besides the peer: bytes that differ where it may.
    fn describe(&self, into: &mut Vec<u8>);
}

impl Presented<'_> {
    /// The certificates, read.
    pub(super) fn certificates(&self) -> Result<(Certificate, Vec<Certificate>)> {
        if self.others.len() >= TLS_CERTIFICATES {
            let why = format!("there are over {TLS_CERTIFICATES}");
            return Err(Error::over_limit("the peer's certificates", why, "have it send its chain alone"));
        }
        let end = Certificate::from_der(self.end)?;
        let others = self.others.iter().map(|der| Certificate::from_der(der));
        Ok((end, others.collect::<Result<_>>()?))
    }
}

/// A judge as rustls calls it.
pub(super) struct Verifier<P> {
    judge: Arc<dyn Judge<P>>,
    algorithms: WebPkiSupportedAlgorithms,
    authorities: Vec<DistinguishedName>,
}

impl<P> fmt::Debug for Verifier<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl<P: Send + 'static> Verifier<P> {
    pub(super) fn new(judge: Arc<dyn Judge<P>>, algorithms: WebPkiSupportedAlgorithms) -> Self {
        let authorities = judge.authorities().into_iter().map(DistinguishedName::from).collect();
        Verifier { judge, algorithms, authorities }
    }

    fn decide(&self, presented: &Presented<'_>) -> std::result::Result<(), rustls::Error> {
        // Then the connection is nobody's until they have proven who they are: `Handshake` sees to it.
        if self.judge.proof().is_some() {
            return Ok(());
        }
        let verdict = self.judge.judge(presented);
        let refused = verdict.as_ref().err().map(|error| rustls::Error::InvalidCertificate(alert(error)));
        let until = verdict.as_ref().ok().and_then(|peer| self.judge.until(peer));
        verdict::with_current(|notes| {
            notes.peer_until = until;
            notes.put(verdict);
        });
        refused.map_or(Ok(()), Err)
    }

    fn verify_tls13(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        // The key of the certificate that was judged, as our own reader found it: one reader, one opinion.
        if self.judge.is_for_bare_keys() {
            let key = SubjectPublicKeyInfoDer::from(shown.as_ref());
            return verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms);
        }
        let certificate = Certificate::from_der(shown).map_err(|_| CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(certificate.public_key_info());
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }
}

fn time(now: UnixTime) -> Time {
    Time::from_unix(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// What rustls makes its alert of (RFC 8446 section 6.2).
fn alert(error: &Error) -> CertificateError {
    match error.kind() {
        ErrorKind::Expired => CertificateError::Expired,
        ErrorKind::Revoked => CertificateError::Revoked,
        ErrorKind::WrongName => CertificateError::NotValidForName,
        ErrorKind::Untrusted => CertificateError::UnknownIssuer,
        ErrorKind::Undetermined => CertificateError::UnknownRevocationStatus,
        ErrorKind::NotAllowed => CertificateError::ApplicationVerificationFailure,
        _ => CertificateError::BadEncoding,
    }
}

impl<P: Send + 'static> ServerCertVerifier for Verifier<P> {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &rustls::pki_types::ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        // It was made of one of ours.
        let name: ServerName = name.to_str().parse().map_err(|_: Error| CertificateError::NotValidForName)?;
        self.decide(&Presented { end, others, ocsp: Some(ocsp), server: Some(&name), now: time(now) })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_tls13(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.judge.is_for_bare_keys()
    }
}

impl<P: Send + 'static> ClientCertVerifier for Verifier<P> {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities
    }

    fn verify_client_cert(
        &self,
        end: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<ClientCertVerified, rustls::Error> {
        self.decide(&Presented { end, others, ocsp: None, server: None, now: time(now) })?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_tls13(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.judge.is_for_bare_keys()
    }
}

/// Appends a part with its length before it, so that no two lists of parts look alike.
pub(super) fn part(into: &mut Vec<u8>, bytes: &[u8]) {
    // No part has 2^64 bytes.
    into.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    into.extend_from_slice(bytes);
}
