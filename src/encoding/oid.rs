//! Object identifiers (X.660) as X.509 names its things.
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::limits::OID_BYTES;

/// An object identifier: the name of an algorithm, an attribute, an extension, a purpose.
///
/// ```
/// use bulla::x509::Oid;
/// let email_protection: Oid = "1.3.6.1.5.5.7.3.4".parse()?;
/// assert_eq!(email_protection.to_string(), "1.3.6.1.5.5.7.3.4");
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<[u8]>);

impl Oid {
    /// From the value of an OBJECT IDENTIFIER (X.690 section 8.19); `None` if it is not sound or too long.
    pub(crate) fn from_value(value: &[u8]) -> Option<Self> {
        if value.is_empty() || value.len() > OID_BYTES || value.last()? & 0x80 != 0 {
            return None;
        }
        arcs(value)?;
        Some(Oid(value.into()))
    }

    /// The value of the OBJECT IDENTIFIER, without tag and length.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The numbers of an identifier; `None` if one has leading zeros or more than 128 bits.
fn arcs(value: &[u8]) -> Option<Vec<u128>> {
    let mut arcs = Vec::with_capacity(value.len() + 1);
    for arc in value.split_inclusive(|byte| byte & 0x80 == 0) {
        let first = *arc.first()?;
        // 19 groups of 7 bits, of which the first has 2: 128, as UUIDs have (2.25, X.667).
        if first == 0x80 || arc.len() > 19 || (arc.len() == 19 && first > 0x83) {
            return None;
        }
        let number = arc.iter().fold(0u128, |sum, byte| sum << 7 | u128::from(byte & 0x7f));
        if arcs.is_empty() {
            // The first two share a place (X.690 section 8.19.4).
            let first = (number / 40).min(2);
            arcs.extend([first, number - 40 * first]);
        } else {
            arcs.push(number);
        }
    }
    Some(arcs)
}

/// So that names can stand in tables as text and be made when the program is compiled.
pub(crate) use der::asn1::ObjectIdentifier as KnownOid;

impl Oid {
    /// One that is known.
    pub(crate) fn known(known: &KnownOid) -> Self {
        Oid(known.as_bytes().into())
    }

    pub(crate) fn is(&self, known: &KnownOid) -> bool {
        *self.0 == *known.as_bytes()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for arc in arcs(&self.0).unwrap_or_default() {
            write!(f, "{dot}{arc}")?;
            dot = ".";
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Oid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::usage("object identifier", "it is none", "write it like 1.3.6.1.5.5.7.3.4");
        dotted(text).ok_or_else(wrong)
    }
}

fn dotted(text: &str) -> Option<Oid> {
    let mut arcs = Vec::new();
    for arc in text.split('.') {
        let digits = arc.bytes().all(|byte| byte.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'));
        arcs.push(digits.then(|| arc.parse::<u128>().ok())??);
    }
    let [first @ 0..=2, second, rest @ ..] = &arcs[..] else { return None };
    if *first < 2 && *second > 39 {
        return None;
    }
    let joined = second.checked_add(40 * first)?;
    let mut value = Vec::new();
    for arc in std::iter::once(&joined).chain(rest) {
        let groups = arc.checked_ilog2().unwrap_or(0) / 7;
        for group in (0..=groups).rev() {
            let seven = u8::try_from(arc >> (7 * group) & 0x7f).ok()?;
            value.push(if group > 0 { 0x80 | seven } else { seven });
        }
    }
    Oid::from_value(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_back_from_text_and_bytes() {
        for (text, value) in [
            ("2.5.29.19", &[0x55, 0x1d, 0x13][..]),
            ("1.2.840.113549", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            ("0.0", &[0]),
            ("2.999.0", &[0x88, 0x37, 0]),
        ] {
            let oid: Oid = text.parse().unwrap();
            assert_eq!((oid.as_bytes(), oid.to_string().as_str()), (value, text));
            assert_eq!(Oid::from_value(value), Some(oid));
        }
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        for text in ["", "1", "3.1", "1.40", "1.2.", "1.02", "1.-2", "1.2.x"] {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
        let long = [0x81; OID_BYTES];
        for value in [&[][..], &[0x80, 1], &[0x2a, 0x86], &long, &[&[0x84; 18][..], &[1]].concat()] {
            assert_eq!(Oid::from_value(value), None);
        }
    }
}
