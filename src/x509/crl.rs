//! Certificate revocation lists (RFC 5280 section 5): their bytes kept whole, each field read when it is asked for.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::certificate::Certificate;
use super::crl_extensions::{self, CrlNumber, IssuingDistributionPoint};
use super::extension::{self, Extension};
use super::name::{self, Name};
use super::points::{AuthorityKeyIdentifier, DistributionPoint};
use super::revoked::{self, Entries, Notes, Revoked};
use super::signed::{self, Signed};
use super::time;
use super::usage::KeyUsage;
use crate::clock::Time;
use crate::encoding::oid::KnownOid;
use crate::encoding::pem;
use crate::encoding::tlv::{self, Walker};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::SignatureAlgorithm;
use crate::limits::CRL_BYTES;
use crate::verified::Verified;

/// A CRL: the certificates that an issuer has revoked.
///
/// What it says is not proven by reading it: [`verify`](Self::verify) does that, and certificates are looked up in what
/// it gives, a [`Verified`] CRL. [`check_current`](Self::check_current) tells whether it is still good. Reading is
/// exact, the bytes are kept as they came, and lazy: one odd field does not refuse the whole, but fails when it is asked
/// for.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let ca = bulla::x509::Issue::root(&"CN=CA".parse()?, &key).sign()?;
/// # let serial = ca.serial();
/// # let now = bulla::Time::now();
/// use bulla::x509::{Crl, CrlIssue, RevocationReason};
/// let pem = CrlIssue::by(&ca, &key)?.revoke(&serial, now, RevocationReason::Superseded).sign()?.to_pem();
///
/// let crl = Crl::from_pem(&pem)?.verify(&ca)?;
/// crl.get().check_current(now)?;
/// let revoked = crl.find(&serial)?.expect("it is listed");
/// assert_eq!(revoked.reason()?, Some(RevocationReason::Superseded));
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Crl {
    der: Arc<[u8]>,
    at: Fields,
    notes: Notes,
}

/// Where the fields lie, tag and length included (but of the list and the signature: what is in them). What is not
/// there is empty.
#[derive(Clone)]
struct Fields {
    tbs: Range<usize>,
    version: u8,
    inner_algorithm: Range<usize>,
    issuer: Range<usize>,
    this_update: Range<usize>,
    next_update: Range<usize>,
    revoked: Range<usize>,
    extensions: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

/// Extensions whose sense is gone by here or in path validation, so that they may be critical.
const UNDERSTOOD: [KnownOid; 6] = [
    extension::AUTHORITY_KEY_ID,
    extension::ISSUER_ALT_NAME,
    extension::FRESHEST_CRL,
    crl_extensions::CRL_NUMBER,
    crl_extensions::DELTA_INDICATOR,
    crl_extensions::ISSUING_POINT,
];

impl Crl {
    /// Reads one CRL in DER, of version 1 or 2.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) if its structure, or that of an entry, is not sound;
    /// [`OverLimit`](ErrorKind::OverLimit) if it is over 256 MiB.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        if der.len() > CRL_BYTES {
            return Err(Error::over_limit("CRL", "it is over 256 MiB", "ask its issuer for one in parts"));
        }
        let read = fields(der).map_err(|_| Error::malformed("CRL", "it is no X.509 CRL in DER"));
        let (at, notes) = read?;
        Ok(Crl { der: der.into(), at, notes })
    }

    /// Reads the first CRL of a PEM text (RFC 7468 section 6). Blocks of other labels are passed over.
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der), and [`Malformed`](ErrorKind::Malformed) if there is none.
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::from_der(&blocks(text)?.first().ok_or_else(none)?.bytes)
    }

    /// Reads all CRLs of a PEM text, in their order.
    ///
    /// # Errors
    /// Those of [`from_pem`](Self::from_pem).
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>> {
        let all: Vec<Self> =
            blocks(text)?.iter().map(|block| Self::from_der(&block.bytes)).collect::<Result<_>>()?;
        if all.is_empty() { Err(none()) } else { Ok(all) }
    }

    /// The CRL in DER, byte for byte as it came.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The CRL in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        // What has at most 256 MiB fits its own encoding.
        pem::encode("X509 CRL", &self.der).unwrap_or_default()
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// 1 or 2.
    #[must_use]
    pub fn version(&self) -> u32 {
        u32::from(self.at.version) + 1
    }

    /// Who signed it.
    #[must_use]
    pub fn issuer(&self) -> Name {
        Name::of(self.issuer_der())
    }

    pub(super) fn issuer_der(&self) -> &[u8] {
        self.part(&self.at.issuer)
    }

    /// When it was made.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) if it is no time as RFC 5280 section 5.1.2.4 writes them.
    pub fn this_update(&self) -> Result<Time> {
        self.time(&self.at.this_update)
    }

    /// When there will be another at the latest. `None`: it does not say.
    ///
    /// # Errors
    /// Those of [`this_update`](Self::this_update).
    pub fn next_update(&self) -> Result<Option<Time>> {
        let range = &self.at.next_update;
        if range.is_empty() { Ok(None) } else { self.time(range).map(Some) }
    }

    fn time(&self, range: &Range<usize>) -> Result<Time> {
        let tlv = Walker::new(self.part(range)).any();
        tlv.and_then(|tlv| time::read(&tlv))
            .map_err(|_| Error::malformed("CRL", "its dates are no sound times"))
    }

    /// Whether it is the latest there is, as far as it says itself: made (its issuer's clock may be five minutes fast), and
    /// the next one not yet due.
    ///
    /// # Errors
    /// [`Undetermined`](ErrorKind::Undetermined) if it is not, or does not say when the next is due: whoever kept
    /// newer ones from you could show it for ever. Those of [`this_update`](Self::this_update).
    pub fn check_current(&self, at: Time) -> Result<()> {
        let this = self.this_update()?;
        let why = match self.next_update()? {
            _ if at + time::LEEWAY < this => format!("it is from {this}, and it is {at}"),
            None => "it does not say when the next is due".to_owned(),
            Some(next) if at > next => format!("the next was due by {next}, and it is {at}"),
            Some(_) => return Ok(()),
        };
        Err(Error::new(ErrorKind::Undetermined, "CRL", why, "get the latest"))
    }

    /// How it is signed.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for an algorithm that bulla does not know,
    /// [`Malformed`](ErrorKind::Malformed) if the two places that name it differ (RFC 5280 section 5.1.1.2).
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm> {
        if self.part(&self.at.algorithm) != self.part(&self.at.inner_algorithm) {
            return Err(Error::malformed("CRL", "it names two algorithms of its signature"));
        }
        SignatureAlgorithm::from_der(self.part(&self.at.algorithm))
    }

    /// How it says that it is signed, inside of what is signed and outside.
    pub(super) fn raw_algorithms(&self) -> [&[u8]; 2] {
        [&self.at.inner_algorithm, &self.at.algorithm].map(|range| self.part(range))
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.part(&self.at.signature)
    }

    /// What is signed (TBSCertList), byte for byte as it came.
    #[must_use]
    pub fn as_signed(&self) -> &[u8] {
        self.part(&self.at.tbs)
    }

    /// Checks that this issuer signed it: by name, by signature, and that its key may sign CRLs (RFC 5280 section 6.3.3
    /// (f) and (g)). Whether the issuer is to be trusted is another question, and so is whether the CRL is
    /// [current](Self::check_current).
    ///
    /// # Errors
    /// [`Unauthentic`](ErrorKind::Unauthentic) if it is not this issuer's, [`Unsupported`](ErrorKind::Unsupported) if the
    /// signature's algorithm or the key is too weak; and if either cannot be read, an error that says so.
    pub fn verify(&self, issuer: &Certificate) -> Result<Verified<Crl, Certificate>> {
        let not_its = |why| Error::new(ErrorKind::Unauthentic, "CRL", why, "get its issuer's certificate");
        if self.issuer_der() != issuer.subject_der() && self.issuer() != issuer.subject() {
            return Err(not_its("it names another issuer"));
        }
        if issuer.key_usage()?.is_some_and(|usage| !usage.allows(KeyUsage::CRL_SIGN)) {
            return Err(not_its("its issuer's key may not sign CRLs"));
        }
        signed::check(issuer.public_key_info(), &self.signed()?)?;
        Ok(Verified::new(self.clone(), issuer.clone()))
    }

    pub(super) fn signed(&self) -> Result<Signed<'_>> {
        let algorithm = self.signature_algorithm()?;
        Ok(Signed { what: "CRL", algorithm, signed: self.as_signed(), signature: self.signature() })
    }

    /// All entries, in their order, to be shown: whether the issuer wrote them, only [`verify`](Self::verify) tells. They
    /// are read as one goes: a million of them take no memory.
    pub fn revoked(&self) -> impl Iterator<Item = Revoked<'_>> {
        Entries::new(self.raw_entries(), self.issuer_der(), self.notes)
    }

    pub(super) fn raw_entries(&self) -> &[u8] {
        self.part(&self.at.revoked)
    }

    pub(super) fn notes(&self) -> Notes {
        self.notes
    }

    pub(super) fn raw_extensions(&self) -> &[u8] {
        self.part(&self.at.extensions)
    }

    /// All extensions, in their order; those whose identifier cannot be read are left out.
    pub fn extensions(&self) -> impl Iterator<Item = Extension> {
        extension::all(self.raw_extensions()).filter_map(|raw| raw.owned())
    }

    fn read<T>(&self, id: &KnownOid, reader: impl FnOnce(&[u8]) -> tlv::Result<T>) -> Result<Option<T>> {
        extension::read(self.raw_extensions(), id, reader)
    }

    /// Whether it has a critical extension, its own or an entry's, that bulla does not understand: it is then good for
    /// no certificate at all (RFC 5280 sections 5.2 and 5.3).
    #[must_use]
    pub fn has_unknown_critical(&self) -> bool {
        let understood = |raw: &extension::Raw<'_>| UNDERSTOOD.iter().any(|id| raw.is(id));
        let own = extension::all(self.raw_extensions()).any(|raw| raw.critical && !understood(&raw));
        own || self.notes.unknown_critical
    }

    /// Whether it lists only what changed since an earlier one. What is not in it may be revoked all the same.
    #[must_use]
    pub fn is_delta(&self) -> bool {
        // By its mere presence: one that cannot be read does not make a whole CRL of it.
        extension::all(self.raw_extensions()).any(|raw| raw.is(&crl_extensions::DELTA_INDICATOR))
    }

    /// Of a delta CRL: the number of the one that it starts from (RFC 5280 section 5.2.4). `None`: it is none.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) if the extension is not sound, or there twice. So of all that follow.
    pub fn delta_base(&self) -> Result<Option<CrlNumber>> {
        self.read(&crl_extensions::DELTA_INDICATOR, CrlNumber::read)
    }

    /// Its number (section 5.2.3).
    ///
    /// # Errors
    /// See [`delta_base`](Self::delta_base).
    pub fn number(&self) -> Result<Option<CrlNumber>> {
        self.read(&crl_extensions::CRL_NUMBER, CrlNumber::read)
    }

    /// What it is about, if not all certificates of its issuer (section 5.2.5).
    ///
    /// # Errors
    /// See [`delta_base`](Self::delta_base).
    pub fn issuing_distribution_point(&self) -> Result<Option<IssuingDistributionPoint>> {
        self.read(&crl_extensions::ISSUING_POINT, IssuingDistributionPoint::read)
    }

    /// The value of that extension as it came, for comparison with another's.
    pub(super) fn raw_issuing_point(&self) -> Result<Option<&[u8]>> {
        Ok(extension::find(self.raw_extensions(), &crl_extensions::ISSUING_POINT)?.map(|raw| raw.value))
    }

    /// Which of the issuer's keys signed (section 5.2.1).
    ///
    /// # Errors
    /// See [`delta_base`](Self::delta_base).
    pub fn authority_key_identifier(&self) -> Result<Option<AuthorityKeyIdentifier>> {
        self.read(&extension::AUTHORITY_KEY_ID, AuthorityKeyIdentifier::read)
    }

    /// Where delta CRLs are to be had (section 5.2.6). None: empty.
    ///
    /// # Errors
    /// See [`delta_base`](Self::delta_base).
    pub fn freshest_crl(&self) -> Result<Vec<DistributionPoint>> {
        Ok(self.read(&extension::FRESHEST_CRL, DistributionPoint::read_all)?.unwrap_or_default())
    }
}

fn blocks(text: &str) -> Result<Vec<pem::Block>> {
    // RFC 7468 section 6: `CRL` is an older label.
    pem::blocks(text, |label| ["X509 CRL", "CRL"].contains(&label))
}

fn none() -> Error {
    Error::malformed("CRL", "there is none in the PEM")
}

/// CertificateList and TBSCertList (RFC 5280 section 5.1): the order and tags of the fields, not what is in them; but
/// all of the entries, so that nobody who looks for one stops before the end.
fn fields(der: &[u8]) -> tlv::Result<(Fields, Notes)> {
    let mut outer = tlv::only(der, tlv::SEQUENCE)?.inside();
    let tbs = outer.expect(tlv::SEQUENCE)?;
    let algorithm = outer.expect(tlv::SEQUENCE)?.range();
    let signature = outer.expect(tlv::BIT_STRING)?;
    // Bits that are no whole bytes make no signature of any algorithm: it does not hold, and the rest can be read.
    let end = signature.value_range().end;
    let signature = end - signature.bits().unwrap_or_default().len()..end;
    outer.end()?;

    let mut inside = tbs.inside();
    let version = match inside.optional(tlv::INTEGER)? {
        // Version 1 is not written, and there is no third.
        Some(version) if version.small()? == 1 => 1,
        Some(_) => return Err(tlv::Unsound),
        None => 0,
    };
    let inner_algorithm = inside.expect(tlv::SEQUENCE)?.range();
    let issuer = inside.expect(tlv::SEQUENCE)?;
    name::check(&issuer)?;
    let this_update = inside.any()?.range();
    let next_update = match inside.tag() {
        Some(tlv::UTC_TIME | tlv::GENERALIZED_TIME) => inside.any()?.range(),
        _ => 0..0,
    };
    let mut notes = Notes::default();
    let revoked = match inside.optional(tlv::SEQUENCE)? {
        Some(list) => {
            notes = revoked::check(list.inside())?;
            list.value_range()
        }
        None => 0..0,
    };
    let extensions = match inside.optional(tlv::constructed(0))? {
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
    let (tbs, issuer) = (tbs.range(), issuer.range());
    let at = Fields {
        tbs,
        version,
        inner_algorithm,
        issuer,
        this_update,
        next_update,
        revoked,
        extensions,
        algorithm,
        signature,
    };
    Ok((at, notes))
}

/// Equal when the bytes are.
impl PartialEq for Crl {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Crl {}

impl std::hash::Hash for Crl {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {} bytes)", self.issuer(), self.der.len())
    }
}
