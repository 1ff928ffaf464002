//! Signers that say two things at once, or name what they should not: refused.
use bulla::smime::{Examination, Expect, Outcome, Verification};
use bulla::{ErrorKind, KeyKind};
use sha2::{Digest as _, Sha256, Sha384};

use crate::cms::{self, Signed, SignerInfo, algorithm, attribute, number};
use crate::mail::{CONTENT, Lab, refused};
use crate::make::{INTEGER, octets, oid, sequence, tlv};

/// What comes of an opaque mail, and what a report says of it.
fn judge(lab: &Lab, mail: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    let trust = lab.trust();
    let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(mail);
    if let Ok(report) = Examination::new().trust(&trust, Expect::AnyTrustedSigner).bytes(mail) {
        let worst = match verified.as_ref().map_err(bulla::Error::kind) {
            Ok(_) => Outcome::Holds,
            Err(ErrorKind::Undetermined) => Outcome::Unknown,
            Err(_) => Outcome::Fails,
        };
        assert_eq!(report.worst(), worst, "{report}");
    }
    verified.map(|verified| verified.into_inner().into_bytes()).map_err(|error| error.kind())
}

fn of(lab: &Lab, signer: &SignerInfo<'_>) -> Result<Vec<u8>, ErrorKind> {
    judge(lab, &Signed::opaque(CONTENT, signer).mail())
}

#[test]
fn the_signer_that_is_changed_here_verifies() {
    let lab = Lab::new();
    let bob = lab.bob();
    assert_eq!(of(&lab, &SignerInfo::new(&bob, CONTENT)), Ok(CONTENT.to_vec()));
}

#[test]
fn a_version_that_does_not_go_with_the_way_of_naming_is_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    let good = SignerInfo::new(&bob, CONTENT);
    let key_id = bob.certificate().subject_key_identifier().unwrap().unwrap();
    let by_key = tlv(0x80, &[&key_id]);
    for version in [0, 2, 3, 4, 5] {
        let wrong = SignerInfo { version, ..good.clone() };
        assert_eq!(of(&lab, &wrong), Err(ErrorKind::Malformed), "{version} with an issuer");
    }
    for version in [0, 1, 2, 4] {
        let wrong = SignerInfo { version, id: by_key.clone(), ..good.clone() };
        assert_eq!(of(&lab, &wrong), Err(ErrorKind::Malformed), "{version} with a key");
    }
    let right = SignerInfo { version: 3, id: by_key, ..good };
    assert_eq!(of(&lab, &right), Ok(CONTENT.to_vec()));
}

#[test]
fn a_signer_whose_certificate_is_another_ones_is_refused() {
    let lab = Lab::new();
    let (bob, eve) = (lab.bob(), lab.person(KeyKind::P256, "eve@example.org"));
    let by_eve = SignerInfo { id: cms::issuer_and_serial(&bob), ..SignerInfo::new(&eve, CONTENT) };
    let mut signed = Signed::opaque(CONTENT, &by_eve);
    assert_eq!(judge(&lab, &signed.mail()), Err(ErrorKind::Undetermined), "bob's certificate is not there");
    signed.certificates.push(bob.certificate().as_der().to_vec());
    assert_eq!(judge(&lab, &signed.mail()), Err(ErrorKind::Unauthentic));
}

#[test]
fn a_signature_of_another_mail_is_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    let other = b"Content-Type: text/plain\r\n\r\nPay at once.\r\n";
    let signed = Signed {
        signers: vec![SignerInfo::new(&bob, CONTENT).der(CONTENT)],
        ..Signed::opaque(other, &SignerInfo::new(&bob, other))
    };
    assert_eq!(judge(&lab, &signed.mail()), Err(ErrorKind::Unauthentic));
}

#[test]
fn a_digest_algorithm_that_is_not_the_signatures_is_refused() {
    // RFC 8933 section 3: the hash of the content and that of the attributes are one.
    let lab = Lab::new();
    let bob = lab.bob();
    let attributes = vec![
        attribute(cms::CONTENT_TYPE, &[&oid(cms::DATA)]),
        attribute(cms::MESSAGE_DIGEST, &[&octets(&Sha384::digest(CONTENT))]),
    ];
    let good = SignerInfo::new(&bob, CONTENT);
    let wrong = SignerInfo { digest: algorithm(cms::SHA384), attributes: Some(attributes), ..good.clone() };
    assert_eq!(of(&lab, &wrong), Err(ErrorKind::Malformed));
    // The hash that is named is not the one that was taken.
    let wrong = SignerInfo { digest: algorithm(cms::SHA384), ..good };
    assert!(of(&lab, &wrong).is_err());
}

#[test]
fn a_hash_or_a_signature_of_an_unknown_or_a_broken_kind_is_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    let good = SignerInfo::new(&bob, CONTENT);
    let md5 = algorithm("1.2.840.113549.2.5");
    for digest in [md5, algorithm("1.2.3.4"), algorithm(cms::ECDSA_SHA256), sequence(&[])] {
        assert!(of(&lab, &SignerInfo { digest, ..good.clone() }).is_err());
    }
    for id in ["1.2.3.4", cms::SHA256, cms::DATA, "1.2.840.113549.1.1.11", "1.3.101.112", "1.2.840.10045.2.1"]
    {
        assert!(of(&lab, &SignerInfo { algorithm: algorithm(id), ..good.clone() }).is_err(), "{id}");
    }
    // gpgsm writes a NULL after it, which says nothing; anything else is refused.
    let with = |parameters: &[u8]| {
        of(&lab, &SignerInfo { algorithm: sequence(&[&oid(cms::ECDSA_SHA256), parameters]), ..good.clone() })
    };
    assert_eq!(with(&[5, 0]), Ok(CONTENT.to_vec()));
    for parameters in [&[5, 1, 0][..], &[2, 1, 0], &[5, 0, 5, 0], &oid(cms::SHA256)] {
        assert!(with(parameters).is_err());
    }
}

#[test]
fn sha_1_is_refused_and_taken_only_where_old_mail_is_read() {
    let lab = Lab::new();
    let bob = lab.bob();
    let attributes = vec![
        attribute(cms::CONTENT_TYPE, &[&oid(cms::DATA)]),
        attribute(cms::MESSAGE_DIGEST, &[&octets(&sha1(CONTENT))]),
    ];
    let good = SignerInfo::new(&bob, CONTENT);
    let sha1 = SignerInfo { digest: algorithm("1.3.14.3.2.26"), attributes: Some(attributes), ..good };
    assert!(of(&lab, &sha1).is_err());
}

fn sha1(text: &[u8]) -> Vec<u8> {
    use sha1::Digest as _;
    sha1::Sha1::digest(text).to_vec()
}

#[test]
fn algorithms_that_were_signed_and_are_not_those_named_are_refused() {
    // RFC 6211 section 3.
    let lab = Lab::new();
    let bob = lab.bob();
    let protection = |digest: &str, signature: &str| {
        let value = sequence(&[&algorithm(digest), &tlv(0xa1, &[&oid(signature)])]);
        attribute(cms::ALGORITHM_PROTECTION, &[&value])
    };
    let with = |value| of(&lab, &SignerInfo::new(&bob, CONTENT).with(value));
    assert_eq!(with(protection(cms::SHA256, cms::ECDSA_SHA256)), Ok(CONTENT.to_vec()));
    assert_eq!(with(protection(cms::SHA384, cms::ECDSA_SHA256)), Err(ErrorKind::Malformed));
    assert_eq!(with(protection(cms::SHA256, "1.2.840.10045.4.3.3")), Err(ErrorKind::Malformed));
    // That of a MAC, which is for AuthenticatedData.
    let mac = sequence(&[&algorithm(cms::SHA256), &tlv(0xa2, &[&oid(cms::ECDSA_SHA256)])]);
    assert_eq!(with(attribute(cms::ALGORITHM_PROTECTION, &[&mac])), Err(ErrorKind::Malformed));
    assert_eq!(with(attribute(cms::ALGORITHM_PROTECTION, &[&sequence(&[])])), Err(ErrorKind::Malformed));
}

fn signing_certificate(hash: &[u8]) -> Vec<u8> {
    let id = sequence(&[&octets(hash)]);
    attribute(cms::SIGNING_CERTIFICATE_V2, &[&sequence(&[&sequence(&[&id])])])
}

#[test]
fn a_certificate_that_is_not_the_one_that_was_signed_is_refused() {
    // RFC 5035 section 3: the same key, certified anew for another address, cannot be put in its place.
    let lab = Lab::new();
    let bob = lab.bob();
    let with = |value| of(&lab, &SignerInfo::new(&bob, CONTENT).with(value));
    let own = Sha256::digest(bob.certificate().as_der());
    assert_eq!(with(signing_certificate(&own)), Ok(CONTENT.to_vec()));
    let other = Sha256::digest(lab.root.certificate().as_der());
    assert_eq!(with(signing_certificate(&other)), Err(ErrorKind::Unauthentic));
    assert_eq!(with(signing_certificate(&own[..31])), Err(ErrorKind::Unauthentic));
    assert_eq!(with(signing_certificate(b"")), Err(ErrorKind::Unauthentic));
    let none = attribute(cms::SIGNING_CERTIFICATE_V2, &[&sequence(&[&sequence(&[])])]);
    assert_eq!(with(none), Err(ErrorKind::Malformed));
}

#[test]
fn a_name_of_the_certificate_beside_its_hash_may_be_there() {
    // RFC 5035 section 4: the issuer and number say it once more.
    let lab = Lab::new();
    let bob = lab.bob();
    let own = Sha256::digest(bob.certificate().as_der());
    let names = |issuer: &[u8]| sequence(&[&tlv(0xa4, &[issuer])]);
    let with = |issuer: &[u8], serial: &[u8]| {
        let named = sequence(&[&names(issuer), &tlv(INTEGER, &[serial])]);
        let id = sequence(&[&octets(&own), &named]);
        let value = sequence(&[&sequence(&[&id])]);
        of(&lab, &SignerInfo::new(&bob, CONTENT).with(attribute(cms::SIGNING_CERTIFICATE_V2, &[&value])))
    };
    let (issuer, serial) = (bob.certificate().issuer(), bob.certificate().serial());
    assert_eq!(with(issuer.as_der(), serial.as_bytes()), Ok(CONTENT.to_vec()));
}

#[test]
fn a_content_that_is_no_mail_is_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    for kind in [cms::SIGNED_DATA, "1.2.840.113549.1.9.16.1.4", "1.2.3"] {
        let attributes = vec![
            attribute(cms::CONTENT_TYPE, &[&oid(kind)]),
            attribute(cms::MESSAGE_DIGEST, &[&octets(&Sha256::digest(CONTENT))]),
        ];
        let signer = SignerInfo { attributes: Some(attributes), ..SignerInfo::new(&bob, CONTENT) };
        let signed = Signed { content_type: kind, ..Signed::opaque(CONTENT, &signer) };
        let trust = lab.trust();
        let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
        refused(verification.bytes(&signed.mail()), ErrorKind::Unsupported);
        // And what was signed as that is not shown as data.
        let relabelled = Signed { content_type: cms::DATA, ..signed };
        assert!(judge(&lab, &relabelled.mail()).is_err(), "{kind}");
    }
}

#[test]
fn wrong_identifiers_in_the_wrong_place_are_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    let object = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT)).der();
    let inside = {
        let at = object.windows(2).position(|window| window == [0xa0, 0x82]).unwrap();
        object[at + 4..].to_vec()
    };
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    for kind in
        [cms::DATA, cms::ENVELOPED_DATA, cms::AUTH_ENVELOPED_DATA, cms::COMPRESSED_DATA, "1.2.3", cms::SHA256]
    {
        assert!(verification.bytes(&cms::mail(&cms::content_info(kind, &inside))).is_err(), "{kind}");
    }
}

#[test]
fn more_signers_or_attributes_than_anybody_has_are_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    let signer = SignerInfo::new(&bob, CONTENT).der(CONTENT);
    let usual = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT));
    let many = |count| Signed { signers: vec![signer.clone(); count], ..usual.clone() }.mail();
    assert_eq!(judge(&lab, &many(16)), Ok(CONTENT.to_vec()));
    says(&lab, &many(17), "over 16 signers");
    // Two are there of themselves.
    let mut signer = SignerInfo::new(&bob, CONTENT);
    for at in 0..62u8 {
        signer = signer.with(attribute(&format!("1.2.3.{at}"), &[&number(at)]));
    }
    assert_eq!(of(&lab, &signer), Ok(CONTENT.to_vec()));
    let signer = signer.with(attribute("1.2.3.62", &[&number(62)]));
    says(&lab, &Signed::opaque(CONTENT, &signer).mail(), "over 64 attributes");
}

/// Asserts that it is refused as over a bound, and that the bound is told.
#[track_caller]
fn says(lab: &Lab, mail: &[u8], bound: &str) {
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    for error in [
        refused(verification.bytes(mail), ErrorKind::OverLimit),
        refused(Examination::new().bytes(mail), ErrorKind::OverLimit),
    ] {
        assert!(error.to_string().contains(bound), "{error}");
    }
}

#[test]
fn more_certificates_or_hashes_than_anybody_has_are_refused() {
    let lab = Lab::new();
    let bob = lab.bob();
    let mut signed = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT));
    signed.certificates.resize(1024, sequence(&[&number(1)]));
    assert_eq!(judge(&lab, &signed.mail()), Ok(CONTENT.to_vec()));
    signed.certificates.push(sequence(&[&number(1)]));
    says(&lab, &signed.mail(), "over 1024 certificates");
    let hashes = tlv(cms::SET, &[&algorithm(cms::SHA256).repeat(17)]);
    let inside = sequence(&[&number(1), &hashes, &sequence(&[&oid(cms::DATA)]), &tlv(cms::SET, &[])]);
    says(&lab, &cms::mail(&cms::content_info(cms::SIGNED_DATA, &inside)), "over 16 hashes");
}

#[test]
fn certificates_that_cannot_be_read_do_not_keep_the_others_from_being_used() {
    let lab = Lab::new();
    let bob = lab.bob();
    let mut signed = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT));
    signed.certificates.insert(0, sequence(&[b"\x02\x01\x05"]));
    signed.certificates.push(tlv(0xa2, &[&number(1)]));
    assert_eq!(judge(&lab, &signed.mail()), Ok(CONTENT.to_vec()));
}

#[test]
fn attributes_that_nobody_signed_are_not_believed() {
    let lab = Lab::new();
    let bob = lab.bob();
    // A time of signing, and a counter-signature that is none.
    let time = attribute("1.2.840.113549.1.9.5", &[b"\x17\x0d200101000000Z"]);
    let counter = attribute("1.2.840.113549.1.9.6", &[&sequence(&[])]);
    let unsigned = tlv(0xa1, &[&time, &counter]);
    let signer = SignerInfo { unsigned, ..SignerInfo::new(&bob, CONTENT) };
    let trust = lab.trust();
    let mail = Signed::opaque(CONTENT, &signer).mail();
    let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&mail).unwrap();
    assert_eq!(verified.by().signing_time(), None);
}
