//! CRLs that bulla makes, reads and verifies.
use bulla::x509::{
    Authority, Certificate, Crl, CrlIssue, CrlNumber, GeneralName, Name, RevocationReason as Reason, Serial,
};
use bulla::{ErrorKind, KeyKind, PrivateKey, Time};

use super::make::{
    self, BIT_STRING, CRL_NUMBER, Draft, KEY_USAGE, List, NOW, Party, REASON, believed, entry, extension,
    generalized, now, numbered, oid, sequence, tlv,
};

fn serial(number: u8) -> Serial {
    numbered("CN=CA", &[number]).serial()
}

fn day(days: i64) -> Time {
    Time::from_unix(NOW + days * 86_400)
}

fn listed(crl: &Crl) -> Vec<(Serial, Time, Option<Reason>)> {
    crl.revoked().map(|entry| (entry.serial(), entry.at().unwrap(), entry.reason().unwrap())).collect()
}

fn by(ca: &Party) -> CrlIssue<'_> {
    CrlIssue::by(&ca.certificate, &ca.key).unwrap()
}

#[test]
fn what_is_listed_stays_as_it_is_but_for_a_hold() {
    let ca = make::ca("CN=CA");
    let before = by(&ca).revoke(&serial(1), day(0), Reason::Superseded);
    let before = before.revoke(&serial(2), day(0), Reason::CertificateHold).sign().unwrap();
    let again =
        |number, reason| by(&ca).update(&before).unwrap().revoke(&serial(number), day(1), reason).sign();
    let error = again(1, Reason::KeyCompromise).unwrap_err();
    assert!(error.kind() == ErrorKind::Usage && error.to_string().contains("listed already"), "{error}");
    let after = listed(&again(2, Reason::KeyCompromise).unwrap());
    assert_eq!(after.len(), 2);
    assert!(after.contains(&(serial(1), day(0), Some(Reason::Superseded))));
    assert!(after.contains(&(serial(2), day(1), Some(Reason::KeyCompromise))));
}

#[test]
fn what_is_issued_is_read_again() {
    let ca = make::ca("CN=CA,C=CH");
    let crl = by(&ca)
        .revoke(&serial(9), day(-2), Reason::KeyCompromise)
        .revoke(&serial(3), day(-1), Reason::Unspecified)
        .this_update(now())
        .next_update(day(3))
        .number(77)
        .sign()
        .unwrap();
    for again in [Crl::from_der(crl.as_der()).unwrap(), Crl::from_pem(&crl.to_pem()).unwrap()] {
        assert_eq!(again, crl);
        assert_eq!(again.as_der(), crl.as_der());
    }
    assert_eq!((crl.version(), crl.issuer()), (2, "CN=CA,C=CH".parse::<Name>().unwrap()));
    assert_eq!((crl.this_update().unwrap(), crl.next_update().unwrap()), (now(), Some(day(3))));
    assert_eq!(crl.number().unwrap(), Some(CrlNumber::from(77)));
    assert_eq!((crl.is_delta(), crl.delta_base().unwrap()), (false, None));
    assert_eq!(crl.issuing_distribution_point().unwrap(), None);
    assert_eq!(crl.signature_algorithm().unwrap().to_string(), "ecdsa-with-SHA256");
    // A reason that says nothing is not written.
    assert_eq!(listed(&crl), [(serial(3), day(-1), None), (serial(9), day(-2), Some(Reason::KeyCompromise))]);
    let verified = crl.verify(&ca.certificate).unwrap();
    assert_eq!(verified.find(&serial(9)).unwrap().unwrap().at().unwrap(), day(-2));
    assert!(verified.find(&serial(4)).unwrap().is_none());
    assert_eq!(verified.by(), &ca.certificate);
}

#[test]
fn every_kind_of_key_signs_crls_that_verify() {
    let kinds = [
        KeyKind::rsa(2048),
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::P521,
        KeyKind::Ed25519,
        KeyKind::MlDsa44,
        KeyKind::MlDsa65,
        KeyKind::MlDsa87,
    ];
    for kind in kinds {
        let root = Authority::root(&"CN=CA".parse().unwrap(), PrivateKey::generate(kind).unwrap()).unwrap();
        let crl = CrlIssue::by(root.certificate(), root.credential().key()).unwrap().sign().unwrap();
        assert!(crl.verify(root.certificate()).is_ok(), "{kind}");
        let key_id = root.certificate().subject_key_identifier().unwrap();
        assert_eq!(crl.authority_key_identifier().unwrap().unwrap().key_id, key_id, "{kind}");
        crl.check_current(Time::now()).unwrap();
    }
}

#[test]
fn a_crl_of_nothing_has_no_list() {
    let ca = make::ca("CN=CA");
    let crl = by(&ca).this_update(now()).sign().unwrap();
    assert_eq!(crl.revoked().count(), 0);
    // RFC 5280 section 5.1.2.6: after the second time comes `[0]`, not an empty SEQUENCE.
    let next = Time::from_unix(NOW + 7 * 86_400).to_string();
    assert_eq!(crl.next_update().unwrap().unwrap().to_string(), next);
    let found = crl.as_der().windows(2).position(|pair| pair == [SEQUENCE_TAG, 0]);
    assert_eq!(found, None);
    assert_eq!(crl.number().unwrap(), Some(CrlNumber::from(u64::try_from(NOW).unwrap())));
}

const SEQUENCE_TAG: u8 = 0x30;

#[test]
fn an_update_keeps_the_entries_and_counts_on() {
    let ca = make::ca("CN=CA");
    // A date of invalidity is not lost, though bulla itself writes none.
    let invalid_since = extension("2.5.29.24", false, &generalized(NOW - 9));
    let before = List::by("CN=CA")
        .entry(&[1], std::slice::from_ref(&invalid_since))
        .entry(&[2], &[extension(REASON, false, &[10, 1, 6])])
        .with(CRL_NUMBER, false, &[2, 2, 1, 0xff])
        .sign(&ca.key);
    let after = by(&ca)
        .update(&before)
        .unwrap()
        .revoke(&serial(2), day(0), Reason::KeyCompromise)
        .revoke(&serial(3), day(0), Reason::Superseded)
        .sign()
        .unwrap();
    assert_eq!(after.number().unwrap(), Some(CrlNumber::from(0x200)));
    assert_eq!(
        listed(&after),
        [
            (serial(1), day(-1), None),
            (serial(2), day(0), Some(Reason::KeyCompromise)),
            (serial(3), day(0), Some(Reason::Superseded))
        ]
    );
    let verified = believed(&after);
    let kept = verified.find(&serial(1)).unwrap().unwrap();
    assert_eq!(kept.invalidity_date().unwrap(), Some(Time::from_unix(NOW - 9)));
    assert!(by(&ca).update(&after).unwrap().number(0x201).sign().is_ok());
}

#[test]
fn only_a_whole_crl_of_the_same_issuer_is_updated() {
    let ca = make::ca("CN=CA");
    let refused =
        |list: &List, key: &PrivateKey| by(&ca).update(&list.sign(key)).err().map(|error| error.kind());
    let plain = List::by("CN=CA").entry(&[1], &[]);
    assert_eq!(refused(&plain, &ca.key), None);
    // Whoever could put a shorter list in its place would bring the revoked back.
    assert_eq!(refused(&plain, &make::p256()), Some(ErrorKind::Unauthentic));
    assert_eq!(refused(&List::by("CN=Another"), &ca.key), Some(ErrorKind::Unauthentic));
    let delta = plain.clone().with(make::DELTA, true, &[2, 1, 1]);
    assert_eq!(refused(&delta, &ca.key), Some(ErrorKind::Undetermined));
    let part = plain.clone().with(make::ISSUING_POINT, true, &sequence(&[&[0x81, 1, 0xff]]));
    assert_eq!(refused(&part, &ca.key), Some(ErrorKind::Usage));
    let unknown = plain.with(make::UNKNOWN, true, &[5, 0]);
    assert_eq!(refused(&unknown, &ca.key), Some(ErrorKind::Undetermined));
}

#[test]
fn a_wrong_crl_is_not_issued() {
    let ca = make::ca("CN=CA");
    let before = by(&ca).number(5).sign().unwrap();
    let first = by(&ca).update(&before).unwrap().number(5);
    let highest = List::by("CN=CA").with(CRL_NUMBER, false, &tlv(2, &[&[0], &[0xff; 20]])).sign(&ca.key);
    for (wrong, why) in [
        (by(&ca).this_update(now()).next_update(now()), "ends as it begins"),
        (by(&ca).next_update(Time::from_unix(i64::MAX)), "ends after the year 9999"),
        (by(&ca).this_update(Time::from_unix(-70_000_000_000)), "begins before the year 0"),
        (
            by(&ca).revoke(&serial(1), Time::from_unix(i64::MAX), Reason::Superseded),
            "revoked after the year 9999",
        ),
        (by(&ca).revoke(&serial(1), now(), Reason::RemoveFromCrl), "removes"),
        (first, "its number is not higher"),
        (by(&ca).update(&highest).unwrap(), "there is no higher number"),
    ] {
        assert_eq!(wrong.sign().unwrap_err().kind(), ErrorKind::Usage, "{why}");
    }
}

#[test]
fn only_whoever_may_sign_crls_issues_them() {
    let root = make::ca("CN=CA");
    let refused = |certificate: &Certificate, key: &PrivateKey| {
        CrlIssue::by(certificate, key).err().map(|error| error.kind())
    };
    assert_eq!(refused(&root.certificate, &root.key), None);
    assert_eq!(refused(&root.certificate, &make::p256()), Some(ErrorKind::Usage));
    // Neither a CA nor with a word on what the key may do; a key that may do everything but this; a CA without a name.
    for draft in [
        Draft::new("CN=leaf", "CN=CA"),
        Draft::ca("CN=CA").critical(KEY_USAGE, &[3, 2, 2, 0b1111_1100]),
        Draft::ca(""),
    ] {
        let party = root.issue(&draft);
        assert_eq!(refused(&party.certificate, &party.key), Some(ErrorKind::Usage), "{}", draft.subject);
    }
    // No CA, but one that may sign CRLs: of indirect ones, say.
    let other = root.issue(&Draft::new("CN=leaf", "CN=CA").critical(KEY_USAGE, &[3, 2, 1, 0b0000_0010]));
    assert_eq!(refused(&other.certificate, &other.key), None);
}

#[test]
fn a_crl_verifies_with_its_issuers_certificate_alone() {
    let ca = make::ca("CN=CA,O=Example");
    let list = List::by("CN=CA,O=Example").entry(&[1], &[]);
    let crl = list.sign(&ca.key);
    let verified = crl.verify(&ca.certificate).unwrap();
    assert_eq!((verified.get(), verified.by()), (&crl, &ca.certificate));
    // The same name in other letters is the same (RFC 5280 section 7.1).
    assert!(List::by("CN=ca,O=EXAMPLE").sign(&ca.key).verify(&ca.certificate).is_ok());

    let kind = |crl: &Crl, certificate: &Certificate| crl.verify(certificate).unwrap_err().kind();
    assert_eq!(kind(&crl, &make::ca("CN=CA,O=Example").certificate), ErrorKind::Unauthentic);
    let renamed = Draft::ca("CN=CA,O=Other").sign(&ca.key, &ca.key);
    assert_eq!(kind(&crl, &renamed), ErrorKind::Unauthentic);
    let certificates_only = Draft::ca("CN=CA,O=Example").critical(KEY_USAGE, &[3, 2, 2, 0b0000_0100]);
    assert_eq!(kind(&crl, &certificates_only.sign(&ca.key, &ca.key)), ErrorKind::Unauthentic);
    let crls_only = Draft::ca("CN=CA,O=Example").critical(KEY_USAGE, &[3, 2, 1, 0b0000_0010]);
    assert!(crl.verify(&crls_only.sign(&ca.key, &ca.key)).is_ok());
}

#[test]
fn no_byte_of_what_is_signed_can_be_changed() {
    let ca = make::ca("CN=CA");
    let crl = List::by("CN=CA").entry(&[1], &[]).with(CRL_NUMBER, false, &[2, 1, 9]).sign(&ca.key);
    let start = crl.as_der().windows(crl.as_signed().len()).position(|part| part == crl.as_signed()).unwrap();
    let mut read = 0;
    for at in start..start + crl.as_signed().len() {
        let mut changed = crl.as_der().to_vec();
        changed[at] ^= 1;
        if let Ok(changed) = Crl::from_der(&changed) {
            assert!(changed.verify(&ca.certificate).is_err(), "byte {at}");
            read += 1;
        }
    }
    assert!(read > 50, "{read} of the changed ones can be read at all");
}

#[test]
fn signatures_by_sha_1_are_too_weak() {
    // sha1WithRSAEncryption, by whomever.
    let weak = sequence(&[&oid("1.2.840.113549.1.1.5"), &[5, 0]]);
    let list = List::by("CN=CA");
    let mut to_be_signed = list.to_be_signed();
    let at =
        to_be_signed.windows(make::algorithm().len()).position(|part| part == make::algorithm()).unwrap();
    to_be_signed.splice(at..at + make::algorithm().len(), weak.iter().copied());
    to_be_signed[1] += u8::try_from(weak.len() - make::algorithm().len()).unwrap();
    let crl = Crl::from_der(&sequence(&[&to_be_signed, &weak, &tlv(BIT_STRING, &[&[0; 257]])])).unwrap();
    let error = crl.verify(&make::ca("CN=CA").certificate).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("sha1WithRSAEncryption"), "{error}");
}

#[test]
fn a_crl_says_until_when_it_is_good() {
    let list = |times: &[i64]| {
        let mut list = List::by("CN=CA");
        list.times = times.iter().copied().map(generalized).collect();
        list.unsigned().unwrap()
    };
    let crl = list(&[NOW, NOW + 10]);
    // A clock may be five minutes fast.
    for good in [NOW - 300, NOW, NOW + 5, NOW + 10] {
        crl.check_current(Time::from_unix(good)).unwrap();
    }
    for bad in [NOW - 301, NOW + 11, i64::MIN, i64::MAX] {
        let error = crl.check_current(Time::from_unix(bad)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undetermined);
    }
    let open = list(&[NOW]);
    assert_eq!(open.next_update().unwrap(), None);
    assert_eq!(open.check_current(now()).unwrap_err().kind(), ErrorKind::Undetermined);
}

#[test]
fn version_1_is_read() {
    let mut list = List::by("CN=CA").entry(&[1], &[]);
    list.version = Vec::new();
    let crl = list.unsigned().unwrap();
    assert_eq!((crl.version(), crl.revoked().count(), crl.number().unwrap()), (1, 1, None));
    assert!(believed(&crl).find(&serial(1)).unwrap().is_some());
    // Written out, or another one: no.
    for version in [0, 2] {
        list.version = vec![2, 1, version];
        assert_eq!(list.unsigned().unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn entries_say_why_since_when_and_whose() {
    let list = List::by("CN=CA").entry(
        &[1],
        &[
            extension(REASON, false, &[10, 1, 9]),
            extension("2.5.29.24", false, &generalized(NOW - 5)),
            extension(make::UNKNOWN, false, &[5, 0]),
        ],
    );
    let crl = list.unsigned().unwrap();
    let entry = crl.revoked().next().unwrap();
    assert_eq!(entry.reason().unwrap(), Some(Reason::PrivilegeWithdrawn));
    assert_eq!(entry.invalidity_date().unwrap(), Some(Time::from_unix(NOW - 5)));
    assert_eq!(entry.certificate_issuer().unwrap(), [GeneralName::Directory("CN=CA".parse().unwrap())]);
    assert_eq!(entry.extensions().count(), 3);
    assert!(!entry.has_unknown_critical());
}

#[test]
fn every_reason_is_written_read_and_named() {
    let names = [
        (Reason::Unspecified, "unspecified", "Unspecified"),
        (Reason::KeyCompromise, "keyCompromise", "Key Compromise"),
        (Reason::CaCompromise, "CACompromise", "CA Compromise"),
        (Reason::AffiliationChanged, "affiliationChanged", "Affiliation Changed"),
        (Reason::Superseded, "superseded", "Superseded"),
        (Reason::CessationOfOperation, "cessationOfOperation", "Cessation Of Operation"),
        (Reason::CertificateHold, "certificateHold", "Certificate Hold"),
        (Reason::RemoveFromCrl, "removeFromCRL", "Remove From CRL"),
        (Reason::PrivilegeWithdrawn, "privilegeWithdrawn", "Privilege Withdrawn"),
        (Reason::AaCompromise, "AACompromise", "AA Compromise"),
    ];
    for (reason, name, shown) in names {
        assert_eq!((name.parse::<Reason>().unwrap(), reason.to_string().as_str()), (reason, shown));
    }
    assert!("sevenCompromise".parse::<Reason>().is_err());
    let ca = make::ca("CN=CA");
    let mut issue = by(&ca);
    for (number, (reason, ..)) in
        (0..).zip(names).filter(|(_, (reason, ..))| *reason != Reason::RemoveFromCrl)
    {
        issue = issue.revoke(&serial(number), now(), reason);
    }
    let crl = issue.sign().unwrap();
    let read: Vec<Option<Reason>> = listed(&crl).into_iter().map(|(.., reason)| reason).collect();
    let others =
        names[1..].iter().map(|(reason, ..)| *reason).filter(|reason| *reason != Reason::RemoveFromCrl);
    assert_eq!(read, std::iter::once(None).chain(others.map(Some)).collect::<Vec<_>>());
    // Numbers that RFC 5280 section 5.3.1 does not have.
    for number in [7, 11, 0x80] {
        let list = List::by("CN=CA").entry(&[1], &[extension(REASON, false, &[10, 1, number])]);
        let crl = list.unsigned().unwrap();
        assert_eq!(crl.revoked().next().unwrap().reason().unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn a_pem_text_may_hold_several_crls() {
    let [one, two] = ["CN=One", "CN=Two"].map(|name| List::by(name).unsigned().unwrap());
    let text = format!("{}between\n{}", one.to_pem(), two.to_pem().replace("X509 CRL", "CRL"));
    assert_eq!(Crl::all_from_pem(&text).unwrap(), [one.clone(), two]);
    assert_eq!(Crl::from_pem(&text).unwrap(), one);
    let none = numbered("CN=CA", &[1]).to_pem();
    assert_eq!(Crl::from_pem(&none).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(Crl::all_from_pem(&none).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn serials_of_every_kind_are_found() {
    let serials: [&[u8]; 5] = [&[0], &[0xff], &[0, 0x80], &[0x80, 0], &[7; 40]];
    let mut list = List::by("CN=CA");
    list.entries = serials.iter().flat_map(|serial| entry(serial, &[])).collect();
    let crl = believed(&list.unsigned().unwrap());
    for serial in serials {
        let certificate = numbered("CN=CA", serial);
        let found = crl.find_certificate(&certificate).unwrap().unwrap();
        assert_eq!(found.serial(), certificate.serial());
    }
    assert!(crl.find_certificate(&numbered("CN=CA", &[1])).unwrap().is_none());
}

#[test]
fn a_crl_shows_all_that_is_in_it_and_draws_nothing() {
    let scope = tlv(0xa0, &[&tlv(0xa0, &[&tlv(0x86, &[b"http://example.org/\x1b[2J\n"])])]);
    let crl = List::by("CN=CA")
        .entry(
            &[1],
            &[extension(REASON, false, &[10, 1, 6]), extension("2.5.29.24", false, &generalized(NOW))],
        )
        .entry(&[2], &[extension(make::CERTIFICATE_ISSUER, true, &make::directory("CN=B"))])
        .entry(&[3], &[extension(REASON, false, &[10, 1, 7]), extension(make::UNKNOWN, true, b"\x01\x02")])
        .with(CRL_NUMBER, false, &[2, 2, 16, 0])
        .with(make::DELTA, true, &[2, 1, 9])
        .with(
            make::ISSUING_POINT,
            true,
            &sequence(&[&scope, &[0x81, 1, 0xff, 0x83, 2, 1, 0x50, 0x84, 1, 0xff]]),
        )
        .unsigned()
        .unwrap();
    let expected = "\
Certificate Revocation List (CRL):
    Version: 2
    Signature Algorithm: ecdsa-with-SHA256
    Issuer: CN=CA
    Last Update: 2026-01-01T00:00:00Z
    Next Update: 2026-01-02T00:00:00Z
    CRL extensions:
        X509v3 CRL Number:
            4096
        X509v3 Delta CRL Indicator: critical
            9
        X509v3 Issuing Distribution Point: critical
            Full Name: URI:http://example.org/\\u{1b}[2J\\n
            Only User Certificates
            Indirect CRL
            Only Some Reasons: Key Compromise, Affiliation Changed
    Revoked Certificates:
        Serial Number: 01
            Revocation Date: 2025-12-31T00:00:00Z
            CRL Reason Code: Certificate Hold
            Invalidity Date: 2026-01-01T00:00:00Z
        Serial Number: 02
            Revocation Date: 2025-12-31T00:00:00Z
            Certificate Issuer: critical DirName:CN=B
        Serial Number: 03
            Revocation Date: 2025-12-31T00:00:00Z
            CRL Reason Code: (not sound)
            1.3.6.1.4.1.99999.7: critical
                01:02
    Signature Algorithm: ecdsa-with-SHA256
    Signature Value:
        01:02:03";
    assert_eq!(crl.to_string(), expected);
    let mut empty = List::by("CN=CA");
    empty.times = vec![generalized(NOW)];
    let empty = empty.unsigned().unwrap().to_string();
    assert!(empty.contains("Next Update: NONE\n    No Revoked Certificates.\n"), "{empty}");
}
