//! Extensions (RFC 5280 section 4.2): raw, in their order, and decoded by type when asked.
use super::general_name::{self, GeneralName};
use super::name_constraints::NameConstraints;
use super::points::{AccessDescription, AuthorityKeyIdentifier, DistributionPoint};
use super::policies::{self, Policy, PolicyConstraints, PolicyMapping};
use super::usage::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv::{self, Tlv, Unsound, Walker};
use crate::error::{Error, Result};
use crate::limits::EXTENSIONS;

/// One extension of a certificate, request or CRL.
///
/// ```
/// use bulla::x509::{ExtensionValue, Issue};
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let certificate = Issue::root(&"CN=Example Root".parse()?, &key).sign()?;
/// let basic = certificate.extensions().find(|extension| extension.id().to_string() == "2.5.29.19");
/// let basic = basic.expect("a CA has basic constraints");
/// assert!(basic.is_critical());
/// assert!(matches!(basic.decode()?, ExtensionValue::BasicConstraints(constraints) if constraints.is_ca));
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    id: Oid,
    critical: bool,
    value: Vec<u8>,
}

/// What an extension says, by its type.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ExtensionValue {
    /// RFC 5280 section 4.2.1.9.
    BasicConstraints(BasicConstraints),
    /// Section 4.2.1.3.
    KeyUsage(KeyUsage),
    /// Section 4.2.1.12.
    ExtendedKeyUsage(ExtendedKeyUsage),
    /// Section 4.2.1.6.
    SubjectAltName(Vec<GeneralName>),
    /// Section 4.2.1.7.
    IssuerAltName(Vec<GeneralName>),
    /// Section 4.2.1.2: a short name of the certificate's key.
    SubjectKeyIdentifier(Vec<u8>),
    /// Section 4.2.1.1.
    AuthorityKeyIdentifier(AuthorityKeyIdentifier),
    /// Section 4.2.1.10.
    NameConstraints(NameConstraints),
    /// Section 4.2.1.4.
    CertificatePolicies(Vec<Policy>),
    /// Section 4.2.1.5.
    PolicyMappings(Vec<PolicyMapping>),
    /// Section 4.2.1.11.
    PolicyConstraints(PolicyConstraints),
    /// Section 4.2.1.14: after so many certificates, anyPolicy counts no more.
    InhibitAnyPolicy(u32),
    /// Section 4.2.1.13.
    CrlDistributionPoints(Vec<DistributionPoint>),
    /// Section 4.2.1.15: where delta CRLs are.
    FreshestCrl(Vec<DistributionPoint>),
    /// Section 4.2.2.1.
    AuthorityInfoAccess(Vec<AccessDescription>),
    /// Section 4.2.2.2.
    SubjectInfoAccess(Vec<AccessDescription>),
    /// RFC 7633: what a TLS server must do, as numbers of TLS extensions; 5 is OCSP stapling.
    TlsFeature(Vec<u32>),
    /// RFC 6960 section 4.2.2.2.1: the key of an OCSP responder is not itself to be checked.
    OcspNoCheck,
    /// A type that bulla has no reader for: the bytes are [`Extension::value`].
    Other,
}

pub(super) const SUBJECT_KEY_ID: KnownOid = KnownOid::new_unwrap("2.5.29.14");
pub(super) const KEY_USAGE: KnownOid = KnownOid::new_unwrap("2.5.29.15");
pub(super) const SUBJECT_ALT_NAME: KnownOid = KnownOid::new_unwrap("2.5.29.17");
pub(super) const ISSUER_ALT_NAME: KnownOid = KnownOid::new_unwrap("2.5.29.18");
pub(super) const BASIC_CONSTRAINTS: KnownOid = KnownOid::new_unwrap("2.5.29.19");
pub(super) const NAME_CONSTRAINTS: KnownOid = KnownOid::new_unwrap("2.5.29.30");
pub(super) const CRL_POINTS: KnownOid = KnownOid::new_unwrap("2.5.29.31");
pub(super) const POLICIES: KnownOid = KnownOid::new_unwrap("2.5.29.32");
pub(super) const POLICY_MAPPINGS: KnownOid = KnownOid::new_unwrap("2.5.29.33");
pub(super) const AUTHORITY_KEY_ID: KnownOid = KnownOid::new_unwrap("2.5.29.35");
pub(super) const POLICY_CONSTRAINTS: KnownOid = KnownOid::new_unwrap("2.5.29.36");
pub(super) const EXTENDED_KEY_USAGE: KnownOid = KnownOid::new_unwrap("2.5.29.37");
pub(super) const FRESHEST_CRL: KnownOid = KnownOid::new_unwrap("2.5.29.46");
pub(super) const INHIBIT_ANY_POLICY: KnownOid = KnownOid::new_unwrap("2.5.29.54");
pub(super) const AUTHORITY_INFO: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.1.1");
pub(super) const SUBJECT_INFO: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.1.11");
pub(super) const TLS_FEATURE: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.1.24");
pub(super) const OCSP_NO_CHECK: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1.5");

impl Extension {
    /// An extension of any type: its identifier, and its value in DER.
    ///
    /// What it says is on whoever makes it: bulla does not look into the value.
    #[must_use]
    pub fn new(id: Oid, critical: bool, value: Vec<u8>) -> Self {
        Extension { id, critical, value }
    }

    pub(super) fn known(id: &KnownOid, critical: bool, value: Vec<u8>) -> Self {
        Extension { id: Oid::known(id), critical, value }
    }

    /// Its type.
    #[must_use]
    pub fn id(&self) -> &Oid {
        &self.id
    }

    /// Whether whoever does not understand it must refuse the certificate.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.critical
    }

    /// Its value, in DER for all types of RFC 5280.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// What it says.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is not what its type allows.
    pub fn decode(&self) -> Result<ExtensionValue> {
        decode(&self.id, &self.value)
            .map_err(|_| Error::malformed("extension", format!("{} is not what its type allows", self.id)))
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let id = tlv::wrap(tlv::OID, &[self.id.as_bytes()]);
        let critical: &[u8] = if self.critical { &[tlv::BOOLEAN, 1, 0xff] } else { &[] };
        tlv::sequence(&[&id, critical, &tlv::wrap(tlv::OCTET_STRING, &[&self.value])])
    }
}

fn decode(id: &Oid, value: &[u8]) -> tlv::Result<ExtensionValue> {
    use ExtensionValue as Value;
    let names = || general_name::read_all(&tlv::only(value, tlv::SEQUENCE)?);
    let known = |known| id.is(&known);
    Ok(match id {
        _ if known(BASIC_CONSTRAINTS) => Value::BasicConstraints(BasicConstraints::read(value)?),
        _ if known(KEY_USAGE) => Value::KeyUsage(KeyUsage::read(value)?),
        _ if known(EXTENDED_KEY_USAGE) => Value::ExtendedKeyUsage(ExtendedKeyUsage::read(value)?),
        _ if known(SUBJECT_ALT_NAME) => Value::SubjectAltName(names()?),
        _ if known(ISSUER_ALT_NAME) => Value::IssuerAltName(names()?),
        _ if known(SUBJECT_KEY_ID) => {
            Value::SubjectKeyIdentifier(tlv::only(value, tlv::OCTET_STRING)?.value().to_vec())
        }
        _ if known(AUTHORITY_KEY_ID) => Value::AuthorityKeyIdentifier(AuthorityKeyIdentifier::read(value)?),
        _ if known(NAME_CONSTRAINTS) => Value::NameConstraints(NameConstraints::read(value)?),
        _ if known(POLICIES) => Value::CertificatePolicies(policies::read_policies(value)?),
        _ if known(POLICY_MAPPINGS) => Value::PolicyMappings(policies::read_mappings(value)?),
        _ if known(POLICY_CONSTRAINTS) => Value::PolicyConstraints(PolicyConstraints::read(value)?),
        _ if known(INHIBIT_ANY_POLICY) => Value::InhibitAnyPolicy(policies::read_skip(value)?),
        _ if known(CRL_POINTS) => Value::CrlDistributionPoints(DistributionPoint::read_all(value)?),
        _ if known(FRESHEST_CRL) => Value::FreshestCrl(DistributionPoint::read_all(value)?),
        _ if known(AUTHORITY_INFO) => Value::AuthorityInfoAccess(AccessDescription::read_all(value)?),
        _ if known(SUBJECT_INFO) => Value::SubjectInfoAccess(AccessDescription::read_all(value)?),
        _ if known(TLS_FEATURE) => Value::TlsFeature(features(value)?),
        _ if known(OCSP_NO_CHECK) => {
            tlv::only(value, tlv::NULL).and_then(|tlv| tlv.inside().end())?;
            Value::OcspNoCheck
        }
        _ => Value::Other,
    })
}

fn features(value: &[u8]) -> tlv::Result<Vec<u32>> {
    let mut walker = tlv::only(value, tlv::SEQUENCE)?.inside();
    let mut features = Vec::new();
    while !walker.is_done() {
        features.push(walker.expect(tlv::INTEGER)?.small()?);
    }
    Ok(features)
}

/// Extensions where they lie, not copied.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) id: &'a [u8],
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

impl Raw<'_> {
    pub(super) fn is(&self, known: &KnownOid) -> bool {
        self.id == known.as_bytes()
    }

    /// Whether it is what its type allows. Of a type without a reader, it is.
    pub(super) fn is_sound(&self) -> bool {
        Oid::from_value(self.id).is_some_and(|id| decode(&id, self.value).is_ok())
    }

    /// `None` if its identifier is no sound one.
    pub(super) fn owned(&self) -> Option<Extension> {
        Some(Extension { id: Oid::from_value(self.id)?, critical: self.critical, value: self.value.to_vec() })
    }
}

/// The next extension of a SEQUENCE OF them.
pub(super) fn next<'a>(walker: &mut Walker<'a>) -> tlv::Result<Raw<'a>> {
    let mut inside = walker.sequence()?;
    let id = inside.expect(tlv::OID)?.value();
    let critical = inside.optional(tlv::BOOLEAN)?.map(|tlv| tlv.boolean()).transpose()?.unwrap_or(false);
    let value = inside.expect(tlv::OCTET_STRING)?.value();
    inside.end()?;
    Ok(Raw { id, critical, value })
}

/// Whether a SEQUENCE OF Extension is sound outside of the values, and not too long.
pub(super) fn check(extensions: &Tlv<'_>) -> tlv::Result<()> {
    let mut walker = extensions.inside();
    let mut count = 0;
    while !walker.is_done() {
        next(&mut walker)?;
        count += 1;
    }
    if (1..=EXTENSIONS).contains(&count) { Ok(()) } else { Err(Unsound) }
}

/// The extensions of a SEQUENCE that [`check`] was content with; of nothing, none.
pub(super) fn all(extensions: &[u8]) -> impl Iterator<Item = Raw<'_>> {
    let mut walker = tlv::only(extensions, tlv::SEQUENCE).map_or(Walker::new(&[]), |tlv| tlv.inside());
    std::iter::from_fn(move || next(&mut walker).ok())
}

/// The one extension of this type.
pub(super) fn find<'a>(extensions: &'a [u8], id: &KnownOid) -> Result<Option<Raw<'a>>> {
    let mut found = all(extensions).filter(|raw| raw.is(id));
    let first = found.next();
    if found.next().is_some() {
        // RFC 5280 section 4.2. Which of them counts would be anybody's guess.
        return Err(Error::malformed("extension", format!("{id} is there twice")));
    }
    Ok(first)
}

/// The one extension of this type, read by `reader`.
pub(super) fn read<T>(
    extensions: &[u8],
    id: &KnownOid,
    reader: impl FnOnce(&[u8]) -> tlv::Result<T>,
) -> Result<Option<T>> {
    let Some(raw) = find(extensions, id)? else { return Ok(None) };
    let unsound = |Unsound| Error::malformed("extension", format!("{id} is not what its type allows"));
    reader(raw.value).map(Some).map_err(unsound)
}
