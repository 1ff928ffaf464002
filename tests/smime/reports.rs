//! Reports: for each layer what held and what did not, fit to be shown.
use bulla::smime::{Entity, Examination, Expect, LayerKind, Opening, Outcome, Report, Signing, Trust};
use bulla::x509::Revocation;
use bulla::{ErrorKind, KeyKind};

use crate::cms::{Enveloped, Key, Signed, SignerInfo};
use crate::mail::{CONTENT, Lab, address, letter};

fn kinds(report: &Report) -> Vec<LayerKind> {
    report.layers().iter().map(bulla::smime::Layer::kind).collect()
}

fn has(report: &Report, layer: usize, outcome: Outcome, words: &str) -> bool {
    let findings = report.layers()[layer].findings();
    findings.iter().any(|finding| finding.outcome() == outcome && finding.text().contains(words))
}

#[test]
fn a_report_goes_through_all_layers_and_says_what_held() {
    let lab = Lab::new();
    let bob = lab.bob();
    let inner = Signing::by(&bob).opaque().entity(&letter()).unwrap();
    let sealed = inner.encrypt(&lab.to(&bob).modern()).unwrap();
    let mail = Entity::parse(sealed.into_bytes()).unwrap().sign(&bob).unwrap().into_bytes();
    let (trust, opening, whom) = (lab.trust(), Opening::with(&bob), address("bob@example.org"));
    let examination = Examination::new().opening(&opening).trust(&trust, Expect::Address(&whom));
    let report = examination.bytes(&mail).unwrap();
    let layers = [
        LayerKind::SignedInTwoParts,
        LayerKind::EncryptedAuthenticated,
        LayerKind::SignedOpaque,
        LayerKind::Content,
    ];
    assert_eq!(kinds(&report), layers);
    assert_eq!(report.worst(), Outcome::Holds, "{report}");
    assert!(has(&report, 0, Outcome::Holds, "bob@example.org"));
    assert!(has(&report, 1, Outcome::Holds, ""));
    assert!(has(&report, 2, Outcome::Holds, "bob@example.org"));
    assert!(has(&report, 3, Outcome::Said, "text/plain"));
    let tree = report.to_string();
    assert!(tree.contains("└─ encrypted, authenticated"), "{tree}");
    assert!(!tree.contains("how are you"), "{tree}");
}

#[test]
fn without_anything_given_a_report_says_what_it_does_not_know() {
    let lab = Lab::new();
    let bob = lab.bob();
    let signed = letter().sign(&bob).unwrap();
    let report = Examination::new().bytes(signed.as_bytes()).unwrap();
    assert_eq!(report.worst(), Outcome::Unknown);
    assert!(has(&report, 0, Outcome::Holds, "ecdsa-with-SHA256"));
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
    let report = Examination::new().bytes(sealed.as_bytes()).unwrap();
    assert_eq!((kinds(&report), report.worst()), (vec![LayerKind::EncryptedAuthenticated], Outcome::Unknown));
    assert!(has(&report, 0, Outcome::Said, "CN=Example Root"), "{report}");
}

#[test]
fn what_does_not_hold_is_the_worst_of_a_report() {
    let lab = Lab::new();
    let bob = lab.bob();
    let signed = String::from_utf8(letter().sign(&bob).unwrap().into_bytes()).unwrap();
    let trust = lab.trust();
    let examine = |mail: &str, whom| {
        Examination::new().trust(&trust, Expect::Address(&address(whom))).bytes(mail.as_bytes()).unwrap()
    };
    assert_eq!(examine(&signed, "bob@example.org").worst(), Outcome::Holds);
    assert_eq!(examine(&signed, "eve@example.org").worst(), Outcome::Fails);
    let changed = signed.replace("how are you", "who are you");
    assert_eq!(examine(&changed, "bob@example.org").worst(), Outcome::Fails);
}

#[test]
fn a_mail_in_cbc_is_unknown_at_best() {
    let key = Key::generate();
    let opening = Opening::with_key(&key);
    let mail = Enveloped::cbc(&key, CONTENT).mail();
    let report = Examination::new().opening(&opening).bytes(&mail).unwrap();
    // Of what may have been changed nothing is told.
    assert_eq!(kinds(&report), [LayerKind::Encrypted]);
    assert_eq!(report.worst(), Outcome::Unknown);
}

#[test]
fn a_plain_mail_has_one_layer_and_nothing_to_be_proven() {
    let report = Examination::new().bytes(letter().as_bytes()).unwrap();
    assert_eq!((kinds(&report), report.worst()), (vec![LayerKind::Content], Outcome::Said));
}

#[test]
fn what_a_mail_says_cannot_draw_over_the_screen() {
    let mail = b"Content-Type: text/plain;\r\n name=\"\x1b[2Jgood\xe2\x80\xaemoc\"\r\n\r\nhello\r\n";
    let report = Examination::new().bytes(mail).unwrap();
    let tree = report.to_string();
    assert!(!tree.contains('\x1b') && !tree.contains('\u{202e}'), "{tree:?}");
    let text = report.layers()[0].findings()[0].text();
    assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{text:?}");
}

#[test]
fn what_would_need_more_to_be_decided_is_unknown_and_does_not_fail() {
    let lab = Lab::new();
    let bob = lab.bob();
    let mut signed = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT));
    let trust = Trust::new(&lab.anchors, Revocation::Require);
    let examine =
        |mail: &[u8]| Examination::new().trust(&trust, Expect::AnyTrustedSigner).bytes(mail).unwrap();
    let report = examine(&signed.mail());
    assert_eq!(report.worst(), Outcome::Unknown, "{report}");
    assert!(has(&report, 0, Outcome::Holds, "the signature of"), "{report}");
    signed.certificates.clear();
    let report = examine(&signed.mail());
    assert_eq!(report.worst(), Outcome::Unknown, "{report}");
    assert!(has(&report, 0, Outcome::Unknown, "its certificate is not there"), "{report}");
}

#[test]
fn a_report_says_why_in_words_of_programs_too() {
    let lab = Lab::new();
    let (bob, trust) = (lab.bob(), lab.trust());
    let signed = letter().sign(&bob).unwrap();
    let reasons = |mail: &[u8], whom| {
        let report = Examination::new().trust(&trust, Expect::Address(&address(whom))).bytes(mail).unwrap();
        let findings = report.layers().iter().flat_map(bulla::smime::Layer::findings);
        findings.filter_map(bulla::smime::Finding::reason).collect::<Vec<_>>()
    };
    assert_eq!(reasons(signed.as_bytes(), "bob@example.org"), []);
    assert_eq!(reasons(signed.as_bytes(), "eve@example.org"), [ErrorKind::WrongName]);
    let changed = String::from_utf8(signed.into_bytes()).unwrap().replace("how are you", "who are you");
    assert_eq!(reasons(changed.as_bytes(), "bob@example.org"), [ErrorKind::Unauthentic]);
}

#[test]
fn a_report_names_the_recipients_whether_it_opens_or_not() {
    let lab = Lab::new();
    let (bob, eve) = (lab.bob(), lab.person(KeyKind::P256, "eve@example.org"));
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
    for (who, opens) in [(&bob, true), (&eve, false)] {
        let opening = Opening::with(who);
        let report = Examination::new().opening(&opening).bytes(sealed.as_bytes()).unwrap();
        assert!(has(&report, 0, Outcome::Said, "CN=Example Root"), "{report}");
        // A key that does not fit says nothing of the mail.
        assert_eq!(report.worst(), if opens { Outcome::Holds } else { Outcome::Unknown }, "{report}");
        let reason = report.layers()[0].findings().iter().find_map(bulla::smime::Finding::reason);
        assert_eq!(reason, (!opens).then_some(ErrorKind::NoKeyFits));
    }
}
