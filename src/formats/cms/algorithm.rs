//! Algorithms that encrypt a content, by their identifiers with exactly the parameters that their RFCs ask for.
use spki::ObjectIdentifier;

use crate::encoding::tlv::{self, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, Tlv, Unsound, Walker};
use crate::error::{Error, ErrorKind, Result};

/// In errors.
pub(super) const WHAT: &str = "encrypted message";

pub(super) const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// AES-CBC (RFC 3565 section 4.1) and AES-GCM (RFC 5084 section 3.2).
const CBC: [(Aes, ObjectIdentifier); 3] = [
    (Aes::Aes128, oid("2.16.840.1.101.3.4.1.2")),
    (Aes::Aes192, oid("2.16.840.1.101.3.4.1.22")),
    (Aes::Aes256, oid("2.16.840.1.101.3.4.1.42")),
];
const GCM: [(Aes, ObjectIdentifier); 3] = [
    (Aes::Aes128, oid("2.16.840.1.101.3.4.1.6")),
    (Aes::Aes192, oid("2.16.840.1.101.3.4.1.26")),
    (Aes::Aes256, oid("2.16.840.1.101.3.4.1.46")),
];
/// id-alg-AEADChaCha20Poly1305 (RFC 8103 section 2).
const CHACHA20_POLY1305: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.18");
/// des-ede3-cbc and rc2-cbc (RFC 3370 sections 5.1 and 5.2).
const TRIPLE_DES_CBC: ObjectIdentifier = oid("1.2.840.113549.3.7");
const RC2_CBC: ObjectIdentifier = oid("1.2.840.113549.3.2");
/// id-alg-cek-hkdf-sha256 (RFC 9709 section 3).
const CEK_HKDF: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.31");

/// What RC2's parameters call a number of effective bits (RFC 2268 section 6).
const RC2_VERSIONS: [(u16, u32); 3] = [(40, 160), (64, 120), (128, 58)];

/// The length of AES-GCM's tag where none is given (RFC 5084 section 3.2).
const GCM_TAG: usize = 12;

/// AlgorithmIdentifier (RFC 5280 section 4.1.1.2), as it came.
#[derive(Clone, Copy)]
pub(crate) struct Identifier<'a> {
    pub(super) oid: &'a [u8],
    pub(super) parameters: Option<Tlv<'a>>,
}

impl<'a> Identifier<'a> {
    pub(crate) fn read(der: &'a [u8]) -> tlv::Result<Self> {
        Self::inside(tlv::only(der, SEQUENCE)?.inside())
    }

    /// The next value, a SEQUENCE.
    pub(super) fn next(from: &mut Walker<'a>) -> tlv::Result<Self> {
        Self::inside(from.sequence()?)
    }

    /// What is in the SEQUENCE, or in a tag in its place.
    pub(super) fn inside(mut fields: Walker<'a>) -> tlv::Result<Self> {
        let oid = fields.expect(OID)?.value();
        let parameters = if fields.is_done() { None } else { Some(fields.any()?) };
        fields.end()?;
        Ok(Identifier { oid, parameters })
    }

    pub(super) fn is(&self, oid: &ObjectIdentifier) -> bool {
        self.oid == oid.as_bytes()
    }

    /// Whether it names the kind of key that another identifier in DER does. A curve may be named again, be NULL, or be
    /// left out (RFC 5753 section 3.1.1).
    pub(crate) fn is_kind_of(&self, whole: &[u8]) -> bool {
        let is_same = |own: Identifier<'_>| match (self.parameters, own.parameters) {
            _ if self.oid != own.oid => false,
            (None, _) => true,
            (Some(given), Some(own)) => given.whole() == own.whole() || self.null().is_ok(),
            (Some(_), None) => false,
        };
        Identifier::read(whole).is_ok_and(is_same)
    }

    /// The parameters are not there.
    pub(super) fn bare(&self) -> tlv::Result<()> {
        if self.parameters.is_none() { Ok(()) } else { Err(Unsound) }
    }

    /// The parameters are NULL.
    pub(super) fn null(&self) -> tlv::Result<()> {
        match self.parameters {
            Some(null) if null.whole() == [NULL, 0] => Ok(()),
            _ => Err(Unsound),
        }
    }

    /// The parameters are an OCTET STRING of so many bytes.
    pub(super) fn octets<const N: usize>(&self) -> tlv::Result<[u8; N]> {
        let octets = self.parameters.filter(|octets| octets.tag == OCTET_STRING).ok_or(Unsound)?;
        octets.value().try_into().map_err(|_| Unsound)
    }

    /// The inside of parameters that are a SEQUENCE.
    pub(super) fn sequence(&self) -> tlv::Result<Walker<'a>> {
        match self.parameters {
            Some(parameters) if parameters.tag == SEQUENCE => Ok(parameters.inside()),
            _ => Err(Unsound),
        }
    }
}

/// An AlgorithmIdentifier in DER; `parameters` are DER already, or empty.
pub(super) fn identifier(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::wrap(OID, &[oid]), parameters])
}

/// Finds what an identifier names.
pub(super) fn named<T: Copy>(table: &[(T, ObjectIdentifier)], oid: &[u8]) -> Option<T> {
    table.iter().find(|(_, known)| known.as_bytes() == oid).map(|(named, _)| *named)
}

/// The identifier of what is in the table.
pub(super) fn name_of<'a, T: PartialEq>(table: &'a [(T, ObjectIdentifier)], named: &T) -> &'a [u8] {
    table.iter().find(|(known, _)| known == named).map_or(&[], |(_, oid)| oid.as_bytes())
}

pub(super) fn unsound(_: Unsound) -> Error {
    Error::malformed(WHAT, "an algorithm in it has not the parameters that it should have")
}

pub(super) fn unsupported() -> Error {
    let why = "bulla does not know an algorithm in it";
    Error::new(ErrorKind::Unsupported, WHAT, why, "have it encrypted again, with the algorithms of RFC 8551")
}

/// The length of an AES key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Aes {
    Aes128,
    Aes192,
    Aes256,
}

impl Aes {
    /// In bytes.
    pub(crate) fn key_len(self) -> usize {
        match self {
            Aes::Aes128 => 16,
            Aes::Aes192 => 24,
            Aes::Aes256 => 32,
        }
    }
}

/// A cipher and all that it needs besides its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cipher {
    AesCbc {
        aes: Aes,
        iv: [u8; 16],
    },
    AesGcm {
        aes: Aes,
        nonce: [u8; 12],
        /// Bytes: 12 to 16.
        tag: usize,
    },
    ChaCha20Poly1305 {
        nonce: [u8; 12],
    },
    /// Read only, where old things are.
    TripleDesCbc {
        iv: [u8; 8],
    },
    /// Read only, where old things are.
    Rc2Cbc {
        /// The key's effective ones: 40, 64 or 128. The key has as many.
        bits: u16,
        iv: [u8; 8],
    },
}

impl Cipher {
    /// Bytes of its key.
    pub(crate) fn key_len(&self) -> usize {
        match self {
            Cipher::AesCbc { aes, .. } | Cipher::AesGcm { aes, .. } => aes.key_len(),
            Cipher::ChaCha20Poly1305 { .. } => 32,
            Cipher::TripleDesCbc { .. } => 24,
            Cipher::Rc2Cbc { bits, .. } => usize::from(bits / 8),
        }
    }

    /// Bytes of its tag; `None`: it has none, and what it encrypts can be changed.
    pub(crate) fn tag_len(&self) -> Option<usize> {
        match self {
            Cipher::AesGcm { tag, .. } => Some(*tag),
            Cipher::ChaCha20Poly1305 { .. } => Some(16),
            Cipher::AesCbc { .. } | Cipher::TripleDesCbc { .. } | Cipher::Rc2Cbc { .. } => None,
        }
    }

    /// Whether it is for reading old things alone.
    pub(crate) fn is_legacy(&self) -> bool {
        matches!(self, Cipher::TripleDesCbc { .. } | Cipher::Rc2Cbc { .. })
    }

    pub(super) fn read(identifier: &Identifier<'_>) -> Result<Self> {
        let oid = identifier.oid;
        let cipher = if let Some(aes) = named(&CBC, oid) {
            identifier.octets().map(|iv| Cipher::AesCbc { aes, iv })
        } else if let Some(aes) = named(&GCM, oid) {
            identifier.sequence().and_then(gcm).map(|(nonce, tag)| Cipher::AesGcm { aes, nonce, tag })
        } else if identifier.is(&CHACHA20_POLY1305) {
            identifier.octets().map(|nonce| Cipher::ChaCha20Poly1305 { nonce })
        } else if identifier.is(&TRIPLE_DES_CBC) {
            identifier.octets().map(|iv| Cipher::TripleDesCbc { iv })
        } else if identifier.is(&RC2_CBC) {
            identifier.sequence().and_then(rc2).map(|(bits, iv)| Cipher::Rc2Cbc { bits, iv })
        } else {
            return Err(unsupported());
        };
        cipher.map_err(unsound)
    }

    /// The AlgorithmIdentifier in DER.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let octets = |bytes: &[u8]| tlv::wrap(OCTET_STRING, &[bytes]);
        match self {
            Cipher::AesCbc { aes, iv } => identifier(name_of(&CBC, &aes), &octets(&iv)),
            Cipher::AesGcm { aes, nonce, tag } => {
                let length = if tag == GCM_TAG { Vec::new() } else { small(tag) };
                identifier(name_of(&GCM, &aes), &tlv::sequence(&[&octets(&nonce), &length]))
            }
            Cipher::ChaCha20Poly1305 { nonce } => identifier(CHACHA20_POLY1305.as_bytes(), &octets(&nonce)),
            Cipher::TripleDesCbc { iv } => identifier(TRIPLE_DES_CBC.as_bytes(), &octets(&iv)),
            Cipher::Rc2Cbc { bits, iv } => {
                let version = RC2_VERSIONS.iter().find(|(known, _)| *known == bits).map_or(0, |(_, v)| *v);
                let parameters = tlv::sequence(&[&tlv::number(version), &octets(&iv)]);
                identifier(RC2_CBC.as_bytes(), &parameters)
            }
        }
    }
}

/// INTEGER of a length in bytes.
pub(super) fn small(number: usize) -> Vec<u8> {
    tlv::number(u32::try_from(number).unwrap_or(u32::MAX))
}

/// GCMParameters (RFC 5084 section 3.2). A nonce of another length than 12 would be hashed first, and has led to
/// overflows (CVE-2025-15467): nobody writes one.
fn gcm(mut parameters: Walker<'_>) -> tlv::Result<([u8; 12], usize)> {
    let nonce = parameters.expect(OCTET_STRING)?.value().try_into().map_err(|_| Unsound)?;
    let tag = match parameters.optional(INTEGER)? {
        // A default that is written out is not DER, and says nothing else.
        Some(length) => usize::try_from(length.small()?).map_err(|_| Unsound)?,
        None => GCM_TAG,
    };
    parameters.end()?;
    if (12..=16).contains(&tag) { Ok((nonce, tag)) } else { Err(Unsound) }
}

/// RC2CBCParameter (RFC 3370 section 5.2).
fn rc2(mut parameters: Walker<'_>) -> tlv::Result<(u16, [u8; 8])> {
    let version = parameters.expect(INTEGER)?.small()?;
    let iv = parameters.expect(OCTET_STRING)?.value().try_into().map_err(|_| Unsound)?;
    parameters.end()?;
    let known = RC2_VERSIONS.iter().find(|(_, known)| *known == version);
    known.map(|(bits, _)| (*bits, iv)).ok_or(Unsound)
}

/// How a content is encrypted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ContentEncryption {
    pub(crate) cipher: Cipher,
    /// The cipher's own identifier in DER, if its key is derived from it and the content key (RFC 9709): then nobody can
    /// say that it was another cipher. `None`: the content key is the cipher's.
    pub(crate) bound: Option<Vec<u8>>,
}

impl ContentEncryption {
    /// With a key that is bound to the cipher, or without.
    pub(crate) fn new(cipher: Cipher, bound: bool) -> Self {
        ContentEncryption { cipher, bound: bound.then(|| cipher.to_der()) }
    }

    /// Reads an AlgorithmIdentifier in DER.
    pub(crate) fn read(der: &[u8]) -> Result<Self> {
        let identifier = Identifier::read(der).map_err(unsound)?;
        if !identifier.is(&CEK_HKDF) {
            return Ok(ContentEncryption { cipher: Cipher::read(&identifier)?, bound: None });
        }
        let inner = identifier.parameters.ok_or_else(|| unsound(Unsound))?.whole();
        let cipher = Cipher::read(&Identifier::read(inner).map_err(unsound)?)?;
        Ok(ContentEncryption { cipher, bound: Some(inner.to_vec()) })
    }

    /// The AlgorithmIdentifier in DER.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        match &self.bound {
            Some(inner) => identifier(CEK_HKDF.as_bytes(), inner),
            None => self.cipher.to_der(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ciphers() -> Vec<Cipher> {
        let mut all = vec![
            Cipher::ChaCha20Poly1305 { nonce: [5; 12] },
            Cipher::TripleDesCbc { iv: [6; 8] },
            Cipher::Rc2Cbc { bits: 40, iv: [7; 8] },
            Cipher::Rc2Cbc { bits: 64, iv: [7; 8] },
            Cipher::Rc2Cbc { bits: 128, iv: [7; 8] },
        ];
        for aes in [Aes::Aes128, Aes::Aes192, Aes::Aes256] {
            all.push(Cipher::AesCbc { aes, iv: [1; 16] });
            all.extend((12..=16).map(|tag| Cipher::AesGcm { aes, nonce: [2; 12], tag }));
        }
        all
    }

    #[test]
    fn a_cipher_that_is_written_is_read_again_bound_or_not() {
        for cipher in ciphers() {
            for bound in [false, true] {
                let written = ContentEncryption::new(cipher, bound);
                let read = ContentEncryption::read(&written.to_der()).unwrap();
                assert_eq!(read, written);
                assert_eq!(read.bound.is_some(), bound);
            }
        }
    }

    #[test]
    fn a_cipher_tells_its_key_and_its_tag() {
        let told: Vec<_> = ciphers().iter().map(|c| (c.key_len(), c.tag_len(), c.is_legacy())).collect();
        let old = |key| (key, None, true);
        assert_eq!(told[..5], [(32, Some(16), false), old(24), old(5), old(8), old(16)]);
        assert_eq!(told[5..7], [(16, None, false), (16, Some(12), false)]);
        assert_eq!(told[16], (24, Some(16), false));
        assert_eq!(told[22], (32, Some(16), false));
    }

    /// As RFC 9709 appendix A has it: without the length of the tag it is 12.
    #[test]
    fn a_gcm_without_a_length_has_a_tag_of_12_bytes() {
        let der = b"\x30\x1b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x06\x30\x0e\x04\x0c\x5c\x79\x05\x8b\xa2\xf4\x34\x47\x63\x9d\x29\xe2";
        let read = ContentEncryption::read(der).unwrap();
        let nonce = *der.last_chunk().unwrap();
        assert_eq!(read.cipher, Cipher::AesGcm { aes: Aes::Aes128, nonce, tag: 12 });
        assert_eq!(read.to_der(), der);
    }

    #[test]
    fn wrong_parameters_are_refused_and_not_guessed() {
        let octets = |length| tlv::wrap(OCTET_STRING, &[&vec![1; length]]);
        let of = |oid: ObjectIdentifier, parameters: &[u8]| {
            let der = identifier(oid.as_bytes(), parameters);
            ContentEncryption::read(&der).map_err(|error| error.kind())
        };
        let gcm = |nonce, tag: &[u8]| tlv::sequence(&[&octets(nonce), tag]);
        let rc2 = |version, iv| tlv::sequence(&[&tlv::number(version), &octets(iv)]);
        let inner = Cipher::AesCbc { aes: Aes::Aes256, iv: [1; 16] }.to_der();
        let bound = ContentEncryption::new(Cipher::ChaCha20Poly1305 { nonce: [1; 12] }, true).to_der();
        for (oid, parameters) in [
            (CBC[0].1, Vec::new()),
            (CBC[0].1, vec![NULL, 0]),
            (CBC[0].1, octets(15)),
            (CBC[2].1, octets(17)),
            (GCM[0].1, octets(12)),
            (GCM[0].1, gcm(11, &[])),
            (GCM[0].1, gcm(13, &[])),
            (GCM[0].1, gcm(16, &[])),
            (GCM[1].1, gcm(12, &small(11))),
            (GCM[1].1, gcm(12, &small(17))),
            (GCM[1].1, gcm(12, &[INTEGER, 1, 0xff])),
            (GCM[1].1, gcm(12, &[small(16), small(16)].concat())),
            (CHACHA20_POLY1305, octets(8)),
            (CHACHA20_POLY1305, Vec::new()),
            (TRIPLE_DES_CBC, octets(16)),
            (RC2_CBC, octets(8)),
            (RC2_CBC, rc2(59, 8)),
            (RC2_CBC, rc2(58, 16)),
            (CEK_HKDF, Vec::new()),
            (CEK_HKDF, vec![NULL, 0]),
            (CEK_HKDF, [inner.clone(), inner.clone()].concat()),
        ] {
            assert_eq!(of(oid, &parameters), Err(ErrorKind::Malformed), "{oid} {parameters:02x?}");
        }
        // Bound twice is nothing that RFC 9709 knows; nor is a cipher that nobody knows.
        assert_eq!(of(CEK_HKDF, &bound), Err(ErrorKind::Unsupported));
        assert_eq!(of(oid("1.2.3"), &octets(16)), Err(ErrorKind::Unsupported));
        assert!(of(CEK_HKDF, &inner).is_ok() && of(GCM[0].1, &gcm(12, &small(12))).is_ok());
    }
}
