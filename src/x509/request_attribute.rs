//! Attributes of certificate requests (RFC 2985): the extensions that are asked for, the challenge password, others.
use super::attribute;
use super::extension::{self, Extension};
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv::{self, Tlv, Unsound, Walker};
use crate::limits::REQUEST_ATTRIBUTES;

/// An attribute of a [`Request`](super::Request) (RFC 2985 section 5.4).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RequestAttribute {
    /// Extensions that the certificate should have.
    Extensions(Vec<Extension>),
    /// A password to ask for revocation with later. It is a secret: [`expose_challenge_password`](super::Request::expose_challenge_password) shows it.
    ChallengePassword,
    /// A name without a form.
    UnstructuredName(String),
    /// Any other, or one of the above that is not sound: its type, and its values in DER.
    Other(Oid, Vec<Vec<u8>>),
}

// RFC 2985 sections 5.4.2, 5.4.1 and 5.3.1; Microsoft had its own before the first.
pub(super) const EXTENSION_REQUEST: KnownOid = KnownOid::new_unwrap("1.2.840.113549.1.9.14");
pub(super) const MICROSOFT_EXTENSIONS: KnownOid = KnownOid::new_unwrap("1.3.6.1.4.1.311.2.1.14");
pub(super) const CHALLENGE_PASSWORD: KnownOid = KnownOid::new_unwrap("1.2.840.113549.1.9.7");
const UNSTRUCTURED_NAME: KnownOid = KnownOid::new_unwrap("1.2.840.113549.1.9.2");

impl RequestAttribute {
    pub(super) fn read(id: &[u8], values: &Tlv<'_>) -> Option<Self> {
        let id = Oid::from_value(id)?;
        let is = |known: KnownOid| id.is(&known);
        // One value, as each of the known types has.
        let only = || {
            let mut inside = values.inside();
            let value = inside.any()?;
            inside.end().map(|()| value)
        };
        let known = match only() {
            Ok(value) if is(EXTENSION_REQUEST) || is(MICROSOFT_EXTENSIONS) => check_extensions(&value)
                .map(|()| {
                    let all = extension::all(value.whole()).filter_map(|raw| raw.owned());
                    RequestAttribute::Extensions(all.collect())
                })
                .ok(),
            Ok(value) if is(UNSTRUCTURED_NAME) => {
                attribute::text(value.tag, value.value()).map(RequestAttribute::UnstructuredName)
            }
            // However it is written: what is in it is not to be shown.
            _ if is(CHALLENGE_PASSWORD) => Some(RequestAttribute::ChallengePassword),
            _ => None,
        };
        known.or_else(|| {
            let mut inside = values.inside();
            let values =
                std::iter::from_fn(|| inside.any().ok().map(|value| value.whole().to_vec())).collect();
            Some(RequestAttribute::Other(id, values))
        })
    }
}

/// Whether the value of an attribute is a SEQUENCE OF Extension.
pub(super) fn check_extensions(value: &Tlv<'_>) -> tlv::Result<()> {
    if value.tag == tlv::SEQUENCE { extension::check(value) } else { Err(Unsound) }
}

/// The next attribute: its type, and the SET of its values.
pub(super) fn next<'a>(walker: &mut Walker<'a>) -> tlv::Result<(&'a [u8], Tlv<'a>)> {
    let mut attribute = walker.sequence()?;
    let id = attribute.expect(tlv::OID)?.value();
    let values = attribute.expect(tlv::SET)?;
    attribute.end()?;
    Ok((id, values))
}

/// Whether the attributes are sound outside of their values, and not too many.
pub(super) fn check(attributes: &Tlv<'_>) -> tlv::Result<()> {
    let mut walker = attributes.inside();
    let mut count = 0;
    while !walker.is_done() {
        let (_, values) = next(&mut walker)?;
        let mut values = values.inside();
        while !values.is_done() {
            values.any()?;
            count += 1;
        }
        count += 1;
    }
    if count > REQUEST_ATTRIBUTES { Err(Unsound) } else { Ok(()) }
}

/// An attribute of one value.
pub(super) fn write(id: &KnownOid, value: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::wrap(tlv::OID, &[id.as_bytes()]), &tlv::wrap(tlv::SET, &[value])])
}
