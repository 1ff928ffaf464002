//! Where revocation data and issuers are to be had, and which key signed (RFC 5280 sections 4.2.1.1, 4.2.1.13, 4.2.2.1).
use super::general_name::{self, GeneralName};
use super::serial::Serial;
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv::{self, Tlv, Unsound};
use crate::limits::GENERAL_NAMES;

/// Which key of the issuer's signed (RFC 5280 section 4.2.1.1). A hint for path building, and no more.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AuthorityKeyIdentifier {
    /// The issuer's subject key identifier.
    pub key_id: Option<Vec<u8>>,
    /// The names of the issuer's issuer.
    pub issuer: Vec<GeneralName>,
    /// The serial number of the issuer's certificate.
    pub serial: Option<Serial>,
}

impl AuthorityKeyIdentifier {
    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let mut inside = tlv::only(value, tlv::SEQUENCE)?.inside();
        let key_id = inside.optional(tlv::primitive(0))?.map(|tlv| tlv.value().to_vec());
        let issuer = inside.optional(tlv::constructed(1))?;
        let issuer = issuer.map(|tlv| general_name::read_all(&tlv)).transpose()?.unwrap_or_default();
        let serial = inside.optional(tlv::primitive(2))?.map(|tlv| Serial::of(tlv.value()));
        inside.end()?;
        Ok(AuthorityKeyIdentifier { key_id, issuer, serial })
    }

    pub(super) fn write(key_id: &[u8]) -> Vec<u8> {
        tlv::sequence(&[&tlv::wrap(tlv::primitive(0), &[key_id])])
    }
}

/// Where, and by whom, revocations are published (RFC 5280 section 4.2.1.13).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct DistributionPoint {
    /// Names of the place: most often one URI.
    pub names: Vec<GeneralName>,
    /// A name relative to the CRL issuer's, in DER: an attribute SET.
    pub relative: Option<Vec<u8>>,
    /// The reasons it covers; `None`: all.
    pub reasons: Option<Reasons>,
    /// Who signs the CRL, if it is not the certificate's issuer.
    pub crl_issuer: Vec<GeneralName>,
}

/// A set of reasons for revocation (ReasonFlags, RFC 5280 section 4.2.1.13): those that the CRLs of a place tell of.
///
/// ```
/// # use bulla::x509::{Certificate, RevocationReason};
/// fn names(certificate: &Certificate) -> bulla::Result<Vec<&'static str>> {
///     let points = certificate.crl_distribution_points()?;
///     let reasons = points.iter().filter_map(|point| point.reasons).flat_map(|reasons| reasons.iter());
///     Ok(reasons.map(RevocationReason::name).collect())
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reasons(pub(super) u16);

impl Reasons {
    /// Bits 1 to 8; bit 0 is unused.
    pub(super) const ALL: Self = Reasons(0x1fe);

    pub(super) fn read(tlv: &Tlv<'_>) -> tlv::Result<Self> {
        let (_, bytes) = tlv.value().split_first().ok_or(Unsound)?;
        let bits = bytes
            .iter()
            .take(2)
            .zip([0, 8])
            .fold(0u16, |sum, (byte, shift)| sum | u16::from(byte.reverse_bits()) << shift);
        Ok(Reasons(bits & Self::ALL.0))
    }
}

impl DistributionPoint {
    pub(super) fn read(point: &Tlv<'_>) -> tlv::Result<Self> {
        let mut inside = point.inside();
        let mut read = DistributionPoint::default();
        if let Some(name) = inside.optional(tlv::constructed(0))? {
            read.name(&name)?;
        }
        read.reasons = inside.optional(tlv::primitive(1))?.map(|tlv| Reasons::read(&tlv)).transpose()?;
        if let Some(issuer) = inside.optional(tlv::constructed(2))? {
            read.crl_issuer = general_name::read_all(&issuer)?;
        }
        inside.end()?;
        Ok(read)
    }

    /// DistributionPointName: `[0]` full names, or `[1]` a part relative to the issuer's name.
    pub(super) fn name(&mut self, name: &Tlv<'_>) -> tlv::Result<()> {
        let mut choice = name.inside();
        let chosen = choice.any()?;
        choice.end()?;
        match chosen.tag {
            0xa0 => self.names = general_name::read_all(&chosen)?,
            0xa1 => self.relative = Some(tlv::wrap(tlv::SET, &[chosen.value()])),
            _ => return Err(Unsound),
        }
        Ok(())
    }

    pub(super) fn read_all(value: &[u8]) -> tlv::Result<Vec<Self>> {
        let mut walker = tlv::only(value, tlv::SEQUENCE)?.inside();
        let mut all = Vec::new();
        while !walker.is_done() {
            if all.len() >= GENERAL_NAMES {
                return Err(Unsound);
            }
            all.push(Self::read(&walker.expect(tlv::SEQUENCE)?)?);
        }
        if all.is_empty() { Err(Unsound) } else { Ok(all) }
    }
}

/// The extension for one point with URIs.
pub(super) fn write_points(uris: &[String]) -> Vec<u8> {
    let names: Vec<GeneralName> = uris.iter().cloned().map(GeneralName::Uri).collect();
    let full = general_name::write_all(tlv::constructed(0), &names);
    tlv::sequence(&[&tlv::sequence(&[&tlv::wrap(tlv::constructed(0), &[&full])])])
}

/// Where something about the issuer (or subject) is to be had (RFC 5280 section 4.2.2.1).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AccessDescription {
    /// What is there.
    pub method: Oid,
    /// Where.
    pub location: GeneralName,
}

/// id-ad-ocsp.
pub(super) const OCSP: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1");
/// id-ad-caIssuers.
pub(super) const CA_ISSUERS: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.48.2");

impl AccessDescription {
    pub(super) fn read_all(value: &[u8]) -> tlv::Result<Vec<Self>> {
        let mut walker = tlv::only(value, tlv::SEQUENCE)?.inside();
        let mut all = Vec::new();
        while !walker.is_done() {
            if all.len() >= GENERAL_NAMES {
                return Err(Unsound);
            }
            let mut inside = walker.sequence()?;
            let method = Oid::from_value(inside.expect(tlv::OID)?.value()).ok_or(Unsound)?;
            let location = GeneralName::read(&inside.any()?)?;
            inside.end()?;
            all.push(AccessDescription { method, location });
        }
        Ok(all)
    }

    pub(super) fn write_all(all: &[(KnownOid, String)]) -> Vec<u8> {
        let one = |(method, uri): &(KnownOid, String)| {
            let method = tlv::wrap(tlv::OID, &[method.as_bytes()]);
            tlv::sequence(&[&method, &GeneralName::Uri(uri.clone()).write()])
        };
        let all: Vec<Vec<u8>> = all.iter().map(one).collect();
        tlv::sequence(&all.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// Whether it is an OCSP responder.
    #[must_use]
    pub fn is_ocsp(&self) -> bool {
        self.method.is(&OCSP)
    }

    /// Whether it is the issuer's certificate.
    #[must_use]
    pub fn is_issuers(&self) -> bool {
        self.method.is(&CA_ISSUERS)
    }
}
