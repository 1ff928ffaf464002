//! What a server shows of itself, looked at and never believed, and what is wrong with it.
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bulla::tls::{Client, KnownKeys, Settings, rustls_023};
use bulla::x509::{
    Certificate, Crl, ExtensionValue, OcspResponse, Purpose, Revocation, ServerName, TrustAnchors, Validation,
};
use bulla::{Digest, ErrorKind, Fingerprint, SignatureAlgorithm as By, Time};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{self, CertificateDer, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::tls_probe_names::Severity;

pub(crate) type Finding = (Severity, String);

/// What came, in DER.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) staple: Vec<u8>,
}

/// Takes down what a server shows, and refuses it.
#[derive(Debug)]
struct Looker {
    seen: Mutex<Option<Shown>>,
    schemes: Vec<SignatureScheme>,
}

fn only_looked() -> rustls::Error {
    rustls::Error::General("it was only looked at".to_owned())
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &pki_types::ServerName<'_>,
        ocsp: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificates = std::iter::once(end).chain(others).map(|der| der.to_vec()).collect();
        let shown = Shown { certificates, staple: ocsp.to_vec() };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Err(only_looked())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_looked())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_looked())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// Begins a connection, and gives it up as soon as the server has shown its certificates. `None`: it has shown none.
pub(crate) fn look(
    name: &ServerName,
    settings: Settings,
    mut socket: impl Read + Write,
) -> bulla::Result<Option<Shown>> {
    // Nobody has this key: what is looked at is believed by no way.
    let nobody: Fingerprint = "0".repeat(64).parse()?;
    let client = Client::builder(KnownKeys::in_certificates([nobody])?).settings(settings).anonymous()?;
    let mut config = rustls::ClientConfig::clone(&*rustls_023::client_config(&client)?);
    let schemes = config.crypto_provider().signature_verification_algorithms.supported_schemes();
    let looker = Arc::new(Looker { seen: Mutex::new(None), schemes });
    config.dangerous().set_certificate_verifier(looker.clone());
    let Ok(name) = pki_types::ServerName::try_from(name.to_string()) else { return Ok(None) };
    if let Ok(mut connection) = rustls::ClientConnection::new(Arc::new(config), name) {
        while connection.is_handshaking() && connection.complete_io(&mut socket).is_ok() {}
    }
    let shown = looker.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(shown)
}

/// By what a server is judged.
pub(crate) struct Judge<'a> {
    pub(crate) name: &'a ServerName,
    pub(crate) trusted: Option<&'a (TrustAnchors, Vec<Crl>)>,
    pub(crate) now: Time,
}

/// Days before its end at which a certificate should have been replaced.
const SOON: i64 = 14;
const DAY: i64 = 86_400;

impl Judge<'_> {
    /// All that is wrong with what was shown, in the order in which it was found.
    pub(crate) fn findings(&self, chain: &[Certificate], staple: &[u8]) -> Vec<Finding> {
        let mut found = Vec::new();
        for (number, certificate) in chain.iter().enumerate() {
            let of =
                |why: String| format!("certificate {number} of the chain, {}: {why}", certificate.subject());
            self.dates(certificate, number == 0, &mut |severity, why| found.push((severity, of(why))));
            strength(certificate, &mut |severity, why| found.push((severity, of(why))));
        }
        let Some((end, others)) = chain.split_first() else { return found };
        if must_staple(end) && staple.is_empty() {
            let why = "the certificate says that an OCSP response comes along (RFC 7633), and none does";
            found.push((Severity::Serious, why.to_owned()));
        }
        if self.is_of_another(end) {
            found.push((Severity::Serious, format!("the certificate is not for {}", self.name)));
        }
        self.path(end, others, staple, &mut found);
        found
    }

    fn dates(&self, certificate: &Certificate, is_end: bool, tell: &mut dyn FnMut(Severity, String)) {
        let (Ok(from), Ok(until)) = (certificate.not_before(), certificate.not_after()) else {
            return tell(Severity::Serious, "its dates cannot be read".to_owned());
        };
        if until < self.now {
            tell(Severity::Serious, format!("it has expired, on {until}"));
        } else if self.now < from {
            tell(Severity::Serious, format!("it is not valid yet, but from {from}"));
        } else if is_end && until.unix().saturating_sub(self.now.unix()) < SOON * DAY {
            tell(Severity::Weak, format!("it expires in less than {SOON} days, on {until}"));
        }
    }

    /// The certificate itself as an anchor, at a time when it holds: what is left is the name.
    fn is_of_another(&self, end: &Certificate) -> bool {
        let (Ok(anchors), Ok(at)) = (TrustAnchors::new([end.clone()]), end.not_before()) else {
            return false;
        };
        let judged =
            Validation::new(Purpose::Server(self.name), Revocation::Off).at(at).validate(end, &anchors);
        judged.is_err_and(|error| error.kind() == ErrorKind::WrongName)
    }

    fn path(&self, end: &Certificate, others: &[Certificate], staple: &[u8], found: &mut Vec<Finding>) {
        let Some((anchors, crls)) = self.trusted else {
            let why =
                "nobody was named who is trusted (--trust), so it is not known whether the chain leads there";
            return found.push((Severity::Note, why.to_owned()));
        };
        let mut validation = Validation::new(Purpose::Server(self.name), Revocation::IfGiven)
            .intermediates(others.iter().cloned())
            .crls(crls.iter().cloned())
            .at(self.now);
        if !staple.is_empty() {
            match OcspResponse::from_der(staple) {
                Ok(response) => validation = validation.ocsp([response]),
                Err(error) => {
                    found.push((Severity::Serious, format!("the OCSP response that comes along: {error}")));
                }
            }
        }
        let Err(error) = validation.validate(end, anchors) else { return };
        match error.kind() {
            // Told already.
            ErrorKind::Expired | ErrorKind::WrongName => {}
            ErrorKind::Untrusted => {
                found.push((Severity::Serious, error.to_string()));
                let last = others.last().unwrap_or(end);
                if !last.is_self_issued() {
                    let why = format!(
                        "the certificate of {} does not come along, or nobody trusts it",
                        last.issuer()
                    );
                    found.push((Severity::Serious, why));
                }
            }
            _ => found.push((Severity::Serious, error.to_string())),
        }
    }
}

fn strength(certificate: &Certificate, tell: &mut dyn FnMut(Severity, String)) {
    if certificate.public_key().is_err() {
        let why = "its key is too short, or of a kind that is not in use: RSA has 2048 bits at least";
        tell(Severity::Serious, why.to_owned());
    }
    // Nobody checks a root's signature by itself.
    if certificate.is_self_issued() {
        return;
    }
    match certificate.signature_algorithm() {
        Ok(
            weak @ (By::RsaPkcs1(Digest::Sha1)
            | By::RsaPss { digest: Digest::Sha1, .. }
            | By::Ecdsa(Digest::Sha1)
            | By::Dsa(_)),
        ) => tell(Severity::Serious, format!("its signature, {weak}, can be forged")),
        Ok(_) => {}
        Err(_) => {
            let why = "its signature is of a kind that does not count, MD5 say";
            tell(Severity::Serious, why.to_owned());
        }
    }
}

fn must_staple(certificate: &Certificate) -> bool {
    let says = |value| matches!(value, Ok(ExtensionValue::TlsFeature(features)) if features.contains(&5));
    certificate.extensions().any(|extension| says(extension.decode()))
}
