//! ContentInfo (RFC 5652 section 3): what kind of CMS object it is, and the object.
use spki::ObjectIdentifier;

use crate::encoding::tlv::{self, OID, Tlv, Unsound, Walker};
use crate::error::{Error, Result};

/// What objects of CMS are called in errors.
pub(crate) const WHAT: &str = "S/MIME object";

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

/// The values in a list, of which there are at most so many.
pub(super) fn members<'a>(mut list: Walker<'a>, most: usize, what: &str) -> Result<Vec<Tlv<'a>>> {
    let mut all = Vec::new();
    while !list.is_done() {
        if all.len() >= most {
            return Err(Error::over_limit(
                WHAT,
                format!("it has over {most} {what}"),
                "leave it: it may be hostile",
            ));
        }
        all.push(list.any().map_err(unsound)?);
    }
    Ok(all)
}

pub(crate) fn unsound(_: Unsound) -> Error {
    Error::malformed(WHAT, "it is not as RFC 5652 has it")
}

/// A ContentInfo of this kind.
pub(crate) fn write(kind: &ObjectIdentifier, content: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::wrap(OID, &[kind.as_bytes()]), &tlv::wrap(tlv::constructed(0), &[content])])
}
