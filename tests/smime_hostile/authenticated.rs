//! AuthEnvelopedData whose cipher, nonce or tag is not what it should be (CVE-2026-34182, CVE-2025-15467): refused.
use bulla::ErrorKind;
use bulla::smime::Opening;

use crate::cms::{self, Enveloped, Key, NONCE, cbc_algorithm, gcm_algorithm, gcm_seal, number};
use crate::mail::{CONTENT, kind, plain, refused};
use crate::make::{octets, oid, sequence, tlv};

fn open(key: &Key, mail: &Enveloped) -> Result<(), ErrorKind> {
    let (opening, mail) = (Opening::with_key(key), mail.mail());
    let mut out = Vec::new();
    let streamed = kind(opening.stream(mail.as_slice(), &mut out));
    assert!(streamed.is_ok() || out.is_empty(), "something was released");
    let opened = kind(opening.bytes(&mail));
    assert_eq!(streamed, opened);
    opened
}

#[test]
fn the_mail_that_is_changed_here_opens() {
    let key = Key::generate();
    assert_eq!(plain(Opening::with_key(&key).bytes(&Enveloped::gcm(&key, CONTENT).mail())), CONTENT);
}

#[test]
fn a_cipher_without_a_tag_is_refused_in_what_is_called_authenticated() {
    let key = Key::generate();
    let good = Enveloped::cbc(&key, CONTENT);
    for after in [Vec::new(), octets(b""), octets(&[0; 16])] {
        let wrong = Enveloped { kind: cms::AUTH_ENVELOPED_DATA, version: 0, after, ..good.clone() };
        assert!(open(&key, &wrong).is_err());
    }
}

#[test]
fn a_cipher_with_a_tag_is_refused_where_nobody_looks_at_the_tag() {
    let key = Key::generate();
    let good = Enveloped::gcm(&key, CONTENT);
    let tagged = [good.ciphertext.clone(), gcm_seal(CONTENT).1].concat();
    for (ciphertext, after) in [(good.ciphertext.clone(), Vec::new()), (tagged, Vec::new())] {
        let wrong = Enveloped { kind: cms::ENVELOPED_DATA, version: 2, ciphertext, after, ..good.clone() };
        assert!(open(&key, &wrong).is_err());
    }
}

#[test]
fn a_tag_shorter_than_twelve_bytes_is_refused_though_it_is_right() {
    let key = Key::generate();
    let good = Enveloped::gcm(&key, CONTENT);
    let tag = gcm_seal(CONTENT).1;
    for length in [0, 1, 4, 8, 11] {
        let said = Enveloped {
            algorithm: gcm_algorithm(&NONCE, &number(length)),
            after: octets(&tag[..usize::from(length)]),
            ..good.clone()
        };
        assert_eq!(open(&key, &said), Err(ErrorKind::Malformed), "{length}");
    }
}

#[test]
fn a_tag_of_another_length_than_what_is_said_is_refused() {
    let key = Key::generate();
    let good = Enveloped::gcm(&key, CONTENT);
    let tag = gcm_seal(CONTENT).1;
    for (said, length) in [(16, 12), (16, 4), (16, 15), (16, 0), (12, 16), (13, 12), (12, 4)] {
        let wrong = Enveloped {
            algorithm: gcm_algorithm(&NONCE, &number(said)),
            after: octets(&tag[..length]),
            ..good.clone()
        };
        assert_eq!(open(&key, &wrong), Err(ErrorKind::Malformed), "{said} {length}");
    }
    // Nothing said: 12 (RFC 5084 section 3.2).
    let unsaid = |length| Enveloped {
        algorithm: gcm_algorithm(&NONCE, &[]),
        after: octets(&tag[..length]),
        ..good.clone()
    };
    assert_eq!(open(&key, &unsaid(12)), Ok(()));
    assert_eq!(open(&key, &unsaid(16)), Err(ErrorKind::Malformed));
    let longer = Enveloped {
        algorithm: gcm_algorithm(&NONCE, &number(17)),
        after: octets(&[&tag[..], &[0]].concat()),
        ..good
    };
    assert_eq!(open(&key, &longer), Err(ErrorKind::Malformed));
}

#[test]
fn a_tag_of_twelve_bytes_opens_and_a_wrong_one_does_not() {
    let key = Key::generate();
    let tag = gcm_seal(CONTENT).1;
    for length in 12..=16u8 {
        let of = |tag: &[u8]| Enveloped {
            algorithm: gcm_algorithm(&NONCE, &number(length)),
            after: octets(&tag[..usize::from(length)]),
            ..Enveloped::gcm(&key, CONTENT)
        };
        assert_eq!(open(&key, &of(&tag)), Ok(()), "{length}");
        for at in 0..usize::from(length) {
            let mut wrong = tag.clone();
            wrong[at] ^= 1;
            assert_eq!(open(&key, &of(&wrong)), Err(ErrorKind::Unauthentic), "{length} {at}");
        }
    }
}

#[test]
fn a_nonce_of_another_length_than_twelve_is_refused() {
    let key = Key::generate();
    for length in [0, 1, 8, 11, 13, 16, 17, 128, 4000] {
        let nonce = vec![9; length];
        let wrong =
            Enveloped { algorithm: gcm_algorithm(&nonce, &number(16)), ..Enveloped::gcm(&key, CONTENT) };
        assert!(open(&key, &wrong).is_err(), "{length}");
    }
    for length in [0, 8, 15, 17, 32] {
        let wrong = Enveloped { algorithm: cbc_algorithm(&vec![8; length]), ..Enveloped::cbc(&key, CONTENT) };
        assert_eq!(open(&key, &wrong), Err(ErrorKind::Malformed), "{length}");
    }
}

#[test]
fn a_cipher_without_its_parameters_is_refused() {
    let key = Key::generate();
    for algorithm in [
        cms::algorithm(cms::AES_256_GCM),
        sequence(&[&oid(cms::AES_256_GCM), &[5, 0]]),
        sequence(&[&oid(cms::AES_256_GCM), &octets(&NONCE)]),
        sequence(&[]),
        sequence(&[&[5, 0]]),
    ] {
        let wrong = Enveloped { algorithm, ..Enveloped::gcm(&key, CONTENT) };
        assert!(open(&key, &wrong).is_err());
    }
}

#[test]
fn wrong_identifiers_in_the_place_of_a_cipher_are_refused() {
    let key = Key::generate();
    for id in
        [cms::SHA256, cms::AES_256_WRAP, cms::DATA, "1.2.840.113549.1.1.1", "1.2.840.113549.3.4", "1.2.3"]
    {
        let algorithm = sequence(&[&oid(id), &sequence(&[&octets(&NONCE), &number(16)])]);
        for good in [Enveloped::gcm(&key, CONTENT), Enveloped::cbc(&key, CONTENT)] {
            let wrong = Enveloped { algorithm: algorithm.clone(), ..good };
            assert_eq!(open(&key, &wrong), Err(ErrorKind::Unsupported), "{id}");
        }
    }
}

#[test]
fn a_version_that_is_not_the_one_of_the_rfc_is_refused() {
    let key = Key::generate();
    for version in [1, 2, 3, 4, 5, 0x7f, 0xff] {
        let wrong = Enveloped { version, ..Enveloped::gcm(&key, CONTENT) };
        assert_eq!(open(&key, &wrong), Err(ErrorKind::Malformed), "{version}");
    }
    let wrong = Enveloped { version: 5, ..Enveloped::cbc(&key, CONTENT) };
    assert!(open(&key, &wrong).is_err());
}

#[test]
fn a_mail_without_a_tag_or_with_more_after_it_is_refused() {
    let key = Key::generate();
    let tag = octets(&gcm_seal(CONTENT).1);
    for after in [
        Vec::new(),
        [tag.clone(), tag.clone()].concat(),
        [tag.clone(), vec![5, 0]].concat(),
        [tlv(0xa1, &[]), tag.clone()].concat(),
        tlv(0xa1, &[&cms::attribute("1.2.3", &[&[5, 0]])]),
        tlv(0x30, &[&tag]),
    ] {
        let wrong = Enveloped { after, ..Enveloped::gcm(&key, CONTENT) };
        assert_eq!(open(&key, &wrong), Err(ErrorKind::Malformed));
    }
}

#[test]
fn attributes_put_to_or_taken_from_an_authenticated_mail_are_noticed() {
    let key = Key::generate();
    let tag = octets(&gcm_seal(CONTENT).1);
    let attributes = tlv(0xa1, &[&cms::attribute("1.2.3", &[&[5, 0]])]);
    let wrong = Enveloped { after: [attributes, tag].concat(), ..Enveloped::gcm(&key, CONTENT) };
    assert_eq!(open(&key, &wrong), Err(ErrorKind::Unauthentic));
}

#[test]
fn attributes_that_nobody_authenticated_change_nothing() {
    let key = Key::generate();
    let tag = octets(&gcm_seal(CONTENT).1);
    let unauthenticated = tlv(0xa2, &[&cms::attribute("1.2.3", &[&[5, 0]])]);
    let mail = Enveloped { after: [tag, unauthenticated].concat(), ..Enveloped::gcm(&key, CONTENT) };
    assert_eq!(open(&key, &mail), Ok(()));
}

#[test]
fn a_content_that_is_no_mail_is_refused() {
    let key = Key::generate();
    for content_type in [cms::SIGNED_DATA, cms::ENVELOPED_DATA, "1.2.3"] {
        let wrong = Enveloped { content_type, ..Enveloped::gcm(&key, CONTENT) };
        assert_eq!(open(&key, &wrong), Err(ErrorKind::Unsupported), "{content_type}");
    }
}

#[test]
fn a_key_bound_to_one_cipher_opens_no_other() {
    // RFC 9709: the same wrapped key with the binding put on, or taken off, is another key.
    let key = Key::generate();
    let bound = sequence(&[&oid("1.2.840.113549.1.9.16.3.31"), &gcm_algorithm(&NONCE, &number(16))]);
    let wrong = Enveloped { algorithm: bound, ..Enveloped::gcm(&key, CONTENT) };
    assert_eq!(open(&key, &wrong), Err(ErrorKind::Unauthentic));
    let twice = sequence(&[
        &oid("1.2.840.113549.1.9.16.3.31"),
        &sequence(&[&oid("1.2.840.113549.1.9.16.3.31"), &gcm_algorithm(&NONCE, &number(16))]),
    ]);
    let wrong = Enveloped { algorithm: twice, ..Enveloped::gcm(&key, CONTENT) };
    assert!(open(&key, &wrong).is_err());
    let bare = Enveloped {
        algorithm: cms::algorithm("1.2.840.113549.1.9.16.3.31"),
        ..Enveloped::gcm(&key, CONTENT)
    };
    refused(Opening::with_key(&key).bytes(&bare.mail()), ErrorKind::Malformed);
}
