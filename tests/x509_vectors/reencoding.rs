//! What a certificate tells of itself is all there is: put together again by hand, its parts are the same bytes.
use std::fs;
use std::path::{Path, PathBuf};

use bulla::Time;
use bulla::x509::{Certificate, Extension, Oid};

use super::certificates::read;
use super::facts::{self, Kind};
use crate::pyca;

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

#[test]
fn every_certificate_of_the_system_is_its_parts() {
    let Ok(text) = fs::read_to_string(BUNDLE) else {
        let required = std::env::var("BULLA_PEERS").is_ok_and(|peers| peers == "required");
        assert!(!required, "{BUNDLE} is required and not there; install ca-certificates");
        return;
    };
    let all = Certificate::all_from_pem(&text).unwrap();
    assert_eq!(all.len(), text.matches("-----BEGIN CERTIFICATE-----").count());
    for certificate in &all {
        assert!(!certificate.subject().to_string().is_empty());
        check_pem(certificate);
        assert!(is_its_parts(certificate), "{}", certificate.subject());
        for extension in certificate.extensions() {
            extension.decode().unwrap_or_else(|error| panic!("{}: {error}", certificate.subject()));
        }
    }
}

/// Of PKITS: what its parts cannot show, and why.
const MORE_THAN_PARTS: &[(&str, &str)] = &[
    ("BadSignedCACert.crt", "a signature whose last byte is not whole"),
    ("InvalidDSASignatureTest6EE.crt", "a signature whose last byte is not whole"),
    ("UIDCACert.crt", "subjectUniqueID"),
    ("ValidNameUIDsTest6EE.crt", "issuerUniqueID"),
];

#[test]
fn every_certificate_of_pkits_is_its_parts() {
    let Some(folder) = pyca::vectors("x509/PKITS_data/certs") else { return };
    let mut more = Vec::new();
    for path in files(&folder) {
        let certificate = read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(certificate.as_der(), fs::read(&path).unwrap(), "{}", path.display());
        if !is_its_parts(&certificate) {
            more.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    more.sort();
    assert_eq!(more, MORE_THAN_PARTS.iter().map(|(file, _)| *file).collect::<Vec<_>>());
}

#[test]
fn every_odd_certificate_is_kept_as_it_came_or_refused_by_name() {
    let Some(root) = pyca::vectors("x509") else { return };
    let refused = facts::of(Kind::Certificate).into_iter().filter(|fact| fact.field == "reads");
    let refused: Vec<PathBuf> = refused.map(|fact| pyca::vectors(fact.file).unwrap()).collect();
    let folders = ["", "custom", "custom/ca", "ed25519", "ed448"].map(|folder| root.join(folder));
    let mut count = 0;
    for path in folders.iter().flat_map(|folder| files(folder)) {
        let file = path.file_name().unwrap().to_str().unwrap();
        if file.starts_with("crl_") || file.ends_with("_crl.pem") || file.ends_with("key.pem") {
            continue;
        }
        let read = read(&path);
        assert_eq!(read.is_err(), refused.contains(&path), "{}: {read:?}", path.display());
        if let Ok(certificate) = read {
            check_pem(&certificate);
            count += 1;
        }
    }
    assert!(count > 120, "{count}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

fn check_pem(certificate: &Certificate) {
    let again = Certificate::from_pem(&certificate.to_pem()).unwrap();
    assert_eq!(again.as_der(), certificate.as_der());
    assert_eq!(again.fingerprint(), certificate.fingerprint());
}

/// Some write dates before 2050 as `GeneralizedTime`, against RFC 5280 section 4.1.2.5: either form will do.
fn is_its_parts(certificate: &Certificate) -> bool {
    let forms = [[false; 2], [true; 2], [true, false], [false, true]];
    forms.iter().any(|generalized| put_together(certificate, *generalized) == certificate.as_der())
}

/// A certificate made of what the accessors say (RFC 5280 section 4.1), by an encoder that knows nothing of bulla's.
fn put_together(certificate: &Certificate, generalized: [bool; 2]) -> Vec<u8> {
    // The algorithm has no accessor for its bytes: it stands between what is signed and the signature.
    let signature = tlv(0x03, &[&[0], certificate.signature()]);
    let inside = &certificate.as_der()[4..];
    let algorithm = &inside[certificate.as_signed().len()..inside.len() - signature.len()];

    let version = tlv(0xa0, &[&tlv(0x02, &[&[u8::try_from(certificate.version() - 1).unwrap()]])]);
    let version = if certificate.version() == 1 { Vec::new() } else { version };
    let (issuer, subject, serial) = (certificate.issuer(), certificate.subject(), certificate.serial());
    let not_before = time(certificate.not_before().unwrap(), generalized[0]);
    let not_after = time(certificate.not_after().unwrap(), generalized[1]);
    let extensions: Vec<Vec<u8>> = certificate.extensions().map(|each| extension(&each)).collect();
    let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
    let extensions = tlv(0xa3, &[&tlv(0x30, &extensions)]);
    let extensions = if certificate.extensions().next().is_none() { Vec::new() } else { extensions };
    let parts = [
        &version[..],
        &tlv(0x02, &[serial.as_bytes()]),
        algorithm,
        issuer.as_der(),
        &tlv(0x30, &[&not_before, &not_after]),
        subject.as_der(),
        certificate.public_key_info(),
        &extensions,
    ];
    tlv(0x30, &[&tlv(0x30, &parts), algorithm, &signature])
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = value.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let header = match value.len() {
        short @ 0..0x80 => vec![tag, u8::try_from(short).unwrap()],
        _ => [&[tag, 0x80 | u8::try_from(length.len()).unwrap()], length].concat(),
    };
    [header, value].concat()
}

fn time(time: Time, generalized: bool) -> Vec<u8> {
    let digits: String = time.to_string().chars().filter(char::is_ascii_digit).chain(['Z']).collect();
    if generalized { tlv(0x18, &[digits.as_bytes()]) } else { tlv(0x17, &[&digits.as_bytes()[2..]]) }
}

fn extension(extension: &Extension) -> Vec<u8> {
    let critical = if extension.is_critical() { tlv(0x01, &[&[0xff]]) } else { Vec::new() };
    tlv(0x30, &[&oid(extension.id()), &critical, &tlv(0x04, &[extension.value()])])
}

/// X.690 section 8.19.
fn oid(oid: &Oid) -> Vec<u8> {
    let arcs: Vec<u128> = oid.to_string().split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut value = Vec::new();
    for arc in std::iter::once(&(40 * arcs[0] + arcs[1])).chain(&arcs[2..]) {
        let groups = (0..19).rev().map(|group| u8::try_from(arc >> (7 * group) & 0x7f).unwrap());
        let mut groups: Vec<u8> = groups.skip_while(|group| *group == 0).collect();
        let last = groups.pop().unwrap_or(0);
        value.extend(groups.iter().map(|group| 0x80 | group));
        value.push(last);
    }
    tlv(0x06, &[&value])
}
