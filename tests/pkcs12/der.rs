//! DER by hand: what the library would not write, and a certificate for any key.
use bulla::PrivateKey;
use bulla::x509::Certificate;
use der::Encode;
use der::asn1::ObjectIdentifier;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) const DATA: &str = "1.2.840.113549.1.7.1";
pub(crate) const PBES2: &str = "1.2.840.113549.1.5.13";
pub(crate) const PBKDF2: &str = "1.2.840.113549.1.5.12";
pub(crate) const PBMAC1: &str = "1.2.840.113549.1.5.14";
pub(crate) const HMAC_SHA256: &str = "1.2.840.113549.2.9";
pub(crate) const AES256: &str = "2.16.840.1.101.3.4.1.42";
pub(crate) const SHROUDED_KEY: &str = "1.2.840.113549.1.12.10.1.2";
pub(crate) const SAFE_CONTENTS: &str = "1.2.840.113549.1.12.10.1.6";

pub(crate) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let head = match content.len() {
        length @ 0..0x80 => vec![tag, length as u8],
        length @ 0x80..0x100 => vec![tag, 0x81, length as u8],
        length @ 0x100..0x1_0000 => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        length => vec![tag, 0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8],
    };
    [head, content].concat()
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    wrap(0x30, parts)
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    wrap(4, &[bytes])
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(text).to_der().unwrap()
}

pub(crate) fn number(number: u64) -> Vec<u8> {
    number.to_der().unwrap()
}

/// An AlgorithmIdentifier, with NULL if there are no parameters.
pub(crate) fn algorithm(kind: &str, parameters: &[u8]) -> Vec<u8> {
    let parameters = if parameters.is_empty() { &[5, 0] } else { parameters };
    sequence(&[&oid(kind), parameters])
}

/// A self-signed certificate for a P-256 key: nothing in it but names and times.
pub(crate) fn certificate(key: &PrivateKey, name: &str) -> Certificate {
    let ecdsa = sequence(&[&oid("1.2.840.10045.4.3.2")]);
    let attribute = sequence(&[&oid("2.5.4.3"), &wrap(12, &[name.as_bytes()])]);
    let name = sequence(&[&wrap(0x31, &[&attribute])]);
    let validity = sequence(&[&wrap(23, &[b"250101000000Z"]), &wrap(23, &[b"450101000000Z"])]);
    let tbs = sequence(&[&number(1), &ecdsa, &name, &validity, &name, key.public().as_der()]);
    let signature = key.sign_plain(&tbs).unwrap();
    let der = sequence(&[&tbs, &ecdsa, &wrap(3, &[&[0], &signature])]);
    Certificate::from_der(&der).unwrap()
}

/// ContentInfo.
pub(crate) fn content(kind: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), &wrap(0xa0, &[value])])
}

/// SafeBag without attributes.
pub(crate) fn bag(kind: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), &wrap(0xa0, &[value])])
}

/// Certificate bag.
pub(crate) fn certificate_bag(der: &[u8]) -> Vec<u8> {
    let value = sequence(&[&oid("1.2.840.113549.1.9.22.1"), &wrap(0xa0, &[&octets(der)])]);
    bag("1.2.840.113549.1.12.10.1.3", &value)
}

/// AuthenticatedSafe with one SafeContents that nothing encrypts.
pub(crate) fn plain_safe(bags: &[u8]) -> Vec<u8> {
    sequence(&[&content(DATA, &octets(&sequence(&[bags])))])
}

/// PBKDF2-params with HMAC-SHA-256.
pub(crate) fn pbkdf2(iterations: u64, length: Option<u64>) -> Vec<u8> {
    let length = length.map(number).unwrap_or_default();
    let parameters =
        sequence(&[&octets(b"salt"), &number(iterations), &length, &algorithm(HMAC_SHA256, &[])]);
    algorithm(PBKDF2, &parameters)
}

/// PBES2 with AES-256-CBC.
pub(crate) fn pbes2(kdf: &[u8]) -> Vec<u8> {
    algorithm(PBES2, &sequence(&[kdf, &algorithm(AES256, &octets(&[9; 16]))]))
}

/// PFX over an AuthenticatedSafe, with a MAC as given.
pub(crate) fn pfx(safe: &[u8], mac: &[u8]) -> Vec<u8> {
    sequence(&[&number(3), &content(DATA, &octets(safe)), mac])
}

/// MacData.
pub(crate) fn mac_data(algorithm: &[u8], tag: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[algorithm, &octets(tag)]), &octets(b"NOT USED")])
}

/// A file with a sound PBMAC1 of one iteration under `x`: a thing to change that costs nothing to read.
pub(crate) fn sealed(safe: &[u8]) -> Vec<u8> {
    pfx(safe, &mac_data(&pbmac1(&pbkdf2(1, Some(32))), &tag(safe, 32)))
}

pub(crate) fn pbmac1(kdf: &[u8]) -> Vec<u8> {
    algorithm(PBMAC1, &sequence(&[kdf, &algorithm(HMAC_SHA256, &[])]))
}

/// The tag of PBMAC1 under `x`, with one iteration and a key of so many bytes.
pub(crate) fn tag(safe: &[u8], length: usize) -> Vec<u8> {
    let mut key = vec![0; length];
    pbkdf2::pbkdf2_hmac::<Sha256>(b"x", b"salt", 1, &mut key);
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
    mac.chain_update(safe).finalize().into_bytes().to_vec()
}
