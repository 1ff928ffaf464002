//! Attributes of signers and messages (RFC 5652 section 5.3): a set, in which no type is twice.
use spki::ObjectIdentifier;

use super::content::{members, unsound};
use crate::encoding::tlv::{self, OID, SEQUENCE, SET, Tlv, Unsound};
use crate::error::Result;
use crate::limits::CMS_ATTRIBUTES;

/// RFC 5652 sections 11.1 to 11.3.
pub(crate) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub(crate) const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// RFC 8551 section 2.5.2.
pub(crate) const SMIME_CAPABILITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.15");
/// RFC 2634 section 5.4 (SHA-1 alone), and RFC 5035 section 3.
pub(crate) const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// RFC 6211.
pub(crate) const ALGORITHM_PROTECTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");

/// Attributes as they came.
#[derive(Clone)]
pub(crate) struct Attributes<'a> {
    /// What is inside of the set.
    inside: &'a [u8],
    /// Type and values of each.
    all: Vec<(&'a [u8], Tlv<'a>)>,
}

impl<'a> Attributes<'a> {
    /// Reads what stands in the place of a SET OF Attribute, under whatever tag. A type that is there twice is refused
    /// (RFC 5652 section 5.3), as is none at all.
    ///
    /// # Errors
    /// `OverLimit` if there are too many, `Malformed`.
    pub(crate) fn read(set: &Tlv<'a>) -> Result<Self> {
        let mut all: Vec<(&[u8], Tlv<'_>)> = Vec::new();
        for attribute in members(set.inside(), CMS_ATTRIBUTES, "attributes")? {
            let (kind, values) = of_one(&attribute).map_err(unsound)?;
            if all.iter().any(|(known, _)| *known == kind) {
                return Err(unsound(Unsound));
            }
            all.push((kind, values));
        }
        if all.is_empty() { Err(unsound(Unsound)) } else { Ok(Attributes { inside: set.value(), all }) }
    }

    /// The only value of an attribute; `None`: it is not there. None or several values are refused.
    pub(crate) fn only(&self, kind: &ObjectIdentifier) -> tlv::Result<Option<Tlv<'a>>> {
        let Some((_, values)) = self.all.iter().find(|(known, _)| *known == kind.as_bytes()) else {
            return Ok(None);
        };
        let mut values = values.inside();
        let value = values.any()?;
        values.end()?;
        Ok(Some(value))
    }

    /// What is inside of the set, as it came.
    pub(crate) fn inside(&self) -> &'a [u8] {
        self.inside
    }

    /// What a signature over the attributes is about (section 5.4): them as a SET OF, as they came.
    pub(crate) fn to_be_signed(&self) -> Vec<u8> {
        tlv::wrap(SET, &[self.inside])
    }
}

/// Type and values of an attribute.
fn of_one<'a>(attribute: &Tlv<'a>) -> tlv::Result<(&'a [u8], Tlv<'a>)> {
    if attribute.tag != SEQUENCE {
        return Err(Unsound);
    }
    let mut fields = attribute.inside();
    let kind = fields.expect(OID)?.value();
    let values = fields.expect(SET)?;
    fields.end()?;
    Ok((kind, values))
}

/// An attribute with one value, in DER.
pub(crate) fn write(kind: &ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::wrap(OID, &[kind.as_bytes()]), &tlv::wrap(SET, &[value])])
}

/// What is inside of a SET OF these, in the order that DER asks for (X.690 section 11.6).
pub(crate) fn inside_of_set(mut all: Vec<Vec<u8>>) -> Vec<u8> {
    all.sort_unstable();
    all.concat()
}
