//! A signature and what it signs, in two files.
use bulla::ErrorKind;
use bulla::smime::{Examination, Expect, LayerKind, Outcome, Verification};

use crate::cms::{self, Signed, SignerInfo};
use crate::mail::{CONTENT, Lab, address, refused, with_lf};

/// The signature alone, by the owner of `bob@example.org`.
fn signature(lab: &Lab) -> Vec<u8> {
    Signed::detached(CONTENT, &SignerInfo::new(&lab.bob(), CONTENT)).der()
}

fn pem(der: &[u8]) -> Vec<u8> {
    [b"-----BEGIN CMS-----\r\n", &cms::base64(der)[..], b"-----END CMS-----\r\n"].concat()
}

#[test]
fn a_signature_verifies_beside_what_it_signs_in_whichever_form_it_comes() {
    let lab = Lab::new();
    let (trust, bob) = (lab.trust(), address("bob@example.org"));
    let verification = Verification::new(&trust, Expect::Address(&bob));
    let der = signature(&lab);
    for form in [der.clone(), cms::base64(&der), pem(&der), cms::mail(&der)] {
        let mut out = Vec::new();
        let verified = verification.detached_stream(form.as_slice(), CONTENT, &mut out).unwrap();
        assert_eq!((*verified.get(), out.as_slice()), (CONTENT.len() as u64, CONTENT));
        assert_eq!(verified.by().addresses(), std::slice::from_ref(&bob));
    }
}

#[test]
fn beside_another_content_a_signature_does_not_hold_and_nothing_is_written() {
    let lab = Lab::new();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let der = signature(&lab);
    let mut out = Vec::new();
    for other in [&b""[..], &CONTENT[1..], &CONTENT[..CONTENT.len() - 1], b"Pay at once.\r\n"] {
        refused(verification.detached_stream(der.as_slice(), other, &mut out), ErrorKind::Unauthentic);
    }
    let eve = address("eve@example.org");
    let for_eve = Verification::new(&trust, Expect::Address(&eve));
    refused(for_eve.detached_stream(der.as_slice(), CONTENT, &mut out), ErrorKind::WrongName);
    assert!(out.is_empty());
}

#[test]
fn a_content_that_lost_its_cr_beside_its_signature_comes_out_as_it_was_signed() {
    let lab = Lab::new();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let mut out = Vec::new();
    let (der, content) = (signature(&lab), with_lf(CONTENT));
    let verified = verification.detached_stream(der.as_slice(), content.as_slice(), &mut out).unwrap();
    assert_eq!((*verified.get(), out.as_slice()), (CONTENT.len() as u64, CONTENT));
}

#[test]
fn what_brings_its_own_content_is_no_signature_of_another() {
    // CVE-2018-18509.
    let lab = Lab::new();
    let (bob, trust) = (lab.bob(), lab.trust());
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let mut out = Vec::new();
    let opaque = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT)).der();
    let two_parts = cms::in_two_parts(CONTENT, &signature(&lab));
    for whole in [opaque, two_parts] {
        for content in [CONTENT, b"Pay at once.\r\n"] {
            refused(verification.detached_stream(whole.as_slice(), content, &mut out), ErrorKind::Malformed);
            assert!(Examination::new().detached_stream(whole.as_slice(), content).is_err());
        }
    }
    assert!(out.is_empty());
}

#[test]
fn a_report_tells_of_a_signature_beside_its_content_whether_it_holds() {
    let lab = Lab::new();
    let (trust, bob) = (lab.trust(), address("bob@example.org"));
    let examination = Examination::new().trust(&trust, Expect::Address(&bob));
    let der = signature(&lab);
    let good = examination.detached_stream(der.as_slice(), CONTENT).unwrap();
    let kinds: Vec<_> = good.layers().iter().map(bulla::smime::Layer::kind).collect();
    assert_eq!(kinds, [LayerKind::SignedOpaque, LayerKind::Content], "{good}");
    assert_eq!(good.worst(), Outcome::Holds, "{good}");
    let bad = examination.detached_stream(der.as_slice(), &CONTENT[1..]).unwrap();
    assert_eq!(bad.worst(), Outcome::Fails, "{bad}");
    let unknown = Examination::new().detached_stream(der.as_slice(), CONTENT).unwrap();
    assert_eq!(unknown.worst(), Outcome::Unknown, "{unknown}");
}
