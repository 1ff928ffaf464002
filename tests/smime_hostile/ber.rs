//! BER as writers have it, and BER that two readers take for two things.
use bulla::ErrorKind;
use bulla::smime::{Expect, Opening, Verification};

use crate::cms::{self, DATA, Enveloped, Key, SIGNED_DATA, SignerInfo, algorithm, number};
use crate::mail::{CONTENT, Lab, kind};
use crate::make::{octets, oid, sequence, tlv};

/// `tag`, indefinite length, the parts, and the end.
fn indefinite(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80][..], &parts.concat(), &[0, 0]].concat()
}

/// With a length in four bytes, whatever it is.
fn wide(tag: u8, inside: &[u8]) -> Vec<u8> {
    [&[tag, 0x84][..], &(inside.len() as u32).to_be_bytes(), inside].concat()
}

/// A string in pieces.
fn pieces(text: &[u8], length: usize) -> Vec<u8> {
    text.chunks(length).flat_map(octets).collect()
}

struct Case {
    lab: Lab,
    /// Certificates and signers.
    tail: Vec<u8>,
}

fn case() -> Case {
    let lab = Lab::new();
    let bob = lab.bob();
    let certificates = tlv(0xa0, &[bob.certificate().as_der()]);
    let tail = [certificates, tlv(cms::SET, &[&SignerInfo::new(&bob, CONTENT).der(CONTENT)])].concat();
    Case { lab, tail }
}

impl Case {
    /// With this eContent, in an object that is indefinite throughout.
    fn with(&self, content: &[u8]) -> Result<Vec<u8>, ErrorKind> {
        let about = indefinite(0x30, &[&oid(DATA), &indefinite(0xa0, &[content])]);
        self.object(&indefinite(
            0x30,
            &[
                &oid(SIGNED_DATA),
                &indefinite(0xa0, &[&indefinite(0x30, &[&number(1), &digests(), &about, &self.tail])]),
            ],
        ))
    }

    fn object(&self, object: &[u8]) -> Result<Vec<u8>, ErrorKind> {
        let trust = self.lab.trust();
        let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&cms::mail(object));
        verified.map(|verified| verified.into_inner().into_bytes()).map_err(|error| error.kind())
    }
}

fn digests() -> Vec<u8> {
    tlv(cms::SET, &[&algorithm(cms::SHA256)])
}

#[test]
fn a_content_in_any_pieces_is_put_together() {
    let case = case();
    let half = CONTENT.len() / 2;
    let nested =
        indefinite(0x24, &[&indefinite(0x24, &[&pieces(&CONTENT[..half], 7)]), &octets(&CONTENT[half..])]);
    for content in [
        octets(CONTENT),
        wide(4, CONTENT),
        indefinite(0x24, &[&octets(CONTENT)]),
        indefinite(0x24, &[&pieces(CONTENT, 1)]),
        tlv(0x24, &[&pieces(CONTENT, 10)]),
        wide(0x24, &pieces(CONTENT, 10)),
        indefinite(0x24, &[&octets(b""), &pieces(CONTENT, 33), &octets(b"")]),
        nested,
    ] {
        assert_eq!(case.with(&content), Ok(CONTENT.to_vec()));
    }
}

#[test]
fn lengths_that_are_longer_than_they_need_be_are_read() {
    let case = case();
    let about = wide(0x30, &[oid(DATA), wide(0xa0, &octets(CONTENT))].concat());
    let inside = [number(1), digests(), about, case.tail.clone()].concat();
    let object = wide(0x30, &[oid(SIGNED_DATA), wide(0xa0, &wide(0x30, &inside))].concat());
    assert_eq!(case.object(&object), Ok(CONTENT.to_vec()));
}

#[test]
fn pieces_of_another_type_are_refused() {
    let case = case();
    for content in [
        indefinite(0x24, &[&sequence(&[&octets(CONTENT)])]),
        indefinite(0x24, &[&tlv(12, &[CONTENT])]),
        indefinite(0x24, &[&octets(&CONTENT[..5]), &tlv(3, &[&[0], &CONTENT[5..]])]),
        indefinite(0x24, &[&octets(CONTENT), &[5, 0]]),
        tlv(0x24, &[CONTENT]),
        sequence(&[&octets(CONTENT)]),
        [octets(&CONTENT[..5]), octets(&CONTENT[5..])].concat(),
        // An end that is not its own, and none.
        [&[0x24, 0x80][..], &octets(CONTENT), &[0, 1, 0]].concat(),
        [&[4, 0x80][..], CONTENT, &[0, 0]].concat(),
    ] {
        assert_eq!(case.with(&content), Err(ErrorKind::Malformed));
    }
}

#[test]
fn what_is_cut_off_anywhere_is_refused() {
    let case = case();
    let about =
        indefinite(0x30, &[&oid(DATA), &indefinite(0xa0, &[&indefinite(0x24, &[&pieces(CONTENT, 9)])])]);
    let inside = indefinite(0x30, &[&number(1), &digests(), &about, &case.tail]);
    let object = indefinite(0x30, &[&oid(SIGNED_DATA), &indefinite(0xa0, &[&inside])]);
    assert_eq!(case.object(&object), Ok(CONTENT.to_vec()));
    for length in 1..object.len() {
        assert!(case.object(&object[..length]).is_err(), "{length} of {}", object.len());
    }
    for more in [&[0][..], &[0, 0], &[5, 0], b"Pay at once."] {
        assert!(case.object(&[&object, more].concat()).is_err());
    }
}

#[test]
fn the_tag_and_the_lengths_of_reserved_forms_are_refused() {
    let case = case();
    for head in
        [&[0x30, 0xff][..], &[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1], &[0x3f, 0x81, 0x80, 0, 0], &[0x1f]]
    {
        assert!(case.object(&[head, &[0; 40]].concat()).is_err());
    }
}

#[test]
fn encrypted_content_in_pieces_opens_as_in_one() {
    let key = Key::generate();
    let good = Enveloped::gcm(&key, CONTENT);
    let with = |content: &[u8]| {
        let about = indefinite(0x30, &[&oid(DATA), &good.algorithm, content]);
        let recipients = tlv(cms::SET, &[&good.recipients.concat()]);
        let inside = indefinite(0x30, &[&number(0), &recipients, &about, &good.after]);
        let object = indefinite(0x30, &[&oid(good.kind), &indefinite(0xa0, &[&inside])]);
        kind(Opening::with_key(&key).bytes(&cms::mail(&object)))
    };
    for content in [
        tlv(0x80, &[&good.ciphertext]),
        wide(0x80, &good.ciphertext),
        indefinite(0xa0, &[&pieces(&good.ciphertext, 5)]),
        tlv(0xa0, &[&pieces(&good.ciphertext, 20)]),
    ] {
        assert_eq!(with(&content), Ok(()));
    }
    for content in [
        tlv(0xa0, &[&good.ciphertext]),
        indefinite(0xa0, &[&tlv(0x80, &[&good.ciphertext])]),
        tlv(0x81, &[&good.ciphertext]),
        octets(&good.ciphertext),
        Vec::new(),
    ] {
        assert_eq!(with(&content), Err(ErrorKind::Malformed));
    }
    let turned = pieces(&good.ciphertext[8..], 8);
    let swapped = indefinite(0xa0, &[&turned, &octets(&good.ciphertext[..8])]);
    assert_eq!(with(&swapped), Err(ErrorKind::Unauthentic));
}

#[test]
fn a_key_identifier_in_pieces_names_its_certificate() {
    // X.690 section 8.14.4: behind an implicit tag a string may come in pieces, too.
    let lab = Lab::new();
    let bob = lab.bob();
    let id = bob.certificate().subject_key_identifier().unwrap().unwrap();
    let certificates = tlv(0xa0, &[bob.certificate().as_der()]);
    let other = [&id[1..], &[id[0] ^ 1]].concat();
    for (id, is_his) in [
        (tlv(0x80, &[&id]), true),
        (tlv(0xa0, &[&pieces(&id, 7)]), true),
        (indefinite(0xa0, &[&octets(&id[..1]), &indefinite(0x24, &[&pieces(&id[1..], 9)])]), true),
        (tlv(0xa0, &[&pieces(&other, 7)]), false),
        (tlv(0xa0, &[&id]), false),
        (tlv(0xa0, &[&tlv(3, &[&[0], &id])]), false),
    ] {
        let signer = SignerInfo { version: 3, id, ..SignerInfo::new(&bob, CONTENT) }.der(CONTENT);
        let trust = lab.trust();
        let tail = [certificates.clone(), tlv(cms::SET, &[&signer])].concat();
        let about = indefinite(0x30, &[&oid(DATA), &indefinite(0xa0, &[&octets(CONTENT)])]);
        let inside = indefinite(0x30, &[&number(3), &digests(), &about, &tail]);
        let object = indefinite(0x30, &[&oid(SIGNED_DATA), &indefinite(0xa0, &[&inside])]);
        let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&cms::mail(&object));
        assert_eq!(verified.is_ok(), is_his, "{:?}", verified.err());
    }
}

#[test]
fn signed_attributes_in_ber_are_signed_as_der() {
    // RFC 5652 section 5.4: what is signed is the DER of them, whatever they came in.
    let lab = Lab::new();
    let bob = lab.bob();
    let signer = SignerInfo::new(&bob, CONTENT);
    let inside = signer.attributes.clone().unwrap().concat();
    let der = signer.der(CONTENT);
    let good = tlv(0xa0, &[&inside]);
    let at = der.windows(good.len()).position(|window| window == good).unwrap();
    let fields =
        [&der[4 - usize::from(der[1] == 0x81)..at], &indefinite(0xa0, &[&inside]), &der[at + good.len()..]];
    let signer = indefinite(0x30, &[&fields.concat()]);
    let certificates = tlv(0xa0, &[bob.certificate().as_der()]);
    let tail = [certificates, tlv(cms::SET, &[&signer])].concat();
    assert_eq!(Case { lab, tail }.with(&octets(CONTENT)), Ok(CONTENT.to_vec()));
}
