//! Entries of CRLs, and the reasons in them (RFC 5280 section 5.3).
use std::fmt;
use std::str::FromStr;

use super::extension::{self, Extension};
use super::general_name::{self, GeneralName};
use super::name::Name;
use super::points::Reasons;
use super::serial::Serial;
use super::time;
use crate::clock::Time;
use crate::encoding::oid::KnownOid;
use crate::encoding::tlv::{self, Tlv, Unsound, Walker};
use crate::error::{Error, Result};
use crate::limits::EXTENSIONS;

/// Why a certificate was revoked (RFC 5280 section 5.3.1).
///
/// `Display` gives OpenSSL's words; as text they are read as RFC 5280 names them, which [`name`](Self::name) gives.
///
/// ```
/// use bulla::x509::RevocationReason;
/// let reason: RevocationReason = "keyCompromise".parse()?;
/// assert_eq!(reason, RevocationReason::KeyCompromise);
/// assert_eq!(reason.to_string(), "Key Compromise");
/// assert_eq!(reason.name(), "keyCompromise");
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum RevocationReason {
    /// Nobody says.
    Unspecified,
    /// The private key is, or may be, in other hands.
    KeyCompromise,
    /// The private key of the CA is, or may be, in other hands.
    CaCompromise,
    /// The subject's name or other facts have changed.
    AffiliationChanged,
    /// There is a newer certificate.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// It is suspended, and may be good again.
    CertificateHold,
    /// In a delta CRL: the suspension has ended, or the certificate has expired.
    RemoveFromCrl,
    /// A privilege that the certificate states was taken away.
    PrivilegeWithdrawn,
    /// The key of an attribute authority is, or may be, in other hands.
    AaCompromise,
}

use RevocationReason as Reason;

/// Each with its number in CRLReason, its bit in ReasonFlags, its name there and what OpenSSL calls it.
const REASONS: [(Reason, u8, Option<u8>, &str, &str); 10] = [
    (Reason::Unspecified, 0, None, "unspecified", "Unspecified"),
    (Reason::KeyCompromise, 1, Some(1), "keyCompromise", "Key Compromise"),
    (Reason::CaCompromise, 2, Some(2), "cACompromise", "CA Compromise"),
    (Reason::AffiliationChanged, 3, Some(3), "affiliationChanged", "Affiliation Changed"),
    (Reason::Superseded, 4, Some(4), "superseded", "Superseded"),
    (Reason::CessationOfOperation, 5, Some(5), "cessationOfOperation", "Cessation Of Operation"),
    (Reason::CertificateHold, 6, Some(6), "certificateHold", "Certificate Hold"),
    // 7 is not used.
    (Reason::RemoveFromCrl, 8, None, "removeFromCRL", "Remove From CRL"),
    (Reason::PrivilegeWithdrawn, 9, Some(7), "privilegeWithdrawn", "Privilege Withdrawn"),
    (Reason::AaCompromise, 10, Some(8), "aACompromise", "AA Compromise"),
];

impl RevocationReason {
    /// Its name in RFC 5280 section 5.3.1.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = REASONS.iter().find(|(reason, ..)| *reason == self);
        found.map_or("unspecified", |(_, _, _, name, _)| name)
    }

    /// A CRLReason, under whatever tag.
    pub(super) fn read(tlv: &Tlv<'_>) -> tlv::Result<Self> {
        let number = tlv.small()?;
        let found = REASONS.iter().find(|(_, code, ..)| u32::from(*code) == number);
        found.map(|(reason, ..)| *reason).ok_or(Unsound)
    }

    /// An ENUMERATED in DER.
    pub(super) fn write(self) -> Vec<u8> {
        let code = REASONS.iter().find(|(reason, ..)| *reason == self).map_or(0, |(_, code, ..)| *code);
        tlv::wrap(tlv::ENUMERATED, &[&[code]])
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = REASONS.iter().find(|(reason, ..)| reason == self);
        f.write_str(found.map_or("Unspecified", |(.., shown)| shown))
    }
}

impl FromStr for RevocationReason {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = REASONS.iter().find(|(.., name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(reason, ..)| *reason).ok_or_else(|| {
            let hint = "take one of RFC 5280 section 5.3.1, such as keyCompromise or superseded";
            Error::usage("reason for revocation", "bulla does not know it", hint)
        })
    }
}

impl Reasons {
    /// Whether this reason is among them. [`Unspecified`](RevocationReason::Unspecified) never is: it has no bit.
    #[must_use]
    pub fn contains(self, reason: RevocationReason) -> bool {
        let bit = REASONS.iter().find(|(known, ..)| *known == reason).and_then(|(_, _, bit, ..)| *bit);
        bit.is_some_and(|bit| self.0 >> bit & 1 == 1)
    }

    /// All of them, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = RevocationReason> {
        REASONS.iter().map(|(reason, ..)| *reason).filter(move |reason| self.contains(*reason))
    }
}

/// One entry of a CRL: a certificate that was revoked (RFC 5280 section 5.1.2.6).
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let ca = bulla::x509::Issue::root(&"CN=CA".parse()?, &key).sign()?;
/// # let when: bulla::Time = "2026-01-31T12:00:00Z".parse()?;
/// use bulla::x509::{CrlIssue, RevocationReason};
/// let crl = CrlIssue::by(&ca, &key)?.revoke(&ca.serial(), when, RevocationReason::Superseded).sign()?;
/// for revoked in crl.revoked() {
///     assert_eq!(revoked.serial(), ca.serial());
///     assert_eq!((revoked.at()?, revoked.reason()?), (when, Some(RevocationReason::Superseded)));
/// }
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Revoked<'a> {
    /// The whole entry in DER.
    whole: &'a [u8],
    serial: &'a [u8],
    at: Tlv<'a>,
    /// SEQUENCE OF Extension, or nothing.
    extensions: &'a [u8],
    /// The value of the last extension that named an issuer, this entry's or an earlier one's.
    issuer: Option<&'a [u8]>,
    crl_issuer: &'a [u8],
}

pub(super) const REASON: KnownOid = KnownOid::new_unwrap("2.5.29.21");
const HOLD_INSTRUCTION: KnownOid = KnownOid::new_unwrap("2.5.29.23");
pub(super) const INVALIDITY_DATE: KnownOid = KnownOid::new_unwrap("2.5.29.24");
pub(super) const CERTIFICATE_ISSUER: KnownOid = KnownOid::new_unwrap("2.5.29.29");

/// What an application that goes by them must understand (section 5.3). What a CA asks for with a hold instruction
/// (RFC 3280 section 5.3.2) changes nothing in that the certificate is suspended.
const UNDERSTOOD: [KnownOid; 4] = [REASON, HOLD_INSTRUCTION, INVALIDITY_DATE, CERTIFICATE_ISSUER];

impl<'a> Revoked<'a> {
    /// The number of the certificate.
    #[must_use]
    pub fn serial(&self) -> Serial {
        Serial::of(self.serial)
    }

    pub(super) fn as_der(&self) -> &'a [u8] {
        self.whole
    }

    pub(super) fn has_serial(&self, serial: &Serial) -> bool {
        self.serial == serial.as_bytes()
    }

    /// When it was revoked.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is no sound time.
    pub fn at(&self) -> Result<Time> {
        time::read(&self.at).map_err(|_| Error::malformed("CRL", "an entry has no sound time of revocation"))
    }

    /// Why. `None`: nobody says.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the extension is not sound, or there twice.
    pub fn reason(&self) -> Result<Option<RevocationReason>> {
        let reader = |value: &[u8]| RevocationReason::read(&tlv::only(value, tlv::ENUMERATED)?);
        extension::read(self.extensions, &REASON, reader)
    }

    /// Since when the key is, or may be, in other hands (section 5.3.2).
    ///
    /// # Errors
    /// See [`reason`](Self::reason).
    pub fn invalidity_date(&self) -> Result<Option<Time>> {
        let reader = |value: &[u8]| time::read(&tlv::only(value, tlv::GENERALIZED_TIME)?);
        extension::read(self.extensions, &INVALIDITY_DATE, reader)
    }

    /// Who issued the certificate: in an indirect CRL whom this entry or the last one before it names (section 5.3.3),
    /// else the CRL's issuer.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is named in no sound way.
    pub fn certificate_issuer(&self) -> Result<Vec<GeneralName>> {
        let Some(value) = self.issuer else {
            return Ok(vec![GeneralName::Directory(Name::of(self.crl_issuer))]);
        };
        let read = tlv::only(value, tlv::SEQUENCE).and_then(|names| general_name::read_all(&names));
        read.map_err(|Unsound| {
            Error::malformed("CRL", "an entry names the certificate's issuer in no sound way")
        })
    }

    /// Where `certificate_issuer` is named: the same place, the same issuer.
    pub(super) fn issuer_place(&self) -> Option<&'a [u8]> {
        self.issuer
    }

    /// All extensions, in their order; those whose identifier cannot be read are left out.
    pub fn extensions(&self) -> impl Iterator<Item = Extension> + use<'a> {
        extension::all(self.extensions).filter_map(|raw| raw.owned())
    }

    /// Whether it has a critical extension that bulla does not understand: the CRL is then good for no certificate at
    /// all (section 5.3).
    #[must_use]
    pub fn has_unknown_critical(&self) -> bool {
        extension::all(self.extensions).any(|raw| raw.critical && !UNDERSTOOD.iter().any(|id| raw.is(id)))
    }
}

impl fmt::Debug for Revoked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revoked(serial {})", self.serial())
    }
}

/// What is to be known of a list of entries before one of them is believed.
#[derive(Clone, Copy, Default)]
pub(super) struct Notes {
    /// An entry names the issuer of its certificate.
    pub(super) names_issuers: bool,
    /// An entry has a critical extension that is not understood.
    pub(super) unknown_critical: bool,
    /// An entry has an extension twice.
    pub(super) twice: bool,
}

/// The parts of an entry of revokedCertificates: number, time, extensions.
fn parts<'a>(entry: &Tlv<'a>) -> tlv::Result<(&'a [u8], Tlv<'a>, Option<Tlv<'a>>)> {
    let mut inside = entry.inside();
    // One way to write a number, so that two are equal when their bytes are.
    let serial = tlv::integer(inside.expect(tlv::INTEGER)?.value())?;
    let at = inside.any()?;
    let extensions = inside.optional(tlv::SEQUENCE)?;
    inside.end()?;
    Ok((serial, at, extensions))
}

/// Whether all entries are sound outside of times and the values of extensions. Once through the list, so that what
/// comes after needs not look at all.
pub(super) fn check(mut entries: Walker<'_>) -> tlv::Result<Notes> {
    let mut notes = Notes::default();
    while !entries.is_done() {
        if let (_, _, Some(extensions)) = parts(&entries.expect(tlv::SEQUENCE)?)? {
            note(&extensions, &mut notes)?;
        }
    }
    Ok(notes)
}

fn note(extensions: &Tlv<'_>, notes: &mut Notes) -> tlv::Result<()> {
    let mut seen = [false; UNDERSTOOD.len()];
    let mut count = 0;
    let mut walker = extensions.inside();
    while !walker.is_done() {
        let raw = extension::next(&mut walker)?;
        match UNDERSTOOD.iter().zip(&mut seen).find(|(id, _)| raw.is(id)) {
            Some((_, seen)) => notes.twice |= std::mem::replace(seen, true),
            None => notes.unknown_critical |= raw.critical,
        }
        notes.names_issuers |= raw.is(&CERTIFICATE_ISSUER);
        count += 1;
    }
    // Old programs wrote an empty list, which says nothing.
    if count > EXTENSIONS { Err(Unsound) } else { Ok(()) }
}

/// Goes over entries that [`check`] was content with.
#[derive(Clone)]
pub(super) struct Entries<'a> {
    walker: Walker<'a>,
    crl_issuer: &'a [u8],
    issuer: Option<&'a [u8]>,
    names_issuers: bool,
}

impl<'a> Entries<'a> {
    pub(super) fn new(entries: &'a [u8], crl_issuer: &'a [u8], notes: Notes) -> Self {
        let (walker, names_issuers) = (Walker::new(entries), notes.names_issuers);
        Entries { walker, crl_issuer, issuer: None, names_issuers }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Revoked<'a>;

    fn next(&mut self) -> Option<Revoked<'a>> {
        let entry = self.walker.expect(tlv::SEQUENCE).ok()?;
        let (serial, at, extensions) = parts(&entry).ok()?;
        let extensions = extensions.map(|list| list.whole()).unwrap_or_default();
        if self.names_issuers {
            let named = extension::all(extensions).find(|raw| raw.is(&CERTIFICATE_ISSUER));
            self.issuer = named.map(|raw| raw.value).or(self.issuer);
        }
        let (whole, issuer, crl_issuer) = (entry.whole(), self.issuer, self.crl_issuer);
        Some(Revoked { whole, serial, at, extensions, issuer, crl_issuer })
    }
}

/// An entry as it is written: with a reason if there is one to state (section 5.3.1).
pub(super) fn write(serial: &Serial, at: Time, reason: RevocationReason) -> Option<Vec<u8>> {
    let extensions = match reason {
        RevocationReason::Unspecified => Vec::new(),
        reason => tlv::sequence(&[&Extension::known(&REASON, false, reason.write()).write()]),
    };
    Some(tlv::sequence(&[&serial.write(), &time::write(at)?, &extensions]))
}
