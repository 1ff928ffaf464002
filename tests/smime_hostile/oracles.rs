//! Who sends changed mails and sees how each fails learns nothing: one kind and one text, whatever failed.
use bulla::smime::{Opened, Opening};
use bulla::x509::Credential;
use bulla::{ErrorKind, KeyKind};
use rsa::BoxedUint;
use rsa::traits::PublicKeyParts;

use crate::cms::{self, CONTENT_KEY, Enveloped, Key, for_key, number};
use crate::mail::{CONTENT, Lab, has, plain};
use crate::make::{octets, oid, sequence};

const RSA: &str = "1.2.840.113549.1.1.1";

/// `block` encrypted as it is, with a padding or without: to the power of 65537.
fn raw(whom: &Credential, block: &[u8; 256]) -> Vec<u8> {
    let key = cms::rsa_public(whom);
    let base = BoxedUint::from_be_slice(block, 2048).unwrap();
    let squares = (0..16).fold(base.clone(), |power, _| power.mul_mod(&power, key.n()));
    let bytes = squares.mul_mod(&base, key.n()).to_be_bytes();
    bytes[bytes.len() - 256..].to_vec()
}

/// RSAES-PKCS1-v1_5's encoding of a text (RFC 8017 section 7.2.1).
fn encoded(text: &[u8]) -> [u8; 256] {
    let mut block = [0xaa; 256];
    block[..2].copy_from_slice(&[0, 2]);
    let end = 256 - text.len();
    block[end - 1] = 0;
    block[end..].copy_from_slice(text);
    block
}

fn for_rsa(whom: &Credential, sealed: &[u8]) -> Vec<u8> {
    let how = sequence(&[&oid(RSA), &[5, 0]]);
    sequence(&[&number(0), &cms::issuer_and_serial(whom), &how, &octets(sealed)])
}

/// All ways in which a padding can be wrong (Bleichenbacher, 1998), and a key can.
fn wrong_blocks() -> Vec<(&'static str, [u8; 256])> {
    let good = encoded(&CONTENT_KEY);
    let change = |at: usize, to: u8| {
        let mut block = good;
        block[at] = to;
        block
    };
    let mut no_end = [0xaa; 256];
    no_end[..2].copy_from_slice(&[0, 2]);
    vec![
        ("another first byte", change(0, 1)),
        ("the padding of signatures", change(1, 1)),
        ("a padding that is too short", change(5, 0)),
        ("no end of the padding", no_end),
        ("another key", encoded(&[0x41; 32])),
        ("a shorter key", encoded(&[0x42; 16])),
        ("a longer key", encoded(&[0x42; 48])),
        ("no key", encoded(&[])),
    ]
}

/// What an opening says: kind and text.
fn said(opening: &Opening<'_>, mail: &[u8]) -> (ErrorKind, String) {
    let error = opening.bytes(mail).unwrap_err();
    let mut out = Vec::new();
    let streamed = opening.stream(mail, &mut out).unwrap_err();
    assert_eq!((streamed.kind(), streamed.to_string()), (error.kind(), error.to_string()));
    assert!(out.is_empty());
    (error.kind(), error.to_string())
}

#[test]
fn all_that_can_be_wrong_with_a_key_sealed_to_rsa_is_one_error() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let opening = Opening::with(&bob);
    let key = Key::generate();
    let mail = |sealed: &[u8]| Enveloped {
        recipients: vec![for_rsa(&bob, sealed)],
        ..Enveloped::gcm(&key, CONTENT)
    };
    let right = raw(&bob, &encoded(&CONTENT_KEY));
    assert_eq!(plain(opening.bytes(&mail(&right).mail())), CONTENT);
    let mut wrong_tag = mail(&right);
    *wrong_tag.after.last_mut().unwrap() ^= 1;
    let expected = said(&opening, &wrong_tag.mail());
    assert_eq!(expected.0, ErrorKind::Unauthentic);
    for (what, block) in wrong_blocks() {
        assert_eq!(said(&opening, &mail(&raw(&bob, &block)).mail()), expected, "{what}");
    }
    for (what, sealed) in [("zero", vec![0; 256]), ("over the modulus", vec![0xff; 256])] {
        assert_eq!(said(&opening, &mail(&sealed).mail()), expected, "{what}");
    }
}

#[test]
fn a_sealed_key_of_another_length_than_the_modulus_is_the_same_error() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let opening = Opening::with(&bob);
    let key = Key::generate();
    for length in [0, 1, 255, 257, 512] {
        let mail =
            Enveloped { recipients: vec![for_rsa(&bob, &vec![1; length])], ..Enveloped::gcm(&key, CONTENT) };
        assert_eq!(said(&opening, &mail.mail()).0, ErrorKind::Unauthentic, "{length}");
    }
}

#[test]
fn all_that_can_be_wrong_with_oaep_is_the_same_error() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let opening = Opening::with(&bob);
    let good = crate::mail::letter().encrypt(&lab.to(&bob).modern()).unwrap();
    let object = cms::object_of(good.as_bytes());
    // The last byte is of the tag, and the key stands in the only OCTET STRING of 256 bytes.
    let mut tag = object.clone();
    *tag.last_mut().unwrap() ^= 1;
    let expected = said(&opening, &cms::mail(&tag));
    let at = object.windows(4).position(|window| window == [4, 0x82, 1, 0]).unwrap() + 4;
    for offset in [0, 1, 100, 255] {
        let mut changed = object.clone();
        changed[at + offset] ^= 1;
        assert_eq!(said(&opening, &cms::mail(&changed)), expected, "{offset}");
    }
}

#[test]
fn in_cbc_a_wrong_key_and_a_wrong_padding_are_one_error() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let opening = Opening::with(&bob);
    let key = Key::generate();
    let sealed = raw(&bob, &encoded(&CONTENT_KEY));
    let good = Enveloped { recipients: vec![for_rsa(&bob, &sealed)], ..Enveloped::cbc(&key, CONTENT) };
    assert!(matches!(opening.bytes(&good.mail()).unwrap(), Opened::Malleable(_)));
    let mut out = Vec::new();
    let malleable = opening.stream(good.mail().as_slice(), &mut out).unwrap_err().to_string();
    let mut wrong = good.clone();
    // A last block that ends in no padding: the block before it is changed. It comes out as any that was changed.
    let at = wrong.ciphertext.len() - 17;
    wrong.ciphertext[at] ^= 0x80;
    assert!(matches!(opening.bytes(&wrong.mail()).unwrap(), Opened::Malleable(_)));
    assert_eq!(opening.stream(wrong.mail().as_slice(), &mut out).unwrap_err().to_string(), malleable);
    let cut = Enveloped { ciphertext: good.ciphertext[..good.ciphertext.len() - 1].to_vec(), ..good.clone() };
    assert_eq!(said(&opening, &cut.mail()), (ErrorKind::Unauthentic, malleable.clone()));
    let empty = Enveloped { ciphertext: Vec::new(), ..good.clone() };
    assert_eq!(said(&opening, &empty.mail()), (ErrorKind::Unauthentic, malleable.clone()));
    for (what, block) in wrong_blocks() {
        let mail = Enveloped { recipients: vec![for_rsa(&bob, &raw(&bob, &block))], ..good.clone() }.mail();
        match opening.bytes(&mail) {
            // Noise, that says nothing of the block.
            Ok(opened) => assert!(!has(&crate::mail::malleable(Ok(opened)), b"how are you"), "{what}"),
            Err(error) => assert_eq!(error.to_string(), malleable, "{what}"),
        }
    }
}

#[test]
fn a_wrong_padding_gives_the_same_made_up_key_each_time() {
    // draft-irtf-cfrg-rsa-guidance section 7.2: whoever sends the same twice learns nothing from a difference.
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let key = Key::generate();
    let (_, block) = wrong_blocks().swap_remove(3);
    let sealed = raw(&bob, &block);
    let mail = Enveloped { recipients: vec![for_rsa(&bob, &sealed)], ..Enveloped::cbc(&key, CONTENT) }.mail();
    let outcome = || match Opening::with(&bob).bytes(&mail) {
        Ok(opened) => Ok(crate::mail::malleable(Ok(opened))),
        Err(error) => Err(error.to_string()),
    };
    let first = outcome();
    for _ in 0..10 {
        assert_eq!(outcome(), first);
    }
}

#[test]
fn of_several_keys_sealed_for_the_reader_only_the_first_is_tried() {
    // CVE-2026-42768: else one mail would try many paddings, and say whether one of them was right.
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let opening = Opening::with(&bob);
    let key = Key::generate();
    let right = for_rsa(&bob, &raw(&bob, &encoded(&CONTENT_KEY)));
    let wrong = for_rsa(&bob, &raw(&bob, &wrong_blocks()[1].1));
    let mail = |recipients: &[&Vec<u8>]| {
        let recipients = recipients.iter().map(|one| (*one).clone()).collect();
        Enveloped { recipients, ..Enveloped::gcm(&key, CONTENT) }.mail()
    };
    assert_eq!(plain(opening.bytes(&mail(&[&right, &wrong]))), CONTENT);
    assert_eq!(said(&opening, &mail(&[&wrong, &right])), said(&opening, &mail(&[&wrong])));
    assert_eq!(said(&opening, &mail(&[&wrong, &wrong, &wrong, &right])), said(&opening, &mail(&[&wrong])));
    // And another kind of key that would open it does not show that the first did not.
    let both = opening.clone().or(Opening::with_key(&key));
    assert_eq!(said(&both, &mail(&[&wrong, &for_key(&key)])), said(&opening, &mail(&[&wrong])));
}

#[test]
fn a_wrong_key_encryption_key_and_a_wrong_tag_are_one_error() {
    let key = Key::generate();
    let opening = Opening::with_key(&key);
    let good = Enveloped::gcm(&key, CONTENT);
    let mut tag = good.clone();
    *tag.after.last_mut().unwrap() ^= 1;
    let expected = said(&opening, &tag.mail());
    let mut content = good.clone();
    content.ciphertext[0] ^= 1;
    assert_eq!(said(&opening, &content.mail()), expected);
    let mut wrapped = good.clone();
    *wrapped.recipients[0].last_mut().unwrap() ^= 1;
    assert_eq!(said(&opening, &wrapped.mail()), expected);
    let other = Enveloped { recipients: vec![renamed(&for_key(&Key::generate()), &key)], ..good };
    assert_eq!(said(&opening, &other.mail()), expected);
}

/// Somebody else's key under the name of this one.
fn renamed(info: &[u8], key: &Key) -> Vec<u8> {
    let mut info = info.to_vec();
    let at = info.windows(2).position(|window| window == [4, 16]).unwrap() + 2;
    info[at..at + 16].copy_from_slice(&cms::id_of(key));
    info
}

#[test]
fn for_each_kind_of_key_a_wrong_key_and_a_wrong_tag_are_one_error() {
    let lab = Lab::new();
    for kind in [KeyKind::P256, KeyKind::P521, KeyKind::X25519, KeyKind::MlKem512, KeyKind::MlKem768] {
        let bob = lab.person(kind, "bob@example.org");
        let opening = Opening::with(&bob);
        let sealed = crate::mail::letter().encrypt(&lab.to(&bob).modern()).unwrap();
        let object = cms::object_of(sealed.as_bytes());
        let mut tag = object.clone();
        *tag.last_mut().unwrap() ^= 1;
        let expected = said(&opening, &cms::mail(&tag));
        // The wrapped key is the last before the content, which begins with its type.
        let content = oid(cms::DATA);
        let at = object.windows(content.len()).position(|window| window == content).unwrap() - 10;
        let mut wrapped = object.clone();
        wrapped[at] ^= 1;
        assert_eq!(said(&opening, &cms::mail(&wrapped)), expected, "{kind}");
    }
}
