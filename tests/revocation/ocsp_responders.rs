//! Who may answer for an issuer (RFC 6960 section 4.2.2.2).
use bulla::x509::{Certificate, CertificateStatus, OcspResponse};
use bulla::{ErrorKind, Time};

use super::make::{
    self, Answer, Draft, EXTENDED_KEY_USAGE, GOOD, KEY_USAGE, NO_CHECK, NOW, Party, Response, UNKNOWN, now,
    octets, oid, sequence, tlv,
};
use super::ocsp::pair;

const DAY: i64 = 86_400;
const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
const RESPONDER: &str = "CN=Responder";

fn good(ca: &Party, certificate: &Certificate) -> Answer {
    Answer::new(&make::id(certificate, &ca.certificate), GOOD)
}

/// Whose certificate signed, or the kind of the error.
fn by(response: &OcspResponse, certificate: &Certificate, ca: &Party) -> Result<Certificate, ErrorKind> {
    let checked = response.check(certificate, &ca.certificate, now());
    checked.map(|checked| checked.by().clone()).map_err(|error| error.kind())
}

/// How a response by a responder with this certificate ends.
fn judged(draft: &Draft) -> Result<(), ErrorKind> {
    let (ca, certificate) = pair();
    let responder = ca.issue(draft);
    let response = Response::by(&draft.subject, &[good(&ca, &certificate)]).with(&responder.certificate);
    let signer = by(&response.sign(&responder.key), &certificate, &ca)?;
    assert_eq!(signer, responder.certificate);
    Ok(())
}

fn responder() -> Draft {
    Draft::responder(RESPONDER, "CN=CA")
}

const REFUSED: Result<(), ErrorKind> = Err(ErrorKind::Unauthentic);

/// A ResponderID by key: the SHA-1 of its bits, as a request has it of the issuer's.
fn key_id(party: &Party) -> Vec<u8> {
    let name = party.certificate.subject().to_string();
    let below = party.issue(&Draft::new("CN=below", &name)).certificate;
    let id = make::id(&below, &party.certificate);
    // Hash algorithm 11 bytes, name's hash 22, then tag and length of the key's, and the serial number.
    tlv(0xa2, &[&octets(&id[2 + 11 + 22 + 2..][..20])])
}

#[test]
fn the_issuer_itself_answers_named_or_by_its_key() {
    let (ca, certificate) = pair();
    let mut draft = Response::by("CN=CA", &[good(&ca, &certificate)]);
    assert_eq!(by(&draft.sign(&ca.key), &certificate, &ca), Ok(ca.certificate.clone()));
    draft.responder = key_id(&ca);
    assert_eq!(by(&draft.sign(&ca.key), &certificate, &ca), Ok(ca.certificate.clone()));
    // Whose name it is does not matter if the key is another.
    let other = make::ca("CN=CA");
    assert_eq!(by(&draft.sign(&other.key), &certificate, &ca), Err(ErrorKind::Unauthentic));
    let named = Response::by("CN=CA", &[good(&ca, &certificate)]).with(&other.certificate);
    assert_eq!(by(&named.sign(&other.key), &certificate, &ca), Err(ErrorKind::Unauthentic));
}

#[test]
fn a_responder_that_the_issuer_certifies_answers_named_or_by_its_key() {
    let (ca, certificate) = pair();
    let responder = ca.issue(&responder());
    // Other certificates beside do no harm, whatever they are.
    let mut draft = Response::by(RESPONDER, &[good(&ca, &certificate)])
        .with(&certificate)
        .with(&make::ca(RESPONDER).certificate)
        .with(&responder.certificate)
        .with(&ca.certificate);
    assert_eq!(by(&draft.sign(&responder.key), &certificate, &ca), Ok(responder.certificate.clone()));
    draft.responder = key_id(&responder);
    assert_eq!(by(&draft.sign(&responder.key), &certificate, &ca), Ok(responder.certificate.clone()));
    // Its certificate must be shown, and it must have signed.
    assert_eq!(by(&draft.sign(&make::p256()), &certificate, &ca), Err(ErrorKind::Unauthentic));
    draft.certificates = vec![ca.certificate.clone()];
    assert_eq!(by(&draft.sign(&responder.key), &certificate, &ca), Err(ErrorKind::Unauthentic));
}

#[test]
fn a_responder_of_the_same_name_as_the_issuer_may_answer() {
    let draft = Draft::responder("CN=CA", "CN=CA");
    assert_eq!(judged(&draft), Ok(()));
}

#[test]
fn a_certificate_that_is_not_for_it_makes_no_responder() {
    let without = |id: &str| {
        let mut draft = responder();
        let prefix = oid(id);
        draft.extensions.retain(|extension| !extension.windows(prefix.len()).any(|part| part == prefix));
        draft
    };
    assert_eq!(judged(&responder()), Ok(()));
    assert_eq!(judged(&without(EXTENDED_KEY_USAGE)), REFUSED);
    // For anything: the issuer must have meant it.
    assert_eq!(judged(&without(EXTENDED_KEY_USAGE).purpose("2.5.29.37.0")), REFUSED);
    assert_eq!(judged(&without(EXTENDED_KEY_USAGE).purpose("1.3.6.1.5.5.7.3.4")), REFUSED);
    let both = sequence(&[&oid("1.3.6.1.5.5.7.3.1"), &oid(OCSP_SIGNING)]);
    assert_eq!(judged(&without(EXTENDED_KEY_USAGE).critical(EXTENDED_KEY_USAGE, &both)), Ok(()));
    // Key usage: digital signature, content commitment, key encipherment.
    for (usage, ends) in [(0x80, Ok(())), (0x40, Ok(())), (0x20, REFUSED)] {
        assert_eq!(judged(&responder().critical(KEY_USAGE, &[3, 2, 5, usage])), ends, "{usage:x}");
    }
}

#[test]
fn a_responder_is_certified_by_the_issuer_itself() {
    let (root, _) = pair();
    let mut sub = Draft::ca("CN=Sub");
    sub.issuer = "CN=CA".to_owned();
    let sub = root.issue(&sub);
    let certificate = sub.issue(&Draft::new("CN=somebody", "CN=Sub")).certificate;
    let answers = [Answer::new(&make::id(&certificate, &sub.certificate), GOOD)];
    // Certified by the one above the issuer, by the issuer's namesake, and by one below the issuer.
    let above = root.issue(&responder());
    let namesake = make::ca("CN=Sub").issue(&Draft::responder(RESPONDER, "CN=Sub"));
    let mut lower = Draft::ca("CN=Lower");
    lower.issuer = "CN=Sub".to_owned();
    let lower = sub.issue(&lower);
    let below = lower.issue(&Draft::responder(RESPONDER, "CN=Lower"));
    for wrong in [&above, &namesake, &below] {
        let response = Response::by(RESPONDER, &answers).with(&wrong.certificate).with(&lower.certificate);
        let response = response.with(&root.certificate).sign(&wrong.key);
        assert_eq!(by(&response, &certificate, &sub), Err(ErrorKind::Unauthentic));
    }
    // Nor does the root answer for what it has not issued.
    let response = Response::by("CN=CA", &answers).with(&root.certificate).sign(&root.key);
    assert_eq!(by(&response, &certificate, &sub), Err(ErrorKind::Unauthentic));
    let own = sub.issue(&Draft::responder(RESPONDER, "CN=Sub"));
    let response = Response::by(RESPONDER, &answers).with(&own.certificate).sign(&own.key);
    assert_eq!(by(&response, &certificate, &sub), Ok(own.certificate));
}

#[test]
fn a_responders_certificate_is_in_date() {
    let late = Err(ErrorKind::Undetermined);
    assert_eq!(judged(&responder().valid(NOW, NOW)), Ok(()));
    assert_eq!(judged(&responder().valid(NOW - DAY, NOW - 1)), late);
    assert_eq!(judged(&responder().valid(NOW + 1, NOW + DAY)), late);
}

#[test]
fn a_responder_that_could_have_been_revoked_is_refused_unless_it_lasts_ten_days() {
    let plain = |days: i64, more: i64| {
        let draft = Draft::new(RESPONDER, "CN=CA").purpose(OCSP_SIGNING);
        draft.valid(NOW - DAY, NOW + (days - 1) * DAY + more)
    };
    assert_eq!(judged(&plain(10, 0)), Ok(()));
    assert_eq!(judged(&plain(10, 1)), Err(ErrorKind::Undetermined));
    assert_eq!(judged(&plain(3650, 0)), Err(ErrorKind::Undetermined));
    assert_eq!(judged(&plain(3650, 0).with(NO_CHECK, &[5, 0])), Ok(()));
    let twice = responder().with(NO_CHECK, &[5, 0]);
    assert_eq!(judged(&twice), Err(ErrorKind::Malformed));
}

#[test]
fn a_responder_with_an_unknown_critical_extension_is_refused() {
    assert_eq!(judged(&responder().critical(UNKNOWN, &[5, 0])), Err(ErrorKind::Unsupported));
    assert_eq!(judged(&responder().with(UNKNOWN, &[5, 0])), Ok(()));
}

#[test]
fn one_good_certificate_among_sixteen_is_found() {
    let (ca, certificate) = pair();
    let responder = ca.issue(&responder());
    let mut draft = Response::by(RESPONDER, &[good(&ca, &certificate)]);
    draft.certificates =
        (0..15).map(|_| ca.issue(&Draft::responder(RESPONDER, "CN=CA")).certificate).collect();
    let draft = draft.with(&responder.certificate);
    assert_eq!(by(&draft.sign(&responder.key), &certificate, &ca), Ok(responder.certificate));
}

#[test]
fn time_is_what_is_asked_for_and_not_the_clock() {
    let (ca, certificate) = pair();
    let responder = ca.issue(&responder().valid(NOW - DAY, NOW + DAY));
    let draft = Response::by(RESPONDER, &[good(&ca, &certificate)]).with(&responder.certificate);
    let response = draft.sign(&responder.key);
    let at = |seconds| response.check(&certificate, &ca.certificate, Time::from_unix(NOW + seconds));
    assert_eq!(at(DAY).unwrap().get().status, CertificateStatus::Good);
    assert_eq!(at(DAY + 1).unwrap_err().kind(), ErrorKind::Undetermined);
    assert_eq!(at(-301).unwrap_err().kind(), ErrorKind::Undetermined);
    for extreme in [i64::MIN, i64::MAX] {
        let checked = response.check(&certificate, &ca.certificate, Time::from_unix(extreme));
        assert_eq!(checked.unwrap_err().kind(), ErrorKind::Undetermined);
    }
}
