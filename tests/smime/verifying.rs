//! Who is believed to have signed, and what comes out.
use bulla::smime::{Entity, Examination, Expect, Signing, Trust, Verification};
use bulla::x509::{Revocation, TrustAnchors};
use bulla::{ErrorKind, KeyKind};

use crate::cms::{Signed, SignerInfo, in_two_parts};
use crate::mail::{CONTENT, Lab, address, letter, refused, with_lf};

#[test]
fn a_mail_of_somebody_else_is_refused_though_its_signature_holds() {
    let lab = Lab::new();
    let eve = lab.person(KeyKind::P256, "eve@example.org");
    let signed = letter().sign(&eve).unwrap();
    let bob = address("bob@example.org");
    refused(signed.clone().verify(&lab.trust(), Expect::Address(&bob)), ErrorKind::WrongName);
    let eve = address("eve@example.org");
    let _ = signed.verify(&lab.trust(), Expect::Address(&eve)).unwrap();
}

#[test]
fn a_signer_whom_nobody_trusts_is_refused() {
    let (lab, other) = (Lab::new(), Lab::new());
    let signed = letter().sign(&other.bob()).unwrap();
    refused(signed.verify(&lab.trust(), Expect::AnyTrustedSigner), ErrorKind::Untrusted);
}

#[test]
fn a_signer_is_judged_at_the_time_of_the_caller_and_not_at_the_mails() {
    let lab = Lab::new();
    let signed = letter().sign(&lab.bob()).unwrap();
    let later = lab.trust().at("2101-01-01T00:00:00Z".parse().unwrap());
    refused(signed.verify(&later, Expect::AnyTrustedSigner), ErrorKind::Expired);
}

#[test]
fn who_wants_to_know_about_revocation_and_is_told_nothing_does_not_believe() {
    let lab = Lab::new();
    let signed = letter().sign(&lab.bob()).unwrap();
    let trust = Trust::new(&lab.anchors, Revocation::Require);
    refused(signed.verify(&trust, Expect::AnyTrustedSigner), ErrorKind::Undetermined);
}

#[test]
fn a_mail_whose_lines_lost_their_cr_on_the_way_verifies_and_comes_out_as_it_was_signed() {
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let signed = signing.entity(&letter()).unwrap();
        let verified = verification.bytes(&with_lf(signed.as_bytes())).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
    }
}

#[test]
fn a_mail_that_was_signed_with_bare_lf_verifies_and_comes_out_as_it_was_signed() {
    let lab = Lab::new();
    let bob = lab.bob();
    let content = with_lf(CONTENT);
    let signature = Signed::detached(&content, &SignerInfo::new(&bob, &content)).der();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let verified = verification.bytes(&in_two_parts(&content, &signature)).unwrap();
    assert_eq!(verified.get().as_bytes(), content);
}

#[test]
fn text_round_the_two_parts_is_not_among_what_comes_out() {
    let lab = Lab::new();
    let bob = lab.bob();
    let signature = Signed::detached(CONTENT, &SignerInfo::new(&bob, CONTENT)).der();
    let mail = String::from_utf8(in_two_parts(CONTENT, &signature)).unwrap();
    let mail = mail.replacen("--xyz", "Pay at once.\r\n--xyz", 1) + "Pay at once.\r\n";
    let trust = lab.trust();
    let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(mail.as_bytes()).unwrap();
    assert_eq!(verified.get().as_bytes(), CONTENT);
}

#[test]
fn a_plain_mail_is_not_signed() {
    let lab = Lab::new();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    refused(verification.bytes(letter().as_bytes()), ErrorKind::Unrecognised);
    let bob = lab.bob();
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
    refused(verification.bytes(sealed.as_bytes()), ErrorKind::Unrecognised);
}

#[test]
fn a_pinned_certificate_is_trusted_for_its_own_mail_alone() {
    let lab = Lab::new();
    let (bob, eve) = (lab.bob(), lab.person(KeyKind::P256, "eve@example.org"));
    let anchors = TrustAnchors::new([bob.certificate().clone()]).unwrap();
    let trust = Trust::new(&anchors, Revocation::IfGiven);
    let _ = letter().sign(&bob).unwrap().verify(&trust, Expect::AnyTrustedSigner).unwrap();
    let forged = letter().sign(&eve).unwrap();
    refused(forged.verify(&trust, Expect::AnyTrustedSigner), ErrorKind::Untrusted);
}

#[test]
fn one_good_signer_among_several_is_enough() {
    let (lab, other) = (Lab::new(), Lab::new());
    let (bob, stranger) = (lab.bob(), other.person(KeyKind::P256, "eve@example.org"));
    let signed = Signing::by(&stranger).and(&bob).entity(&letter()).unwrap();
    let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert_eq!(verified.by().certificate(), bob.certificate());
}

#[test]
fn a_certificate_that_the_mail_leaves_out_is_found_among_those_that_are_known() {
    let lab = Lab::new();
    let bob = lab.bob();
    let mut signed = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT));
    signed.certificates.clear();
    let trust = lab.trust();
    // Nothing speaks against it, and nothing for it.
    let bytes = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&signed.mail());
    refused(bytes, ErrorKind::Undetermined);
    let trust = lab.trust().intermediates([bob.certificate().clone()]);
    let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&signed.mail()).unwrap();
    assert_eq!(verified.get().as_bytes(), CONTENT);
}

#[test]
fn the_sender_that_a_reader_sees_can_be_the_one_that_is_expected() {
    let lab = Lab::new();
    let signed = letter().sign(&lab.bob()).unwrap();
    let shown = Entity::parse(signed.as_bytes()).unwrap().sender().unwrap().unwrap();
    let _ = signed.verify(&lab.trust(), Expect::Address(&shown)).unwrap();
}

#[test]
fn the_case_of_the_domain_says_nothing_and_that_of_the_rest_everything() {
    let lab = Lab::new();
    let signed = letter().sign(&lab.bob()).unwrap();
    let same = address("bob@EXAMPLE.ORG");
    let _ = signed.clone().verify(&lab.trust(), Expect::Address(&same)).unwrap();
    let other = address("BOB@example.org");
    refused(signed.verify(&lab.trust(), Expect::Address(&other)), ErrorKind::WrongName);
}

#[test]
fn what_is_no_signature_beside_a_content_is_told_from_one_that_brings_another_content() {
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
    for mail in [sealed.as_bytes(), letter().as_bytes()] {
        let mut out = Vec::new();
        let error = refused(verification.detached_stream(mail, CONTENT, &mut out), ErrorKind::Unrecognised);
        assert!(error.to_string().contains("not signed") && out.is_empty(), "{error}");
        refused(Examination::new().detached_stream(mail, CONTENT), ErrorKind::Unrecognised);
    }
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let mail = signing.entity(&letter()).unwrap().into_bytes();
        let mut out = Vec::new();
        refused(verification.detached_stream(mail.as_slice(), CONTENT, &mut out), ErrorKind::Malformed);
        refused(Examination::new().detached_stream(mail.as_slice(), CONTENT), ErrorKind::Malformed);
    }
}
