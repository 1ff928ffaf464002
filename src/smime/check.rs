//! Whether the key of a certificate made a signature of a message (RFC 5652 section 5.6). Whether to trust it comes after.
use spki::ObjectIdentifier;

use super::capabilities::Capabilities;
use super::digests::Hashed;
use crate::clock::Time;
use crate::encoding::tlv::{self, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::attribute::{
    ALGORITHM_PROTECTION, Attributes, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, SIGNING_TIME,
    SMIME_CAPABILITIES,
};
use crate::formats::cms::certificate_id::CertificateId;
use crate::formats::cms::signed::SignerInfo;
use crate::keys::{Digest, PublicKey, SignatureAlgorithm};
use crate::primitives::hash;
use crate::x509::{Certificate, Name, time};

/// rsaEncryption, which RFC 3370 section 3.2 lets stand for PKCS #1 v1.5 with the signer's hash.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What a signature that holds says.
#[derive(Clone)]
pub(super) struct Claims {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) digest: Digest,
    pub(super) signing_time: Option<Time>,
    pub(super) capabilities: Option<Capabilities>,
    /// It is over the lines of the content with other ends than they came with.
    pub(super) is_canonical: bool,
}

/// Whether a certificate may be the one that a signer names, by what costs nothing to compare.
pub(super) fn may_be(signer: &CertificateId<'_>, certificate: &Certificate) -> bool {
    match signer {
        CertificateId::IssuerAndSerial(_, serial) => certificate.serial().as_bytes() == *serial,
        CertificateId::KeyId(_) => names(signer, certificate),
    }
}

/// Whether a certificate is the one that a signer names.
pub(super) fn names(signer: &CertificateId<'_>, certificate: &Certificate) -> bool {
    match signer {
        CertificateId::IssuerAndSerial(issuer, serial) => {
            certificate.serial().as_bytes() == *serial
                && (certificate.issuer_der() == *issuer
                    || Name::from_der(issuer).is_ok_and(|issuer| issuer == certificate.issuer()))
        }
        CertificateId::KeyId(id) => {
            certificate.subject_key_identifier().ok().flatten().as_deref() == Some(id.as_ref())
        }
    }
}

/// The hash that a signer digested the content with.
pub(super) fn digest_of(signer: &SignerInfo<'_>) -> Result<Digest> {
    Digest::from_der(signer.digest_algorithm)
}

/// Checks one signature over a content of a type, of which `hashed` is the signer's hash. `legacy`: with what could be
/// forged today, too.
pub(super) fn check(
    signer: &SignerInfo<'_>,
    content_type: &[u8],
    hashed: &Hashed,
    certificate: &Certificate,
    legacy: bool,
) -> Result<Claims> {
    // Without them a signature over attributes can be shown as one over a content (draft-ietf-lamps-cms-euf-cma-signeddata).
    let Some(attributes) = &signer.signed_attributes else {
        let hint = "have it signed again by a program of today, or read it as old mail (--legacy)";
        return Err(Error::new(ErrorKind::Unsupported, "signature", "it has no signed attributes", hint));
    };
    let Some((kind, digest)) = signer.about().map_err(unsound)? else { return Err(not_signed()) };
    let algorithm = algorithm(signer.signature_algorithm, hashed.digest)?;
    if !legacy && (algorithm.is_weak() || hashed.digest == Digest::Sha1) {
        let why = format!("it is made with {algorithm} and {}, which can be forged today", hashed.digest);
        let hint = "read it as the old mail it is (--legacy)";
        return Err(Error::new(ErrorKind::Unsupported, "signature", why, hint));
    }
    let is_canonical = digest != hashed.as_it_came;
    if kind != content_type || (is_canonical && hashed.canonical.as_deref() != Some(digest)) {
        return Err(not_signed());
    }
    let key = certificate.public_key_info();
    let key = if legacy { PublicKey::from_der_weak(key) } else { PublicKey::from_der(key) }?;
    key.check_signature(algorithm, &attributes.to_be_signed(), signer.signature).map_err(|_| not_signed())?;
    protects(attributes, signer)?;
    is_by(attributes, certificate)?;
    Ok(Claims {
        algorithm,
        digest: hashed.digest,
        signing_time: signing_time(attributes)?,
        capabilities: capabilities(attributes),
        is_canonical,
    })
}

/// Checks a signature without signed attributes, over the content itself, as old programs made them.
///
/// A content that is a set of attributes is refused: its signer may have signed another content with these attributes
/// (draft-ietf-lamps-cms-euf-cma-signeddata section 4).
pub(super) fn check_bare(
    signer: &SignerInfo<'_>,
    content: &[u8],
    certificate: &Certificate,
) -> Result<Claims> {
    let set = tlv::only(content, SET);
    // Another program may have signed more of them than are read here.
    let are_attributes = |set| match Attributes::read(&set) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::OverLimit,
    };
    if set.is_ok_and(are_attributes) {
        return Err(not_signed());
    }
    let digest = digest_of(signer)?;
    let algorithm = algorithm(signer.signature_algorithm, digest)?;
    let key = PublicKey::from_der_weak(certificate.public_key_info())?;
    key.check_signature(algorithm, content, signer.signature).map_err(|_| not_signed())?;
    Ok(Claims { algorithm, digest, signing_time: None, capabilities: None, is_canonical: false })
}

/// How it was signed. The hash is said twice, and the two must agree (RFC 8933 section 3).
fn algorithm(der: &[u8], digest: Digest) -> Result<SignatureAlgorithm> {
    let mut inside = tlv::only(der, SEQUENCE).map_err(|_| not_signed())?.inside();
    if inside.expect(OID).is_ok_and(|oid| oid.value() == RSA.as_bytes()) {
        return Ok(SignatureAlgorithm::RsaPkcs1(digest));
    }
    let algorithm = match SignatureAlgorithm::from_der(der) {
        // gpgsm writes a NULL after ECDSA, where RFC 5758 section 3.2 has nothing.
        Err(error) => match der.strip_suffix(&[tlv::NULL, 0]).map(without_null) {
            Some(Ok(algorithm @ SignatureAlgorithm::Ecdsa(_))) => algorithm,
            _ => return Err(error),
        },
        Ok(algorithm) => algorithm,
    };
    match algorithm.digest() {
        Some(own) if own != digest => {
            Err(Error::malformed("signature", "it names two hashes, and one would be taken by each reader"))
        }
        _ => Ok(algorithm),
    }
}

/// An AlgorithmIdentifier of which the NULL at its end was cut off.
fn without_null(cut: &[u8]) -> Result<SignatureAlgorithm> {
    // Its own length counts the NULL: of less than 128 bytes, it is one byte.
    let inside = cut.get(2..).unwrap_or_default();
    SignatureAlgorithm::from_der(&tlv::sequence(&[inside]))
}

/// The algorithms that were signed beside the content are those that the signature names (RFC 6211 section 3).
fn protects(attributes: &Attributes<'_>, signer: &SignerInfo<'_>) -> Result<()> {
    let Some(value) = attributes.only(&ALGORITHM_PROTECTION).map_err(unsound)? else { return Ok(()) };
    let read = || {
        let mut fields = tlv::only(value.whole(), SEQUENCE)?.inside();
        let digest = fields.expect(SEQUENCE)?.whole();
        let signature = fields.expect(tlv::constructed(1))?;
        fields.end()?;
        Ok((digest, signature.value()))
    };
    let (digest, signature) = read().map_err(unsound)?;
    let named = tlv::only(signer.signature_algorithm, SEQUENCE).map_err(unsound)?;
    let same_digest = digest == signer.digest_algorithm || Digest::from_der(digest)? == digest_of(signer)?;
    if !same_digest || signature != named.value() {
        return Err(Error::malformed("signature", "its algorithms are not those that its signer named"));
    }
    Ok(())
}

/// If the signer named its own certificate, it is this one (RFC 5035 section 3, RFC 2634 section 5.4): no other one for the
/// same key can be put in its place.
fn is_by(attributes: &Attributes<'_>, certificate: &Certificate) -> Result<()> {
    for (kind, default) in [(SIGNING_CERTIFICATE_V2, Digest::Sha256), (SIGNING_CERTIFICATE, Digest::Sha1)] {
        let Some(value) = attributes.only(&kind).map_err(unsound)? else { continue };
        let read = || {
            let mut fields = tlv::only(value.whole(), SEQUENCE)?.inside();
            // The first is the signer's own; the others, if any, limit the path.
            let mut own = fields.sequence()?.sequence()?;
            let algorithm = if default == Digest::Sha256 { own.optional(SEQUENCE)? } else { None };
            Ok((algorithm.map(|algorithm| algorithm.whole()), own.expect(OCTET_STRING)?.value()))
        };
        let (algorithm, expected) = read().map_err(unsound)?;
        let digest = algorithm.map_or(Ok(default), Digest::from_der)?;
        if hash::digest(digest, &[certificate.as_der()]) != expected {
            let why = "its signer named another certificate than the one that is there";
            return Err(Error::new(ErrorKind::Unauthentic, "signature", why, "do not go by the mail"));
        }
    }
    Ok(())
}

/// The value of the attribute that names the signer's own certificate: its SHA-256, issuer and serial number.
pub(super) fn signing_certificate(certificate: &Certificate) -> Vec<u8> {
    let hash = hash::sha256(certificate.as_der());
    let issuer = tlv::sequence(&[&tlv::wrap(tlv::constructed(4), &[certificate.issuer_der()])]);
    let serial = tlv::wrap(INTEGER, &[certificate.serial().as_bytes()]);
    let id = tlv::sequence(&[&tlv::wrap(OCTET_STRING, &[&hash]), &tlv::sequence(&[&issuer, &serial])]);
    tlv::sequence(&[&tlv::sequence(&[&id])])
}

/// The value of the attribute that names the algorithms (RFC 6211 section 2).
pub(super) fn algorithm_protection(digest: &[u8], signature: &[u8]) -> Vec<u8> {
    let inside = tlv::only(signature, SEQUENCE).map(|signature| signature.value()).unwrap_or_default();
    tlv::sequence(&[digest, &tlv::wrap(tlv::constructed(1), &[inside])])
}

/// When the signer says to have signed.
fn signing_time(attributes: &Attributes<'_>) -> Result<Option<Time>> {
    let value = attributes.only(&SIGNING_TIME).map_err(unsound)?;
    value.map(|value| time::read(&value)).transpose().map_err(unsound)
}

/// Those that cannot be read say nothing, and do no harm.
fn capabilities(attributes: &Attributes<'_>) -> Option<Capabilities> {
    let value = attributes.only(&SMIME_CAPABILITIES).ok().flatten()?;
    Capabilities::read(value.whole()).ok()
}

fn unsound(tlv::Unsound: tlv::Unsound) -> Error {
    Error::malformed("signature", "its signed attributes are not sound")
}

fn not_signed() -> Error {
    Error::new(
        ErrorKind::Unauthentic,
        "signature",
        "it is not over this content, or not by this certificate's key",
        "do not go by the mail; ask for it again",
    )
}
