//! What the extensions of CRLs say (RFC 5280 section 5.2): their number, and what they are about.
use std::cmp::Ordering;
use std::fmt;

use super::general_name::GeneralName;
use super::points::{DistributionPoint, Reasons};
use crate::encoding::oid::KnownOid;
use crate::encoding::tlv::{self, Unsound, Walker};
use crate::limits::CRL_NUMBER_BYTES;

pub(super) const CRL_NUMBER: KnownOid = KnownOid::new_unwrap("2.5.29.20");
pub(super) const DELTA_INDICATOR: KnownOid = KnownOid::new_unwrap("2.5.29.27");
pub(super) const ISSUING_POINT: KnownOid = KnownOid::new_unwrap("2.5.29.28");

/// The number of a CRL among those of its issuer: each is higher than the one before (RFC 5280 section 5.2.3).
///
/// ```
/// use bulla::x509::CrlNumber;
/// let number = CrlNumber::from(4096);
/// assert_eq!(number.to_string(), "4096");
/// assert!(number < CrlNumber::from(4097));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CrlNumber(
    /// Big-endian, without zeros in front.
    Box<[u8]>,
);

impl CrlNumber {
    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let bytes = tlv::integer(tlv::only(value, tlv::INTEGER)?.value())?;
        let digits = match bytes {
            [0x80..=0xff, ..] => return Err(Unsound),
            [0, digits @ ..] | digits => digits,
        };
        if digits.len() > CRL_NUMBER_BYTES { Err(Unsound) } else { Ok(CrlNumber(digits.into())) }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        tlv::unsigned(tlv::INTEGER, &self.0)
    }

    /// The one after it; `None` if that would be too long.
    pub(super) fn next(&self) -> Option<Self> {
        let mut digits = self.0.to_vec();
        for digit in digits.iter_mut().rev() {
            let (sum, over) = digit.overflowing_add(1);
            *digit = sum;
            if !over {
                return Some(CrlNumber(digits.into()));
            }
        }
        digits.insert(0, 1);
        (digits.len() <= CRL_NUMBER_BYTES).then(|| CrlNumber(digits.into()))
    }
}

impl From<u64> for CrlNumber {
    fn from(number: u64) -> Self {
        let bytes = number.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        CrlNumber(bytes.get(zeros..).unwrap_or_default().into())
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

/// In decimal, and in hexadecimal from 2^128 on.
impl fmt::Display for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() <= 16 {
            return self.0.iter().fold(0u128, |sum, byte| sum << 8 | u128::from(*byte)).fmt(f);
        }
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a CRL is about, if not all certificates of its issuer (RFC 5280 section 5.2.5).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct IssuingDistributionPoint {
    /// Names of the place where it is published, as certificates name it whose status it tells.
    pub names: Vec<GeneralName>,
    /// A name relative to the issuer's, in DER: an attribute SET.
    pub relative: Option<Vec<u8>>,
    /// It is about end entities' certificates alone.
    pub only_user_certificates: bool,
    /// It is about CAs' certificates alone.
    pub only_ca_certificates: bool,
    /// It is about attribute certificates alone.
    pub only_attribute_certificates: bool,
    /// It lists those revoked for these reasons alone.
    pub only_some_reasons: Option<Reasons>,
    /// It lists certificates of other issuers, too.
    pub is_indirect: bool,
}

impl IssuingDistributionPoint {
    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let mut inside = tlv::only(value, tlv::SEQUENCE)?.inside();
        let mut read = IssuingDistributionPoint::default();
        if let Some(name) = inside.optional(tlv::constructed(0))? {
            let mut point = DistributionPoint::default();
            point.name(&name)?;
            (read.names, read.relative) = (point.names, point.relative);
        }
        read.only_user_certificates = flag(&mut inside, 1)?;
        read.only_ca_certificates = flag(&mut inside, 2)?;
        let reasons = inside.optional(tlv::primitive(3))?;
        read.only_some_reasons = reasons.map(|tlv| Reasons::read(&tlv)).transpose()?;
        read.is_indirect = flag(&mut inside, 4)?;
        read.only_attribute_certificates = flag(&mut inside, 5)?;
        inside.end()?;
        Ok(read)
    }
}

/// `[number] IMPLICIT BOOLEAN DEFAULT FALSE`. Old programs wrote the default, which does no harm.
fn flag(inside: &mut Walker<'_>, number: u8) -> tlv::Result<bool> {
    match inside.optional(tlv::primitive(number))?.map(|tlv| tlv.value()) {
        None | Some([0]) => Ok(false),
        Some([0xff]) => Ok(true),
        Some(_) => Err(Unsound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_and_counted_beyond_what_machines_count() {
        let of = |digits: &[u8]| CrlNumber::read(&tlv::unsigned(tlv::INTEGER, digits)).unwrap();
        let ascending =
            [of(&[]), of(&[9]), of(&[0xff]), of(&[1, 0]), of(&[0xff; 16]), of(&[1; 17]), of(&[0xff; 20])];
        for pair in ascending.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
            assert_eq!(CrlNumber::read(&pair[0].write()), Ok(pair[0].clone()));
        }
        assert_eq!(
            ascending.each_ref().map(CrlNumber::next)[..3],
            [of(&[1]), of(&[10]), of(&[1, 0])].map(Some)
        );
        assert_eq!(of(&[0xff; 20]).next(), None);
        assert_eq!(of(&[0xff; 16]).to_string(), u128::MAX.to_string());
        assert_eq!(of(&[&[1][..], &[0; 16]].concat()).to_string(), "0x0100000000000000000000000000000000");
        assert_eq!((CrlNumber::from(0).to_string(), CrlNumber::from(0)), ("0".to_owned(), of(&[])));
    }

    #[test]
    fn numbers_below_zero_and_above_twenty_bytes_are_refused() {
        assert!(CrlNumber::read(&[2, 1, 0x80]).is_err());
        assert!(CrlNumber::read(&tlv::unsigned(tlv::INTEGER, &[0xff; 20])).is_ok());
        assert!(CrlNumber::read(&tlv::unsigned(tlv::INTEGER, &[1; 21])).is_err());
    }

    #[test]
    fn an_issuing_distribution_point_says_what_the_crl_is_about() {
        let uri = GeneralName::Uri("http://example.org/crl".to_owned());
        let name = tlv::wrap(0xa0, &[&tlv::wrap(0xa0, &[&uri.write()])]);
        let read = |parts: &[&[u8]]| IssuingDistributionPoint::read(&tlv::sequence(parts));
        let all = read(&[&name, &[0x81, 1, 0xff], &[0x83, 2, 1, 0x40], &[0x84, 1, 0xff]]).unwrap();
        assert_eq!(all.names, [uri]);
        assert_eq!((all.only_user_certificates, all.only_ca_certificates), (true, false));
        assert_eq!((all.is_indirect, all.only_attribute_certificates), (true, false));
        assert_eq!(all.only_some_reasons, Some(Reasons(2)));
        assert!(read(&[&[0x82, 1, 0xff]]).unwrap().only_ca_certificates);
        assert!(read(&[&[0x85, 1, 0xff]]).unwrap().only_attribute_certificates);
        assert_eq!(read(&[&[0x81, 1, 0]]), Ok(IssuingDistributionPoint::default()));
        // Another truth, another order, something after the end.
        for bad in [&[&[0x81, 1, 1][..]][..], &[&[0x82, 1, 0xff], &[0x81, 1, 0xff]], &[&[5, 0]]] {
            assert!(read(bad).is_err(), "{bad:02x?}");
        }
    }
}
