//! Signatures of certificates and messages: how they are named, and which key makes and checks them.
#![cfg(feature = "x509")]

use super::{Digest, KeyKind, PrivateKey, PublicKey, SignatureAlgorithm};
use crate::error::ErrorKind;
use SignatureAlgorithm::{Dsa, Ecdsa, Ed25519, MlDsa44, MlDsa65, MlDsa87, RsaPkcs1, RsaPss};

const DIGESTS: [Digest; 5] = [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

fn all() -> Vec<SignatureAlgorithm> {
    let of_hash = |digest| {
        let pss = [20, 32, 478].map(|salt| RsaPss { digest, salt });
        [RsaPkcs1(digest), Ecdsa(digest), Dsa(digest)].into_iter().chain(pss)
    };
    DIGESTS.into_iter().flat_map(of_hash).chain([Ed25519, MlDsa44, MlDsa65, MlDsa87]).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

fn refusal(hex: &str) -> ErrorKind {
    SignatureAlgorithm::from_der(&unhex(hex)).unwrap_err().kind()
}

#[test]
fn an_algorithm_comes_back_from_its_identifier() {
    for algorithm in all() {
        let der = algorithm.to_der();
        assert_eq!(SignatureAlgorithm::from_der(&der).unwrap(), algorithm, "{algorithm:?} {der:02x?}");
        let longer = [&der[..], &[0]].concat();
        assert_eq!(SignatureAlgorithm::from_der(&longer).unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn identifiers_are_those_that_openssl_writes() {
    for (algorithm, hex) in [
        (RsaPkcs1(Digest::Sha256), "300d06092a864886f70d01010b0500"),
        (Ecdsa(Digest::Sha384), "300a06082a8648ce3d040303"),
        (Ed25519, "300506032b6570"),
        (MlDsa65, "300b0609608648016503040312"),
        (
            RsaPss { digest: Digest::Sha256, salt: 32 },
            "304106092a864886f70d01010a3034a00f300d06096086480165030402010500\
             a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
        ),
        // All of it is the default (RFC 4055 section 3.1).
        (RsaPss { digest: Digest::Sha1, salt: 20 }, "300d06092a864886f70d01010a3000"),
    ] {
        assert_eq!(algorithm.to_der(), unhex(hex), "{algorithm}");
    }
    assert_eq!(Dsa(Digest::Sha1).to_string(), "dsaWithSHA1");
    assert_eq!(RsaPss { digest: Digest::Sha1, salt: 20 }.to_string(), "rsassaPss");
}

#[test]
fn an_identifier_has_the_parameters_of_its_algorithm_and_no_others() {
    // PKCS #1 v1.5 without its NULL is to be taken (RFC 4055 section 5).
    let bare = SignatureAlgorithm::from_der(&unhex("300b06092a864886f70d01010b"));
    assert_eq!(bare.unwrap(), RsaPkcs1(Digest::Sha256));
    for hex in [
        "300e06092a864886f70d01010b020100",               // an INTEGER with RSA
        "300c06082a8648ce3d0403030500",                   // NULL with ECDSA
        "300706032b65700500",                             // NULL with Ed25519
        "300d06096086480165030403120500",                 // NULL with ML-DSA
        "300b06092a864886f70d01010a",                     // PSS without any
        "300d06092a864886f70d01010a0500",                 // PSS with NULL
        "301206092a864886f70d01010a3005a203020180",       // a negative salt
        "301506092a864886f70d01010a3008a2060204000f4240", // a salt of a million bytes
        "0500",
        "",
    ] {
        assert_eq!(refusal(hex), ErrorKind::Malformed, "{hex}");
    }
}

#[test]
fn pss_with_two_hashes_or_a_trailer_of_its_own_is_not_supported() {
    for hex in [
        // SHA-256 for the message, MGF1 with SHA-1 for the mask, which is the default.
        "301e06092a864886f70d01010a3011a00f300d06096086480165030402010500",
        // Trailer field 2.
        "301206092a864886f70d01010a3005a303020102",
        // MD5.
        "301d06092a864886f70d01010a3010a00e300c06082a864886f70d02050500",
        // md5WithRSAEncryption, Ed448.
        "300d06092a864886f70d0101040500",
        "300506032b6571",
    ] {
        assert_eq!(refusal(hex), ErrorKind::Unsupported, "{hex}");
    }
    // The trailer that it must have, written out as old programs do.
    let explicit = SignatureAlgorithm::from_der(&unhex("301206092a864886f70d01010a3005a303020101"));
    assert_eq!(explicit.unwrap(), RsaPss { digest: Digest::Sha1, salt: 20 });
}

#[test]
fn only_sha_1_and_dsa_are_weak() {
    let weak = |algorithm: &SignatureAlgorithm| algorithm.is_weak();
    assert_eq!(all().iter().filter(|algorithm| weak(algorithm)).count(), 3 + 3 + 4);
    assert!(!weak(&RsaPkcs1(Digest::Sha224)) && weak(&Ecdsa(Digest::Sha1)) && weak(&Dsa(Digest::Sha256)));
}

const KINDS: [KeyKind; 8] = [
    KeyKind::Rsa { bits: 2048 },
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Ed25519,
    KeyKind::MlDsa44,
    KeyKind::MlDsa65,
    KeyKind::MlDsa87,
];

#[test]
fn a_key_signs_by_the_algorithms_of_its_kind_and_checks_no_other() {
    for kind in KINDS {
        let key = PrivateKey::generate(kind).unwrap();
        let mut able = Vec::new();
        for algorithm in all() {
            match key.sign_with(algorithm, b"message") {
                Ok(signature) => {
                    able.push(algorithm);
                    let check = |other, message| key.public().check_signature(other, message, &signature);
                    assert!(check(algorithm, b"message").is_ok(), "{kind} {algorithm:?}");
                    assert!(check(algorithm, b"another").is_err(), "{kind} {algorithm:?}");
                    let others = all().into_iter().filter(|other| *other != algorithm);
                    for other in others {
                        let refused = check(other, b"message").unwrap_err();
                        assert_eq!(refused.kind(), ErrorKind::Unauthentic, "{kind} {algorithm:?} {other:?}");
                    }
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Usage),
            }
        }
        assert!(able.contains(&key.signature_algorithm().unwrap()), "{kind}");
        let count = match kind {
            // Four hashes with PKCS #1 and three salts, less the salt of 478 bytes, which 2048 bits do not hold.
            KeyKind::Rsa { .. } => 4 * 3,
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => 4,
            _ => 1,
        };
        assert_eq!(able.len(), count, "{kind} {able:?}");
        assert!(!able.iter().any(|algorithm| algorithm.is_weak()), "{kind}");
    }
}

#[test]
fn certificates_are_signed_so_that_every_program_can_check_them() {
    let algorithm = |kind| PrivateKey::generate(kind).unwrap().signature_algorithm().unwrap();
    let expected = [
        RsaPkcs1(Digest::Sha256),
        Ecdsa(Digest::Sha256),
        Ecdsa(Digest::Sha384),
        Ecdsa(Digest::Sha512),
        Ed25519,
        MlDsa44,
        MlDsa65,
        MlDsa87,
    ];
    assert_eq!(KINDS.map(algorithm), expected);
}

#[test]
fn an_rsa_key_of_1024_bits_is_read_where_weak_ones_are_asked_for_only() {
    let spki = |bytes: usize| {
        let modulus = [&[0][..], &vec![0xb7; bytes]].concat();
        let length = |n: usize| match n {
            0..=0xff => vec![0x81, n as u8],
            _ => vec![0x82, (n >> 8) as u8, n as u8],
        };
        let modulus = [&[2][..], &length(modulus.len()), &modulus].concat();
        let key = [&modulus[..], &[2, 3, 1, 0, 1]].concat();
        let key = [&[0x30][..], &length(key.len()), &key].concat();
        let bits = [&[3][..], &length(key.len() + 1), &[0], &key].concat();
        let identifier = unhex("300d06092a864886f70d0101010500");
        [&[0x30][..], &length(identifier.len() + bits.len()), &identifier, &bits].concat()
    };
    for (bits, weak, sound) in
        [(1016, false, false), (1024, true, false), (2040, true, false), (2048, true, true)]
    {
        let spki = spki(bits / 8);
        assert_eq!(PublicKey::from_der_weak(&spki).is_ok(), weak, "{bits}");
        assert_eq!(PublicKey::from_der(&spki).is_ok(), sound, "{bits}");
    }
    assert!(PublicKey::from_der_weak(&spki(8192 / 8 + 1)).is_err());
}
