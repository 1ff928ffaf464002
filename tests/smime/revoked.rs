//! What is known of revocations counts for who signs and for who is written to.
use bulla::smime::{Addressees, Expect, Trust, Verification};
use bulla::x509::{Certificate, Crl, CrlIssue, OcspResponse, Revocation, RevocationReason};
use bulla::{ErrorKind, Time};

use crate::mail::{CONTENT, Lab, address, kind, letter};
use crate::make::{self, Answer, Response};

/// What the root answers about a certificate.
fn answer(lab: &Lab, certificate: &Certificate, status: &[u8]) -> OcspResponse {
    let now = Time::now().unix();
    let id = make::id(certificate, lab.root.certificate());
    let answer = Answer { this_update: now - 60, next_update: Some(now + 3600), ..Answer::new(&id, status) };
    Response::by("CN=Example Root", &[answer]).sign(lab.root.credential().key())
}

/// A list of the root's, with this certificate on it or with none.
fn list(lab: &Lab, revoked: Option<&Certificate>) -> Crl {
    let issue = CrlIssue::by(lab.root.certificate(), lab.root.credential().key()).unwrap();
    let listed = match revoked {
        Some(revoked) => issue.revoke(&revoked.serial(), Time::now(), RevocationReason::KeyCompromise),
        None => issue,
    };
    listed.sign().unwrap()
}

#[test]
fn a_revoked_certificate_neither_signs_nor_gets_mail_and_a_good_one_does() {
    let lab = Lab::new();
    let (bob, carol) = (lab.bob(), lab.bob());
    let signed = letter().sign(&bob).unwrap();
    let trust = || Trust::new(&lab.anchors, Revocation::Require);
    let about = |status| answer(&lab, bob.certificate(), status);
    let gone = make::revoked(Some(1));
    for (trust, want) in [
        (trust().ocsp([about(make::GOOD)]), Ok(())),
        (trust().ocsp([about(&gone)]), Err(ErrorKind::Revoked)),
        (trust().crls([list(&lab, None)]), Ok(())),
        (trust().crls([list(&lab, Some(carol.certificate()))]), Ok(())),
        (trust().crls([list(&lab, Some(bob.certificate()))]), Err(ErrorKind::Revoked)),
        // The worse word counts, and words are gathered from call to call.
        (trust().ocsp([about(make::GOOD)]).ocsp([about(&gone)]), Err(ErrorKind::Revoked)),
        (trust().crls([list(&lab, None)]).ocsp([about(&gone)]), Err(ErrorKind::Revoked)),
        // Of others it is no word at all.
        (trust().ocsp([answer(&lab, carol.certificate(), make::GOOD)]), Err(ErrorKind::Undetermined)),
        (trust(), Err(ErrorKind::Undetermined)),
    ] {
        let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
        assert_eq!(kind(verification.bytes(signed.as_bytes())), want);
        let mut out = Vec::new();
        assert_eq!(kind(verification.stream(signed.as_bytes(), &mut out)), want);
        assert_eq!(out, if want.is_ok() { CONTENT } else { b"" });
        let to = Addressees::one(bob.certificate(), &address("bob@example.org"), &trust);
        assert_eq!(kind(to), want);
    }
}
