//! Figures of passphrase KDFs, which are read before anything about a file is authentic.
use bulla::file::Decryption;
use bulla::{ErrorKind, KdfCost, KdfLimits, Passphrase, Recipients};

use super::ground::{age, bulla, stanza};

const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// At a bound the passphrase is tried, and does not fit; past it nothing is tried.
const TRIED: ErrorKind = ErrorKind::NoKeyFits;
const REFUSED: ErrorKind = ErrorKind::OverLimit;

fn kind(file: &[u8], limits: KdfLimits) -> ErrorKind {
    let passphrase = Passphrase::new("wrong").unwrap();
    Decryption::with(&passphrase).kdf_limits(limits).bytes(file).unwrap_err().kind()
}

fn argon2id([memory, passes, lanes]: [u64; 3], limits: KdfLimits) -> ErrorKind {
    kind(&bulla(stanza(&format!("argon2id {SALT} {memory} {passes} {lanes} alone"), 80)), limits)
}

fn pbkdf2(iterations: u64, limits: KdfLimits) -> ErrorKind {
    kind(&bulla(stanza(&format!("pbkdf2-sha512 {SALT} {iterations} alone"), 80)), limits)
}

fn scrypt(log_n: u64, limits: KdfLimits) -> ErrorKind {
    kind(&age(stanza(&format!("scrypt {SALT} {log_n}"), 32)), limits)
}

#[test]
fn argon2id_is_tried_at_its_bounds_and_not_past_them() {
    let usual = KdfLimits::default();
    for figures in [[8192, 1, 1], [8192, 16, 1], [8192, 1, 16]] {
        assert_eq!(argon2id(figures, usual), TRIED, "{figures:?}");
    }
    for figures in [
        [8191, 1, 1],
        [0, 1, 1],
        [8192, 0, 1],
        [8192, 17, 1],
        [8192, 1, 0],
        [8192, 1, 17],
        [1_048_577, 1, 1],
        [1_048_576, 5, 1],
        [4_294_967_295, 1, 1],
        [4_294_967_295, 4_294_967_295, 4_294_967_295],
    ] {
        assert_eq!(argon2id(figures, usual), REFUSED, "{figures:?}");
    }
}

#[test]
fn the_bounds_that_a_caller_sets_are_kept_to_the_kibibyte() {
    let sixteen = KdfLimits::memory_mib(16);
    assert_eq!(argon2id([16_384, 4, 1], sixteen), TRIED);
    assert_eq!(argon2id([16_384, 5, 1], sixteen), REFUSED);
    assert_eq!(argon2id([16_385, 1, 1], sixteen), REFUSED);
    assert_eq!(scrypt(14, sixteen), TRIED);
    assert_eq!(scrypt(15, sixteen), REFUSED);
    // Work adds up over the stanzas of a file: 3 and 2 passes are more than 4 together.
    let two = |a: u32, b: u32| {
        let line = |passes| stanza(&format!("argon2id {SALT} 16384 {passes} 1 joint"), 80);
        kind(&bulla(line(a) + &line(b)), sixteen)
    };
    assert_eq!((two(2, 2), two(3, 2)), (TRIED, REFUSED));
}

#[test]
fn weak_figures_are_tried_only_where_a_caller_accepts_them() {
    let weak = KdfLimits::default().accept_weak();
    assert_eq!(argon2id([8191, 1, 1], weak), TRIED);
    assert_eq!(argon2id([8, 1, 1], weak), TRIED);
    assert_eq!(pbkdf2(1, weak), TRIED);
    // What no Argon2id allows, or no work at all, is refused all the same.
    for figures in [[7, 1, 1], [127, 1, 16], [0, 1, 1], [8, 0, 1], [8, 1, 0]] {
        assert_eq!(argon2id(figures, weak), REFUSED, "{figures:?}");
    }
    assert_eq!(pbkdf2(0, weak), REFUSED);
}

#[test]
fn pbkdf2_is_tried_at_its_bounds_and_not_past_them() {
    let usual = KdfLimits::default();
    assert_eq!((pbkdf2(100_000, usual), pbkdf2(10_000_000, usual)), (TRIED, TRIED));
    for iterations in [0, 1, 99_999, 10_000_001, 4_294_967_295] {
        assert_eq!(pbkdf2(iterations, usual), REFUSED, "{iterations}");
    }
}

#[test]
fn scrypt_is_not_tried_past_its_bound() {
    for log_n in [21, 23, 31, 32, 63, 64, 255, 256, 4_294_967_295] {
        assert_eq!(scrypt(log_n, KdfLimits::default()), REFUSED, "{log_n}");
    }
    assert_eq!(scrypt(1, KdfLimits::default()), TRIED);
    assert_eq!(scrypt(0, KdfLimits::default()), ErrorKind::Malformed);
}

#[test]
fn a_passphrase_of_4096_bytes_is_taken_and_one_more_is_refused() {
    assert!(Passphrase::new(&"p".repeat(4096)).is_ok());
    // 3 bytes each; NFC makes them 9.
    assert!(Passphrase::new(&"\u{fb2c}".repeat(1365)).is_ok());
    for text in [String::new(), "p".repeat(4097), "\u{fb2c}".repeat(1366), "p".repeat(1 << 20)] {
        assert_eq!(Passphrase::new(&text).err().unwrap().kind(), ErrorKind::Usage);
    }
}

#[test]
fn two_passphrases_of_the_highest_cost_are_refused_because_no_reader_would_try_both() {
    let one = Passphrase::new("one").unwrap().cost(KdfCost::High);
    let two = Passphrase::new("two").unwrap().cost(KdfCost::High);
    let error = bulla::encrypt(&Recipients::one(&one).and(&two).allow_shared(), b"hello").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}
