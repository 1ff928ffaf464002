//! ContentInfo (RFC 5652 section 3): what kind of CMS object it is, and the object.
use spki::ObjectIdentifier;

#[cfg(test)]
use crate::encoding::tlv::Tlv;
use crate::encoding::tlv::{self, OID};

/// Content types: RFC 5652 sections 4 to 8, RFC 3274, RFC 5083.
pub(crate) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(crate) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(crate) const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
pub(crate) const COMPRESSED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.9");
pub(crate) const AUTH_ENVELOPED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.23");

/// The value of its identifier, and what is in it.
#[cfg(test)]
pub(crate) fn read(der: &[u8]) -> tlv::Result<(&[u8], Tlv<'_>)> {
    let mut info = tlv::only(der, tlv::SEQUENCE)?.inside();
    let kind = info.expect(OID)?.value();
    let mut explicit = info.expect(tlv::constructed(0))?.inside();
    info.end()?;
    let content = explicit.any()?;
    explicit.end()?;
    Ok((kind, content))
}

/// A ContentInfo of this kind.
pub(crate) fn write(kind: &ObjectIdentifier, content: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::wrap(OID, &[kind.as_bytes()]), &tlv::wrap(tlv::constructed(0), &[content])])
}
