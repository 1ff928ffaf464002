//! Opens a content key with what the reader has: private keys with their certificates, keys, passphrases.
//!
//! Of all that is sealed for the reader only the first is tried, and whatever fails in it is one error: who can send
//! messages and see how each fails would else learn, try by try, what is sealed in another (CVE-2026-42768).
use super::{check, kek};
use crate::encoding::tlv;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::algorithm::{Cipher, Identifier};
use crate::formats::cms::certificate_id::CertificateId;
use crate::formats::cms::key_algorithm::{KeyAgreement, KeyTransport, KeyWrap, read_hkdf, read_kem};
use crate::formats::cms::password_algorithm::{Pbkdf2, read_password_wrap};
use crate::formats::cms::recipient::{EncapsulationInfo, KeyAgreementInfo, Originator, RecipientInfo};
use crate::keys::work::Budget;
use crate::keys::{Decryption, KeyKind, Passphrase, PrivateKey, PublicKey};
use crate::limits::{CMS_ISSUERS_COMPARED, CMS_PASSPHRASES};
use crate::primitives::password_wrap;
use crate::secret::SecretVec;
use crate::x509::Certificate;

/// In errors.
const WHAT: &str = "encrypted message";

/// Something to open a message with.
#[derive(Clone, Copy)]
pub(super) enum Opener<'a> {
    /// A private key, and its certificate.
    Key(&'a PrivateKey, &'a Certificate),
    /// A key that is known by a name.
    Kek {
        id: &'a [u8],
        key: &'a [u8],
    },
    Passphrase(&'a Passphrase),
}

/// What may be spent, and read.
pub(super) struct Terms<'a> {
    /// Of the content key, in bytes.
    pub(super) length: usize,
    /// With triple DES, too.
    pub(super) legacy: bool,
    pub(super) budget: &'a mut Budget,
}

/// The content key of a message.
///
/// A key that comes out need not be the right one: RSAES-PKCS1-v1_5 gives a made up key where it should fail. What is
/// encrypted under the key shows that, by the error that a changed content gives.
///
/// # Errors
/// `NoKeyFits` if nothing is sealed for any of the openers, `Unauthentic` if what is does not open, `Unsupported` and
/// `Malformed` for what its sender wrote plainly, `OverLimit` for passphrases that cost too much.
pub(super) fn content_key(
    recipients: &[RecipientInfo<'_>],
    openers: &[Opener<'_>],
    terms: &mut Terms<'_>,
) -> Result<SecretVec> {
    for mut look in [Look::Exact, Look::Folded { left: CMS_ISSUERS_COMPARED }] {
        for info in recipients {
            for opener in openers {
                if let Some(way) = way(info, opener, &mut look) {
                    let key = open(way, terms)?;
                    return if key.len() == terms.length { Ok(key) } else { Err(Error::unauthentic()) };
                }
            }
        }
    }
    by_passphrase(recipients, openers, terms)
}

/// How names of issuers are compared.
enum Look {
    /// Byte for byte, as nearly everybody writes them.
    Exact,
    /// Letter by letter (RFC 5280 section 7.1), which costs: so many are.
    Folded { left: usize },
}

/// A way to the content key that is the reader's.
enum Way<'a> {
    Transport(&'a PrivateKey, &'a Identifier<'a>, &'a [u8]),
    Agreement(&'a PrivateKey, &'a KeyAgreementInfo<'a>, &'a [u8]),
    Kek(&'a [u8], &'a Identifier<'a>, &'a [u8]),
    Encapsulation(&'a PrivateKey, &'a EncapsulationInfo<'a>),
}

/// `None`: it is not for this opener, by name. Nothing secret is looked at.
fn way<'a>(info: &'a RecipientInfo<'a>, opener: &Opener<'a>, look: &mut Look) -> Option<Way<'a>> {
    match (info, *opener) {
        (RecipientInfo::KeyTransport { recipient, algorithm, sealed }, Opener::Key(key, certificate)) => {
            names(recipient, certificate, look).then_some(Way::Transport(key, algorithm, sealed))
        }
        (RecipientInfo::KeyAgreement(info), Opener::Key(key, certificate)) => {
            let (_, wrapped) = info.keys.iter().find(|(recipient, _)| names(recipient, certificate, look))?;
            Some(Way::Agreement(key, info, wrapped))
        }
        (RecipientInfo::Encapsulation(info), Opener::Key(key, certificate)) => {
            names(&info.recipient, certificate, look).then_some(Way::Encapsulation(key, info))
        }
        (RecipientInfo::Kek { id, algorithm, wrapped }, Opener::Kek { id: own, key }) => {
            (*id == own).then_some(Way::Kek(key, algorithm, wrapped))
        }
        _ => None,
    }
}

/// Whether a recipient is the certificate's owner. Outlook 2010 makes up a key identifier where a certificate has none.
fn names(recipient: &CertificateId<'_>, certificate: &Certificate, look: &mut Look) -> bool {
    match (recipient, look) {
        (CertificateId::IssuerAndSerial(issuer, serial), Look::Exact) => {
            certificate.serial().as_bytes() == *serial && certificate.issuer_der() == *issuer
        }
        (CertificateId::IssuerAndSerial(_, serial), Look::Folded { left }) => {
            let is_due = *left > 0 && certificate.serial().as_bytes() == *serial;
            *left = left.saturating_sub(usize::from(is_due));
            is_due && check::names(recipient, certificate)
        }
        (CertificateId::KeyId(id), Look::Exact) => {
            let has_none = || certificate.subject_key_identifier().is_ok_and(|own| own.is_none());
            let made_up = || tlv::key_bits(certificate.public_key_info()).map(kek::made_up_id);
            check::names(recipient, certificate) || (has_none() && made_up().is_ok_and(|own| *id == own))
        }
        (CertificateId::KeyId(_), Look::Folded { .. }) => false,
    }
}

fn open(way: Way<'_>, terms: &Terms<'_>) -> Result<SecretVec> {
    match way {
        Way::Transport(key, algorithm, sealed) => transport(key, algorithm, sealed, terms),
        Way::Agreement(key, info, wrapped) => agreement(key, info, wrapped, terms),
        Way::Kek(key, algorithm, wrapped) => kek::unwrap(wrap(algorithm, terms)?, key, wrapped),
        Way::Encapsulation(key, info) => encapsulation(key, info, terms),
    }
}

fn wrap(algorithm: &Identifier<'_>, terms: &Terms<'_>) -> Result<KeyWrap> {
    KeyWrap::read(algorithm).and_then(|wrap| allowed(wrap, terms))
}

fn allowed(wrap: KeyWrap, terms: &Terms<'_>) -> Result<KeyWrap> {
    if wrap == KeyWrap::TripleDes && !terms.legacy { Err(old()) } else { Ok(wrap) }
}

fn transport(
    key: &PrivateKey,
    algorithm: &Identifier<'_>,
    sealed: &[u8],
    terms: &Terms<'_>,
) -> Result<SecretVec> {
    let how = KeyTransport::read(algorithm)?;
    if !matches!(key.kind(), KeyKind::Rsa { .. }) {
        return Err(other_kind());
    }
    match how {
        KeyTransport::RsaPkcs1 => key.decrypt_as(Decryption::RsaPkcs1 { length: terms.length }, sealed),
        KeyTransport::RsaOaep { digest, mask, label } => {
            key.decrypt_as(Decryption::RsaOaep { digest, mask, label: &label }, sealed)
        }
    }
}

fn agreement(
    key: &PrivateKey,
    info: &KeyAgreementInfo<'_>,
    wrapped: &[u8],
    terms: &Terms<'_>,
) -> Result<SecretVec> {
    let how = KeyAgreement::read(&info.algorithm, key.kind())?;
    allowed(how.wrap, terms)?;
    let Originator::Ephemeral(kind, bits) = &info.originator else {
        let why = "it was agreed on with a sender's own key, and not with one made for it";
        return Err(unsupported(why, "have it encrypted again by a program of today"));
    };
    let shared = key.agree(&peer(key.public(), kind, bits)?)?;
    kek::unwrap(how.wrap, &kek::of_agreement(how, &shared, info.ukm)?, wrapped)
}

/// The sender's key, which is of the kind and curve of our own. RFC 5753 section 3.1.1: its curve is left out, NULL, or
/// named; RFC 8418 section 3.1: X25519 says it all.
fn peer(own: &PublicKey, kind: &Identifier<'_>, bits: &[u8]) -> Result<PublicKey> {
    let own = tlv::only(own.as_der(), tlv::SEQUENCE)
        .and_then(|info| Ok(info.inside().expect(tlv::SEQUENCE)?.whole()));
    let own = own.map_err(|tlv::Unsound| Error::unauthentic())?;
    if !kind.is_kind_of(own) {
        return Err(other_kind());
    }
    // It is on the curve, or no key.
    PublicKey::from_der(&tlv::sequence(&[own, &tlv::bit_string(bits)]))
}

fn encapsulation(key: &PrivateKey, info: &EncapsulationInfo<'_>, terms: &Terms<'_>) -> Result<SecretVec> {
    let (kind, digest, wrap) = (read_kem(&info.kem)?, read_hkdf(&info.kdf)?, wrap(&info.wrap, terms)?);
    if kind != key.kind() {
        return Err(other_kind());
    }
    // RFC 9936 section 2.2.1.
    if usize::try_from(info.kek_len) != Ok(wrap.key_len()) {
        return Err(Error::malformed(WHAT, "a key in it has not the length that its algorithm takes"));
    }
    let shared = key.decapsulate(info.ciphertext)?;
    kek::unwrap(wrap, &kek::of_encapsulation(digest, &shared, wrap, info.ukm)?, info.wrapped)
}

/// Passphrases have no names: each is tried, as far as the budget goes. What is typed opens what was sealed under it,
/// normalised or not.
///
/// What cannot be tried is passed over, for the reader's own may come after it; why, is told if none opens. All share one
/// budget, so whoever puts others before it makes it cost no more.
fn by_passphrase(
    recipients: &[RecipientInfo<'_>],
    openers: &[Opener<'_>],
    terms: &mut Terms<'_>,
) -> Result<SecretVec> {
    let passphrases = || {
        openers.iter().filter_map(|opener| match opener {
            Opener::Passphrase(passphrase) => Some(*passphrase),
            _ => None,
        })
    };
    let infos = recipients.iter().filter_map(|info| match info {
        RecipientInfo::Password { derivation: Some(derivation), algorithm, wrapped } => {
            Some((derivation, algorithm, *wrapped))
        }
        _ => None,
    });
    let (mut passed_over, mut left) = (None, CMS_PASSPHRASES);
    for (derivation, algorithm, wrapped) in infos {
        let mut costs = false;
        for passphrase in passphrases() {
            let mut tried = None;
            for text in [passphrase.as_bytes(), passphrase.as_typed()] {
                if tried.replace(text) == Some(text) {
                    continue;
                }
                match try_passphrase(text, derivation, algorithm, wrapped, terms) {
                    Ok(Some(key)) => return Ok(key),
                    Ok(None) => costs = true,
                    Err(error) => passed_over = passed_over.or(Some(error)),
                }
            }
        }
        left = left.saturating_sub(usize::from(costs));
        if left == 0 {
            break;
        }
    }
    Err(passed_over.unwrap_or_else(no_key_fits))
}

fn no_key_fits() -> Error {
    Error::new(
        ErrorKind::NoKeyFits,
        WHAT,
        "it is not encrypted for any of the keys given, or the passphrase is not the right one",
        "give the key of a certificate that it names, or ask its sender to encrypt it for yours",
    )
}

fn try_passphrase(
    text: &[u8],
    derivation: &Identifier<'_>,
    algorithm: &Identifier<'_>,
    wrapped: &[u8],
    terms: &mut Terms<'_>,
) -> Result<Option<SecretVec>> {
    let cipher = read_password_wrap(algorithm)?;
    if cipher.is_legacy() && !terms.legacy {
        return Err(old());
    }
    let length = cipher.key_len();
    let how = Pbkdf2::read(derivation, length)?;
    terms.budget.spend_pbkdf2(kek::iterations(&how, length))?;
    let key = kek::of_passphrase(text, &how, length);
    let opened = match cipher {
        Cipher::AesCbc { iv, .. } => password_wrap::unwrap(&key, &iv, wrapped),
        Cipher::TripleDesCbc { iv } => password_wrap::unwrap_triple_des(&key, &iv, wrapped),
        _ => None,
    };
    Ok(opened.filter(|key| key.len() == terms.length))
}

/// The sender took our certificate for one of another key.
fn other_kind() -> Error {
    Error::malformed(WHAT, "its key is sealed as for another kind of key than ours")
}

fn old() -> Error {
    unsupported("its key is wrapped with triple DES", "read it as the old mail it is (--legacy)")
}

fn unsupported(why: &'static str, hint: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, WHAT, why, hint)
}
