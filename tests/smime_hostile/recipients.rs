//! Recipients that are none, are too many, or ask for too much.
use bulla::smime::Opening;
use bulla::{ErrorKind, KeyKind, Passphrase};

use crate::cms::{self, CONTENT_KEY, Enveloped, Key, algorithm, for_key, number};
use crate::mail::{CONTENT, Lab, plain, refused};
use crate::make::{INTEGER, octets, oid, sequence, tlv};

/// PasswordRecipientInfo (RFC 5652 section 6.2.4) with so many iterations, each in an INTEGER as it is given.
fn for_passphrase(iterations: &[u8], key_length: &[u8], inner: &[u8], wrapped: &[u8]) -> Vec<u8> {
    let hmac = sequence(&[&oid("1.2.840.113549.2.9"), &[5, 0]]);
    let pbkdf2 = sequence(&[&octets(&[1; 16]), &tlv(INTEGER, &[iterations]), key_length, &hmac]);
    let derivation = tlv(0xa0, &[&oid("1.2.840.113549.1.5.12"), &pbkdf2]);
    let wrap = sequence(&[&oid("1.2.840.113549.1.9.16.3.9"), inner]);
    tlv(0xa3, &[&number(0), &derivation, &wrap, &octets(wrapped)])
}

fn with(recipients: Vec<Vec<u8>>) -> Vec<u8> {
    Enveloped { recipients, ..Enveloped::gcm(&Key::generate(), CONTENT) }.mail()
}

#[test]
fn a_passphrase_with_absurd_iterations_costs_nothing() {
    let passphrase = Passphrase::new("correct horse").unwrap();
    let opening = Opening::with_passphrase(&passphrase);
    let cbc = cms::cbc_algorithm(&[7; 16]);
    for iterations in [&[0x7f, 0xff, 0xff, 0xff][..], &[0, 0xff, 0xff, 0xff, 0xff], &[0x01, 0, 0, 0]] {
        let mail = with(vec![for_passphrase(iterations, &[], &cbc, &[0; 48])]);
        refused(opening.bytes(&mail), ErrorKind::OverLimit);
    }
    for iterations in [&[0][..], &[0xff], &[0x7f; 9], &[]] {
        let mail = with(vec![for_passphrase(iterations, &[], &cbc, &[0; 48])]);
        refused(opening.bytes(&mail), ErrorKind::Malformed);
    }
    // Many of a cost that is still allowed: the sum is not.
    let one = for_passphrase(&[0x4c, 0x4b, 0x40], &[], &cbc, &[0; 48]);
    let mut many = Vec::new();
    for salt in 0..100u8 {
        let mut other = one.clone();
        let at = other.windows(16).position(|window| window == [1; 16]).unwrap();
        other[at] = salt;
        many.push(other);
    }
    assert!(opening.bytes(&with(many)).is_err());
}

#[test]
fn a_wrapped_key_of_a_passphrase_that_is_too_short_or_long_is_refused() {
    // CVE-2025-9230, CVE-2026-9076.
    let passphrase = Passphrase::new("correct horse").unwrap();
    let opening = Opening::with_passphrase(&passphrase);
    for length in [0, 1, 15, 16, 17, 31, 33, 513, 4096] {
        let cbc = cms::cbc_algorithm(&[7; 16]);
        let mail = with(vec![for_passphrase(&[1], &[], &cbc, &vec![0; length])]);
        refused(opening.bytes(&mail), ErrorKind::NoKeyFits);
    }
    for inner in [
        cms::gcm_algorithm(&cms::NONCE, &number(16)),
        algorithm(cms::AES_256_CBC),
        algorithm(cms::SHA256),
        sequence(&[]),
        vec![5, 0],
        Vec::new(),
    ] {
        let mail = with(vec![for_passphrase(&[1], &[], &inner, &[0; 48])]);
        assert!(opening.bytes(&mail).is_err());
    }
    for length in [number(0), number(16), vec![INTEGER, 4, 0x7f, 0xff, 0xff, 0xff]] {
        let mail = with(vec![for_passphrase(&[1], &length, &cms::cbc_algorithm(&[7; 16]), &[0; 48])]);
        refused(opening.bytes(&mail), ErrorKind::Malformed);
    }
}

#[test]
fn a_hundred_thousand_recipients_are_refused_and_four_thousand_are_not() {
    let key = Key::generate();
    let other = for_key(&Key::generate());
    let mut recipients = vec![other.clone(); 4095];
    recipients.push(for_key(&key));
    let mail = |recipients| Enveloped { recipients, ..Enveloped::gcm(&key, CONTENT) }.mail();
    assert_eq!(plain(Opening::with_key(&key).bytes(&mail(recipients.clone()))), CONTENT);
    recipients.insert(0, other.clone());
    refused(Opening::with_key(&key).bytes(&mail(recipients)), ErrorKind::OverLimit);
    let mut recipients = vec![for_key(&key)];
    recipients.resize(100_000, other);
    refused(Opening::with_key(&key).bytes(&mail(recipients)), ErrorKind::OverLimit);
}

#[test]
fn a_hundred_thousand_recipients_in_one_agreement_are_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    let one =
        sequence(&[&cms::issuer_and_serial(&lab.person(KeyKind::P256, "x@example.org")), &octets(&[0; 40])]);
    let keys = sequence(&[&one.repeat(100_000)]);
    let originator = tlv(0xa1, &[&algorithm("1.2.840.10045.2.1"), &tlv(3, &[&[0, 4], &[1; 64]])]);
    let how = sequence(&[&oid("1.3.132.1.11.1"), &algorithm(cms::AES_256_WRAP)]);
    let info = tlv(0xa1, &[&number(3), &tlv(0xa0, &[&originator]), &how, &keys]);
    refused(Opening::with(&bob).bytes(&with(vec![info])), ErrorKind::OverLimit);
}

#[test]
fn no_recipients_at_all_are_refused() {
    refused(Opening::with_key(&Key::generate()).bytes(&with(vec![])), ErrorKind::Malformed);
}

#[test]
fn recipients_whose_version_does_not_go_with_their_form_are_refused() {
    let key = Key::generate();
    for version in [0, 1, 2, 3, 5] {
        let mut info = for_key(&key);
        let at = info.windows(3).position(|window| window == [INTEGER, 1, 4]).unwrap();
        info[at + 2] = version;
        let mail = Enveloped { recipients: vec![info], ..Enveloped::gcm(&key, CONTENT) }.mail();
        refused(Opening::with_key(&key).bytes(&mail), ErrorKind::Malformed);
    }
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let id = bob.certificate().subject_key_identifier().unwrap().unwrap();
    let rsa = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    for (version, id) in
        [(2, cms::issuer_and_serial(&bob)), (0, tlv(0x80, &[&id])), (4, cms::issuer_and_serial(&bob))]
    {
        let info = sequence(&[&number(version), &id, &rsa, &octets(&[0; 256])]);
        refused(Opening::with(&bob).bytes(&with(vec![info])), ErrorKind::Malformed);
    }
}

#[test]
fn recipients_of_kinds_that_nobody_knows_are_passed_over() {
    let key = Key::generate();
    let unknown = tlv(0xa4, &[&oid("1.2.3"), &sequence(&[])]);
    let later = tlv(0xa5, &[&number(9)]);
    let mail = Enveloped { recipients: vec![unknown, later, for_key(&key)], ..Enveloped::gcm(&key, CONTENT) };
    assert_eq!(plain(Opening::with_key(&key).bytes(&mail.mail())), CONTENT);
}

#[test]
fn a_key_of_the_sender_that_is_not_on_the_curve_is_refused() {
    let lab = Lab::new();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521] {
        let bob = lab.person(kind, "bob@example.org");
        let length = match kind {
            KeyKind::P256 => 64,
            KeyKind::P384 => 96,
            _ => 132,
        };
        let one = sequence(&[&cms::issuer_and_serial(&bob), &octets(&[0; 40])]);
        let how = sequence(&[&oid("1.3.132.1.11.1"), &algorithm(cms::AES_256_WRAP)]);
        let off_curve = [&[0, 4][..], &vec![1; length]].concat();
        for bits in [off_curve, vec![0, 0], vec![0], vec![0, 4], vec![0; 2 + length]] {
            let originator = tlv(0xa1, &[&algorithm("1.2.840.10045.2.1"), &tlv(3, &[&bits])]);
            let info = tlv(0xa1, &[&number(3), &tlv(0xa0, &[&originator]), &how, &sequence(&[&one])]);
            assert!(Opening::with(&bob).bytes(&with(vec![info])).is_err(), "{kind}");
        }
    }
}

#[test]
fn a_key_of_x25519_that_is_of_low_order_is_refused() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::X25519, "bob@example.org");
    let one = sequence(&[&cms::issuer_and_serial(&bob), &octets(&[0; 40])]);
    let how = sequence(&[&oid("1.2.840.113549.1.9.16.3.19"), &algorithm(cms::AES_256_WRAP)]);
    let mut low = [0u8; 33];
    for first in [0, 1] {
        low[1] = first;
        let originator = tlv(0xa1, &[&algorithm("1.3.101.110"), &tlv(3, &[&low])]);
        let info = tlv(0xa1, &[&number(3), &tlv(0xa0, &[&originator]), &how, &sequence(&[&one])]);
        refused(Opening::with(&bob).bytes(&with(vec![info])), ErrorKind::Malformed);
    }
}

#[test]
fn an_agreement_without_its_parameters_is_refused() {
    // CVE-2026-28389.
    let lab = Lab::new();
    let bob = lab.bob();
    let one = sequence(&[&cms::issuer_and_serial(&bob), &octets(&[0; 40])]);
    let bits = [&[0][..], bob.key().public().as_der().last_chunk::<65>().unwrap()].concat();
    let originator = tlv(0xa1, &[&algorithm("1.2.840.10045.2.1"), &tlv(3, &[&bits])]);
    for how in [algorithm("1.3.132.1.11.1"), sequence(&[&oid("1.3.132.1.11.1"), &[5, 0]]), algorithm("1.2.3")]
    {
        let info = tlv(0xa1, &[&number(3), &tlv(0xa0, &[&originator]), &how, &sequence(&[&one])]);
        assert!(Opening::with(&bob).bytes(&with(vec![info])).is_err());
    }
}

#[test]
fn a_wrapped_key_of_another_length_than_the_ciphers_is_no_key() {
    let key = Key::generate();
    let mut wrapped = vec![0; 24];
    use aes_gcm::KeyInit;
    let kek: [u8; 32] = *key.expose_bytes();
    aes_kw::KwAes256::new(&kek.into()).wrap_key(&CONTENT_KEY[..16], &mut wrapped).unwrap();
    let id = sequence(&[&octets(&cms::id_of(&key))]);
    let info = tlv(0xa2, &[&number(4), &id, &algorithm(cms::AES_256_WRAP), &octets(&wrapped)]);
    let mail = Enveloped { recipients: vec![info], ..Enveloped::gcm(&key, CONTENT) }.mail();
    refused(Opening::with_key(&key).bytes(&mail), ErrorKind::Unauthentic);
}
