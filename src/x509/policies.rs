//! Certificate policies and what constrains them (RFC 5280 sections 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14).
use super::attribute;
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv::{self, Tlv, Unsound, Walker};
use crate::limits::POLICIES;

/// anyPolicy.
pub(super) const ANY_POLICY: KnownOid = KnownOid::new_unwrap("2.5.29.32.0");

/// A policy that a certificate was issued under.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Which.
    pub id: Oid,
    /// Where its text is to be had (CPS pointers). What is in no string that bulla reads is here as RFC 4514 writes such
    /// things: `#`, and its DER in hexadecimal.
    pub statements: Vec<String>,
    /// Texts to be shown to users, likewise.
    pub notices: Vec<String>,
}

/// Policies of two domains that are the same.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PolicyMapping {
    /// The issuer's policy.
    pub issuer: Oid,
    /// What the subject calls it.
    pub subject: Oid,
}

/// From where on policies must be stated, and may not be mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PolicyConstraints {
    /// After so many certificates the path needs a policy.
    pub require_explicit: Option<u32>,
    /// After so many certificates no mapping counts.
    pub inhibit_mapping: Option<u32>,
}

fn oid(tlv: &Tlv<'_>) -> tlv::Result<Oid> {
    if tlv.tag == tlv::OID { Oid::from_value(tlv.value()).ok_or(Unsound) } else { Err(Unsound) }
}

/// The items of a SEQUENCE that has at least one.
fn items(value: &[u8]) -> tlv::Result<Vec<Tlv<'_>>> {
    let mut walker = tlv::only(value, tlv::SEQUENCE)?.inside();
    let mut items = Vec::new();
    while !walker.is_done() {
        if items.len() >= POLICIES {
            return Err(Unsound);
        }
        items.push(walker.expect(tlv::SEQUENCE)?);
    }
    if items.is_empty() { Err(Unsound) } else { Ok(items) }
}

/// id-qt-cps and id-qt-unotice (RFC 5280 section 4.2.1.4).
const CPS: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.2.1");
const NOTICE: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.2.2");

pub(super) fn read_policies(value: &[u8]) -> tlv::Result<Vec<Policy>> {
    let mut policies: Vec<Policy> = Vec::new();
    for item in items(value)? {
        let mut inside = item.inside();
        let id = oid(&inside.any()?)?;
        let mut policy = Policy { id, statements: Vec::new(), notices: Vec::new() };
        if let Some(qualifiers) = inside.optional(tlv::SEQUENCE)? {
            read_qualifiers(&mut qualifiers.inside(), &mut policy)?;
        }
        inside.end()?;
        policies.push(policy);
    }
    // A policy may be named only once (RFC 5280 section 4.2.1.4).
    let mut ids: Vec<&Oid> = policies.iter().map(|policy| &policy.id).collect();
    ids.sort();
    if ids.windows(2).any(|two| two.first() == two.last()) { Err(Unsound) } else { Ok(policies) }
}

fn read_qualifiers(qualifiers: &mut Walker<'_>, policy: &mut Policy) -> tlv::Result<()> {
    while !qualifiers.is_done() {
        let mut qualifier = qualifiers.sequence()?;
        let id = oid(&qualifier.any()?)?;
        let value = qualifier.any()?;
        if id.is(&CPS) {
            policy.statements.push(shown(&value)?);
        } else if id.is(&NOTICE) {
            let mut notice = tlv::only(value.whole(), tlv::SEQUENCE)?.inside();
            notice.optional(tlv::SEQUENCE)?;
            if !notice.is_done() {
                policy.notices.push(shown(&notice.any()?)?);
            }
        }
    }
    Ok(())
}

/// A text for people. Nothing is decided by it, so that a kind of string that it may not be (RFC 5280 section 4.2.1.4), or
/// letters that are not of its kind, are no reason to be without the policies: millions of Belgian cards have UTF-8 in a
/// `VisibleString`. Parts where a text should be are one.
fn shown(text: &Tlv<'_>) -> tlv::Result<String> {
    const CONSTRUCTED: u8 = 0x20;
    if text.tag & CONSTRUCTED != 0 {
        return Err(Unsound);
    }
    let utf8 = || if text.tag == tlv::VISIBLE_STRING { str::from_utf8(text.value()).ok() } else { None };
    let read = attribute::text(text.tag, text.value()).or_else(|| utf8().map(str::to_owned));
    let hex = || text.whole().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(read.unwrap_or_else(|| format!("#{}", hex())))
}

pub(super) fn write_policies(policies: &[Oid]) -> Vec<u8> {
    let items: Vec<Vec<u8>> =
        policies.iter().map(|id| tlv::sequence(&[&tlv::wrap(tlv::OID, &[id.as_bytes()])])).collect();
    tlv::sequence(&items.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

pub(super) fn read_mappings(value: &[u8]) -> tlv::Result<Vec<PolicyMapping>> {
    let one = |item: Tlv<'_>| {
        let mut inside = item.inside();
        let mapping = PolicyMapping { issuer: oid(&inside.any()?)?, subject: oid(&inside.any()?)? };
        inside.end()?;
        Ok(mapping)
    };
    items(value)?.into_iter().map(one).collect()
}

impl PolicyConstraints {
    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let mut inside = tlv::only(value, tlv::SEQUENCE)?.inside();
        let require_explicit = inside.optional(tlv::primitive(0))?.map(|tlv| tlv.small()).transpose()?;
        let inhibit_mapping = inside.optional(tlv::primitive(1))?.map(|tlv| tlv.small()).transpose()?;
        inside.end()?;
        // Empty is forbidden (RFC 5280 section 4.2.1.11).
        if require_explicit.is_none() && inhibit_mapping.is_none() {
            return Err(Unsound);
        }
        Ok(PolicyConstraints { require_explicit, inhibit_mapping })
    }
}

/// InhibitAnyPolicy: a number of certificates.
pub(super) fn read_skip(value: &[u8]) -> tlv::Result<u32> {
    tlv::only(value, tlv::INTEGER)?.small()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy 1.2.3 with one qualifier.
    fn read(id: &KnownOid, value: &[u8]) -> tlv::Result<Vec<Policy>> {
        let qualifier = tlv::sequence(&[&tlv::wrap(tlv::OID, &[id.as_bytes()]), value]);
        let policy = tlv::sequence(&[&[6, 2, 42, 3], &tlv::sequence(&[&qualifier])]);
        read_policies(&tlv::sequence(&[&policy]))
    }

    #[test]
    fn a_policy_is_told_whatever_string_its_texts_are_in() {
        for (tag, value, expected) in [
            (tlv::VISIBLE_STRING, "limité".as_bytes(), "limité"),
            (tlv::VISIBLE_STRING, b"limit\xe9", "#1a066c696d6974e9"),
            (tlv::IA5_STRING, "limité".as_bytes(), "#16076c696d6974c3a9"),
            (tlv::UTF8_STRING, b"\xff", "#0c01ff"),
            (tlv::BMP_STRING, b"\0a\0b", "ab"),
            (tlv::BMP_STRING, b"odd", "#1e036f6464"),
            // GraphicString and GeneralString.
            (0x19, b"x", "#190178"),
            (0x1b, b"x", "#1b0178"),
        ] {
            let text = tlv::wrap(tag, &[value]);
            let statement = read(&CPS, &text).unwrap().remove(0);
            assert_eq!(
                (statement.id.to_string(), statement.statements),
                ("1.2.3".into(), vec![expected.into()])
            );
            let notice = read(&NOTICE, &tlv::sequence(&[&text])).unwrap().remove(0);
            assert_eq!((notice.id.to_string(), notice.notices), ("1.2.3".into(), vec![expected.into()]));
        }
    }

    #[test]
    fn a_qualifier_that_is_no_text_at_all_is_refused() {
        let text = tlv::wrap(tlv::UTF8_STRING, &[b"x"]);
        assert!(read(&CPS, &text).is_ok());
        assert!(read(&CPS, &tlv::sequence(&[&text])).is_err());
        assert!(read(&NOTICE, &text).is_err());
        assert!(read(&NOTICE, &tlv::sequence(&[&tlv::wrap(tlv::SET, &[&text])])).is_err());
    }
}
