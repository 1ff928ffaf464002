//! OCSP responses (RFC 6960): their bytes kept whole, each field read when it is asked for.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::certificate::Certificate;
use super::extension::{self, Extension};
use super::name::{self, Name};
use super::ocsp_id::{CertId, ResponderId};
use super::revoked::RevocationReason;
use super::serial::Serial;
use super::signed::Signed;
use super::time;
use crate::clock::Time;
use crate::encoding::oid::KnownOid;
use crate::encoding::tlv::{self, Tlv, Unsound, Walker};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::SignatureAlgorithm;
use crate::limits::{CERTIFICATE_BYTES, OCSP_ANSWERS, OCSP_CERTIFICATES};

/// An OCSP response: what a responder says about the revocation of a certificate.
///
/// What it says is not proven by reading it: [`check`](Self::check) does that. Reading is exact: DER, and never BER.
///
/// ```
/// # let signed_by_nobody = [0x30, 3, 0x0a, 1, 3];
/// use bulla::x509::{OcspResponse, OcspResponseStatus};
/// let response = OcspResponse::from_der(&signed_by_nobody)?;
/// assert_eq!(response.status(), OcspResponseStatus::TryLater);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct OcspResponse {
    der: Arc<[u8]>,
    status: OcspResponseStatus,
    at: Fields,
}

/// Whether a responder answered at all (RFC 6960 section 4.2.1). Nobody signs that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum OcspResponseStatus {
    /// It answered.
    Successful,
    /// It did not understand the request.
    MalformedRequest,
    /// It failed.
    InternalError,
    /// It cannot answer now.
    TryLater,
    /// It answers only requests that are signed.
    SignatureRequired,
    /// It does not answer these requests, or not whoever asked.
    Unauthorized,
}

use OcspResponseStatus as Status;

/// Each with its number, and what it means for whoever asked.
const STATUSES: [(Status, u32, &str); 6] = [
    (Status::Successful, 0, "it answered"),
    (Status::MalformedRequest, 1, "the responder did not understand the request"),
    (Status::InternalError, 2, "the responder failed"),
    (Status::TryLater, 3, "the responder cannot answer now"),
    (Status::SignatureRequired, 5, "the responder answers only signed requests"),
    (Status::Unauthorized, 6, "the responder does not answer about this certificate"),
];

impl fmt::Display for OcspResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STATUSES.iter().find(|(status, ..)| status == self).map_or("", |(.., shown)| shown))
    }
}

/// What a responder says of a certificate (RFC 6960 section 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CertificateStatus {
    /// It is not revoked. Whether it was ever issued, and is in date, is another question.
    Good,
    /// It is revoked, or was never issued.
    #[non_exhaustive]
    Revoked {
        /// Since when.
        at: Time,
        /// Why, if the responder says.
        reason: Option<RevocationReason>,
    },
    /// The responder knows nothing of it.
    Unknown,
}

/// One answer of an OCSP response.
///
/// ```
/// use bulla::x509::{CertificateStatus, OcspAnswer};
/// fn told(answer: &OcspAnswer) -> String {
///     let serial = &answer.serial;
///     match &answer.status {
///         CertificateStatus::Good => format!("{serial} stood on {}", answer.this_update),
///         CertificateStatus::Revoked { at, .. } => format!("{serial} was revoked on {at}"),
///         _ => format!("nobody knows {serial}"),
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OcspAnswer {
    /// The number of the certificate; whose, only [`OcspResponse::check`] can tell.
    pub serial: Serial,
    /// What is said of it.
    pub status: CertificateStatus,
    /// When that was known to be right.
    pub this_update: Time,
    /// When something newer will be known at the latest. `None`: at any time.
    pub next_update: Option<Time>,
}

/// Where the fields lie, tag and length included (but of lists and the signature: what is in them). What is not there
/// is empty.
#[derive(Clone, Default)]
struct Fields {
    tbs: Range<usize>,
    responder: Range<usize>,
    produced_at: Range<usize>,
    answers: Range<usize>,
    extensions: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
    certificates: Range<usize>,
}

/// id-pkix-ocsp-nonce (RFC 9654 section 2.1).
pub(super) const NONCE: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1.2");
/// id-pkix-ocsp-basic (RFC 6960 section 4.2.1).
const BASIC: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// One SingleResponse where it lies.
pub(super) struct Single<'a> {
    pub(super) id: CertId<'a>,
    status: Tlv<'a>,
    this_update: Tlv<'a>,
    next_update: Option<Tlv<'a>>,
    /// SEQUENCE OF Extension, or nothing.
    pub(super) extensions: &'a [u8],
}

impl OcspResponse {
    /// Reads one OCSP response in DER.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) if its structure is not sound,
    /// [`Unsupported`](ErrorKind::Unsupported) for a kind of response other than the basic one,
    /// [`OverLimit`](ErrorKind::OverLimit) if it is over 256 KiB, or has over 64 answers or 16 certificates.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let over = |why| Error::over_limit("OCSP response", why, "ask about fewer certificates");
        if der.len() > CERTIFICATE_BYTES {
            return Err(over("it is over 256 KiB"));
        }
        let unsound = |Unsound| Error::malformed("OCSP response", "it is none in DER");
        let (status, basic) = outer(der).map_err(unsound)?;
        let at = match basic {
            None => Fields::default(),
            Some((kind, response)) if kind == BASIC.as_bytes() => fields(&response).map_err(unsound)?,
            Some(_) => {
                let why = "it is not of the basic kind";
                let hint = "bulla reads no other, and no responder sends one";
                return Err(Error::new(ErrorKind::Unsupported, "OCSP response", why, hint));
            }
        };
        let response = OcspResponse { der: der.into(), status, at };
        if values(response.part(&response.at.answers)).count() > OCSP_ANSWERS {
            return Err(over("it has over 64 answers"));
        }
        if values(response.part(&response.at.certificates)).count() > OCSP_CERTIFICATES {
            return Err(over("it has over 16 certificates"));
        }
        Ok(response)
    }

    /// The response in DER, byte for byte as it came.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// Whether the responder answered. If not, all that follows is empty or fails.
    #[must_use]
    pub fn status(&self) -> OcspResponseStatus {
        self.status
    }

    /// Who answered.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) if it is not said in a sound way. So of all that follow.
    pub fn responder(&self) -> Result<ResponderId> {
        responder(self.part(&self.at.responder)).map_err(|Unsound| unsound("it does not say who answered"))
    }

    /// When it was signed.
    ///
    /// # Errors
    /// See [`responder`](Self::responder).
    pub fn produced_at(&self) -> Result<Time> {
        let tlv = tlv::only(self.part(&self.at.produced_at), tlv::GENERALIZED_TIME);
        tlv.and_then(|tlv| time::read(&tlv)).map_err(|Unsound| unsound("it was signed at no sound time"))
    }

    /// All answers, in their order.
    pub fn answers(&self) -> impl Iterator<Item = Result<OcspAnswer>> {
        self.singles().map(|single| single.answer())
    }

    pub(super) fn singles(&self) -> impl Iterator<Item = Single<'_>> {
        values(self.part(&self.at.answers)).filter_map(|tlv| Single::read(&tlv).ok())
    }

    /// The certificates that came with it, in their order: most often the responder's.
    pub fn certificates(&self) -> impl Iterator<Item = Result<Certificate>> {
        values(self.part(&self.at.certificates)).map(|tlv| Certificate::from_der(tlv.whole()))
    }

    pub(super) fn raw_extensions(&self) -> &[u8] {
        self.part(&self.at.extensions)
    }

    /// All extensions, in their order; those whose identifier cannot be read are left out.
    pub fn extensions(&self) -> impl Iterator<Item = Extension> {
        extension::all(self.raw_extensions()).filter_map(|raw| raw.owned())
    }

    /// What the request had in it to be repeated.
    ///
    /// # Errors
    /// See [`responder`](Self::responder).
    pub fn nonce(&self) -> Result<Option<Vec<u8>>> {
        let reader = |value: &[u8]| Ok(tlv::only(value, tlv::OCTET_STRING)?.value().to_vec());
        extension::read(self.raw_extensions(), &NONCE, reader)
    }

    /// How it is signed.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for an algorithm that bulla does not know, and those of
    /// [`responder`](Self::responder).
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm> {
        SignatureAlgorithm::from_der(self.part(&self.at.algorithm))
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.part(&self.at.signature)
    }

    /// What is signed (ResponseData), byte for byte as it came.
    #[must_use]
    pub fn as_signed(&self) -> &[u8] {
        self.part(&self.at.tbs)
    }

    pub(super) fn signed(&self) -> Result<Signed<'_>> {
        let algorithm = self.signature_algorithm()?;
        Ok(Signed { what: "OCSP response", algorithm, signed: self.as_signed(), signature: self.signature() })
    }
}

impl<'a> Single<'a> {
    fn read(tlv: &Tlv<'a>) -> tlv::Result<Self> {
        let mut inside = tlv.inside();
        let id = CertId::read(&inside.expect(tlv::SEQUENCE)?)?;
        let status = inside.any()?;
        let this_update = inside.expect(tlv::GENERALIZED_TIME)?;
        let next_update = match inside.optional(tlv::constructed(0))? {
            Some(wrapped) => Some(tlv::only(wrapped.value(), tlv::GENERALIZED_TIME)?),
            None => None,
        };
        let extensions = wrapped_extensions(&mut inside)?.map(|list| list.whole()).unwrap_or_default();
        inside.end()?;
        Ok(Single { id, status, this_update, next_update, extensions })
    }

    pub(super) fn answer(&self) -> Result<OcspAnswer> {
        let read = || {
            Ok(OcspAnswer {
                serial: Serial::of(self.id.serial),
                status: status(&self.status)?,
                this_update: time::read(&self.this_update)?,
                next_update: self.next_update.as_ref().map(time::read).transpose()?,
            })
        };
        read().map_err(|Unsound| unsound("what it says of a certificate is not sound"))
    }
}

/// CertStatus.
fn status(status: &Tlv<'_>) -> tlv::Result<CertificateStatus> {
    let mut inside = status.inside();
    let read = match status.tag {
        0x80 => CertificateStatus::Good,
        0x82 => CertificateStatus::Unknown,
        0xa1 => {
            let at = time::read(&inside.expect(tlv::GENERALIZED_TIME)?)?;
            let reason = inside.optional(tlv::constructed(0))?;
            let reason = reason.map(|tlv| RevocationReason::read(&tlv::only(tlv.value(), tlv::ENUMERATED)?));
            CertificateStatus::Revoked { at, reason: reason.transpose()? }
        }
        _ => return Err(Unsound),
    };
    inside.end()?;
    Ok(read)
}

/// ResponderID.
fn responder(id: &[u8]) -> tlv::Result<ResponderId> {
    let wrapped = Walker::new(id).any()?;
    match wrapped.tag {
        0xa1 => {
            let name = tlv::only(wrapped.value(), tlv::SEQUENCE)?;
            name::check(&name)?;
            Ok(ResponderId::Name(Name::of(name.whole())))
        }
        0xa2 => Ok(ResponderId::KeyHash(tlv::only(wrapped.value(), tlv::OCTET_STRING)?.value().to_vec())),
        _ => Err(Unsound),
    }
}

fn values(list: &[u8]) -> impl Iterator<Item = Tlv<'_>> {
    let mut walker = Walker::new(list);
    std::iter::from_fn(move || walker.any().ok())
}

/// `[1] EXPLICIT Extensions OPTIONAL`.
fn wrapped_extensions<'a>(inside: &mut Walker<'a>) -> tlv::Result<Option<Tlv<'a>>> {
    let Some(wrapped) = inside.optional(tlv::constructed(1))? else { return Ok(None) };
    let mut wrapped = wrapped.inside();
    let list = wrapped.expect(tlv::SEQUENCE)?;
    wrapped.end()?;
    extension::check(&list)?;
    Ok(Some(list))
}

/// The kind of a response, and its bytes.
type Bytes<'a> = (&'a [u8], Tlv<'a>);

/// OCSPResponse and ResponseBytes (RFC 6960 section 4.2.1).
fn outer(der: &[u8]) -> tlv::Result<(OcspResponseStatus, Option<Bytes<'_>>)> {
    let mut outer = tlv::only(der, tlv::SEQUENCE)?.inside();
    let number = outer.expect(tlv::ENUMERATED)?.small()?;
    let known = STATUSES.iter().find(|(_, code, _)| *code == number);
    let status = known.map(|(status, ..)| *status).ok_or(Unsound)?;
    let bytes = outer.optional(tlv::constructed(0))?;
    outer.end()?;
    let Some(bytes) = bytes else {
        // An answer without an answer.
        return if status == Status::Successful { Err(Unsound) } else { Ok((status, None)) };
    };
    let mut wrapped = bytes.inside();
    let mut inside = wrapped.sequence()?;
    wrapped.end()?;
    let kind = inside.expect(tlv::OID)?.value();
    let response = inside.expect(tlv::OCTET_STRING)?;
    inside.end()?;
    // What comes with a failure is of no use.
    Ok((status, (status == Status::Successful).then_some((kind, response))))
}

/// BasicOCSPResponse and ResponseData: the order and tags of the fields, not what is in them; but all of the answers, so
/// that none is passed over.
fn fields(response: &Tlv<'_>) -> tlv::Result<Fields> {
    let mut only = response.inside();
    let mut basic = only.sequence()?;
    only.end()?;
    let tbs = basic.expect(tlv::SEQUENCE)?;
    let algorithm = basic.expect(tlv::SEQUENCE)?.range();
    let signature = basic.expect(tlv::BIT_STRING)?;
    let value = signature.value_range();
    let signature = value.end - signature.bits()?.len()..value.end;
    let certificates = match basic.optional(tlv::constructed(0))? {
        Some(wrapped) => {
            let mut wrapped = wrapped.inside();
            let list = wrapped.expect(tlv::SEQUENCE)?;
            wrapped.end()?;
            let mut walker = list.inside();
            while !walker.is_done() {
                walker.expect(tlv::SEQUENCE)?;
            }
            list.value_range()
        }
        None => 0..0,
    };
    basic.end()?;

    let mut inside = tbs.inside();
    if let Some(version) = inside.optional(tlv::constructed(0))? {
        // Version 1 is the default, which old programs wrote out; there is no other.
        if tlv::only(version.value(), tlv::INTEGER)?.small()? != 0 {
            return Err(Unsound);
        }
    }
    let responder = inside.any()?.range();
    let produced_at = inside.any()?.range();
    let answers = inside.expect(tlv::SEQUENCE)?;
    let mut walker = answers.inside();
    while !walker.is_done() {
        Single::read(&walker.expect(tlv::SEQUENCE)?)?;
    }
    let extensions = wrapped_extensions(&mut inside)?.map_or(0..0, |list| list.range());
    inside.end()?;
    let (tbs, answers) = (tbs.range(), answers.value_range());
    Ok(Fields { tbs, responder, produced_at, answers, extensions, algorithm, signature, certificates })
}

fn unsound(why: &'static str) -> Error {
    Error::malformed("OCSP response", why)
}

/// Equal when the bytes are.
impl PartialEq for OcspResponse {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for OcspResponse {}

impl fmt::Debug for OcspResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OcspResponse({:?}, {} bytes)", self.status, self.der.len())
    }
}
