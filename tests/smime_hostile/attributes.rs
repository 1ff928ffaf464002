//! Signed attributes that can be read in two ways (RFC 5652 section 5.3, RFC 8933): refused.
use bulla::ErrorKind;
use bulla::smime::{Expect, Verification};
use sha2::{Digest as _, Sha256};

use crate::cms::{self, Signed, SignerInfo, attribute, attributes};
use crate::mail::{CONTENT, Lab};
use crate::make::{octets, oid};

fn judge(all: Vec<Vec<u8>>) -> Result<(), ErrorKind> {
    let lab = Lab::new();
    let bob = lab.bob();
    let signer = SignerInfo { attributes: Some(all), ..SignerInfo::new(&bob, CONTENT) };
    let trust = lab.trust();
    let mail = Signed::opaque(CONTENT, &signer).mail();
    let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&mail);
    verified.map(|verified| assert_eq!(verified.get().as_bytes(), CONTENT)).map_err(|error| error.kind())
}

fn digest() -> Vec<u8> {
    octets(&Sha256::digest(CONTENT))
}

#[test]
fn attributes_in_any_order_verify_as_they_came() {
    assert_eq!(judge(attributes(CONTENT)), Ok(()));
    let mut turned = attributes(CONTENT);
    turned.reverse();
    assert_eq!(judge(turned), Ok(()));
}

#[test]
fn an_attribute_that_is_there_twice_is_refused() {
    for again in 0..2 {
        let mut all = attributes(CONTENT);
        all.push(all[again].clone());
        assert_eq!(judge(all), Err(ErrorKind::Malformed));
    }
    let other = octets(&Sha256::digest(b"Pay at once."));
    for at in 0..=2 {
        let mut all = attributes(CONTENT);
        all.insert(at, attribute(cms::MESSAGE_DIGEST, &[&other]));
        assert_eq!(judge(all), Err(ErrorKind::Malformed));
    }
    let mut all = attributes(CONTENT);
    let unknown = attribute("1.2.3.4", &[&[5, 0]]);
    all.extend([unknown.clone(), unknown]);
    assert_eq!(judge(all), Err(ErrorKind::Malformed));
}

#[test]
fn an_attribute_with_no_value_or_several_is_refused() {
    let other = octets(&Sha256::digest(b"Pay at once."));
    for values in [vec![], vec![digest(), other.clone()], vec![other, digest()], vec![digest(), digest()]] {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let all =
            vec![attribute(cms::CONTENT_TYPE, &[&oid(cms::DATA)]), attribute(cms::MESSAGE_DIGEST, &values)];
        assert_eq!(judge(all), Err(ErrorKind::Malformed));
    }
}

#[test]
fn what_must_be_there_and_is_not_is_missed() {
    let [kind, digest]: [Vec<u8>; 2] = attributes(CONTENT).try_into().unwrap();
    assert_eq!(judge(vec![kind]), Err(ErrorKind::Malformed));
    assert_eq!(judge(vec![digest]), Err(ErrorKind::Malformed));
    assert_eq!(judge(vec![]), Err(ErrorKind::Malformed));
    assert_eq!(judge(vec![attribute("1.2.3.4", &[&[5, 0]])]), Err(ErrorKind::Malformed));
}

#[test]
fn values_of_another_type_are_refused() {
    let kind = || attribute(cms::CONTENT_TYPE, &[&oid(cms::DATA)]);
    for value in [vec![5, 0], crate::make::sequence(&[&digest()]), oid(cms::DATA)] {
        assert_eq!(judge(vec![kind(), attribute(cms::MESSAGE_DIGEST, &[&value])]), Err(ErrorKind::Malformed));
    }
    let wrong = attribute(cms::CONTENT_TYPE, &[&octets(b"data")]);
    assert_eq!(judge(vec![wrong, attribute(cms::MESSAGE_DIGEST, &[&digest()])]), Err(ErrorKind::Malformed));
}

#[test]
fn another_digest_or_another_type_than_the_contents_is_no_signature_over_it() {
    let digest_of = |text: &[u8]| attribute(cms::MESSAGE_DIGEST, &[&octets(&Sha256::digest(text))]);
    let type_of = |kind| attribute(cms::CONTENT_TYPE, &[&oid(kind)]);
    let other = judge(vec![type_of(cms::DATA), digest_of(b"Pay at once.")]);
    assert_eq!(other, Err(ErrorKind::Unauthentic));
    let short = attribute(cms::MESSAGE_DIGEST, &[&octets(&Sha256::digest(CONTENT)[..31])]);
    assert_eq!(judge(vec![type_of(cms::DATA), short]), Err(ErrorKind::Unauthentic));
    let empty = attribute(cms::MESSAGE_DIGEST, &[&octets(b"")]);
    assert_eq!(judge(vec![type_of(cms::DATA), empty]), Err(ErrorKind::Unauthentic));
    assert_eq!(judge(vec![type_of(cms::SIGNED_DATA), digest_of(CONTENT)]), Err(ErrorKind::Unauthentic));
}

#[test]
fn a_time_that_is_none_is_refused() {
    for time in [&b"\x17\x0d269901000000Z"[..], b"\x17\x0b2601010000Z", b"\x04\x0d260101000000Z", b"\x05\x00"]
    {
        let mut all = attributes(CONTENT);
        all.push(attribute("1.2.840.113549.1.9.5", &[time]));
        assert_eq!(judge(all), Err(ErrorKind::Malformed), "{time:?}");
    }
}

#[test]
fn capabilities_that_cannot_be_read_say_nothing() {
    let mut all = attributes(CONTENT);
    all.push(attribute("1.2.840.113549.1.9.15", &[&[5, 0]]));
    assert_eq!(judge(all), Ok(()));
}
