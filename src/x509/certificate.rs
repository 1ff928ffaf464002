//! Certificates (RFC 5280 section 4.1): their bytes kept whole, each field read when it is asked for.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::address::EmailAddress;
use super::extension::{self, Extension};
use super::fingerprint::CertificateFingerprint;
use super::general_name::{self, GeneralName};
use super::name::{self, Name};
use super::points::{AccessDescription, AuthorityKeyIdentifier, DistributionPoint};
use super::serial::Serial;
use super::time;
use super::usage::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use crate::clock::Time;
use crate::encoding::oid::KnownOid;
use crate::encoding::pem;
use crate::encoding::tlv::{self, Walker};
use crate::error::{Error, Result};
use crate::keys::{PublicKey, SignatureAlgorithm};
use crate::limits::CERTIFICATE_BYTES;

/// An X.509 certificate: what somebody says about a key.
///
/// What it says is not proven by reading it: [`Validation`](super::Validation) does that. Reading is exact, the bytes
/// are kept as they came, and lazy: one odd field does not refuse the whole, but fails when it is asked for.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let pem = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?.to_pem();
/// use bulla::x509::{Certificate, NameAttribute};
/// let certificate = Certificate::from_pem(&pem)?;
/// assert_eq!(certificate.subject().get(&NameAttribute::CommonName).as_deref(), Some("Bob"));
/// assert!(certificate.not_after()? > bulla::Time::now());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Certificate {
    der: Arc<[u8]>,
    at: Fields,
}

/// Where the fields lie, tag and length included (but of the signature: its bytes).
#[derive(Clone)]
struct Fields {
    tbs: Range<usize>,
    version: u8,
    serial: Range<usize>,
    inner_algorithm: Range<usize>,
    issuer: Range<usize>,
    not_before: Range<usize>,
    not_after: Range<usize>,
    subject: Range<usize>,
    public_key: Range<usize>,
    extensions: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

impl Certificate {
    /// Reads one certificate in DER.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if its structure is not sound,
    /// [`OverLimit`](crate::ErrorKind::OverLimit) if it is over 256 KiB.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        if der.len() > CERTIFICATE_BYTES {
            return Err(Error::over_limit(
                "certificate",
                "it is over 256 KiB",
                "no sound certificate is so long",
            ));
        }
        let at =
            fields(der).map_err(|_| Error::malformed("certificate", "it is no X.509 certificate in DER"))?;
        Ok(Certificate { der: der.into(), at })
    }

    /// Reads the first certificate of a PEM text (RFC 7468 section 5). Blocks of other labels, keys say, are passed over.
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der), and [`Malformed`](crate::ErrorKind::Malformed) if there is none.
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::from_der(&certificate_blocks(text)?.first().ok_or_else(none)?.bytes)
    }

    /// Reads all certificates of a PEM text, in their order.
    ///
    /// # Errors
    /// Those of [`from_pem`](Self::from_pem).
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>> {
        let all: Vec<Self> = certificate_blocks(text)?
            .iter()
            .map(|block| Self::from_der(&block.bytes))
            .collect::<Result<_>>()?;
        if all.is_empty() { Err(none()) } else { Ok(all) }
    }

    /// The certificate in DER, byte for byte as it came.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        // What has at most 256 KiB fits its own encoding.
        pem::encode("CERTIFICATE", &self.der).unwrap_or_default()
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// Version 1, 2 or 3; other numbers as they stand.
    #[must_use]
    pub fn version(&self) -> u32 {
        u32::from(self.at.version) + 1
    }

    /// The number that the issuer gave it.
    #[must_use]
    pub fn serial(&self) -> Serial {
        Serial::of(self.part(&self.at.serial))
    }

    /// Who signed it.
    #[must_use]
    pub fn issuer(&self) -> Name {
        Name::of(self.issuer_der())
    }

    /// Whose key it speaks about. May be empty when the alternative names say it.
    #[must_use]
    pub fn subject(&self) -> Name {
        Name::of(self.subject_der())
    }

    pub(crate) fn issuer_der(&self) -> &[u8] {
        self.part(&self.at.issuer)
    }

    pub(crate) fn subject_der(&self) -> &[u8] {
        self.part(&self.at.subject)
    }

    /// Whether issuer and subject are the same name (RFC 5280 section 3.2). It may still be signed by another key.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer_der() == self.subject_der() || self.issuer() == self.subject()
    }

    /// From when on it is valid.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is no time as RFC 5280 section 4.1.2.5 writes them.
    pub fn not_before(&self) -> Result<Time> {
        self.time(&self.at.not_before)
    }

    /// Until when it is valid, that second included.
    ///
    /// # Errors
    /// Those of [`not_before`](Self::not_before).
    pub fn not_after(&self) -> Result<Time> {
        self.time(&self.at.not_after)
    }

    fn time(&self, range: &Range<usize>) -> Result<Time> {
        let tlv = Walker::new(self.part(range)).any();
        tlv.and_then(|tlv| time::read(&tlv))
            .map_err(|_| Error::malformed("certificate", "its validity is no sound time"))
    }

    /// The key it speaks about.
    ///
    /// # Errors
    /// Those of [`PublicKey::from_der`].
    pub fn public_key(&self) -> Result<PublicKey> {
        PublicKey::from_der(self.public_key_info())
    }

    /// The key as SubjectPublicKeyInfo in DER, of whatever kind.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        self.part(&self.at.public_key)
    }

    /// How it is signed.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for an algorithm that bulla does not know,
    /// [`Malformed`](crate::ErrorKind::Malformed) if the two places that name it differ (RFC 5280 section 4.1.1.2).
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm> {
        if self.part(&self.at.algorithm) != self.part(&self.at.inner_algorithm) {
            return Err(Error::malformed("certificate", "it names two algorithms of its signature"));
        }
        SignatureAlgorithm::from_der(self.part(&self.at.algorithm))
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.part(&self.at.signature)
    }

    /// What is signed (TBSCertificate), byte for byte as it came.
    #[must_use]
    pub fn as_signed(&self) -> &[u8] {
        self.part(&self.at.tbs)
    }

    /// Its name: the SHA-256 of the whole certificate. That of its key is
    /// [`PublicKey::fingerprint`](crate::PublicKey::fingerprint).
    #[must_use]
    pub fn fingerprint(&self) -> CertificateFingerprint {
        CertificateFingerprint::of(&self.der)
    }

    pub(super) fn raw_extensions(&self) -> &[u8] {
        self.part(&self.at.extensions)
    }

    /// All extensions, in their order; those whose identifier cannot be read are left out.
    pub fn extensions(&self) -> impl Iterator<Item = Extension> {
        extension::all(self.raw_extensions()).filter_map(|raw| raw.owned())
    }

    pub(crate) fn read<T>(
        &self,
        id: &KnownOid,
        reader: impl FnOnce(&[u8]) -> tlv::Result<T>,
    ) -> Result<Option<T>> {
        extension::read(self.raw_extensions(), id, reader)
    }

    /// Whether it is a CA's (RFC 5280 section 4.2.1.9).
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the extension is not sound, or there twice. So of all that follow.
    pub fn basic_constraints(&self) -> Result<Option<BasicConstraints>> {
        self.read(&extension::BASIC_CONSTRAINTS, BasicConstraints::read)
    }

    /// What the key may do (section 4.2.1.3).
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn key_usage(&self) -> Result<Option<KeyUsage>> {
        self.read(&extension::KEY_USAGE, KeyUsage::read)
    }

    /// What it is for (section 4.2.1.12).
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn extended_key_usage(&self) -> Result<Option<ExtendedKeyUsage>> {
        self.read(&extension::EXTENDED_KEY_USAGE, ExtendedKeyUsage::read)
    }

    /// The subject's other names: e-mail addresses, hosts (section 4.2.1.6). None: empty.
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn alternative_names(&self) -> Result<Vec<GeneralName>> {
        let reader = |value: &[u8]| general_name::read_all(&tlv::only(value, tlv::SEQUENCE)?);
        Ok(self.read(&extension::SUBJECT_ALT_NAME, reader)?.unwrap_or_default())
    }

    /// The e-mail addresses among the other names.
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn email_addresses(&self) -> Result<Vec<EmailAddress>> {
        Ok(general_name::mailboxes(&self.alternative_names()?))
    }

    /// A short name of the key (section 4.2.1.2).
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>> {
        let reader = |value: &[u8]| Ok(tlv::only(value, tlv::OCTET_STRING)?.value().to_vec());
        self.read(&extension::SUBJECT_KEY_ID, reader)
    }

    /// Which of the issuer's keys signed (section 4.2.1.1).
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn authority_key_identifier(&self) -> Result<Option<AuthorityKeyIdentifier>> {
        self.read(&extension::AUTHORITY_KEY_ID, AuthorityKeyIdentifier::read)
    }

    /// Where CRLs are to be had (section 4.2.1.13). None: empty.
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn crl_distribution_points(&self) -> Result<Vec<DistributionPoint>> {
        Ok(self.read(&extension::CRL_POINTS, DistributionPoint::read_all)?.unwrap_or_default())
    }

    /// Where OCSP responders and the issuer's certificate are to be had (section 4.2.2.1). None: empty.
    ///
    /// # Errors
    /// See [`basic_constraints`](Self::basic_constraints).
    pub fn authority_info_access(&self) -> Result<Vec<AccessDescription>> {
        Ok(self.read(&extension::AUTHORITY_INFO, AccessDescription::read_all)?.unwrap_or_default())
    }
}

fn certificate_blocks(text: &str) -> Result<Vec<pem::Block>> {
    // RFC 7468 section 5.3: older labels, still about. `TRUSTED CERTIFICATE` has more in it, and is another thing.
    pem::blocks(text, |label| ["CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE"].contains(&label))
}

fn none() -> Error {
    Error::malformed("certificate", "there is none in the PEM")
}

/// Certificate and TBSCertificate (RFC 5280 section 4.1): the order and tags of the fields, not what is in them.
fn fields(der: &[u8]) -> tlv::Result<Fields> {
    let mut outer = tlv::only(der, tlv::SEQUENCE)?.inside();
    let tbs = outer.expect(tlv::SEQUENCE)?;
    let algorithm = outer.expect(tlv::SEQUENCE)?.range();
    let signature = outer.expect(tlv::BIT_STRING)?;
    // Bits that are no whole bytes make no signature of any algorithm: it does not hold, and the rest can be read.
    let end = signature.value_range().end;
    let signature = end - signature.bits().unwrap_or_default().len()..end;
    outer.end()?;

    let mut inside = tbs.inside();
    let version = match inside.optional(tlv::constructed(0))? {
        Some(version) => {
            u8::try_from(tlv::only(version.value(), tlv::INTEGER)?.small()?).map_err(|_| tlv::Unsound)?
        }
        None => 0,
    };
    let serial = inside.expect(tlv::INTEGER)?;
    tlv::integer(serial.value())?;
    let inner_algorithm = inside.expect(tlv::SEQUENCE)?.range();
    let issuer = inside.expect(tlv::SEQUENCE)?;
    name::check(&issuer)?;
    let mut validity = inside.sequence()?;
    let (not_before, not_after) = (validity.any()?.range(), validity.any()?.range());
    validity.end()?;
    let subject = inside.expect(tlv::SEQUENCE)?;
    name::check(&subject)?;
    let public_key = inside.expect(tlv::SEQUENCE)?.range();
    // Unique identifiers of version 2: nobody uses them.
    inside.optional(tlv::primitive(1))?;
    inside.optional(tlv::primitive(2))?;
    let extensions = match inside.optional(tlv::constructed(3))? {
        Some(wrapped) => {
            let mut wrapped = wrapped.inside();
            let list = wrapped.expect(tlv::SEQUENCE)?;
            wrapped.end()?;
            extension::check(&list)?;
            list.range()
        }
        None => 0..0,
    };
    inside.end()?;
    Ok(Fields {
        tbs: tbs.range(),
        version,
        serial: serial.value_range(),
        inner_algorithm,
        issuer: issuer.range(),
        not_before,
        not_after,
        subject: subject.range(),
        public_key,
        extensions,
        algorithm,
        signature,
    })
}

/// Equal when the bytes are.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject(), self.serial())
    }
}
