//! RFC 9882 and RFC 9936: mail that was signed with ML-DSA, and encrypted to ML-KEM.
use bulla::PrivateKey;
use bulla::smime::{Expect, Opening, Trust, Verification};
use bulla::x509::{Certificate, Credential, Revocation, TrustAnchors};

use super::outcome;
use crate::published;

/// The PEM blocks of this kind in a text that has others and words between them.
fn blocks(text: &str, label: &str) -> Vec<String> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&begin) {
        let (inside, after) = after.split_once(&end).unwrap();
        all.push(format!("{begin}{inside}{end}\n"));
        rest = after;
    }
    all
}

/// The certificates of the examples, which sign for themselves.
fn certificates() -> Option<Vec<Certificate>> {
    let folder = published::folder("pq-certs/cert/mldsa")?;
    let of = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        Certificate::from_pem(&blocks(&text, "CERTIFICATE")[0]).unwrap()
    };
    Some(["ML-DSA-44.pem", "ML-DSA-65.pem", "ML-DSA-87.pem"].map(of).to_vec())
}

/// What the signature in a text is over: no mail, but a line.
fn signed(text: &str, trust: &Trust<'_>) -> String {
    let all = blocks(text, "CMS");
    let outcomes = all.iter().map(|pem| {
        let mut out = Vec::new();
        let verification = Verification::new(trust, Expect::AnyTrustedSigner);
        match verification.stream(pem.as_bytes(), &mut out) {
            Ok(verified) => {
                assert_eq!(out, content(&verified.by().algorithm().to_string()));
                format!("signed by {}", verified.by().algorithm())
            }
            Err(error) => format!("refused: {}", outcome::why(&error)),
        }
    });
    outcomes.collect::<Vec<_>>().join(", ")
}

fn content(algorithm: &str) -> Vec<u8> {
    format!("{algorithm} signed-data example with signed attributes").into_bytes()
}

const MLDSA: &[(&str, &str)] = &[
    ("mldsa44-signed-attrs.pem", "signed by ML-DSA-44"),
    ("mldsa44-signed-attrs.txt", "no mail: the same in words"),
    ("mldsa65-signed-attrs.pem", "signed by ML-DSA-65"),
    ("mldsa65-signed-attrs.txt", "no mail: the same in words"),
    ("mldsa87-signed-attrs.pem", "signed by ML-DSA-87"),
    ("mldsa87-signed-attrs.txt", "no mail: the same in words"),
];

#[test]
fn every_file_of_mldsa_cms_is_accounted_for() {
    let (Some(folder), Some(all)) = (published::folder("mldsa-cms"), certificates()) else { return };
    let anchors = TrustAnchors::new(all.clone()).unwrap();
    let trust = Trust::new(&anchors, Revocation::IfGiven).intermediates(all);
    outcome::check(&folder, MLDSA, |name, bytes| match name.rsplit('.').next() {
        Some("pem") => signed(std::str::from_utf8(bytes).unwrap(), &trust),
        _ => "no mail: the same in words".to_owned(),
    });
}

const PQ_CMS: &[(&str, &str)] = &[
    ("SignedData_ML-DSA-44.pem", "signed by ML-DSA-44"),
    ("SignedData_ML-DSA-65.pem", "signed by ML-DSA-65"),
    ("SignedData_ML-DSA-87.pem", "signed by ML-DSA-87"),
];

#[test]
fn every_signed_file_of_pq_certs_is_accounted_for() {
    let (Some(folder), Some(all)) = (published::folder("pq-certs/cms/mldsa"), certificates()) else { return };
    let anchors = TrustAnchors::new(all.clone()).unwrap();
    let trust = Trust::new(&anchors, Revocation::IfGiven).intermediates(all);
    outcome::check(&folder, PQ_CMS, |_, bytes| signed(std::str::from_utf8(bytes).unwrap(), &trust));
}

const PQ_CERTS: [(&str, &[(&str, &str)]); 3] = [
    (
        "mldsa",
        &[
            ("ML-DSA-44.pem", "keys: ML-DSA-44; certificates: ML-DSA-44"),
            ("ML-DSA-65.pem", "keys: ML-DSA-65; certificates: ML-DSA-65"),
            ("ML-DSA-87.pem", "keys: ML-DSA-87; certificates: ML-DSA-87"),
        ],
    ),
    (
        "mlkem",
        &[
            ("ML-KEM-1024.pem", "keys: ML-KEM-1024; certificates: ML-KEM-1024"),
            ("ML-KEM-512.pem", "keys: ML-KEM-512; certificates: ML-KEM-512"),
            ("ML-KEM-768.pem", "keys: ML-KEM-768; certificates: ML-KEM-768"),
        ],
    ),
    ("slhdsa", &[("SLH-DSA-SHA2-128S.pem", "keys: Unsupported; certificates: Unsupported")]),
];

#[test]
fn every_certificate_of_pq_certs_is_accounted_for() {
    let Some(folder) = published::folder("pq-certs/cert") else { return };
    for (kind, table) in PQ_CERTS {
        outcome::check(&folder.join(kind), table, |_, bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let keys = blocks(&text, "PRIVATE KEY").into_iter().map(|pem| {
                let key = PrivateKey::from_pem(&pem, || bulla::Passphrase::new("none"));
                key.map_or_else(|error| format!("{:?}", error.kind()), |key| key.kind().to_string())
            });
            let certificates = blocks(&text, "CERTIFICATE").into_iter().map(|pem| {
                let key = Certificate::from_pem(&pem).and_then(|certificate| certificate.public_key());
                key.map_or_else(|error| format!("{:?}", error.kind()), |key| key.kind().to_string())
            });
            let (keys, certificates): (Vec<_>, Vec<_>) = (keys.collect(), certificates.collect());
            format!("keys: {}; certificates: {}", keys.join(", "), certificates.join(", "))
        });
    }
}

const MLKEM: &[(&str, &str)] = &[
    ("ML-KEM-512-both.priv", "opens the mail: Hello, world!"),
    ("ML-KEM-512-expanded.priv", "opens the mail: Hello, world!"),
    ("ML-KEM-512-seed.priv", "opens the mail: Hello, world!"),
    ("ML-KEM-512.cms", "the mail"),
    ("ML-KEM-512.cms.txt", "no mail: what comes between"),
    ("ML-KEM-512.pem", "a certificate of CN=ML-KEM-512,ST=Bliss,C=PT"),
    ("cek.txt", "no mail: what comes between"),
    ("ciphertext.txt", "no mail: what comes between"),
    ("decrypted.txt", "no mail: what comes between"),
    ("encrypted_cek.txt", "no mail: what comes between"),
    ("kek.txt", "no mail: what comes between"),
    ("mldsa65RootCA.pem", "a certificate of CN=ML-DSA-65 Root Cert,ST=Bliss,C=PT"),
    ("mldsa65RootCA.priv", "a key of ML-DSA-65, and not the reader's"),
    ("ori_info.txt", "no mail: what comes between"),
    ("plaintext.txt", "no mail: what comes between"),
    ("shared_secret.txt", "no mail: what comes between"),
];

#[test]
fn every_file_of_mlkem_cms_is_accounted_for() {
    let Some(folder) = published::folder("mlkem-cms") else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let certificate = Certificate::from_pem(&read("ML-KEM-512.pem")).unwrap();
    let mail = read("ML-KEM-512.cms");
    outcome::check(&folder, MLKEM, |name, bytes| match name.rsplit('.').next() {
        Some("priv") => {
            let pem = String::from_utf8(bytes.to_vec()).unwrap();
            let key = match PrivateKey::from_pem(&pem, || bulla::Passphrase::new("none")) {
                Ok(key) => key,
                Err(error) => return format!("refused: {}", outcome::why(&error)),
            };
            let kind = key.kind();
            let Ok(credential) = Credential::new(key, [certificate.clone()]) else {
                return format!("a key of {kind}, and not the reader's");
            };
            let mut out = Vec::new();
            match Opening::with(&credential).stream(mail.as_bytes(), &mut out) {
                Ok(_) => format!("opens the mail: {}", String::from_utf8(out).unwrap()),
                Err(error) => format!("refused: {}", outcome::why(&error)),
            }
        }
        Some("cms") => "the mail".to_owned(),
        Some("pem") => format!("a certificate of {}", Certificate::from_pem(&read(name)).unwrap().subject()),
        _ => "no mail: what comes between".to_owned(),
    });
}
