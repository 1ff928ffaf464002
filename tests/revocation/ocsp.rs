//! What OCSP responses say, of whom, and for how long.
use bulla::x509::{
    Authority, Certificate, CertificateStatus, OcspRequest, OcspResponse, OcspResponseStatus, ResponderId,
    RevocationReason,
};
use bulla::{ErrorKind, KeyKind, PrivateKey, Time};

use super::make::{
    self, Answer, Draft, GOOD, NONCE, NOT_KNOWN, NOW, Party, REASON, Response, UNKNOWN, extension, now,
    octets, oid, revoked, sequence, tlv,
};

/// A CA and a certificate of it.
pub(crate) fn pair() -> (Party, Certificate) {
    let ca = make::ca("CN=CA");
    let certificate = ca.issue(&Draft::new("CN=somebody", "CN=CA").serial(&[42])).certificate;
    (ca, certificate)
}

fn answer(ca: &Party, certificate: &Certificate, status: &[u8]) -> Answer {
    Answer::new(&make::id(certificate, &ca.certificate), status)
}

/// What is found when `NOW` is asked for, or the kind of the error.
fn checked(
    response: &OcspResponse,
    certificate: &Certificate,
    ca: &Party,
) -> Result<CertificateStatus, ErrorKind> {
    let checked = response.check(certificate, &ca.certificate, now());
    checked.map(|checked| checked.get().status).map_err(|error| error.kind())
}

#[test]
fn every_status_is_told_as_it_is_signed() {
    let (ca, certificate) = pair();
    let said = |status: &[u8]| {
        let response = Response::by("CN=CA", &[answer(&ca, &certificate, status)]).sign(&ca.key);
        checked(&response, &certificate, &ca).unwrap()
    };
    assert_eq!(said(GOOD), CertificateStatus::Good);
    assert_eq!(said(NOT_KNOWN), CertificateStatus::Unknown);
    let since = Time::from_unix(NOW - 86_400);
    for (number, expected) in [
        (None, None),
        (Some(0), Some(RevocationReason::Unspecified)),
        (Some(1), Some(RevocationReason::KeyCompromise)),
        (Some(6), Some(RevocationReason::CertificateHold)),
    ] {
        match said(&revoked(number)) {
            CertificateStatus::Revoked { at, reason, .. } => assert_eq!((at, reason), (since, expected)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_the_response_says_is_read() {
    let (ca, certificate) = pair();
    let mut draft = Response::by("CN=CA", &[answer(&ca, &certificate, GOOD)]).with(&ca.certificate);
    draft.extensions.push(extension(NONCE, false, &octets(&[9; 20])));
    let response = draft.sign(&ca.key);
    assert_eq!(response.status(), OcspResponseStatus::Successful);
    assert_eq!(response.responder().unwrap(), ResponderId::Name("CN=CA".parse().unwrap()));
    assert_eq!(response.produced_at().unwrap(), now());
    assert_eq!(response.nonce().unwrap().unwrap(), [9; 20]);
    assert_eq!(response.extensions().count(), 1);
    let certificates: Vec<Certificate> = response.certificates().collect::<Result<_, _>>().unwrap();
    assert_eq!(certificates, std::slice::from_ref(&ca.certificate));
    let answers: Vec<_> = response.answers().collect::<Result<_, _>>().unwrap();
    assert_eq!((answers[0].serial.as_bytes(), answers.len()), (&[42][..], 1));
    assert_eq!(answers[0].next_update, Some(Time::from_unix(NOW + 86_400)));
    assert_eq!(OcspResponse::from_der(response.as_der()).unwrap(), response);
    assert_eq!(response.signature_algorithm().unwrap().to_string(), "ecdsa-with-SHA256");
    assert!(ca.key.public().verify_plain(response.as_signed(), response.signature()).is_ok());
}

#[test]
fn a_responder_that_does_not_answer_says_nothing() {
    let (ca, certificate) = pair();
    let statuses = [
        (1, OcspResponseStatus::MalformedRequest),
        (2, OcspResponseStatus::InternalError),
        (3, OcspResponseStatus::TryLater),
        (5, OcspResponseStatus::SignatureRequired),
        (6, OcspResponseStatus::Unauthorized),
    ];
    for (number, status) in statuses {
        let response = OcspResponse::from_der(&sequence(&[&[10, 1, number]])).unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(checked(&response, &certificate, &ca), Err(ErrorKind::Undetermined));
        assert_eq!(response.answers().count(), 0);
    }
    // One that there is not, and a success without an answer.
    for number in [0, 4, 7, 0x80] {
        let error = OcspResponse::from_der(&sequence(&[&[10, 1, number]])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{number}");
    }
}

#[test]
fn an_answer_is_about_one_certificate_of_one_issuer() {
    let (ca, certificate) = pair();
    let response = Response::by("CN=CA", &[answer(&ca, &certificate, GOOD)]).sign(&ca.key);
    assert!(checked(&response, &certificate, &ca).is_ok());
    let other = ca.issue(&Draft::new("CN=other", "CN=CA").serial(&[43])).certificate;
    assert_eq!(checked(&response, &other, &ca), Err(ErrorKind::Undetermined));
    // The same name and number, another key: the hash of the key tells them apart.
    let namesake = make::ca("CN=CA");
    let theirs = namesake.issue(&Draft::new("CN=somebody", "CN=CA").serial(&[42])).certificate;
    assert_eq!(checked(&response, &theirs, &namesake), Err(ErrorKind::Undetermined));
    // Issuers must be the certificate's own, in requests as in checks.
    let stranger = make::ca("CN=Stranger");
    assert_eq!(checked(&response, &certificate, &stranger), Err(ErrorKind::Usage));
    let error = OcspRequest::about(&certificate, &stranger.certificate).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn certificates_may_be_named_by_any_hash_that_is_known() {
    let (ca, certificate) = pair();
    let by = |hash: &str, name: &[u8], key: &[u8], parameters: &[u8]| {
        let algorithm = sequence(&[&oid(hash), parameters]);
        let id = sequence(&[&algorithm, &octets(name), &octets(key), &[2, 1, 42]]);
        let response = Response::by("CN=CA", &[Answer::new(&id, GOOD)]).sign(&ca.key);
        checked(&response, &certificate, &ca)
    };
    use sha2::Digest;
    let issuer = certificate.issuer();
    // The point of P-256, without a byte that says how many bits are unused.
    let info = ca.certificate.public_key_info();
    let (name, key) = (issuer.as_der(), &info[info.len() - 65..]);
    let sha256 = |data: &[u8]| sha2::Sha256::digest(data).to_vec();
    let sha512 = |data: &[u8]| sha2::Sha512::digest(data).to_vec();
    const SHA256: &str = "2.16.840.1.101.3.4.2.1";
    const SHA512: &str = "2.16.840.1.101.3.4.2.3";
    assert_eq!(by(SHA256, &sha256(name), &sha256(key), &[5, 0]), Ok(CertificateStatus::Good));
    assert_eq!(by(SHA256, &sha256(name), &sha256(key), &[]), Ok(CertificateStatus::Good));
    assert_eq!(by(SHA512, &sha512(name), &sha512(key), &[5, 0]), Ok(CertificateStatus::Good));
    for (hash, name, key) in [
        (SHA256, sha256(key), sha256(name)),
        (SHA256, sha256(name), sha256(name)),
        (SHA512, sha256(name), sha256(key)),
        ("1.2.840.113549.2.5", sha256(name), sha256(key)),
    ] {
        assert_eq!(by(hash, &name, &key, &[5, 0]), Err(ErrorKind::Undetermined));
    }
}

#[test]
fn an_answer_is_good_for_as_long_as_it_says() {
    let (ca, certificate) = pair();
    const DAY: i64 = 86_400;
    const LEEWAY: i64 = 300;
    let judged = |this: i64, next: Option<i64>| {
        let mut answer = answer(&ca, &certificate, GOOD);
        (answer.this_update, answer.next_update) = (NOW + this, next.map(|next| NOW + next));
        checked(&Response::by("CN=CA", &[answer]).sign(&ca.key), &certificate, &ca)
    };
    let (good, late) = (Ok(CertificateStatus::Good), Err(ErrorKind::Undetermined));
    // From when on.
    assert_eq!(judged(LEEWAY, Some(DAY)), good);
    assert_eq!(judged(LEEWAY + 1, Some(DAY)), late);
    // Until when.
    assert_eq!(judged(-DAY, Some(-LEEWAY)), good);
    assert_eq!(judged(-DAY, Some(-LEEWAY - 1)), late);
    assert_eq!(judged(-100, Some(-101)), late, "it ends before it begins");
    // Without a word on it, for a day.
    assert_eq!(judged(0, None), good);
    assert_eq!(judged(-DAY - LEEWAY, None), good);
    assert_eq!(judged(-DAY - LEEWAY - 1, None), late);
}

#[test]
fn times_that_are_none_are_refused_when_they_are_asked_for() {
    let (ca, certificate) = pair();
    let der = Response::by("CN=CA", &[answer(&ca, &certificate, GOOD)]).der(&ca.key);
    // producedAt, thisUpdate and nextUpdate, in this order: month 13.
    let places: Vec<usize> =
        der.windows(4).enumerate().filter(|(_, part)| part == b"2026").map(|(at, _)| at).collect();
    assert_eq!(places.len(), 3);
    for (number, at) in places.into_iter().enumerate() {
        let mut changed = der.clone();
        changed[at + 4..at + 6].copy_from_slice(b"13");
        let response = OcspResponse::from_der(&changed).unwrap();
        assert_eq!(response.produced_at().is_err(), number == 0);
        assert_eq!(response.answers().next().unwrap().is_err(), number > 0);
        assert!(checked(&response, &certificate, &ca).is_err());
    }
}

#[test]
fn of_several_answers_the_worst_counts() {
    let (ca, certificate) = pair();
    let judged = |statuses: &[&[u8]]| {
        let answers: Vec<Answer> = statuses.iter().map(|status| answer(&ca, &certificate, status)).collect();
        checked(&Response::by("CN=CA", &answers).sign(&ca.key), &certificate, &ca)
    };
    let bad = revoked(None);
    assert_eq!(judged(&[GOOD, GOOD]), Ok(CertificateStatus::Good));
    assert_eq!(judged(&[GOOD, NOT_KNOWN, GOOD]), Ok(CertificateStatus::Unknown));
    for order in [[GOOD, NOT_KNOWN, &bad], [&bad, NOT_KNOWN, GOOD], [NOT_KNOWN, &bad, GOOD]] {
        assert!(matches!(judged(&order), Ok(CertificateStatus::Revoked { .. })));
    }
    // Those about others are none of its business.
    let mut others = answer(&ca, &ca.issue(&Draft::new("CN=x", "CN=CA").serial(&[9])).certificate, &bad);
    others.extensions.push(extension(UNKNOWN, true, &[5, 0]));
    let response = Response::by("CN=CA", &[others, answer(&ca, &certificate, GOOD)]).sign(&ca.key);
    assert_eq!(checked(&response, &certificate, &ca), Ok(CertificateStatus::Good));
    assert_eq!(judged(&[]), Err(ErrorKind::Undetermined));
}

#[test]
fn unknown_critical_extensions_are_refused() {
    let (ca, certificate) = pair();
    let good = answer(&ca, &certificate, GOOD);
    let with = |of_response: bool, critical: bool, id: &str, value: &[u8]| {
        let mut draft = Response::by("CN=CA", std::slice::from_ref(&good));
        let extensions = if of_response { &mut draft.extensions } else { &mut draft.answers[0].extensions };
        extensions.push(extension(id, critical, value));
        checked(&draft.sign(&ca.key), &certificate, &ca)
    };
    for of_response in [true, false] {
        assert_eq!(with(of_response, true, UNKNOWN, &[5, 0]), Err(ErrorKind::Unsupported));
        assert_eq!(with(of_response, false, UNKNOWN, &[5, 0]), Ok(CertificateStatus::Good));
    }
    assert_eq!(with(true, true, NONCE, &octets(&[1; 32])), Ok(CertificateStatus::Good));
    assert_eq!(with(false, true, REASON, &[10, 1, 1]), Ok(CertificateStatus::Good));
    // Whose an entry is, is for CRLs alone.
    assert_eq!(
        with(false, true, make::CERTIFICATE_ISSUER, &make::directory("CN=B")),
        Err(ErrorKind::Unsupported)
    );
}

/// What a request has as its nonce.
fn nonce(request: &OcspRequest) -> Vec<u8> {
    let der = request.as_der();
    let at = der.windows(11).position(|part| part == oid(NONCE)).unwrap();
    // OCTET STRING in OCTET STRING, of 32 bytes.
    assert_eq!(&der[at + 11..at + 15], [4, 34, 4, 32]);
    der[at + 15..].to_vec()
}

#[test]
fn an_answer_to_a_request_with_a_nonce_repeats_it() {
    let (ca, certificate) = pair();
    let plain = OcspRequest::about(&certificate, &ca.certificate).unwrap();
    let request = plain.clone().with_nonce();
    assert_eq!(nonce(&request).len(), 32);
    assert_ne!(nonce(&request), nonce(&plain.clone().with_nonce()));
    let response = |nonces: &[Vec<u8>]| {
        let mut draft = Response::by("CN=CA", &[answer(&ca, &certificate, GOOD)]);
        draft.extensions = nonces.iter().map(|nonce| extension(NONCE, false, nonce)).collect();
        draft.sign(&ca.key)
    };
    let own = octets(&nonce(&request));
    let ends = |request: &OcspRequest, nonces: &[Vec<u8>]| {
        response(nonces).check_answer(request, now()).err().map(|error| error.kind())
    };
    assert_eq!(ends(&request, std::slice::from_ref(&own)), None);
    assert_eq!(ends(&request, &[]), Some(ErrorKind::Unauthentic));
    assert_eq!(ends(&request, &[octets(&[7; 32])]), Some(ErrorKind::Unauthentic));
    assert_eq!(ends(&request, &[octets(&nonce(&request)[..31])]), Some(ErrorKind::Unauthentic));
    assert_eq!(ends(&request, &[own.clone(), own.clone()]), Some(ErrorKind::Malformed));
    assert_eq!(ends(&request, &[nonce(&request)]), Some(ErrorKind::Malformed));
    for nonces in [&[][..], std::slice::from_ref(&own)] {
        assert_eq!(ends(&plain, nonces), None);
    }
    let checked = response(&[own]).check_answer(&request, now()).unwrap();
    assert_eq!((checked.get().status, checked.by()), (CertificateStatus::Good, &ca.certificate));
}

#[test]
fn no_byte_of_what_is_signed_can_be_changed() {
    let (ca, certificate) = pair();
    let response = Response::by("CN=CA", &[answer(&ca, &certificate, &revoked(Some(1)))]).sign(&ca.key);
    let signed = response.as_signed();
    let start = response.as_der().windows(signed.len()).position(|part| part == signed).unwrap();
    let mut read = 0;
    for at in start..start + signed.len() {
        let mut changed = response.as_der().to_vec();
        changed[at] ^= 1;
        if let Ok(changed) = OcspResponse::from_der(&changed) {
            assert!(checked(&changed, &certificate, &ca).is_err(), "byte {at}");
            read += 1;
        }
    }
    assert!(read > 50, "{read} of the changed ones can be read at all");
}

#[test]
fn bullas_own_authorities_and_responders_go_together() {
    let generate = || PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Root".parse().unwrap(), generate()).unwrap();
    let [bob, responder] = [generate(), generate()];
    let addresses = ["bob@example.org".parse().unwrap()];
    let certificate = root.email(bob.public(), &addresses).unwrap().sign().unwrap();
    let delegate =
        root.ocsp_responder(responder.public(), &"CN=OCSP".parse().unwrap()).unwrap().sign().unwrap();
    let id = make::id(&certificate, root.certificate());
    let at = Time::now().unix();
    let mut answer = Answer::new(&id, &tlv(0x80, &[]));
    (answer.this_update, answer.next_update) = (at, None);
    let response = Response::by("CN=OCSP", &[answer]).with(&delegate).sign(&responder);
    let checked = response.check(&certificate, root.certificate(), Time::from_unix(at)).unwrap();
    assert_eq!((checked.get().status, checked.by()), (CertificateStatus::Good, &delegate));
    // Bob's certificate is for mail, and makes him no responder.
    let mut forged = Answer::new(&id, GOOD);
    (forged.this_update, forged.next_update) = (at, None);
    let name = certificate.subject().to_string();
    let forged = Response::by(&name, &[forged]).with(&certificate).sign(&bob);
    let error = forged.check(&certificate, root.certificate(), Time::from_unix(at)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthentic);
}
