//! OCSP responses of whoever means harm: lengths, repetitions, what is not DER.
use bulla::x509::OcspResponse;
use bulla::{ErrorKind, PrivateKey};

use super::make::{
    self, Answer, BIT_STRING, Draft, ENUMERATED, GOOD, NONCE, Response, SEQUENCE, algorithm, extension,
    generalized, now, octets, oid, revoked, sequence, tlv,
};
use super::ocsp::pair;

fn kind(der: &[u8]) -> ErrorKind {
    OcspResponse::from_der(der).unwrap_err().kind()
}

fn full() -> (Response, PrivateKey) {
    let (ca, certificate) = pair();
    let id = make::id(&certificate, &ca.certificate);
    let mut answers = [Answer::new(&id, GOOD), Answer::new(&id, &revoked(Some(1)))];
    answers[1].extensions.push(extension(make::REASON, false, &[10, 1, 1]));
    let mut draft = Response::by("CN=CA", &answers).with(&ca.certificate);
    draft.extensions.push(extension(NONCE, false, &octets(&[1; 32])));
    (draft, ca.key)
}

/// Everything that can be asked of a response.
fn ask(response: &OcspResponse) {
    let _ = (response.status(), response.responder(), response.produced_at(), response.nonce());
    let _ = (response.signature_algorithm(), response.signature().len(), response.as_signed().len());
    let _ = (response.answers().count(), response.certificates().count(), response.extensions().count());
}

#[test]
fn a_response_cut_short_or_with_something_behind_it_is_refused() {
    let (draft, key) = full();
    let der = draft.der(&key);
    for end in 0..der.len() {
        assert_eq!(kind(&der[..end]), ErrorKind::Malformed, "{end}");
    }
    assert_eq!(kind(&[&der[..], &[0]].concat()), ErrorKind::Malformed);
}

#[test]
fn whatever_byte_is_changed_nothing_panics_and_nothing_is_believed() {
    let (ca, certificate) = pair();
    let answers = [Answer::new(&make::id(&certificate, &ca.certificate), GOOD)];
    let responder = ca.issue(&Draft::responder("CN=Responder", "CN=CA"));
    let response = Response::by("CN=Responder", &answers).with(&responder.certificate).sign(&responder.key);
    let mut read = 0;
    for at in 0..response.as_der().len() {
        for value in [0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut changed = response.as_der().to_vec();
            changed[at] = value;
            let Ok(changed) = OcspResponse::from_der(&changed) else { continue };
            ask(&changed);
            read += 1;
            if changed != response {
                // What is believed was signed, so the change is where nothing is: in the certificate's own signature it
                // would show, too.
                let checked = changed.check(&certificate, &ca.certificate, now());
                assert!(checked.is_err(), "byte {at} is {value:#x}");
            }
        }
    }
    assert!(read > 100, "{read} of the changed ones can be read at all");
}

#[test]
fn ber_is_refused() {
    let (draft, key) = full();
    let der = draft.der(&key);
    assert_eq!(der[1], 0x82, "the length has three bytes");
    let indefinite = [&[SEQUENCE, 0x80][..], &der[4..], &[0, 0]].concat();
    let longer_length = [&[SEQUENCE, 0x83, 0], &der[2..]].concat();
    assert_eq!([kind(&indefinite), kind(&longer_length)], [ErrorKind::Malformed; 2]);
}

#[test]
fn a_response_has_at_most_64_answers() {
    let (mut draft, key) = full();
    draft.answers = vec![draft.answers[0].clone(); 64];
    assert_eq!(draft.sign(&key).answers().count(), 64);
    draft.answers.push(draft.answers[0].clone());
    assert_eq!(kind(&draft.der(&key)), ErrorKind::OverLimit);
}

#[test]
fn a_response_has_at_most_16_certificates() {
    let (mut draft, key) = full();
    draft.certificates = vec![draft.certificates[0].clone(); 16];
    assert_eq!(draft.sign(&key).certificates().count(), 16);
    draft.certificates.push(draft.certificates[0].clone());
    assert_eq!(kind(&draft.der(&key)), ErrorKind::OverLimit);
}

#[test]
fn a_response_has_at_most_256_kib() {
    let (draft, key) = full();
    let of_length = |filling: usize| {
        let mut draft = draft.clone();
        draft.extensions.push(extension(make::UNKNOWN, false, &vec![7; filling]));
        draft.der(&key)
    };
    // The signature's length varies by a byte or two; what fills adds up byte by byte.
    const MOST: usize = 256 << 10;
    let (mut at_most, mut beyond) = (false, false);
    let base = MOST - (of_length(200_000).len() - 200_000);
    for filling in (base - 8..base + 8).cycle().take(1000) {
        let der = of_length(filling);
        match der.len() {
            MOST => at_most |= OcspResponse::from_der(&der).is_ok(),
            length if length == MOST + 1 => beyond |= kind(&der) == ErrorKind::OverLimit,
            _ => {}
        }
        if at_most && beyond {
            return;
        }
    }
    panic!("at the bound: {at_most}, one past it: {beyond}");
}

#[test]
fn other_kinds_and_versions_are_refused() {
    let bytes = |kind: &str, basic: &[u8]| {
        let bytes = sequence(&[&oid(kind), &octets(basic)]);
        sequence(&[&[ENUMERATED, 1, 0], &tlv(0xa0, &[&bytes])])
    };
    let basic = |version: &[u8]| {
        let name = tlv(0xa1, &[&sequence(&[])]);
        let data = sequence(&[version, &name, &generalized(make::NOW), &sequence(&[])]);
        sequence(&[&data, &algorithm(), &tlv(BIT_STRING, &[&[0, 1]])])
    };
    const BASIC: &str = "1.3.6.1.5.5.7.48.1.1";
    assert!(OcspResponse::from_der(&bytes(BASIC, &basic(&[]))).is_ok());
    // Version 1 written out, which DER leaves out, and version 2.
    let version = |number| tlv(0xa0, &[&[2, 1, number]]);
    assert!(OcspResponse::from_der(&bytes(BASIC, &basic(&version(0)))).is_ok());
    assert_eq!(kind(&bytes(BASIC, &basic(&version(1)))), ErrorKind::Malformed);
    assert_eq!(kind(&bytes("1.3.6.1.5.5.7.48.1.9", &basic(&[]))), ErrorKind::Unsupported);
    assert_eq!(kind(&bytes(BASIC, b"nonsense")), ErrorKind::Malformed);
}

#[test]
fn statuses_that_are_none_are_refused_when_they_are_asked_for() {
    let (ca, certificate) = pair();
    let id = make::id(&certificate, &ca.certificate);
    for status in
        [&[0x83, 0][..], &[0x80, 1, 0], &[0x82, 1, 0], &[0xa0, 0], &[0xa1, 0], &revoked(Some(7)), &[5, 0]]
    {
        let response = Response::by("CN=CA", &[Answer::new(&id, status)]).sign(&ca.key);
        assert_eq!(
            response.answers().next().unwrap().unwrap_err().kind(),
            ErrorKind::Malformed,
            "{status:02x?}"
        );
        let error = response.check(&certificate, &ca.certificate, now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{status:02x?}");
    }
}

#[test]
fn a_certificate_that_is_none_does_not_refuse_the_response() {
    let (ca, certificate) = pair();
    let answers = [Answer::new(&make::id(&certificate, &ca.certificate), GOOD)];
    let responder = ca.issue(&Draft::responder("CN=Responder", "CN=CA"));
    let draft = Response::by("CN=Responder", &answers).with(&certificate).with(&responder.certificate);
    let mut der = draft.der(&responder.key);
    // The first certificate's version, of which there is no fourth value but any number may be read: its tag.
    let at = der.windows(5).position(|part| part == [0xa0, 3, 2, 1, 2]).unwrap();
    der[at] = 0x05;
    let response = OcspResponse::from_der(&der).unwrap();
    assert_eq!(response.certificates().map(|found| found.is_ok()).collect::<Vec<_>>(), [false, true]);
    assert!(response.check(&certificate, &ca.certificate, now()).is_ok());
}
