//! The attributes that names are made of: their types, and the strings in them.
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv;

/// The type of an attribute of a [`Name`](super::Name).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum NameAttribute {
    /// `CN`.
    CommonName,
    /// `SN`.
    Surname,
    /// `serialNumber`, of a person or device.
    SerialNumber,
    /// `C`, two letters of ISO 3166.
    Country,
    /// `L`.
    Locality,
    /// `ST`, a state or province.
    State,
    /// `STREET`.
    Street,
    /// `O`.
    Organization,
    /// `OU`.
    OrganizationalUnit,
    /// `title`.
    Title,
    /// `GN`.
    GivenName,
    /// `initials`.
    Initials,
    /// `generationQualifier`.
    GenerationQualifier,
    /// `dnQualifier`.
    DnQualifier,
    /// `pseudonym`.
    Pseudonym,
    /// `organizationIdentifier`.
    OrganizationIdentifier,
    /// `businessCategory`.
    BusinessCategory,
    /// `postalCode`.
    PostalCode,
    /// `DC`, one label of a domain (RFC 4519).
    DomainComponent,
    /// `UID` (RFC 4519).
    UserId,
    /// `emailAddress` (PKCS #9), which today belongs into the alternative names.
    EmailAddress,
    /// Any other.
    Other(Oid),
}

/// Characters of an attribute that has no bound of its own: `ub-name` (RFC 5280 appendix A.1).
pub(super) const LONGEST: usize = 32_768;

/// What is known of a type: its keyword in text, its identifier, the most characters it may have (RFC 5280 appendix A.1).
pub(super) struct Known {
    pub(super) attribute: NameAttribute,
    pub(super) keyword: &'static str,
    pub(super) oid: KnownOid,
    pub(super) longest: usize,
}

const fn known(attribute: NameAttribute, keyword: &'static str, oid: &str, longest: usize) -> Known {
    Known { attribute, keyword, oid: KnownOid::new_unwrap(oid), longest }
}

/// RFC 4514 section 3, RFC 4519, RFC 5280 section 4.1.2.4 and what today's certificates have beside them.
pub(super) static KNOWN: [Known; 21] = [
    known(NameAttribute::CommonName, "CN", "2.5.4.3", 64),
    known(NameAttribute::Surname, "SN", "2.5.4.4", LONGEST),
    known(NameAttribute::SerialNumber, "serialNumber", "2.5.4.5", 64),
    known(NameAttribute::Country, "C", "2.5.4.6", 2),
    known(NameAttribute::Locality, "L", "2.5.4.7", 128),
    known(NameAttribute::State, "ST", "2.5.4.8", 128),
    known(NameAttribute::Street, "STREET", "2.5.4.9", 128),
    known(NameAttribute::Organization, "O", "2.5.4.10", 64),
    known(NameAttribute::OrganizationalUnit, "OU", "2.5.4.11", 64),
    known(NameAttribute::Title, "title", "2.5.4.12", 64),
    known(NameAttribute::GivenName, "GN", "2.5.4.42", LONGEST),
    known(NameAttribute::Initials, "initials", "2.5.4.43", LONGEST),
    known(NameAttribute::GenerationQualifier, "generationQualifier", "2.5.4.44", LONGEST),
    known(NameAttribute::DnQualifier, "dnQualifier", "2.5.4.46", 64),
    known(NameAttribute::Pseudonym, "pseudonym", "2.5.4.65", 128),
    known(NameAttribute::OrganizationIdentifier, "organizationIdentifier", "2.5.4.97", 256),
    known(NameAttribute::BusinessCategory, "businessCategory", "2.5.4.15", 128),
    known(NameAttribute::PostalCode, "postalCode", "2.5.4.17", 40),
    known(NameAttribute::DomainComponent, "DC", "0.9.2342.19200300.100.1.25", 63),
    known(NameAttribute::UserId, "UID", "0.9.2342.19200300.100.1.1", 256),
    known(NameAttribute::EmailAddress, "emailAddress", "1.2.840.113549.1.9.1", 255),
];

impl NameAttribute {
    pub(super) fn known(&self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.attribute == *self)
    }

    pub(super) fn of(oid: Oid) -> Self {
        let known = KNOWN.iter().find(|known| oid.is(&known.oid));
        known.map_or(NameAttribute::Other(oid), |known| known.attribute.clone())
    }

    /// Its object identifier.
    #[must_use]
    pub fn oid(&self) -> Oid {
        match (self, self.known()) {
            (NameAttribute::Other(oid), _) => oid.clone(),
            // Every other one is in the table.
            (_, known) => Oid::known(&known.map_or(KnownOid::new_unwrap("2.5.4.3"), |known| known.oid)),
        }
    }

    /// Its keyword (RFC 4514 section 3), if it has one.
    #[must_use]
    pub fn keyword(&self) -> Option<&'static str> {
        self.known().map(|known| known.keyword)
    }

    /// By keyword, in either case, or as an object identifier.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|known| known.keyword.eq_ignore_ascii_case(text));
        match known {
            Some(known) => Some(known.attribute.clone()),
            None if text.eq_ignore_ascii_case("E") => Some(NameAttribute::EmailAddress),
            None => text.parse().ok().map(Self::of),
        }
    }

    /// The tag of its string when we write it: RFC 5280 section 4.1.2.4 and appendix A.1.
    pub(super) fn tag(&self) -> u8 {
        match self {
            NameAttribute::Country | NameAttribute::SerialNumber | NameAttribute::DnQualifier => {
                tlv::PRINTABLE_STRING
            }
            NameAttribute::DomainComponent | NameAttribute::EmailAddress => tlv::IA5_STRING,
            _ => tlv::UTF8_STRING,
        }
    }
}

/// Whether a tag is one of a string that [`text`] can read.
fn is_string(tag: u8) -> bool {
    const NUMERIC_STRING: u8 = 0x12;
    matches!(
        tag,
        tlv::UTF8_STRING
            | tlv::PRINTABLE_STRING
            | tlv::TELETEX_STRING
            | tlv::IA5_STRING
            | tlv::VISIBLE_STRING
            | tlv::UNIVERSAL_STRING
            | tlv::BMP_STRING
            | NUMERIC_STRING
    )
}

/// The characters of a string of any kind; `None` if it is none, or they are not sound.
pub(super) fn text(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        tlv::UTF8_STRING => String::from_utf8(value.to_vec()).ok(),
        // T.61 in theory; ISO 8859-1 in all certificates that have it.
        tlv::TELETEX_STRING => Some(value.iter().copied().map(char::from).collect()),
        tlv::BMP_STRING => {
            let (units, []) = value.as_chunks::<2>() else { return None };
            char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .collect::<Result<_, _>>()
                .ok()
        }
        tlv::UNIVERSAL_STRING => {
            let (units, []) = value.as_chunks::<4>() else { return None };
            units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect()
        }
        tag if is_string(tag) && value.is_ascii() => str::from_utf8(value).ok().map(str::to_owned),
        _ => None,
    }
}

/// Whether PrintableString has these characters (X.680 section 41.4).
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
}
