//! What the parts of PKCS #12 share: object identifiers, algorithm identifiers, content infos, errors.
use std::borrow::Cow;

use spki::ObjectIdentifier;

use crate::encoding::ber;
use crate::encoding::tlv::{self, OCTET_STRING, OID, SEQUENCE, Tlv, Unsound, Walker};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::PKCS12_BYTES;
use crate::primitives::hash::Digest;

/// In errors.
pub(super) const WHAT: &str = "PKCS #12";

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// Content types (RFC 5652 sections 4, 5.1, 6.1 and 8).
pub(super) const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
const ENVELOPED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.3");
pub(super) const ENCRYPTED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.6");

/// HMACs of PBMAC1 and PBKDF2 (RFC 8018 appendix B.1). Not SHA-1: PBMAC1 is younger than its flaws.
pub(super) const HMACS: [(Digest, ObjectIdentifier); 4] = [
    (Digest::Sha224, oid("1.2.840.113549.2.8")),
    (Digest::Sha256, oid("1.2.840.113549.2.9")),
    (Digest::Sha384, oid("1.2.840.113549.2.10")),
    (Digest::Sha512, oid("1.2.840.113549.2.11")),
];

/// Finds a hash by the value of its identifier.
pub(super) fn digest(table: &[(Digest, ObjectIdentifier)], oid: &[u8]) -> Option<Digest> {
    table.iter().find(|(_, known)| known.as_bytes() == oid).map(|(digest, _)| *digest)
}

/// The identifier of a hash that is in the table.
pub(super) fn identifier(table: &[(Digest, ObjectIdentifier)], digest: Digest) -> &[u8] {
    table.iter().find(|(known, _)| *known == digest).map_or(&[], |(_, oid)| oid.as_bytes())
}

/// AlgorithmIdentifier (RFC 5280 section 4.1.1.2).
pub(super) struct Algorithm<'a> {
    pub(super) oid: &'a [u8],
    pub(super) parameters: Option<Tlv<'a>>,
    pub(super) whole: &'a [u8],
}

impl<'a> Algorithm<'a> {
    pub(super) fn read(from: &mut Walker<'a>) -> tlv::Result<Self> {
        let whole = from.expect(SEQUENCE)?;
        let mut inside = whole.inside();
        let oid = inside.expect(OID)?.value();
        let parameters = if inside.is_done() { None } else { Some(inside.any()?) };
        inside.end()?;
        Ok(Algorithm { oid, parameters, whole: whole.whole() })
    }

    /// Whether the parameters are NULL or not there, which writers mix up.
    pub(super) fn is_plain(&self) -> bool {
        self.parameters.is_none_or(|parameters| parameters.whole() == [tlv::NULL, 0])
    }

    /// The inside of parameters that are a SEQUENCE.
    pub(super) fn sequence(&self) -> tlv::Result<Walker<'a>> {
        match self.parameters {
            Some(parameters) if parameters.tag == SEQUENCE => Ok(parameters.inside()),
            _ => Err(Unsound),
        }
    }
}

/// ContentInfo (RFC 5652 section 3) of the kinds that a passphrase opens.
pub(super) enum Content<'a> {
    Data(&'a [u8]),
    Encrypted { algorithm: Algorithm<'a>, sealed: Cow<'a, [u8]> },
}

impl<'a> Content<'a> {
    pub(super) fn read(from: &mut Walker<'a>) -> Result<Self> {
        let (kind, mut inside) = info(from).map_err(unsound)?;
        if kind == DATA.as_bytes() {
            let octets = inside.expect(OCTET_STRING).map_err(unsound)?;
            inside.end().map_err(unsound)?;
            Ok(Content::Data(octets.value()))
        } else if kind == ENCRYPTED_DATA.as_bytes() {
            encrypted(inside).map_err(unsound)
        } else if [SIGNED_DATA, ENVELOPED_DATA].iter().any(|other| other.as_bytes() == kind) {
            let why = "it is signed with or encrypted to a key, not protected by a passphrase";
            Err(unsupported(why, "export it again under a passphrase"))
        } else {
            Err(unsound(Unsound))
        }
    }
}

fn info<'a>(from: &mut Walker<'a>) -> tlv::Result<(&'a [u8], Walker<'a>)> {
    let mut info = from.sequence()?;
    let kind = info.expect(OID)?.value();
    let content = info.expect(tlv::constructed(0))?.inside();
    info.end()?;
    Ok((kind, content))
}

/// EncryptedData (RFC 5652 section 8). Its version and its unprotected attributes change nothing.
fn encrypted<'a>(mut content: Walker<'a>) -> tlv::Result<Content<'a>> {
    let mut data = content.sequence()?;
    content.end()?;
    data.expect(tlv::INTEGER)?;
    let mut info = data.sequence()?;
    if info.expect(OID)?.value() != DATA.as_bytes() {
        return Err(Unsound);
    }
    let algorithm = Algorithm::read(&mut info)?;
    let sealed = ber::implicit_octets(&info.any()?, 0)?;
    info.end()?;
    Ok(Content::Encrypted { algorithm, sealed })
}

/// [`ber::to_der`] with our bound.
pub(super) fn to_der(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    ber::to_der(WHAT, bytes, PKCS12_BYTES)
}

pub(super) fn unsound(_: Unsound) -> Error {
    Error::malformed(WHAT, "it is not built as RFC 7292 says")
}

pub(super) fn unsupported(why: &'static str, hint: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, WHAT, why, hint)
}
