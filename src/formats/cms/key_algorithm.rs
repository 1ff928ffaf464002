//! Algorithms that seal a content key: transport, agreement, encapsulation, wrapping.
use spki::ObjectIdentifier;

use super::algorithm::{Aes, Identifier, identifier, name_of, named, oid, small, unsound, unsupported};
use crate::encoding::tlv::{self, NULL, OCTET_STRING, SEQUENCE, Unsound, Walker};
use crate::error::Result;
use crate::keys::algorithm::DIGESTS;
use crate::keys::{Digest, KeyKind};

pub(super) const ASN1_NULL: [u8; 2] = [NULL, 0];

/// rsaEncryption (RFC 3370 section 4.2.1), and id-RSAES-OAEP with what goes with it (RFC 4055 sections 4.1 and 2.2).
const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const OAEP: ObjectIdentifier = oid("1.2.840.113549.1.1.7");
const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
const LABEL: ObjectIdentifier = oid("1.2.840.113549.1.1.9");

/// Key wraps: RFC 3565 section 2.3.2, RFC 3370 section 4.3.1.
const WRAPS: [(KeyWrap, ObjectIdentifier); 4] = [
    (KeyWrap::Aes(Aes::Aes128), oid("2.16.840.1.101.3.4.1.5")),
    (KeyWrap::Aes(Aes::Aes192), oid("2.16.840.1.101.3.4.1.25")),
    (KeyWrap::Aes(Aes::Aes256), oid("2.16.840.1.101.3.4.1.45")),
    (KeyWrap::TripleDes, oid("1.2.840.113549.1.9.16.3.6")),
];

/// Key agreements: dhSinglePass-stdDH-… (RFC 5753 section 7.1.4, RFC 8418 section 2.2).
const AGREEMENTS: [(Kdf, ObjectIdentifier); 8] = [
    (Kdf::X963(Digest::Sha1), oid("1.3.133.16.840.63.0.2")),
    (Kdf::X963(Digest::Sha224), oid("1.3.132.1.11.0")),
    (Kdf::X963(Digest::Sha256), oid("1.3.132.1.11.1")),
    (Kdf::X963(Digest::Sha384), oid("1.3.132.1.11.2")),
    (Kdf::X963(Digest::Sha512), oid("1.3.132.1.11.3")),
    (Kdf::Hkdf(Digest::Sha256), oid("1.2.840.113549.1.9.16.3.19")),
    (Kdf::Hkdf(Digest::Sha384), oid("1.2.840.113549.1.9.16.3.20")),
    (Kdf::Hkdf(Digest::Sha512), oid("1.2.840.113549.1.9.16.3.21")),
];
/// dhSinglePass-cofactorDH-… (RFC 5753 section 7.1.4): the same where the cofactor is 1, as it is of NIST's curves.
const COFACTOR_AGREEMENTS: [(Kdf, ObjectIdentifier); 5] = [
    (Kdf::X963(Digest::Sha1), oid("1.3.133.16.840.63.0.3")),
    (Kdf::X963(Digest::Sha224), oid("1.3.132.1.14.0")),
    (Kdf::X963(Digest::Sha256), oid("1.3.132.1.14.1")),
    (Kdf::X963(Digest::Sha384), oid("1.3.132.1.14.2")),
    (Kdf::X963(Digest::Sha512), oid("1.3.132.1.14.3")),
];

/// ML-KEM (RFC 9936 section 3).
const KEMS: [(KeyKind, ObjectIdentifier); 3] = [
    (KeyKind::MlKem512, oid("2.16.840.1.101.3.4.4.1")),
    (KeyKind::MlKem768, oid("2.16.840.1.101.3.4.4.2")),
    (KeyKind::MlKem1024, oid("2.16.840.1.101.3.4.4.3")),
];
/// HKDF (RFC 8619 section 2).
const HKDFS: [(Digest, ObjectIdentifier); 3] = [
    (Digest::Sha256, oid("1.2.840.113549.1.9.16.3.28")),
    (Digest::Sha384, oid("1.2.840.113549.1.9.16.3.29")),
    (Digest::Sha512, oid("1.2.840.113549.1.9.16.3.30")),
];

/// How a key is sealed to an RSA key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum KeyTransport {
    /// RSAES-PKCS1-v1_5.
    RsaPkcs1,
    RsaOaep {
        digest: Digest,
        /// Of MGF1.
        mask: Digest,
        label: Vec<u8>,
    },
}

impl KeyTransport {
    /// OAEP as bulla writes it.
    pub(crate) const OAEP: Self =
        KeyTransport::RsaOaep { digest: Digest::Sha256, mask: Digest::Sha256, label: Vec::new() };

    pub(crate) fn read(identifier: &Identifier<'_>) -> Result<Self> {
        if identifier.is(&RSA) {
            identifier.null().map_err(unsound)?;
            return Ok(KeyTransport::RsaPkcs1);
        }
        if !identifier.is(&OAEP) {
            return Err(unsupported());
        }
        let mut fields = identifier.sequence().map_err(unsound)?;
        let digest = match explicit(&mut fields, 0).map_err(unsound)? {
            Some(hash) => Digest::from_der(hash)?,
            None => Digest::Sha1,
        };
        let mask = match explicit(&mut fields, 1).map_err(unsound)? {
            Some(mask) => mask_digest(mask)?,
            None => Digest::Sha1,
        };
        let label = match explicit(&mut fields, 2).map_err(unsound)? {
            Some(source) => label(source)?,
            None => Vec::new(),
        };
        fields.end().map_err(unsound)?;
        Ok(KeyTransport::RsaOaep { digest, mask, label })
    }

    /// The AlgorithmIdentifier in DER.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let KeyTransport::RsaOaep { digest, mask, label } = self else {
            return identifier(RSA.as_bytes(), &ASN1_NULL);
        };
        // Defaults are not written.
        let hash = |digest| identifier(name_of(&DIGESTS, digest), &ASN1_NULL);
        let field = |number, is_default: bool, value: Vec<u8>| {
            if is_default { Vec::new() } else { tlv::wrap(tlv::constructed(number), &[&value]) }
        };
        let source = identifier(LABEL.as_bytes(), &tlv::wrap(OCTET_STRING, &[label]));
        let parameters = tlv::sequence(&[
            &field(0, *digest == Digest::Sha1, hash(digest)),
            &field(1, *mask == Digest::Sha1, identifier(MGF1.as_bytes(), &hash(mask))),
            &field(2, label.is_empty(), source),
        ]);
        identifier(OAEP.as_bytes(), &parameters)
    }
}

/// The SEQUENCE within an explicit tag, if it is there.
fn explicit<'a>(fields: &mut Walker<'a>, number: u8) -> tlv::Result<Option<&'a [u8]>> {
    let Some(tagged) = fields.optional(tlv::constructed(number))? else { return Ok(None) };
    let mut inside = tagged.inside();
    let sequence = inside.expect(SEQUENCE)?.whole();
    inside.end()?;
    Ok(Some(sequence))
}

fn mask_digest(der: &[u8]) -> Result<Digest> {
    let mask = Identifier::read(der).map_err(unsound)?;
    if !mask.is(&MGF1) {
        return Err(unsupported());
    }
    Digest::from_der(mask.parameters.ok_or_else(|| unsound(Unsound))?.whole())
}

fn label(der: &[u8]) -> Result<Vec<u8>> {
    let source = Identifier::read(der).map_err(unsound)?;
    match source.parameters {
        _ if !source.is(&LABEL) => Err(unsupported()),
        Some(label) if label.tag == OCTET_STRING => Ok(label.value().to_vec()),
        _ => Err(unsound(Unsound)),
    }
}

/// How a key is wrapped under another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyWrap {
    /// RFC 3394.
    Aes(Aes),
    /// RFC 3217. Read only, where old things are.
    TripleDes,
}

impl KeyWrap {
    /// AES with a key of so many bytes.
    pub(crate) fn aes(length: usize) -> Option<Self> {
        let all = [Aes::Aes128, Aes::Aes192, Aes::Aes256];
        all.into_iter().find(|aes| aes.key_len() == length).map(KeyWrap::Aes)
    }

    /// Bytes of the key that it wraps under.
    pub(crate) fn key_len(self) -> usize {
        match self {
            KeyWrap::Aes(aes) => aes.key_len(),
            KeyWrap::TripleDes => 24,
        }
    }

    pub(crate) fn read(identifier: &Identifier<'_>) -> Result<Self> {
        let wrap = named(&WRAPS, identifier.oid).ok_or_else(unsupported)?;
        match wrap {
            KeyWrap::Aes(_) => identifier.bare(),
            KeyWrap::TripleDes => identifier.null(),
        }
        .map_err(unsound)?;
        Ok(wrap)
    }

    /// The AlgorithmIdentifier in DER, of which there is but one.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let parameters = if self == KeyWrap::TripleDes { &ASN1_NULL[..] } else { &[] };
        identifier(name_of(&WRAPS, &self), parameters)
    }
}

/// How a shared secret becomes a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kdf {
    /// SEC 1 section 3.6.1.
    X963(Digest),
    /// RFC 5869.
    Hkdf(Digest),
}

/// How a key is agreed on, and another wrapped under it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct KeyAgreement {
    pub(crate) kdf: Kdf,
    pub(crate) wrap: KeyWrap,
}

impl KeyAgreement {
    /// Reads one for a kind of key.
    pub(crate) fn read(identifier: &Identifier<'_>, kind: KeyKind) -> Result<Self> {
        let cofactor = || named(&COFACTOR_AGREEMENTS, identifier.oid).filter(|_| kind != KeyKind::X25519);
        let kdf = named(&AGREEMENTS, identifier.oid).or_else(cofactor).ok_or_else(unsupported)?;
        let wrap = identifier.parameters.ok_or_else(|| unsound(Unsound))?.whole();
        let wrap = KeyWrap::read(&Identifier::read(wrap).map_err(unsound)?)?;
        Ok(KeyAgreement { kdf, wrap })
    }

    /// The AlgorithmIdentifier in DER.
    pub(crate) fn to_der(self) -> Vec<u8> {
        identifier(name_of(&AGREEMENTS, &self.kdf), &self.wrap.to_der())
    }
}

/// Reads which ML-KEM it is.
pub(crate) fn read_kem(identifier: &Identifier<'_>) -> Result<KeyKind> {
    let kem = named(&KEMS, identifier.oid).ok_or_else(unsupported)?;
    identifier.bare().map_err(unsound)?;
    Ok(kem)
}

/// The AlgorithmIdentifier of a kind of ML-KEM in DER; `None`: it is of another kind.
pub(crate) fn write_kem(kind: KeyKind) -> Option<Vec<u8>> {
    let (_, oid) = KEMS.iter().find(|(known, _)| *known == kind)?;
    Some(identifier(oid.as_bytes(), &[]))
}

/// Reads how the secret of an encapsulation becomes a key: by HKDF with a hash.
pub(crate) fn read_hkdf(identifier: &Identifier<'_>) -> Result<Digest> {
    let digest = named(&HKDFS, identifier.oid).ok_or_else(unsupported)?;
    identifier.bare().map_err(unsound)?;
    Ok(digest)
}

/// The AlgorithmIdentifier of HKDF in DER.
pub(crate) fn write_hkdf(digest: Digest) -> Vec<u8> {
    identifier(name_of(&HKDFS, &digest), &[])
}

/// What a key agreed on by ECDH is derived with: ECC-CMS-SharedInfo (RFC 5753 section 7.2).
pub(crate) fn shared_info(wrap: KeyWrap, ukm: Option<&[u8]>) -> Vec<u8> {
    let octets =
        |number, bytes: &[u8]| tlv::wrap(tlv::constructed(number), &[&tlv::wrap(OCTET_STRING, &[bytes])]);
    let bits = u32::try_from(wrap.key_len() * 8).unwrap_or_default();
    let entity = ukm.map_or(Vec::new(), |ukm| octets(0, ukm));
    tlv::sequence(&[&wrap.to_der(), &entity, &octets(2, &bits.to_be_bytes())])
}

/// What a key from an encapsulation is derived with: CMSORIforKEMOtherInfo (RFC 9629 section 5).
pub(crate) fn kem_info(wrap: KeyWrap, ukm: Option<&[u8]>) -> Vec<u8> {
    tlv::sequence(&[&wrap.to_der(), &small(wrap.key_len()), &kem_ukm(ukm)])
}

/// User keying material as RFC 9629 has it.
pub(super) fn kem_ukm(ukm: Option<&[u8]>) -> Vec<u8> {
    ukm.map_or(Vec::new(), |ukm| tlv::wrap(tlv::constructed(0), &[&tlv::wrap(OCTET_STRING, &[ukm])]))
}

/// What tests of identifiers share.
#[cfg(test)]
pub(super) mod reading {
    use super::*;
    use crate::error::ErrorKind;

    /// Reads an identifier of these parameters.
    pub(crate) fn of<T>(
        oid: ObjectIdentifier,
        parameters: &[u8],
        read: impl FnOnce(&Identifier<'_>) -> Result<T>,
    ) -> std::result::Result<T, ErrorKind> {
        let der = identifier(oid.as_bytes(), parameters);
        read(&Identifier::read(&der).unwrap()).map_err(|error| error.kind())
    }

    pub(crate) fn again<T>(der: &[u8], read: impl FnOnce(&Identifier<'_>) -> Result<T>) -> T {
        read(&Identifier::read(der).unwrap()).unwrap()
    }

    pub(crate) const WRONG: std::result::Result<(), ErrorKind> = Err(ErrorKind::Malformed);
    pub(crate) const UNKNOWN: std::result::Result<(), ErrorKind> = Err(ErrorKind::Unsupported);
}

#[cfg(test)]
mod tests {
    use super::reading::{UNKNOWN, WRONG, again, of};
    use super::*;
    use crate::error::ErrorKind;

    const DIGEST: [Digest; 5] =
        [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

    fn explicit_of(number: u8, der: &[u8]) -> Vec<u8> {
        tlv::wrap(tlv::constructed(number), &[der])
    }

    #[test]
    fn ways_to_seal_to_rsa_are_read_as_they_are_written() {
        for digest in DIGEST {
            for mask in DIGEST {
                for label in [vec![], b"label".to_vec()] {
                    let written = KeyTransport::RsaOaep { digest, mask, label };
                    assert_eq!(again(&written.to_der(), KeyTransport::read), written);
                }
            }
        }
        assert_eq!(again(&KeyTransport::RsaPkcs1.to_der(), KeyTransport::read), KeyTransport::RsaPkcs1);
        let defaults = KeyTransport::RsaOaep { digest: Digest::Sha1, mask: Digest::Sha1, label: vec![] };
        assert_eq!(of(OAEP, &tlv::sequence(&[]), KeyTransport::read), Ok(defaults));
    }

    #[test]
    fn wrong_parameters_of_rsa_are_refused() {
        let read = |oid, parameters: &[u8]| of(oid, parameters, KeyTransport::read).map(drop);
        for wrong in [&[][..], &tlv::sequence(&[]), &[NULL, 1, 0]] {
            assert_eq!(read(RSA, wrong), WRONG);
        }
        let sha256 = identifier(name_of(&DIGESTS, &Digest::Sha256), &[]);
        let mask = |inner: &[u8]| identifier(MGF1.as_bytes(), inner);
        let source = |inner: &[u8]| identifier(LABEL.as_bytes(), inner);
        for (parameters, right) in [
            (vec![], WRONG),
            (ASN1_NULL.to_vec(), WRONG),
            (tlv::sequence(&[&explicit_of(0, &sha256)]), Ok(())),
            (tlv::sequence(&[&explicit_of(0, &sha256), &explicit_of(0, &sha256)]), WRONG),
            (tlv::sequence(&[&explicit_of(0, &[])]), WRONG),
            (tlv::sequence(&[&explicit_of(0, &identifier(&[42], &[]))]), UNKNOWN),
            (tlv::sequence(&[&explicit_of(1, &mask(&sha256))]), Ok(())),
            (tlv::sequence(&[&explicit_of(1, &mask(&[]))]), WRONG),
            (tlv::sequence(&[&explicit_of(1, &sha256)]), UNKNOWN),
            (tlv::sequence(&[&explicit_of(2, &source(&[OCTET_STRING, 0]))]), Ok(())),
            (tlv::sequence(&[&explicit_of(2, &source(&[]))]), WRONG),
            (tlv::sequence(&[&explicit_of(2, &sha256)]), UNKNOWN),
            (tlv::sequence(&[&explicit_of(1, &mask(&sha256)), &explicit_of(0, &sha256)]), WRONG),
            (tlv::sequence(&[&explicit_of(3, &sha256)]), WRONG),
        ] {
            assert_eq!(read(OAEP, &parameters), right, "{parameters:02x?}");
        }
        assert_eq!(read(MGF1, &[]), UNKNOWN);
    }

    #[test]
    fn wraps_and_agreements_are_read_as_they_are_written() {
        for (wrap, _) in WRAPS {
            assert_eq!(again(&wrap.to_der(), KeyWrap::read), wrap);
            for (kdf, _) in AGREEMENTS {
                let written = KeyAgreement { kdf, wrap };
                assert_eq!(again(&written.to_der(), |id| KeyAgreement::read(id, KeyKind::X25519)), written);
            }
            for (kdf, oid) in COFACTOR_AGREEMENTS {
                let read = |kind| of(oid, &wrap.to_der(), |id| KeyAgreement::read(id, kind));
                assert_eq!(read(KeyKind::P256), Ok(KeyAgreement { kdf, wrap }));
                // X25519's cofactor is not 1.
                assert_eq!(read(KeyKind::X25519), Err(ErrorKind::Unsupported));
            }
        }
        assert_eq!([16, 24, 32].map(|length| KeyWrap::aes(length).unwrap().key_len()), [16, 24, 32]);
        assert_eq!(KeyWrap::aes(20), None);
    }

    #[test]
    fn wrong_parameters_of_wraps_agreements_and_encapsulations_are_refused() {
        for (wrap, oid) in WRAPS {
            let (right, wrong) = if wrap == KeyWrap::TripleDes {
                (&ASN1_NULL[..], &[][..])
            } else {
                (&[][..], &ASN1_NULL[..])
            };
            let read = |parameters| of(oid, parameters, KeyWrap::read).map(drop);
            assert_eq!((read(right), read(wrong), read(&[OCTET_STRING, 0])), (Ok(()), WRONG, WRONG));
        }
        let wrap = KeyWrap::Aes(Aes::Aes128).to_der();
        let agreement = |parameters: &[u8]| {
            of(AGREEMENTS[2].1, parameters, |id| KeyAgreement::read(id, KeyKind::P256)).map(drop)
        };
        assert_eq!(agreement(&wrap), Ok(()));
        assert_eq!((agreement(&[]), agreement(&ASN1_NULL)), (WRONG, WRONG));
        let null = identifier(WRAPS[0].1.as_bytes(), &ASN1_NULL);
        assert_eq!((agreement(&null), agreement(&identifier(&[42], &[]))), (WRONG, UNKNOWN));
        for (kind, oid) in KEMS {
            assert_eq!(again(&write_kem(kind).unwrap(), read_kem), kind);
            assert_eq!(of(oid, &ASN1_NULL, read_kem).map(drop), WRONG);
        }
        for (digest, oid) in HKDFS {
            assert_eq!(again(&write_hkdf(digest), read_hkdf), digest);
            assert_eq!(of(oid, &ASN1_NULL, read_hkdf).map(drop), WRONG);
        }
        assert_eq!(write_kem(KeyKind::X25519), None);
        assert_eq!(of(oid("1.2.3"), &[], read_kem).map(drop), UNKNOWN);
        assert_eq!(of(oid("1.2.3"), &[], read_hkdf).map(drop), UNKNOWN);
    }

    /// RFC 5753 section 7.2, RFC 9629 section 5; the second is that of RFC 9936's example.
    #[test]
    fn what_keys_are_derived_with_is_built_as_the_rfcs_say() {
        let wrap = b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x05";
        let ukm = b"\xa0\x04\x04\x02ab";
        let aes = KeyWrap::Aes(Aes::Aes128);
        let length = b"\xa2\x06\x04\x04\x00\x00\x00\x80";
        assert_eq!(shared_info(aes, None), tlv::sequence(&[wrap, length]));
        assert_eq!(shared_info(aes, Some(b"ab")), tlv::sequence(&[wrap, ukm, length]));
        assert_eq!(kem_info(aes, None), [b"\x30\x10", &wrap[..], b"\x02\x01\x10"].concat());
        assert_eq!(kem_info(aes, Some(b"ab")), tlv::sequence(&[wrap, b"\x02\x01\x10", ukm]));
    }
}
