//! Algorithms that make a key of a passphrase and wrap a content key under it (RFC 3211, RFC 8018).
use spki::ObjectIdentifier;

use super::algorithm::{Cipher, Identifier, identifier, name_of, named, oid, unsound, unsupported};
use super::key_algorithm::ASN1_NULL;
use crate::encoding::tlv::{self, INTEGER, OCTET_STRING, Unsound};
use crate::error::Result;
use crate::keys::Digest;

/// id-PBKDF2 and its hashes (RFC 8018 appendices A.2 and B.1), id-alg-PWRI-KEK (RFC 3211 section 2.3).
const PBKDF2: ObjectIdentifier = oid("1.2.840.113549.1.5.12");
const HMACS: [(Digest, ObjectIdentifier); 5] = [
    (Digest::Sha1, oid("1.2.840.113549.2.7")),
    (Digest::Sha224, oid("1.2.840.113549.2.8")),
    (Digest::Sha256, oid("1.2.840.113549.2.9")),
    (Digest::Sha384, oid("1.2.840.113549.2.10")),
    (Digest::Sha512, oid("1.2.840.113549.2.11")),
];
const PWRI_KEK: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.9");

/// PBKDF2-params (RFC 8018 appendix A.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pbkdf2<'a> {
    pub(crate) salt: &'a [u8],
    /// At least one.
    pub(crate) iterations: u32,
    pub(crate) prf: Digest,
}

impl<'a> Pbkdf2<'a> {
    /// Reads it for a key of so many bytes: whoever writes a length writes this one.
    pub(crate) fn read(identifier: &Identifier<'a>, length: usize) -> Result<Self> {
        if !identifier.is(&PBKDF2) {
            return Err(unsupported());
        }
        let (salt, iterations, said, prf) = pbkdf2(identifier).map_err(unsound)?;
        let prf = match prf {
            Some(prf) => {
                prf.null().map_err(unsound)?;
                named(&HMACS, prf.oid).ok_or_else(unsupported)?
            }
            None => Digest::Sha1,
        };
        let fits = said.is_none_or(|said| usize::try_from(said) == Ok(length));
        if iterations == 0 || !fits {
            return Err(unsound(Unsound));
        }
        Ok(Pbkdf2 { salt, iterations, prf })
    }

    /// The AlgorithmIdentifier, under a tag in place of SEQUENCE, in DER.
    pub(crate) fn write(&self, tag: u8) -> Vec<u8> {
        let prf = match self.prf {
            Digest::Sha1 => Vec::new(),
            other => identifier(name_of(&HMACS, &other), &ASN1_NULL),
        };
        let salt = tlv::wrap(OCTET_STRING, &[self.salt]);
        let parameters = tlv::sequence(&[&salt, &tlv::number(self.iterations), &prf]);
        tlv::wrap(tag, &[&tlv::wrap(tlv::OID, &[PBKDF2.as_bytes()]), &parameters])
    }
}

type Pbkdf2Fields<'a> = (&'a [u8], u32, Option<u32>, Option<Identifier<'a>>);

fn pbkdf2<'a>(identifier: &Identifier<'a>) -> tlv::Result<Pbkdf2Fields<'a>> {
    let mut fields = identifier.sequence()?;
    let salt = fields.expect(OCTET_STRING)?.value();
    let iterations = fields.expect(INTEGER)?.small()?;
    let length = fields.optional(INTEGER)?.map(|length| length.small()).transpose()?;
    let prf = if fields.is_done() { None } else { Some(Identifier::next(&mut fields)?) };
    fields.end()?;
    Ok((salt, iterations, length, prf))
}

/// Reads id-alg-PWRI-KEK: the cipher in CBC mode that a key from a passphrase wraps with.
pub(crate) fn read_password_wrap(identifier: &Identifier<'_>) -> Result<Cipher> {
    if !identifier.is(&PWRI_KEK) {
        return Err(unsupported());
    }
    let inner = identifier.parameters.ok_or_else(|| unsound(Unsound))?.whole();
    match Cipher::read(&Identifier::read(inner).map_err(unsound)?)? {
        cipher @ (Cipher::AesCbc { .. } | Cipher::TripleDesCbc { .. }) => Ok(cipher),
        // One without blocks (CVE-2026-9076), or RC2, which RFC 3211 has for ciphers with keys of any length.
        _ => Err(unsupported()),
    }
}

/// id-alg-PWRI-KEK in DER.
pub(crate) fn write_password_wrap(cipher: Cipher) -> Vec<u8> {
    identifier(PWRI_KEK.as_bytes(), &cipher.to_der())
}

#[cfg(test)]
mod tests {
    use super::super::algorithm::Aes;
    use super::super::key_algorithm::reading::{UNKNOWN, WRONG, again, of};
    use super::*;
    use crate::encoding::tlv::SEQUENCE;

    const DIGEST: [Digest; 5] =
        [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

    #[test]
    fn keys_from_passphrases_are_read_as_they_are_written() {
        for prf in DIGEST {
            let written = Pbkdf2 { salt: b"salt", iterations: 5, prf };
            assert_eq!(
                Pbkdf2::read(&Identifier::read(&written.write(SEQUENCE)).unwrap(), 32).unwrap(),
                written
            );
        }
        let salt = tlv::wrap(OCTET_STRING, &[b"salt"]);
        let read = |parts: &[&[u8]]| {
            let parameters = tlv::sequence(&[&[&salt[..]], parts].concat());
            of(PBKDF2, &parameters, |id| Pbkdf2::read(id, 32).map(drop))
        };
        let number = tlv::number;
        let hmac = |parameters: &[u8]| identifier(name_of(&HMACS, &Digest::Sha256), parameters);
        for (parts, right) in [
            (vec![number(1)], Ok(())),
            (vec![number(0)], WRONG),
            (vec![], WRONG),
            (vec![vec![INTEGER, 1, 0xff]], WRONG),
            (vec![vec![INTEGER, 5, 1, 0, 0, 0, 0]], WRONG),
            (vec![number(1), number(32)], Ok(())),
            (vec![number(1), number(16)], WRONG),
            (vec![number(1), number(32), hmac(&ASN1_NULL)], Ok(())),
            (vec![number(1), hmac(&ASN1_NULL)], Ok(())),
            (vec![number(1), hmac(&[])], WRONG),
            (vec![number(1), identifier(&[42], &ASN1_NULL)], UNKNOWN),
            (vec![number(1), hmac(&ASN1_NULL), number(32)], WRONG),
        ] {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            assert_eq!(read(&parts), right, "{parts:02x?}");
        }
        // A salt that is chosen by another algorithm, which RFC 8018 left for later.
        let other = tlv::sequence(&[&identifier(&[42], &[]), &number(1)]);
        assert_eq!(of(PBKDF2, &other, |id| Pbkdf2::read(id, 32).map(drop)), WRONG);
        assert_eq!(of(oid("1.3.6.1.4.1.11591.4.11"), &other, |id| Pbkdf2::read(id, 32).map(drop)), UNKNOWN);
    }

    #[test]
    fn a_passphrases_key_wraps_with_a_block_cipher_in_cbc_mode_alone() {
        let cbc = Cipher::AesCbc { aes: Aes::Aes256, iv: [1; 16] };
        for cipher in [cbc, Cipher::TripleDesCbc { iv: [2; 8] }] {
            assert_eq!(again(&write_password_wrap(cipher), read_password_wrap), cipher);
        }
        let read = |parameters: &[u8]| of(PWRI_KEK, parameters, read_password_wrap).map(drop);
        for other in [
            Cipher::ChaCha20Poly1305 { nonce: [1; 12] },
            Cipher::AesGcm { aes: Aes::Aes128, nonce: [1; 12], tag: 16 },
            Cipher::Rc2Cbc { bits: 128, iv: [1; 8] },
        ] {
            assert_eq!(read(&other.to_der()), UNKNOWN);
        }
        assert_eq!((read(&[]), read(&ASN1_NULL)), (WRONG, WRONG));
        assert_eq!(of(oid("1.2.3"), &cbc.to_der(), read_password_wrap).map(drop), UNKNOWN);
    }
}
