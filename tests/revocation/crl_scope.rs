//! What a CRL is about: only of that does its silence say anything.
use bulla::ErrorKind;
use bulla::x509::{Certificate, Crl, GeneralName, RevocationReason};

use super::make::{
    self, CERTIFICATE_ISSUER, CRL_POINTS, DELTA, Draft, ISSUING_POINT, List, REASON, directory, extension,
    numbered, p256, sequence, tlv,
};

/// Whether it is listed, or the kind of the error.
fn listed(crl: &Crl, certificate: &Certificate) -> Result<bool, ErrorKind> {
    make::believed(crl)
        .find_certificate(certificate)
        .map(|found| found.is_some())
        .map_err(|error| error.kind())
}

/// A list of number 1 with this issuing distribution point.
fn scoped(fields: &[&[u8]]) -> Crl {
    List::by("CN=CA").entry(&[1], &[]).with(ISSUING_POINT, true, &sequence(fields)).unsigned().unwrap()
}

fn uri(uri: &str) -> Vec<u8> {
    tlv(0xa0, &[&tlv(0xa0, &[&tlv(0x86, &[uri.as_bytes()])])])
}

const CANNOT_SAY: Result<bool, ErrorKind> = Err(ErrorKind::Undetermined);

#[test]
fn a_delta_crl_is_never_taken_for_a_whole_one() {
    let [one, two] = [[1], [2]].map(|serial| numbered("CN=CA", &serial));
    let list = List::by("CN=CA").entry(&[1], &[]);
    assert_eq!(
        [&one, &two].map(|certificate| listed(&list.unsigned().unwrap(), certificate)),
        [Ok(true), Ok(false)]
    );
    // Critical or not, sound or not, once or twice.
    for delta in [
        list.clone().with(DELTA, true, &[2, 1, 5]),
        list.clone().with(DELTA, false, &[2, 1, 5]),
        list.clone().with(DELTA, true, b"nonsense"),
        list.clone().with(DELTA, true, &[]),
        list.clone().with(DELTA, true, &[2, 1, 5]).with(DELTA, true, &[2, 1, 5]),
    ] {
        let crl = delta.unsigned().unwrap();
        assert!(crl.is_delta());
        for certificate in [&one, &two] {
            assert_eq!(listed(&crl, certificate), CANNOT_SAY);
            assert_eq!(
                make::believed(&crl).find(&certificate.serial()).unwrap_err().kind(),
                ErrorKind::Undetermined
            );
        }
        assert_eq!(crl.revoked().count(), 1, "what it lists is to be seen");
    }
    let delta = list.with(DELTA, true, &[2, 1, 5]).unsigned().unwrap();
    assert_eq!(delta.delta_base().unwrap(), Some(5.into()));
}

#[test]
fn a_crl_with_an_unknown_critical_extension_says_nothing() {
    let [one, two] = [[1], [2]].map(|serial| numbered("CN=CA", &serial));
    let list = List::by("CN=CA").entry(&[1], &[]);
    for unknown in [
        list.clone().with(make::UNKNOWN, true, &[5, 0]),
        list.clone().entry(&[3], &[extension(make::UNKNOWN, true, &[5, 0])]),
    ] {
        let crl = unknown.unsigned().unwrap();
        assert!(crl.has_unknown_critical());
        assert_eq!([&one, &two].map(|certificate| listed(&crl, certificate)), [CANNOT_SAY; 2]);
    }
    let known = list.with(make::UNKNOWN, false, &[5, 0]).with(make::CRL_NUMBER, true, &[2, 1, 1]);
    let known = known.entry(&[3], &[extension(REASON, true, &[10, 1, 1])]).unsigned().unwrap();
    assert!(!known.has_unknown_critical());
    assert_eq!(listed(&known, &one), Ok(true));
}

#[test]
fn an_entry_with_an_extension_twice_spoils_the_list() {
    let reason = |number| extension(REASON, false, &[10, 1, number]);
    let crl = List::by("CN=CA").entry(&[1], &[]).entry(&[2], &[reason(8), reason(1)]).unsigned().unwrap();
    assert_eq!(listed(&crl, &numbered("CN=CA", &[1])), Err(ErrorKind::Malformed));
    let entry = crl.revoked().nth(1).unwrap();
    assert_eq!(entry.reason().unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_crl_is_about_its_issuers_certificates() {
    let crl = List::by("CN=CA").entry(&[1], &[]).unsigned().unwrap();
    assert_eq!(listed(&crl, &numbered("CN=ca", &[1])), Ok(true));
    for serial in [[1], [2]] {
        assert_eq!(listed(&crl, &numbered("CN=Another", &serial)), CANNOT_SAY);
    }
}

#[test]
fn a_crl_may_be_about_one_kind_of_certificates() {
    let user = numbered("CN=CA", &[1]);
    let other_user = numbered("CN=CA", &[2]);
    let mut draft = Draft::ca("CN=Sub").serial(&[1]);
    draft.issuer = "CN=CA".to_owned();
    let authority = draft.sign(&p256(), &p256());
    let all = [&user, &other_user, &authority];
    let judged = |fields: &[&[u8]]| all.map(|certificate| listed(&scoped(fields), certificate));
    assert_eq!(judged(&[]), [Ok(true), Ok(false), Ok(true)]);
    assert_eq!(judged(&[&[0x81, 1, 0xff]]), [Ok(true), Ok(false), CANNOT_SAY]);
    assert_eq!(judged(&[&[0x82, 1, 0xff]]), [CANNOT_SAY, CANNOT_SAY, Ok(true)]);
    assert_eq!(judged(&[&[0x85, 1, 0xff]]), [CANNOT_SAY; 3]);
    // For some reasons only: who is listed is revoked, and who is not may be revoked for others.
    assert_eq!(judged(&[&[0x83, 2, 1, 0x40]]), [Ok(true), CANNOT_SAY, Ok(true)]);
}

#[test]
fn a_crl_of_a_distribution_point_is_about_certificates_that_name_it() {
    let with_point = |point: &[u8]| {
        let draft = Draft::new("CN=somebody", "CN=CA").serial(&[1]);
        draft.with(CRL_POINTS, &sequence(&[&sequence(&[point])])).sign(&p256(), &p256())
    };
    let (here, there) = ("http://example.org/1.crl", "http://example.org/2.crl");
    let crl = scoped(&[&uri(here)]);
    assert_eq!(listed(&crl, &with_point(&uri(here))), Ok(true));
    assert_eq!(listed(&crl, &with_point(&uri(there))), CANNOT_SAY);
    assert_eq!(listed(&crl, &numbered("CN=CA", &[1])), CANNOT_SAY);
    // Of another CRL issuer's point of the same name.
    let others = [&uri(here)[..], &tlv(0xa2, &[&directory("CN=Another")[2..]])].concat();
    assert_eq!(listed(&crl, &with_point(&others)), CANNOT_SAY);
    let relative = tlv(0xa0, &[&tlv(0xa1, &[&sequence(&[&make::oid("2.5.4.3"), &tlv(12, &[b"x"])])])]);
    assert_eq!(listed(&scoped(&[&relative]), &with_point(&uri(here))), CANNOT_SAY);
}

fn names(issuer: &str) -> Vec<u8> {
    extension(CERTIFICATE_ISSUER, true, &directory(issuer))
}

/// 1 is the CRL issuer's own; 2 and 3 are B's, and the next two C's.
fn indirect() -> List {
    List::by("CN=CA")
        .entry(&[1], &[])
        .entry(&[2], &[names("CN=B")])
        .entry(&[3], &[extension(REASON, false, &[10, 1, 1])])
        .entry(&[2], &[names("CN=C")])
        .entry(&[1], &[])
}

/// Issued by somebody who lets CN=CA sign the CRLs.
fn entrusted(issuer: &str, serial: u8) -> Certificate {
    let point = tlv(0xa2, &[&directory("CN=CA")[2..]]);
    let draft = Draft::new("CN=somebody", issuer).serial(&[serial]);
    draft.with(CRL_POINTS, &sequence(&[&sequence(&[&point])])).sign(&p256(), &p256())
}

#[test]
fn in_an_indirect_crl_the_issuer_carries_over() {
    let crl = indirect().with(ISSUING_POINT, true, &sequence(&[&[0x84, 1, 0xff]])).unsigned().unwrap();
    let issuers: Vec<String> = crl
        .revoked()
        .map(|entry| match &entry.certificate_issuer().unwrap()[..] {
            [GeneralName::Directory(name)] => name.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(issuers, ["CN=CA", "CN=B", "CN=B", "CN=C", "CN=C"]);
    let judged = |issuer, serial| listed(&crl, &entrusted(issuer, serial));
    assert_eq!([1, 2, 3].map(|serial| judged("CN=CA", serial)), [Ok(true), Ok(false), Ok(false)]);
    assert_eq!([1, 2, 3].map(|serial| judged("CN=B", serial)), [Ok(false), Ok(true), Ok(true)]);
    assert_eq!([1, 2, 3].map(|serial| judged("CN=C", serial)), [Ok(true), Ok(true), Ok(false)]);
    // By number alone, the CRL issuer's own.
    assert!(make::believed(&crl).find(&numbered("CN=B", &[3]).serial()).unwrap().is_none());
    // Whoever does not say that CN=CA signs its CRLs has not said so.
    assert_eq!(listed(&crl, &numbered("CN=B", &[2])), CANNOT_SAY);
}

#[test]
fn entries_of_other_issuers_need_an_indirect_crl() {
    for crl in [
        indirect(),
        indirect().with(ISSUING_POINT, true, &sequence(&[])),
        indirect().with(ISSUING_POINT, true, &sequence(&[&[0x84, 1, 0]])),
    ] {
        let crl = crl.unsigned().unwrap();
        for serial in [1, 9] {
            assert_eq!(listed(&crl, &numbered("CN=CA", &[serial])), Err(ErrorKind::Malformed));
        }
    }
}

#[test]
fn an_issuer_that_cannot_be_read_spoils_what_it_carries_over_to() {
    let nonsense = extension(CERTIFICATE_ISSUER, true, b"nonsense");
    let list = List::by("CN=CA").entry(&[1], &[]).entry(&[2], &[nonsense]).entry(&[3], &[]);
    let crl = list.with(ISSUING_POINT, true, &sequence(&[&[0x84, 1, 0xff]])).unsigned().unwrap();
    let judged = [1, 2, 3, 4].map(|serial| listed(&crl, &numbered("CN=CA", &[serial])));
    assert_eq!(judged, [Ok(true), Err(ErrorKind::Malformed), Err(ErrorKind::Malformed), Ok(false)]);
}

#[test]
fn an_entry_that_revokes_counts_more_than_one_that_takes_back() {
    let reason = |number| [extension(REASON, false, &[10, 1, number])];
    let list = |first, second| List::by("CN=CA").entry(&[1], &reason(first)).entry(&[1], &reason(second));
    for (first, second, counts) in [
        (8, 1, RevocationReason::KeyCompromise),
        (1, 8, RevocationReason::KeyCompromise),
        (8, 8, RevocationReason::RemoveFromCrl),
    ] {
        let crl = list(first, second).unsigned().unwrap();
        let crl = make::believed(&crl);
        let found = crl.find_certificate(&numbered("CN=CA", &[1])).unwrap().unwrap();
        assert_eq!(found.reason().unwrap(), Some(counts));
    }
}
