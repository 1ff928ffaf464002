//! OCSP responses in path validation: which of several counts, and what those that cannot be believed do.
use bulla::ErrorKind;
use bulla::x509::{Crl, OcspResponse, Purpose, Revocation, TrustAnchors, Validation};

use super::make::{self, Answer, Draft, GOOD, List, NOT_KNOWN, NOW, Response, id, now, revoked};
use super::ocsp::pair;

struct Scene {
    ca: make::Party,
    certificate: bulla::x509::Certificate,
}

impl Scene {
    fn new() -> Self {
        let (ca, certificate) = pair();
        Scene { ca, certificate }
    }

    fn answer(&self, status: &[u8]) -> Answer {
        Answer::new(&id(&self.certificate, &self.ca.certificate), status)
    }

    fn says(&self, status: &[u8]) -> OcspResponse {
        Response::by("CN=CA", &[self.answer(status)]).sign(&self.ca.key)
    }

    /// The same by somebody else's key.
    fn forged(&self, status: &[u8]) -> OcspResponse {
        Response::by("CN=CA", &[self.answer(status)]).sign(&make::p256())
    }

    fn judged(&self, demand: Revocation, ocsp: &[&OcspResponse], crls: &[Crl]) -> Option<ErrorKind> {
        let anchors = TrustAnchors::new([self.ca.certificate.clone()]).unwrap();
        let validation = Validation::new(Purpose::Any, demand).at(now()).crls(crls.to_vec());
        let validation = validation.ocsp(ocsp.iter().copied().cloned());
        validation.validate(&self.certificate, &anchors).err().map(|error| error.kind())
    }
}

const BOTH: [Revocation; 2] = [Revocation::Require, Revocation::IfGiven];

#[test]
fn a_path_stands_and_falls_with_what_the_responder_says() {
    let scene = Scene::new();
    for demand in BOTH {
        for (status, ends) in [
            (GOOD, None),
            (&revoked(Some(1)), Some(ErrorKind::Revoked)),
            (&revoked(None), Some(ErrorKind::Revoked)),
            (NOT_KNOWN, Some(ErrorKind::Undetermined)),
        ] {
            assert_eq!(scene.judged(demand, &[&scene.says(status)], &[]), ends);
        }
    }
    assert_eq!(scene.judged(Revocation::Require, &[], &[]), Some(ErrorKind::Undetermined));
    assert_eq!(scene.judged(Revocation::IfGiven, &[], &[]), None);
    assert_eq!(scene.judged(Revocation::Off, &[&scene.says(&revoked(None))], &[]), None);
}

#[test]
fn of_several_responses_one_that_says_revoked_counts_and_then_one_that_says_good() {
    let scene = Scene::new();
    let [good, bad, unknown] = [GOOD, &revoked(Some(1)), NOT_KNOWN].map(|status| scene.says(status));
    for [first, second] in [[&good, &bad], [&bad, &good], [&unknown, &bad], [&bad, &unknown]] {
        assert_eq!(scene.judged(Revocation::Require, &[first, second], &[]), Some(ErrorKind::Revoked));
    }
    for [first, second] in [[&good, &unknown], [&unknown, &good]] {
        assert_eq!(scene.judged(Revocation::Require, &[first, second], &[]), None);
    }
}

#[test]
fn responses_that_are_not_to_be_believed_neither_help_nor_harm_those_that_are() {
    let scene = Scene::new();
    let good = scene.says(GOOD);
    let later = OcspResponse::from_der(&make::sequence(&[&[10, 1, 3]])).unwrap();
    for [first, second] in
        [[&scene.forged(&revoked(None)), &good], [&good, &scene.forged(GOOD)], [&later, &good]]
    {
        assert_eq!(scene.judged(Revocation::Require, &[first, second], &[]), None);
    }
    // Alone they say nothing: but whoever gave one wanted it to be looked at.
    for demand in BOTH {
        let forged = scene.forged(GOOD);
        assert_eq!(scene.judged(demand, &[&forged], &[]), Some(ErrorKind::Undetermined));
        assert_eq!(
            scene.judged(demand, &[&forged, &scene.says(&revoked(None))], &[]),
            Some(ErrorKind::Revoked)
        );
    }
}

#[test]
fn an_old_word_of_a_revocation_is_not_passed_over() {
    let scene = Scene::new();
    let mut old = scene.answer(&revoked(Some(1)));
    (old.this_update, old.next_update) = (NOW - 900_000, Some(NOW - 800_000));
    let old = Response::by("CN=CA", &[old]).sign(&scene.ca.key);
    for demand in BOTH {
        assert_eq!(scene.judged(demand, &[&old], &[]), Some(ErrorKind::Undetermined));
    }
}

#[test]
fn crls_and_responses_are_both_looked_at() {
    let scene = Scene::new();
    let clean = List::by("CN=CA").entry(&[1], &[]).sign(&scene.ca.key);
    let listed = List::by("CN=CA").entry(&[42], &[]).sign(&scene.ca.key);
    let judged = |status: &[u8], crl: &Crl| {
        scene.judged(Revocation::Require, &[&scene.says(status)], std::slice::from_ref(crl))
    };
    assert_eq!(judged(GOOD, &clean), None);
    assert_eq!(judged(GOOD, &listed), Some(ErrorKind::Revoked));
    assert_eq!(judged(&revoked(None), &clean), Some(ErrorKind::Revoked));
    assert_eq!(judged(NOT_KNOWN, &clean), None);
}

#[test]
fn a_responder_of_the_issuers_counts_in_a_path() {
    let scene = Scene::new();
    let draft = Draft::responder("CN=Responder", "CN=CA");
    let responder = scene.ca.issue(&draft);
    let response = |answer: &Answer| {
        let answers = std::slice::from_ref(answer);
        Response::by("CN=Responder", answers).with(&responder.certificate).sign(&responder.key)
    };
    assert_eq!(scene.judged(Revocation::Require, &[&response(&scene.answer(GOOD))], &[]), None);
    let bad = response(&scene.answer(&revoked(None)));
    assert_eq!(scene.judged(Revocation::IfGiven, &[&bad], &[]), Some(ErrorKind::Revoked));
    let stranger = make::ca("CN=CA").issue(&draft);
    let answers = [scene.answer(GOOD)];
    let response = Response::by("CN=Responder", &answers).with(&stranger.certificate).sign(&stranger.key);
    assert_eq!(scene.judged(Revocation::Require, &[&response], &[]), Some(ErrorKind::Undetermined));
}

#[test]
fn a_thousand_forged_responses_end_in_an_error_and_not_in_endless_work() {
    let scene = Scene::new();
    let forged = scene.forged(GOOD);
    let many: Vec<OcspResponse> = (0..1000)
        .map(|number: u16| {
            // Each another signature, so that none is known from before.
            let mut der = forged.as_der().to_vec();
            let end = der.len();
            der[end - 2..].copy_from_slice(&number.to_be_bytes());
            OcspResponse::from_der(&der).unwrap()
        })
        .collect();
    let ends = scene.judged(Revocation::Require, &many.iter().collect::<Vec<_>>(), &[]);
    assert_eq!(ends, Some(ErrorKind::OverLimit));
}
