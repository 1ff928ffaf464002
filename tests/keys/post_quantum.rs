//! Post-quantum keys that others made: the examples of RFC 9881, 9935 and 9936, and what is wrong with some.
use std::path::Path;

use bulla::{ErrorKind, KeyKind, PrivateKey, PublicKey};

use crate::{pem_bytes, published, unasked};

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn holds(certificate: &Path, key: &PublicKey) -> bool {
    bulla::x509::Certificate::from_pem(&text(certificate)).unwrap().public_key().unwrap() == *key
}

#[test]
fn the_keys_of_the_rfcs_are_read() {
    let Some(folder) = published::folder("pq-certs/cert") else { return };
    for (file, kind) in [
        ("mldsa/ML-DSA-44.pem", KeyKind::MlDsa44),
        ("mldsa/ML-DSA-65.pem", KeyKind::MlDsa65),
        ("mldsa/ML-DSA-87.pem", KeyKind::MlDsa87),
        ("mlkem/ML-KEM-512.pem", KeyKind::MlKem512),
        ("mlkem/ML-KEM-768.pem", KeyKind::MlKem768),
        ("mlkem/ML-KEM-1024.pem", KeyKind::MlKem1024),
    ] {
        let text = text(&folder.join(file));
        let key = PrivateKey::from_pem(&text, unasked).unwrap();
        assert_eq!(key.kind(), kind, "{file}");
        assert_eq!(&PublicKey::from_pem(&text).unwrap(), key.public(), "{file}");
        key.check().unwrap();
    }
    let text = text(&folder.join("slhdsa/SLH-DSA-SHA2-128S.pem"));
    assert_eq!(PrivateKey::from_pem(&text, unasked).err().unwrap().kind(), ErrorKind::Unsupported);
    assert_eq!(PublicKey::from_pem(&text).err().unwrap().kind(), ErrorKind::Unsupported);
}

#[test]
fn the_seed_both_and_the_expanded_key_are_one_key() {
    let Some(folder) = published::folder("mlkem-cms") else { return };
    let read = |name| PrivateKey::from_pem(&text(&folder.join(name)), unasked).unwrap();
    let [seed, both, expanded] =
        ["ML-KEM-512-seed.priv", "ML-KEM-512-both.priv", "ML-KEM-512-expanded.priv"].map(read);
    assert_eq!(seed.public(), both.public());
    assert_eq!(seed.public(), expanded.public());
    assert!(holds(&folder.join("ML-KEM-512.pem"), seed.public()));
    for key in [&seed, &both, &expanded] {
        key.check().unwrap();
        let again = PrivateKey::from_pem(&key.expose_pem().unwrap(), unasked).unwrap();
        assert_eq!(again.public(), key.public());
        again.check().unwrap();
    }
    // Whoever has both keeps the seed: it is the shorter, and the other follows from it.
    assert_eq!(seed.expose_pem().unwrap(), both.expose_pem().unwrap());
    let root = read("mldsa65RootCA.priv");
    assert_eq!(root.kind(), KeyKind::MlDsa65);
    assert!(holds(&folder.join("mldsa65RootCA.pem"), root.public()));
}

/// Offsets in an expanded key of ML-KEM-512 (FIPS 203 algorithm 16): s, then the encapsulation key, its hash, and z.
const PUBLIC: usize = 768;
const HASH: usize = PUBLIC + 800;
const Z: usize = HASH + 32;

#[test]
fn an_ml_kem_key_whose_parts_do_not_agree_is_refused() {
    let Some(folder) = published::folder("mlkem-cms") else { return };
    let both = pem_bytes(&text(&folder.join("ML-KEM-512-both.priv")));
    let expanded = pem_bytes(&text(&folder.join("ML-KEM-512-expanded.priv")));
    let other = PrivateKey::generate(KeyKind::MlKem512).unwrap();
    let refusal = |der: &[u8]| PrivateKey::from_der(der, unasked).err().map(|error| error.kind());
    let end = expanded.len();
    let start = end - 1632;
    let changed = |change: &dyn Fn(&mut [u8])| {
        let mut der = expanded.clone();
        change(&mut der[start..]);
        der
    };
    assert_eq!(refusal(&expanded), None);
    let foreign = other.public().as_der();
    let foreign = &foreign[foreign.len() - 800..];
    for (what, der) in [
        ("s of another key", changed(&|key| key[..PUBLIC].rotate_left(3))),
        ("s is zero", changed(&|key| key[..PUBLIC].fill(0))),
        ("a number that is not reduced", changed(&|key| key[PUBLIC..PUBLIC + 2].fill(0xff))),
        ("rho of another key", changed(&|key| key[HASH - 1] ^= 1)),
        ("another key's public half", changed(&|key| key[PUBLIC..HASH].copy_from_slice(foreign))),
        ("another hash", changed(&|key| key[HASH] ^= 1)),
    ] {
        assert_eq!(refusal(&der), Some(ErrorKind::Malformed), "{what}");
    }
    // z is random, and nothing follows from it: there is nothing to hold it to but the seed.
    assert_eq!(refusal(&changed(&|key| key[Z] ^= 1)), None);
    for at in [both.len() - 1, both.len() - 1632, both.len() - 1632 - 4 - 64] {
        let mut der = both.clone();
        der[at] ^= 1;
        assert_eq!(refusal(&der), Some(ErrorKind::Malformed), "both, byte {at}");
    }
}

#[test]
fn a_public_key_of_ml_kem_has_numbers_that_are_reduced() {
    for kind in [KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024] {
        let key = PrivateKey::generate(kind).unwrap();
        let der = key.public().as_der();
        // The last number before the 32 bytes of rho.
        let mut bad = der.to_vec();
        let at = der.len() - 32;
        bad[at - 2..at].fill(0xff);
        assert_eq!(PublicKey::from_der(&bad).unwrap_err().kind(), ErrorKind::Malformed, "{kind}");
        assert_eq!(&PublicKey::from_der(der).unwrap(), key.public(), "{kind}");
    }
}
