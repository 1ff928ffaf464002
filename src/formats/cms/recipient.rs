//! RecipientInfo (RFC 5652 section 6.2): how each recipient gets the content key, as it came.
//!
//! Algorithms are kept unread: one that nobody knows is of no concern but to the recipient that it is for.
use spki::ObjectIdentifier;

use super::algorithm::{Identifier, oid};
use super::certificate_id::CertificateId;
use super::key_algorithm::kem_ukm;
use crate::encoding::tlv::{
    self, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, Tlv, Unsound, Walker,
};
use crate::limits::CMS_RECIPIENTS;

/// id-ori-kem (RFC 9629 section 3).
const KEM: ObjectIdentifier = oid("1.2.840.113549.1.9.16.13.3");

// Versions, which follow from the form (RFC 5652 sections 6.2.1 to 6.2.4, RFC 9629 section 3).
const KEY_TRANSPORT_BY_ISSUER: u32 = 0;
const KEY_TRANSPORT_BY_KEY: u32 = 2;
const KEY_AGREEMENT: u32 = 3;
const KEK: u32 = 4;
const PASSWORD: u32 = 0;
const ENCAPSULATION: u32 = 0;

/// One way to the content key.
pub(crate) enum RecipientInfo<'a> {
    /// KeyTransRecipientInfo: sealed to an RSA key.
    KeyTransport { recipient: CertificateId<'a>, algorithm: Identifier<'a>, sealed: &'a [u8] },
    /// KeyAgreeRecipientInfo: wrapped under a key agreed on with each recipient.
    KeyAgreement(KeyAgreementInfo<'a>),
    /// KEKRecipientInfo: wrapped under a key that both had before.
    Kek { id: &'a [u8], algorithm: Identifier<'a>, wrapped: &'a [u8] },
    /// PasswordRecipientInfo: wrapped under a key from a passphrase. Without a derivation the key itself is known.
    Password { derivation: Option<Identifier<'a>>, algorithm: Identifier<'a>, wrapped: &'a [u8] },
    /// KEMRecipientInfo: wrapped under a key from an encapsulation.
    Encapsulation(EncapsulationInfo<'a>),
    /// One that came after our time.
    Unknown,
}

/// KeyAgreeRecipientInfo (RFC 5652 section 6.2.2).
pub(crate) struct KeyAgreementInfo<'a> {
    pub(crate) originator: Originator<'a>,
    /// User keying material.
    pub(crate) ukm: Option<&'a [u8]>,
    pub(crate) algorithm: Identifier<'a>,
    /// For whom, and the content key wrapped.
    pub(crate) keys: Vec<(CertificateId<'a>, &'a [u8])>,
}

/// Whose key was agreed with.
pub(crate) enum Originator<'a> {
    /// One made for this message: what kind of key it is, and its bits.
    Ephemeral(Identifier<'a>, &'a [u8]),
    /// One of a certificate.
    Static,
}

/// KEMRecipientInfo (RFC 9629 section 3).
pub(crate) struct EncapsulationInfo<'a> {
    pub(crate) recipient: CertificateId<'a>,
    pub(crate) kem: Identifier<'a>,
    pub(crate) ciphertext: &'a [u8],
    pub(crate) kdf: Identifier<'a>,
    /// Bytes of the key that the content key is wrapped under.
    pub(crate) kek_len: u32,
    pub(crate) ukm: Option<&'a [u8]>,
    pub(crate) wrap: Identifier<'a>,
    pub(crate) wrapped: &'a [u8],
}

impl<'a> RecipientInfo<'a> {
    /// Reads one, under the tag that says which it is.
    ///
    /// A version that does not go with the form is refused: such a text could be read in two ways.
    pub(crate) fn read(info: &Tlv<'a>) -> tlv::Result<Self> {
        let fields = info.inside();
        match info.tag {
            SEQUENCE => key_transport(fields),
            0xa1 => key_agreement(fields).map(RecipientInfo::KeyAgreement),
            0xa2 => kek(fields),
            0xa3 => password(fields),
            0xa4 => other(fields),
            _ => Ok(RecipientInfo::Unknown),
        }
    }
}

/// OtherRecipientInfo (section 6.2.5): anything, by a type of its own.
fn other<'a>(mut fields: Walker<'a>) -> tlv::Result<RecipientInfo<'a>> {
    let kind = fields.expect(OID)?.value();
    let value = fields.any()?;
    fields.end()?;
    match value.tag {
        _ if kind != KEM.as_bytes() => Ok(RecipientInfo::Unknown),
        SEQUENCE => encapsulation(value.inside()).map(RecipientInfo::Encapsulation),
        _ => Err(Unsound),
    }
}

fn version(fields: &mut Walker<'_>, right: u32) -> tlv::Result<()> {
    if fields.expect(INTEGER)?.small()? == right { Ok(()) } else { Err(Unsound) }
}

fn key_transport<'a>(mut fields: Walker<'a>) -> tlv::Result<RecipientInfo<'a>> {
    let version = fields.expect(INTEGER)?.small()?;
    let recipient = CertificateId::read(&fields.any()?)?;
    let algorithm = Identifier::next(&mut fields)?;
    let sealed = fields.expect(OCTET_STRING)?.value();
    fields.end()?;
    let right = match recipient {
        CertificateId::IssuerAndSerial(..) => KEY_TRANSPORT_BY_ISSUER,
        CertificateId::KeyId(_) => KEY_TRANSPORT_BY_KEY,
    };
    if version != right {
        return Err(Unsound);
    }
    Ok(RecipientInfo::KeyTransport { recipient, algorithm, sealed })
}

fn key_agreement<'a>(mut fields: Walker<'a>) -> tlv::Result<KeyAgreementInfo<'a>> {
    version(&mut fields, KEY_AGREEMENT)?;
    let mut explicit = fields.expect(tlv::constructed(0))?.inside();
    let originator = originator(&explicit.any()?)?;
    explicit.end()?;
    let ukm = fields.optional(tlv::constructed(1))?.map(|ukm| octets(&ukm)).transpose()?;
    let algorithm = Identifier::next(&mut fields)?;
    let mut list = fields.sequence()?;
    fields.end()?;
    let mut keys = Vec::new();
    while !list.is_done() {
        if keys.len() >= CMS_RECIPIENTS {
            return Err(Unsound);
        }
        let mut one = list.sequence()?;
        let recipient = agreeing(&one.any()?)?;
        let wrapped = one.expect(OCTET_STRING)?.value();
        one.end()?;
        keys.push((recipient, wrapped));
    }
    Ok(KeyAgreementInfo { originator, ukm, algorithm, keys })
}

/// OriginatorIdentifierOrKey.
fn originator<'a>(from: &Tlv<'a>) -> tlv::Result<Originator<'a>> {
    if from.tag != tlv::constructed(1) {
        CertificateId::read(from)?;
        return Ok(Originator::Static);
    }
    let mut key = from.inside();
    let algorithm = Identifier::next(&mut key)?;
    let bits = key.expect(tlv::BIT_STRING)?.bits()?;
    key.end()?;
    Ok(Originator::Ephemeral(algorithm, bits))
}

/// KeyAgreeRecipientIdentifier: a key identifier stands in a SEQUENCE here, before a date and what else helps to find it.
fn agreeing<'a>(id: &Tlv<'a>) -> tlv::Result<CertificateId<'a>> {
    if id.tag != tlv::constructed(0) {
        return if id.tag == SEQUENCE { CertificateId::read(id) } else { Err(Unsound) };
    }
    key_id(id.inside()).map(|id| CertificateId::KeyId(id.into()))
}

/// KEKIdentifier and RecipientKeyIdentifier (sections 6.2.2 and 6.2.3), which are built alike.
fn key_id<'a>(mut fields: Walker<'a>) -> tlv::Result<&'a [u8]> {
    let id = fields.expect(OCTET_STRING)?.value();
    fields.optional(GENERALIZED_TIME)?;
    fields.optional(SEQUENCE)?;
    fields.end()?;
    Ok(id)
}

/// The bytes of an OCTET STRING within another tag.
fn octets<'a>(explicit: &Tlv<'a>) -> tlv::Result<&'a [u8]> {
    let mut inside = explicit.inside();
    let octets = inside.expect(OCTET_STRING)?.value();
    inside.end()?;
    Ok(octets)
}

fn kek<'a>(mut fields: Walker<'a>) -> tlv::Result<RecipientInfo<'a>> {
    version(&mut fields, KEK)?;
    let id = key_id(fields.sequence()?)?;
    let algorithm = Identifier::next(&mut fields)?;
    let wrapped = fields.expect(OCTET_STRING)?.value();
    fields.end()?;
    Ok(RecipientInfo::Kek { id, algorithm, wrapped })
}

fn password<'a>(mut fields: Walker<'a>) -> tlv::Result<RecipientInfo<'a>> {
    version(&mut fields, PASSWORD)?;
    let derivation = fields.optional(tlv::constructed(0))?;
    let derivation = derivation.map(|algorithm| Identifier::inside(algorithm.inside())).transpose()?;
    let algorithm = Identifier::next(&mut fields)?;
    let wrapped = fields.expect(OCTET_STRING)?.value();
    fields.end()?;
    Ok(RecipientInfo::Password { derivation, algorithm, wrapped })
}

fn encapsulation<'a>(mut fields: Walker<'a>) -> tlv::Result<EncapsulationInfo<'a>> {
    version(&mut fields, ENCAPSULATION)?;
    let info = EncapsulationInfo {
        recipient: CertificateId::read(&fields.any()?)?,
        kem: Identifier::next(&mut fields)?,
        ciphertext: fields.expect(OCTET_STRING)?.value(),
        kdf: Identifier::next(&mut fields)?,
        kek_len: fields.expect(INTEGER)?.small()?,
        ukm: fields.optional(tlv::constructed(0))?.map(|ukm| octets(&ukm)).transpose()?,
        wrap: Identifier::next(&mut fields)?,
        wrapped: fields.expect(OCTET_STRING)?.value(),
    };
    fields.end()?;
    if (1..=65_535).contains(&info.kek_len) { Ok(info) } else { Err(Unsound) }
}

// Writing. What is given as an algorithm is an AlgorithmIdentifier in DER.

fn wrapped(octets: &[u8]) -> Vec<u8> {
    tlv::wrap(OCTET_STRING, &[octets])
}

pub(crate) fn write_key_transport(recipient: &CertificateId<'_>, algorithm: &[u8], sealed: &[u8]) -> Vec<u8> {
    let version = match recipient {
        CertificateId::IssuerAndSerial(..) => KEY_TRANSPORT_BY_ISSUER,
        CertificateId::KeyId(_) => KEY_TRANSPORT_BY_KEY,
    };
    tlv::sequence(&[&tlv::number(version), &recipient.write(), algorithm, &wrapped(sealed)])
}

/// For one recipient, with a key made for it, without user keying material. `key`: what kind it is, and its bits.
pub(crate) fn write_key_agreement(
    recipient: &CertificateId<'_>,
    key: (&[u8], &[u8]),
    algorithm: &[u8],
    sealed: &[u8],
) -> Vec<u8> {
    let (kind, bits) = key;
    let originator = tlv::wrap(tlv::constructed(1), &[kind, &tlv::bit_string(bits)]);
    let recipient = match recipient {
        CertificateId::KeyId(id) => tlv::wrap(tlv::constructed(0), &[&wrapped(id)]),
        by_issuer => by_issuer.write(),
    };
    let one = tlv::sequence(&[&recipient, &wrapped(sealed)]);
    tlv::wrap(
        tlv::constructed(1),
        &[
            &tlv::number(KEY_AGREEMENT),
            &tlv::wrap(tlv::constructed(0), &[&originator]),
            algorithm,
            &tlv::sequence(&[&one]),
        ],
    )
}

pub(crate) fn write_kek(id: &[u8], algorithm: &[u8], sealed: &[u8]) -> Vec<u8> {
    let id = tlv::sequence(&[&wrapped(id)]);
    tlv::wrap(tlv::constructed(2), &[&tlv::number(KEK), &id, algorithm, &wrapped(sealed)])
}

/// `derivation`: under the tag [`DERIVATION`].
pub(crate) fn write_password(derivation: &[u8], algorithm: &[u8], sealed: &[u8]) -> Vec<u8> {
    tlv::wrap(tlv::constructed(3), &[&tlv::number(PASSWORD), derivation, algorithm, &wrapped(sealed)])
}

/// The tag of how a key is derived from a passphrase, in place of SEQUENCE.
pub(crate) const DERIVATION: u8 = tlv::constructed(0);

/// What an encapsulation consists of, each algorithm in DER.
pub(crate) struct Encapsulating<'a> {
    pub(crate) kem: &'a [u8],
    pub(crate) ciphertext: &'a [u8],
    pub(crate) kdf: &'a [u8],
    pub(crate) kek_len: usize,
    pub(crate) wrap: &'a [u8],
    pub(crate) wrapped: &'a [u8],
}

/// Without user keying material.
pub(crate) fn write_encapsulation(recipient: &CertificateId<'_>, made: &Encapsulating<'_>) -> Vec<u8> {
    let info = tlv::sequence(&[
        &tlv::number(ENCAPSULATION),
        &recipient.write(),
        made.kem,
        &wrapped(made.ciphertext),
        made.kdf,
        &super::algorithm::small(made.kek_len),
        &kem_ukm(None),
        made.wrap,
        &wrapped(made.wrapped),
    ]);
    tlv::wrap(tlv::constructed(4), &[&tlv::wrap(OID, &[KEM.as_bytes()]), &info])
}

#[cfg(test)]
mod tests {
    use super::super::algorithm::identifier;
    use super::*;

    const BITS: &[u8] = &[4, 1, 2];

    fn algorithm() -> Vec<u8> {
        identifier(&[42, 3], &[])
    }

    fn issuer() -> Vec<u8> {
        tlv::sequence(&[&tlv::sequence(&[]), &[INTEGER, 1, 5]])
    }

    fn ids(issuer: &[u8]) -> [CertificateId<'_>; 2] {
        [CertificateId::IssuerAndSerial(issuer, &[1, 5]), CertificateId::KeyId(vec![9; 20].into())]
    }

    fn encapsulation_for(id: &CertificateId<'_>, kek_len: usize) -> Vec<u8> {
        let algorithm = algorithm();
        let made = Encapsulating {
            kem: &algorithm,
            ciphertext: b"ciphertext",
            kdf: &algorithm,
            kek_len,
            wrap: &algorithm,
            wrapped: b"wrapped",
        };
        write_encapsulation(id, &made)
    }

    /// Each form, written.
    fn written() -> Vec<Vec<u8>> {
        let (name, algorithm) = (tlv::sequence(&[]), algorithm());
        let mut all = vec![
            write_kek(b"id", &algorithm, b"wrapped"),
            write_password(&[], &algorithm, b"wrapped"),
            write_password(&tlv::wrap(DERIVATION, &[&[6, 1, 42]]), &algorithm, b"wrapped"),
        ];
        for id in ids(&name) {
            all.push(write_key_transport(&id, &algorithm, b"sealed"));
            all.push(write_key_agreement(&id, (&algorithm, BITS), &algorithm, b"wrapped"));
            all.push(encapsulation_for(&id, 32));
        }
        all
    }

    fn read<T>(info: &[u8], look: impl FnOnce(RecipientInfo<'_>) -> T) -> tlv::Result<T> {
        let mut walker = Walker::new(info);
        let value = walker.any()?;
        walker.end()?;
        RecipientInfo::read(&value).map(look)
    }

    #[test]
    fn each_form_that_is_written_is_read_again() {
        let (name, all) = (tlv::sequence(&[]), written());
        assert!(
            read(&all[0], |info| matches!(
                info,
                RecipientInfo::Kek {
                    id: b"id",
                    wrapped: b"wrapped",
                    algorithm: Identifier { oid: [42, 3], .. }
                }
            ))
            .unwrap()
        );
        let derived = |info: &[u8]| {
            read(info, |info| match info {
                RecipientInfo::Password { derivation, wrapped: b"wrapped", .. } => derivation.is_some(),
                _ => panic!("no passphrase"),
            })
        };
        assert_eq!((derived(&all[1]), derived(&all[2])), (Ok(false), Ok(true)));
        for (id, forms) in ids(&name).into_iter().zip(all[3..].chunks(3)) {
            let found: Vec<_> =
                forms.iter().map(|form| read(form, |info| matches_form(info, &id)).unwrap()).collect();
            assert_eq!(found, ["transport", "agreement", "encapsulation"]);
        }
    }

    fn matches_form(info: RecipientInfo<'_>, id: &CertificateId<'_>) -> &'static str {
        match info {
            RecipientInfo::KeyTransport { recipient, sealed: b"sealed", .. } if recipient == *id => {
                "transport"
            }
            RecipientInfo::KeyAgreement(info)
                if info.keys == [(id.clone(), &b"wrapped"[..])]
                    && info.ukm.is_none()
                    && matches!(info.originator, Originator::Ephemeral(_, BITS)) =>
            {
                "agreement"
            }
            RecipientInfo::Encapsulation(info)
                if info.recipient == *id
                    && (info.ciphertext, info.wrapped) == (&b"ciphertext"[..], &b"wrapped"[..])
                    && (info.kek_len, info.ukm) == (32, None) =>
            {
                "encapsulation"
            }
            _ => "another",
        }
    }

    #[test]
    fn a_version_that_does_not_go_with_the_form_is_refused() {
        for info in written() {
            // Each form begins with its version, KEMRecipientInfo behind its type.
            let at =
                if info[0] == 0xa4 { info.windows(3).position(|v| v == [2, 1, 0]).unwrap() + 2 } else { 4 };
            let at = if info[0] != 0xa4 && info[1] >= 0x80 { at + 1 } else { at };
            assert!(read(&info, |_| ()).is_ok());
            for version in (0..8).filter(|version| *version != info[at]) {
                let mut other = info.clone();
                other[at] = version;
                assert_eq!(read(&other, |_| ()), Err(Unsound), "{version} {info:02x?}");
            }
        }
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_refused() {
        for info in written() {
            for end in 0..info.len() {
                assert_eq!(read(&info[..end], |_| ()), Err(Unsound));
            }
            let inside = &info[2..];
            let longer = tlv::wrap(info[0], &[inside, &[tlv::NULL, 0]]);
            assert_eq!(read(&longer, |_| ()), Err(Unsound), "{info:02x?}");
        }
    }

    #[test]
    fn forms_of_after_our_time_are_no_error() {
        let other = tlv::wrap(0xa4, &[&[OID, 1, 42], &tlv::sequence(&[])]);
        for unknown in [&[0xa5, 0][..], &[0xa9, 1, 0xff], &other] {
            assert_eq!(read(unknown, |info| matches!(info, RecipientInfo::Unknown)), Ok(true));
        }
        assert_eq!(read(&tlv::wrap(0xa4, &[&[OID, 1, 42]]), |_| ()), Err(Unsound));
    }

    #[test]
    fn what_others_write_besides_is_read() {
        let (id, algorithm, list) = (issuer(), algorithm(), |one: &[u8]| tlv::sequence(&[one]));
        let date = tlv::wrap(GENERALIZED_TIME, &[b"20260101000000Z"]);
        let with_date = tlv::wrap(0xa0, &[&wrapped(b"id"), &date, &tlv::sequence(&[&[OID, 1, 42]])]);
        let one = tlv::sequence(&[&with_date, &wrapped(b"wrapped")]);
        let ukm = tlv::wrap(0xa1, &[&wrapped(b"ukm")]);
        let agreement = |originator: &[u8], ukm: &[u8]| {
            let originator = tlv::wrap(0xa0, &[originator]);
            tlv::wrap(0xa1, &[&[INTEGER, 1, 3], &originator, ukm, &algorithm, &list(&one)])
        };
        let looked = read(&agreement(&id, &ukm), |info| match info {
            RecipientInfo::KeyAgreement(info) => {
                assert_eq!(info.keys, [(CertificateId::KeyId(b"id".into()), &b"wrapped"[..])]);
                (info.ukm == Some(b"ukm"), matches!(info.originator, Originator::Static))
            }
            _ => panic!("no agreement"),
        });
        assert_eq!(looked, Ok((true, true)));
        assert_eq!(read(&agreement(&[4, 0], &ukm), |_| ()), Err(Unsound));
        assert_eq!(read(&agreement(&id, &tlv::wrap(0xa1, &[])), |_| ()), Err(Unsound));
        // A key that is not of whole bytes.
        let crooked = tlv::wrap(0xa1, &[&algorithm, &[tlv::BIT_STRING, 2, 1, 0]]);
        assert_eq!(read(&agreement(&crooked, &[]), |_| ()), Err(Unsound));
    }

    #[test]
    fn a_key_of_no_length_or_of_an_absurd_one_is_refused() {
        let id = CertificateId::KeyId(b"id".into());
        let is_read = |length| read(&encapsulation_for(&id, length), |_| ()).is_ok();
        assert_eq!([0, 1, 65_535, 65_536].map(is_read), [false, true, true, false]);
    }
}
