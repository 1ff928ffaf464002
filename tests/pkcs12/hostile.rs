//! Files that somebody else made: changed, cut, absurd, or asking for work without end.
use std::sync::LazyLock;

use bulla::x509::Pkcs12;
use bulla::{ErrorKind, KeyKind, PrivateKey};
use proptest::prelude::*;

use super::der::*;
use crate::{kind, low};

/// A file that costs nothing to read: a key in the clear, two certificates, and a MAC of one iteration under `x`.
static CHEAP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let pkcs8 = pem_rfc7468::decode_vec(key.expose_pem().unwrap().as_bytes()).unwrap().1;
    let certificates = ["Bob", "CA"].map(|name| certificate_bag(certificate(&key, name).as_der()));
    let bags = [bag("1.2.840.113549.1.12.10.1.1", &pkcs8), certificates.concat()].concat();
    sealed(&plain_safe(&bags))
});

fn read(bytes: &[u8]) -> bulla::Result<Pkcs12> {
    Pkcs12::read(bytes, Some(&low("x")))
}

fn refused(bytes: &[u8]) -> ErrorKind {
    kind(read(bytes)).unwrap()
}

/// What a caller sees of a file.
fn seen(file: &Pkcs12) -> (Vec<Vec<u8>>, Vec<Vec<u8>>, usize) {
    let keys = file.keys().iter().map(|key| key.key().unwrap().public().as_der().to_vec()).collect();
    (keys, file.certificates().iter().map(|one| one.as_der().to_vec()).collect(), file.others())
}

#[test]
fn a_changed_bit_anywhere_never_shows_other_content() {
    let content = seen(&read(&CHEAP).unwrap());
    assert_eq!((content.0.len(), content.1.len()), (1, 2));
    let mut accepted = 0;
    for bit in 0..CHEAP.len() * 8 {
        let mut changed = CHEAP.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(file) = read(&changed) {
            assert!(seen(&file) == content, "bit {bit}");
            accepted += 1;
        }
    }
    // The salt and the count beside PBMAC1, which mean nothing.
    assert!(accepted <= 8 * 10, "{accepted}");
}

#[test]
fn a_file_cut_short_or_followed_by_more_is_refused() {
    for length in 0..CHEAP.len() {
        assert_eq!(refused(&CHEAP[..length]), ErrorKind::Malformed, "{length}");
    }
    assert_eq!(refused(&[&CHEAP[..], &[0]].concat()), ErrorKind::Malformed);
    assert_eq!(refused(&[&CHEAP[..], &CHEAP].concat()), ErrorKind::Malformed);
}

proptest! {
    #[test]
    fn edits_never_show_other_content(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, any::<u8>()), 1..6),
    ) {
        let content = seen(&read(&CHEAP).unwrap());
        let mut changed = CHEAP.clone();
        for (at, what, byte) in edits {
            let at = at.index(changed.len());
            match what {
                0 => changed[at] = byte,
                1 => changed.insert(at, byte),
                _ => { changed.remove(at); }
            }
        }
        if let Ok(file) = read(&changed) {
            prop_assert!(seen(&file) == content);
        }
    }
}

#[test]
fn a_wrong_passphrase_is_told() {
    for wrong in [Some(low("y")), Some(low("xx")), None] {
        assert_eq!(kind(Pkcs12::read(&CHEAP, wrong.as_ref())), Some(ErrorKind::NoKeyFits));
        assert_eq!(kind(Pkcs12::read_legacy(&CHEAP, wrong.as_ref())), Some(ErrorKind::NoKeyFits));
    }
}

#[test]
fn a_file_without_a_mac_is_refused() {
    let safe = plain_safe(&[]);
    assert!(read(&sealed(&safe)).is_ok());
    assert_eq!(refused(&pfx(&safe, &[])), ErrorKind::Unauthentic);
    // Signed or encrypted by keys instead.
    for other in ["1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3"] {
        let file = sequence(&[&number(3), &content(other, &sequence(&[]))]);
        assert_eq!(refused(&file), ErrorKind::Unsupported);
    }
}

#[test]
fn a_mac_that_proves_little_is_refused() {
    let safe = plain_safe(&[]);
    let made = |kdf: &[u8], length: usize| pfx(&safe, &mac_data(&pbmac1(kdf), &tag(&safe, length)));
    for length in [20, 32, 64] {
        assert!(read(&made(&pbkdf2(1, Some(length)), length as usize)).is_ok(), "{length}");
    }
    // The key's length: short (CVE-2026-34181), long (CVE-2025-11187), not said (RFC 9579).
    for length in [0, 1, 19, 65, 1 << 16] {
        assert_eq!(
            refused(&made(&pbkdf2(1, Some(length)), length as usize)),
            ErrorKind::OverLimit,
            "{length}"
        );
    }
    assert_eq!(refused(&made(&pbkdf2(1, None), 32)), ErrorKind::Malformed);
    // A salt from elsewhere (CVE-2025-11187).
    let salt = algorithm("1.2.3", &[]);
    let other = sequence(&[&salt, &number(1), &number(32), &algorithm(HMAC_SHA256, &[])]);
    assert_eq!(refused(&made(&algorithm(PBKDF2, &other), 32)), ErrorKind::Malformed);
    // PBKDF2's own default, HMAC-SHA-1; and another derivation.
    let sha1 = sequence(&[&octets(b"salt"), &number(1), &number(32)]);
    assert_eq!(refused(&made(&algorithm(PBKDF2, &sha1), 32)), ErrorKind::Unsupported);
    assert_eq!(refused(&made(&algorithm("1.2.3", &[]), 32)), ErrorKind::Unsupported);
    // A tag of which something is missing, up to all of it.
    let whole = tag(&safe, 32);
    for length in [0, 1, 16, 31] {
        let file = pfx(&safe, &mac_data(&pbmac1(&pbkdf2(1, Some(32))), &whole[..length]));
        assert_eq!(refused(&file), ErrorKind::Malformed, "{length}");
    }
}

/// Of the derivations that a file may ask for.
fn with_iterations(iterations: u64) -> [(&'static str, Vec<u8>); 4] {
    let safe = plain_safe(&[]);
    let sha256 = algorithm("2.16.840.1.101.3.4.2.1", &[]);
    let older = sequence(&[&sequence(&[&sha256, &octets(&[7; 32])]), &octets(b"salt"), &number(iterations)]);
    let triple = sequence(&[&octets(b"saltsalt"), &number(iterations)]);
    let in_bag = |algorithm: &[u8]| {
        let value = sequence(&[algorithm, &octets(&[7; 64])]);
        sealed(&plain_safe(&bag(SHROUDED_KEY, &value)))
    };
    [
        ("MAC", pfx(&safe, &older)),
        ("PBMAC1", pfx(&safe, &mac_data(&pbmac1(&pbkdf2(iterations, Some(32))), &[7; 32]))),
        ("PBES2", in_bag(&pbes2(&pbkdf2(iterations, None)))),
        ("triple DES", in_bag(&algorithm("1.2.840.113549.1.12.1.3", &triple))),
    ]
}

#[test]
fn absurd_work_is_refused_before_it_begins() {
    let legacy = |bytes: &[u8]| kind(Pkcs12::read_legacy(bytes, Some(&low("x"))));
    for iterations in [10_000_001, 1 << 31, u64::from(u32::MAX)] {
        for (name, file) in with_iterations(iterations) {
            assert_eq!(legacy(&file), Some(ErrorKind::OverLimit), "{name} {iterations}");
        }
    }
    for iterations in [1 << 32, u64::MAX / 2] {
        for (name, file) in with_iterations(iterations) {
            assert!(matches!(legacy(&file), Some(ErrorKind::Malformed | ErrorKind::Unsupported)), "{name}");
        }
    }
    for (name, file) in with_iterations(0) {
        assert_eq!(legacy(&file), Some(ErrorKind::Malformed), "{name}");
    }
    for (name, file) in with_iterations(1000) {
        assert_eq!(legacy(&file), Some(ErrorKind::NoKeyFits), "{name}");
    }
}

#[test]
fn scrypt_with_absurd_figures_is_refused_before_memory_is_taken() {
    let file = |n: u64, r: u64, p: u64| {
        let parameters = sequence(&[&octets(b"salt"), &number(n), &number(r), &number(p)]);
        let scheme = pbes2(&algorithm("1.3.6.1.4.1.11591.4.11", &parameters));
        sealed(&plain_safe(&bag(SHROUDED_KEY, &sequence(&[&scheme, &octets(&[7; 64])]))))
    };
    // 8 GiB, and small memory gone over and over.
    for (n, r, p) in [(1 << 23, 8, 1), (1 << 20, 8, 64), (1 << 10, 65_535, 65_535), (1 << 63, 8, 1)] {
        assert_eq!(refused(&file(n, r, p)), ErrorKind::OverLimit, "{n} {r} {p}");
    }
    for (n, r, p) in [(0, 8, 1), (1023, 8, 1), (1024, 0, 1), (1024, 8, 0)] {
        assert_eq!(refused(&file(n, r, p)), ErrorKind::Malformed, "{n} {r} {p}");
    }
    assert_eq!(refused(&file(1024, 8, 1)), ErrorKind::NoKeyFits);
}

#[test]
fn all_derivations_of_a_file_share_one_budget() {
    // Each alone is within the bound.
    let (outer, inner) = (5_500_001, 4_500_000);
    let value = sequence(&[&pbes2(&pbkdf2(inner, None)), &octets(&[7; 64])]);
    let safe = plain_safe(&bag(SHROUDED_KEY, &value));
    let kdf = pbkdf2(outer.into(), Some(32));
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(b"x", b"salt", outer, &mut key);
    let mac = <hmac::Hmac<sha2::Sha256> as hmac::KeyInit>::new_from_slice(&key).unwrap();
    let tag = hmac::Mac::finalize(hmac::Mac::chain_update(mac, &safe)).into_bytes();
    assert_eq!(refused(&pfx(&safe, &mac_data(&pbmac1(&kdf), &tag))), ErrorKind::OverLimit);
}

#[test]
fn bags_within_bags_end_somewhere() {
    let nested = |depth: usize| {
        let inner = certificate_bag(b"\x30\x00");
        let bags = (0..depth).fold(inner, |bags, _| bag(SAFE_CONTENTS, &sequence(&[&bags])));
        read(&sealed(&plain_safe(&bags)))
    };
    assert_eq!(nested(4).unwrap().certificates().len(), 1);
    assert_eq!(kind(nested(5)), Some(ErrorKind::OverLimit));
    assert_eq!(kind(nested(1000)), Some(ErrorKind::OverLimit));
    let many = |count: usize| read(&sealed(&plain_safe(&certificate_bag(b"\x30\x00").repeat(count))));
    assert_eq!(many(4096).unwrap().certificates().len(), 4096);
    assert_eq!(kind(many(4097)), Some(ErrorKind::OverLimit));
}

#[test]
fn what_is_nested_in_ber_without_end_is_refused() {
    assert_eq!(refused(&[0x30, 0x80].repeat(1_000_000)), ErrorKind::OverLimit);
    assert_eq!(refused(&[0x24, 0x80].repeat(1_000_000)), ErrorKind::OverLimit);
    assert_eq!(refused(&sealed(&[0x30, 0x80].repeat(10_000))), ErrorKind::OverLimit);
    assert_eq!(refused(&[0x30, 0x84, 0x40, 0, 0, 0]), ErrorKind::Malformed);
    assert_eq!(refused(&vec![0x30; (16 << 20) + 1]), ErrorKind::OverLimit);
}

#[test]
fn other_bags_are_passed_over_and_counted() {
    let crl = sequence(&[&oid("1.2.840.113549.1.9.23.1"), &wrap(0xa0, &[&octets(b"crl")])]);
    let sdsi = sequence(&[&oid("1.2.840.113549.1.9.22.2"), &wrap(0xa0, &[&wrap(22, &[b"sdsi"])])]);
    let secret = sequence(&[&oid("1.2.3"), &wrap(0xa0, &[&octets(b"secret")])]);
    let bags = [
        bag("1.2.840.113549.1.12.10.1.4", &crl),
        bag("1.2.840.113549.1.12.10.1.3", &sdsi),
        bag("1.2.840.113549.1.12.10.1.5", &secret),
        bag("1.2.3.4", &[5, 0]),
        certificate_bag(b"no certificate at all"),
    ];
    let file = read(&sealed(&plain_safe(&bags.concat()))).unwrap();
    assert_eq!((file.others(), file.keys().len(), file.certificates().len()), (4, 0, 1));
    assert_eq!(file.certificates()[0].as_der(), b"no certificate at all");
    assert!(file.certificates()[0].certificate().is_err());
}

#[test]
fn a_key_that_is_none_is_told_when_it_is_asked_for() {
    let bags = bag("1.2.840.113549.1.12.10.1.1", &sequence(&[&number(0)]));
    let file = read(&sealed(&plain_safe(&[bags, certificate_bag(b"\x30\x00")].concat()))).unwrap();
    assert_eq!(file.keys()[0].key().err().unwrap().kind(), ErrorKind::Malformed);
    assert!(file.certificate_of(&file.keys()[0]).is_none());
    // Encrypted once more inside of what was encrypted.
    let twice = sequence(&[&pbes2(&pbkdf2(1, None)), &octets(&[7; 64])]);
    let file = read(&sealed(&plain_safe(&bag("1.2.840.113549.1.12.10.1.1", &twice)))).unwrap();
    assert_eq!(file.keys()[0].key().err().unwrap().kind(), ErrorKind::Malformed);
}

#[test]
fn names_that_are_no_text_are_none() {
    let named = |value: Vec<u8>| {
        let attribute = sequence(&[&oid("1.2.840.113549.1.9.20"), &wrap(0x31, &[&value])]);
        let explicit =
            wrap(0xa0, &[&sequence(&[&oid("1.2.840.113549.1.9.22.1"), &wrap(0xa0, &[&octets(b"x")])])]);
        let bag = sequence(&[&oid("1.2.840.113549.1.12.10.1.3"), &explicit, &wrap(0x31, &[&attribute])]);
        read(&sealed(&plain_safe(&bag))).unwrap().certificates()[0].name().map(str::to_owned)
    };
    assert_eq!(named(wrap(30, &[&[0, b'B', 0, b'o', 0, b'b']])).as_deref(), Some("Bob"));
    assert_eq!(named(wrap(30, &[&[0, b'B', 0, 0]])).as_deref(), Some("B"));
    assert_eq!(named(wrap(30, &[&[0xd8, 0x3e, 0xdd, 0xc0]])).as_deref(), Some("🧀"));
    for bad in [wrap(30, &[&[0, b'B', 0]]), wrap(30, &[&[0xd8, 0x3e]]), wrap(12, &[b"Bob"]), vec![]] {
        assert_eq!(named(bad), None);
    }
}
