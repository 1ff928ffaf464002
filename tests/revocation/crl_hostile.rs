//! CRLs of whoever means harm: lengths, repetitions, great numbers. An error, and never a panic or endless work.
use bulla::ErrorKind;
use bulla::x509::Crl;

use super::make::{
    BIT_STRING, CERTIFICATE_ISSUER, CRL_NUMBER, Draft, ISSUING_POINT, List, NOW, OCTET_STRING, REASON,
    SEQUENCE, UNKNOWN, algorithm, believed, entry, extension, generalized, numbered, oid, p256, sequence,
    sign, tlv,
};

fn kind(der: &[u8]) -> ErrorKind {
    Crl::from_der(der).unwrap_err().kind()
}

fn full() -> List {
    List::by("CN=CA")
        .entry(&[1], &[extension(REASON, false, &[10, 1, 1])])
        .entry(&[2], &[])
        .with(CRL_NUMBER, false, &[2, 1, 1])
        .with(ISSUING_POINT, true, &sequence(&[&[0x81, 1, 0xff]]))
}

/// Everything that can be asked of a CRL.
fn ask(crl: &Crl) {
    let _ = (crl.this_update(), crl.next_update(), crl.number(), crl.delta_base(), crl.freshest_crl());
    let _ = (crl.issuing_distribution_point(), crl.authority_key_identifier(), crl.signature_algorithm());
    let _ = (crl.extensions().count(), crl.is_delta(), crl.has_unknown_critical(), crl.issuer().to_string());
    for entry in crl.revoked().take(100) {
        let _ = (entry.at(), entry.reason(), entry.invalidity_date(), entry.certificate_issuer());
        let _ = entry.extensions().count();
    }
}

#[test]
fn a_crl_cut_short_or_with_something_behind_it_is_refused() {
    let der = full().unsigned().unwrap().as_der().to_vec();
    for end in 0..der.len() {
        assert_eq!(kind(&der[..end]), ErrorKind::Malformed, "{end}");
    }
    assert_eq!(kind(&[&der[..], &[0]].concat()), ErrorKind::Malformed);
}

#[test]
fn whatever_byte_is_changed_nothing_panics_and_what_reads_is_written_as_it_came() {
    let der = full().unsigned().unwrap().as_der().to_vec();
    let key = p256();
    let ca = Draft::ca("CN=CA").sign(&key, &key);
    let (mut read, mut looked_up) = (0, 0);
    for at in 0..der.len() {
        for value in [0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut changed = der.clone();
            changed[at] = value;
            if let Ok(crl) = Crl::from_der(&changed) {
                assert_eq!(crl.as_der(), changed);
                ask(&crl);
                read += 1;
                let signed = Crl::from_der(&sequence(&[&sign(crl.as_signed(), &key)])).unwrap();
                if let Ok(crl) = signed.verify(&ca) {
                    for entry in crl.get().revoked() {
                        let _ = crl.find(&entry.serial());
                    }
                    looked_up += 1;
                }
            }
        }
    }
    assert!(read > 100, "{read} of the changed ones can be read at all");
    assert!(looked_up > 100, "{looked_up} of them are of the CA's name");
}

#[test]
fn ber_is_refused() {
    let der = full().unsigned().unwrap().as_der().to_vec();
    assert_eq!(der[1], 0x81, "the length has two bytes");
    let indefinite = [&[SEQUENCE, 0x80][..], &der[3..], &[0, 0]].concat();
    let longer_length = [&[SEQUENCE, 0x82, 0], &der[2..]].concat();
    assert_eq!([kind(&indefinite), kind(&longer_length)], [ErrorKind::Malformed; 2]);
    // A serial number in more bytes than it needs would not be found.
    for serial in [&[0, 1][..], &[0xff, 0x80], &[]] {
        let list = List::by("CN=CA").entry(serial, &[]);
        assert_eq!(list.unsigned().unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn one_odd_entry_does_not_hide_those_behind_it() {
    let unsound: [&[u8]; 5] = [&[0x31, 0], &[SEQUENCE, 0], &[5, 0], &[SEQUENCE, 3, 2, 1, 9], &[0xff]];
    for odd in unsound {
        let mut list = List::by("CN=CA").entry(&[1], &[]);
        list.entries.extend_from_slice(odd);
        list.entries.extend(entry(&[2], &[]));
        assert_eq!(list.unsigned().unwrap_err().kind(), ErrorKind::Malformed, "{odd:02x?}");
    }
    // A date that is none, on the other hand, refuses itself alone.
    let mut list = List::by("CN=CA").entry(&[1], &[]);
    list.entries.extend(sequence(&[&[2, 1, 2], &tlv(24, &[b"20261332000000Z"])]));
    let crl = list.entry(&[3], &[]).unsigned().unwrap();
    assert_eq!(crl.revoked().map(|entry| entry.at().is_ok()).collect::<Vec<_>>(), [true, false, true]);
    assert!(believed(&crl).find_certificate(&numbered("CN=CA", &[2])).unwrap().is_some());
}

#[test]
fn an_extension_of_the_crl_that_is_there_twice_is_refused_when_it_is_asked_for() {
    let number = |value| (CRL_NUMBER, [2, 1, value]);
    let mut list = List::by("CN=CA");
    for (id, value) in [number(1), number(2)] {
        list = list.with(id, false, &value);
    }
    let scope = sequence(&[&[0x82, 1, 0xff]]);
    list = list.with(ISSUING_POINT, true, &sequence(&[])).with(ISSUING_POINT, true, &scope);
    let crl = list.unsigned().unwrap();
    assert_eq!(crl.number().unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(crl.issuing_distribution_point().unwrap_err().kind(), ErrorKind::Malformed);
    let error = believed(&crl).find_certificate(&numbered("CN=CA", &[1])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn a_million_entries_are_read_and_searched_in_one_go() {
    let serial = |number: u32| [&[1][..], &number.to_be_bytes()].concat();
    let mut list = List::by("CN=CA");
    let reason = [extension(REASON, false, &[10, 1, 1])];
    for number in 0..1_000_000 {
        list.entries.extend(entry(&serial(number), &reason));
    }
    let crl = list.unsigned().unwrap();
    assert_eq!(crl.revoked().count(), 1_000_000);
    let crl = believed(&crl);
    let last = crl.find_certificate(&numbered("CN=CA", &serial(999_999))).unwrap().unwrap();
    assert_eq!(last.serial().as_bytes(), serial(999_999));
    assert!(crl.find_certificate(&numbered("CN=CA", &serial(1_000_000))).unwrap().is_none());
}

/// Four thousand long names, and 150 000 entries to which they carry over, all with the number that is looked for: if
/// each were compared with each, this test would take days.
#[test]
fn an_issuer_that_carries_over_is_compared_once() {
    let long: Vec<Vec<u8>> = (0..4000u16)
        .map(|number| {
            let text = [&number.to_be_bytes().map(|byte| b'A' + byte % 26)[..], &[b'X'; 200]].concat();
            let attribute = sequence(&[&oid("2.5.4.10"), &tlv(12, &[&text])]);
            tlv(0xa4, &[&sequence(&[&tlv(0x31, &[&attribute])])])
        })
        .collect();
    let issuer = extension(CERTIFICATE_ISSUER, true, &sequence(&[&long.concat()]));
    let mut list = List::by("CN=CA").entry(&[1], &[issuer]);
    for _ in 0..150_000 {
        list.entries.extend(entry(&[1], &[]));
    }
    let crl = list.with(ISSUING_POINT, true, &sequence(&[&[0x84, 1, 0xff]])).unsigned().unwrap();
    assert!(believed(&crl).find(&numbered("CN=CA", &[1]).serial()).unwrap().is_none());
}

/// A CRL of so many bytes, most of them in an extension that nobody knows.
fn of_length(length: usize) -> Vec<u8> {
    // Five bytes for each long length: tag, count, three or four digits. All are padded to four.
    let header = |tag: u8, length: usize| {
        let digits = u32::try_from(length).unwrap().to_be_bytes();
        [&[tag, 0x84][..], &digits].concat()
    };
    let small = sequence(&[]);
    let before = [&[2, 1, 1][..], &algorithm(), &small, &generalized(NOW)].concat();
    let id = oid(UNKNOWN);
    let after = [&algorithm()[..], &tlv(BIT_STRING, &[&[0, 1]])].concat();
    let value = length - 6 * 6 - before.len() - id.len() - after.len();
    let extension = id.len() + 6 + value;
    let to_be_signed = before.len() + 6 + 6 + 6 + extension;
    let mut der = header(SEQUENCE, 6 + to_be_signed + after.len());
    der.reserve_exact(length);
    for part in [
        header(SEQUENCE, to_be_signed),
        before,
        header(0xa0, 6 + 6 + extension),
        header(SEQUENCE, 6 + extension),
        header(SEQUENCE, extension),
        id,
        header(OCTET_STRING, value),
    ] {
        der.extend(part);
    }
    der.resize(der.len() + value, 0);
    der.extend(after);
    assert_eq!(der.len(), length);
    der
}

#[test]
fn crls_have_256_mib_and_no_more() {
    const MOST: usize = 256 << 20;
    let crl = Crl::from_der(&of_length(MOST)).unwrap();
    assert_eq!((crl.as_der().len(), crl.extensions().count()), (MOST, 1));
    drop(crl);
    assert_eq!(kind(&of_length(MOST + 1)), ErrorKind::OverLimit);
}

#[test]
fn an_entry_has_at_most_256_extensions() {
    let extensions = vec![extension(UNKNOWN, false, &[5, 0]); 256];
    let list = |count: usize| List::by("CN=CA").entry(&[1], &vec![extensions[0].clone(); count]).unsigned();
    assert_eq!(list(256).unwrap().revoked().next().unwrap().extensions().count(), 256);
    assert_eq!(list(257).unwrap_err().kind(), ErrorKind::Malformed);
}
