//! Which certificate OCSP speaks about (RFC 6960 section 4.1.1): hashes of its issuer's name and key, and its number.
use super::certificate::Certificate;
use super::name::Name;
use crate::encoding::oid::KnownOid;
use crate::encoding::tlv::{self, Tlv};
use crate::error::{Error, Result};
use crate::keys::algorithm::DIGESTS;
use crate::primitives::hash::{self, Digest};

/// Whoever issued the certificate that is asked about. An anchor need not have a certificate.
#[derive(Clone, Copy)]
pub(super) struct Issuer<'a> {
    /// The Name in DER.
    pub(super) name: &'a [u8],
    /// The key as SubjectPublicKeyInfo in DER.
    pub(super) public_key_info: &'a [u8],
}

impl<'a> Issuer<'a> {
    pub(super) fn of(certificate: &'a Certificate) -> Self {
        Issuer { name: certificate.subject_der(), public_key_info: certificate.public_key_info() }
    }
}

/// The certificate that is asked about, and who issued it.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) issuer: Issuer<'a>,
}

/// CertID.
pub(super) struct CertId<'a> {
    /// `None`: a hash that bulla does not know.
    digest: Option<Digest>,
    name_hash: &'a [u8],
    key_hash: &'a [u8],
    pub(super) serial: &'a [u8],
}

/// The hash of what bulla asks. It is what most responders know (RFC 5019 section 2.1.1), and nothing hangs on collisions:
/// whoever could make two issuers with the same key hash would be an issuer already.
const SHA1: KnownOid = KnownOid::new_unwrap("1.3.14.3.2.26");

impl<'a> CertId<'a> {
    pub(super) fn read(tlv: &Tlv<'a>) -> tlv::Result<Self> {
        let mut inside = tlv.inside();
        let mut algorithm = inside.sequence()?;
        let oid = algorithm.expect(tlv::OID)?.value();
        // The parameters of a hash are NULL or absent, and both are to be taken (RFC 4055 section 2.1).
        if let Some(null) = algorithm.optional(tlv::NULL)? {
            null.inside().end()?;
        }
        algorithm.end()?;
        let name_hash = inside.expect(tlv::OCTET_STRING)?.value();
        let key_hash = inside.expect(tlv::OCTET_STRING)?.value();
        let serial = tlv::integer(inside.expect(tlv::INTEGER)?.value())?;
        inside.end()?;
        let digest = DIGESTS.iter().find(|(_, known)| known.as_bytes() == oid).map(|(digest, _)| *digest);
        Ok(CertId { digest, name_hash, key_hash, serial })
    }

    /// Whether it is this certificate's.
    pub(super) fn is_of(&self, about: &About<'_>) -> bool {
        let (Some(digest), Ok(bits)) = (self.digest, tlv::key_bits(about.issuer.public_key_info)) else {
            return false;
        };
        *self.serial == *about.certificate.serial().as_bytes()
            && self.name_hash == hash::digest(digest, &[about.certificate.issuer_der()])
            && self.key_hash == hash::digest(digest, &[bits])
    }
}

/// CertID with SHA-1.
pub(super) fn write(about: &About<'_>) -> Result<Vec<u8>> {
    let unsound = |_| Error::malformed("public key", "it is no sound key");
    let bits = tlv::key_bits(about.issuer.public_key_info).map_err(unsound)?;
    let octets = |bytes| tlv::wrap(tlv::OCTET_STRING, &[&hash::digest(Digest::Sha1, &[bytes])]);
    let algorithm = tlv::sequence(&[&tlv::wrap(tlv::OID, &[SHA1.as_bytes()]), &[tlv::NULL, 0]]);
    let name = octets(about.certificate.issuer_der());
    Ok(tlv::sequence(&[&algorithm, &name, &octets(bits), &about.certificate.serial().write()]))
}

/// Who answered: ResponderID (RFC 6960 section 4.2.1).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ResponderId {
    /// By the subject's name of its certificate.
    Name(Name),
    /// By the SHA-1 of the bits of its key.
    KeyHash(Vec<u8>),
}

impl ResponderId {
    /// Whether whoever has this name and key is meant.
    pub(super) fn is(&self, who: &Issuer<'_>) -> bool {
        match self {
            ResponderId::Name(name) => name.as_der() == who.name || *name == Name::of(who.name),
            ResponderId::KeyHash(hash) => tlv::key_bits(who.public_key_info)
                .is_ok_and(|bits| *hash == hash::digest(Digest::Sha1, &[bits])),
        }
    }
}
