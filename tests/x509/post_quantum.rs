//! Post-quantum certificates that others made: the examples of RFC 9881, 9935 and 9909, and of the drafts of CMS.
use std::path::Path;

use bulla::x509::{Certificate, Purpose, Revocation, TrustAnchors, Validation};
use bulla::{ErrorKind, KeyKind, Result};

use crate::published;

fn certificate(path: &Path) -> Certificate {
    Certificate::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What a validation says on the first day of the certificate.
fn judged(certificate: &Certificate, anchor: &Certificate) -> Result<()> {
    let validation = Validation::new(Purpose::Any, Revocation::Off).at(certificate.not_before().unwrap());
    validation.validate(certificate, &TrustAnchors::new([anchor.clone()]).unwrap()).map(drop)
}

#[test]
fn ml_dsa_certificates_of_the_rfc_are_read_and_signed_as_they_say() {
    let Some(folder) = published::folder("pq-certs/cert/mldsa") else { return };
    for (name, kind) in
        [("ML-DSA-44", KeyKind::MlDsa44), ("ML-DSA-65", KeyKind::MlDsa65), ("ML-DSA-87", KeyKind::MlDsa87)]
    {
        let certificate = certificate(&folder.join(format!("{name}.pem")));
        let key = certificate.public_key().unwrap();
        assert_eq!(
            (key.kind(), certificate.signature_algorithm().unwrap().to_string()),
            (kind, name.to_owned())
        );
        assert!(certificate.is_self_issued());
        assert!(key.verify_plain(certificate.as_signed(), certificate.signature()).is_ok(), "{name}");
        assert!(judged(&certificate, &certificate).is_ok(), "{name}");
    }
}

#[test]
fn ml_kem_certificates_of_the_rfc_lead_to_ml_dsa_roots() {
    let Some(folder) = published::folder("pq-certs/cert") else { return };
    let roots = ["44", "65", "87"].map(|set| certificate(&folder.join(format!("mldsa/ML-DSA-{set}.pem"))));
    for (set, kind, own) in
        [("512", KeyKind::MlKem512, 0), ("768", KeyKind::MlKem768, 1), ("1024", KeyKind::MlKem1024, 2)]
    {
        let leaf = certificate(&folder.join(format!("mlkem/ML-KEM-{set}.pem")));
        assert_eq!(leaf.public_key().unwrap().kind(), kind);
        for (number, root) in roots.iter().enumerate() {
            let said = judged(&leaf, root).map_err(|error| error.kind());
            // All roots have one name: the key decides.
            let expected = if number == own { Ok(()) } else { Err(ErrorKind::Untrusted) };
            assert_eq!(said, expected, "ML-KEM-{set} by {}", root.subject());
        }
    }
}

#[test]
fn the_recipient_of_the_cms_example_leads_to_its_root() {
    let Some(folder) = published::folder("mlkem-cms") else { return };
    let [leaf, root] = ["ML-KEM-512.pem", "mldsa65RootCA.pem"].map(|name| certificate(&folder.join(name)));
    assert_eq!(leaf.public_key().unwrap().kind(), KeyKind::MlKem512);
    assert!(judged(&leaf, &root).is_ok());
    let mut changed = leaf.as_der().to_vec();
    *changed.last_mut().unwrap() ^= 1;
    let changed = Certificate::from_der(&changed).unwrap();
    assert_eq!(judged(&changed, &root).unwrap_err().kind(), ErrorKind::Untrusted);
}

#[test]
fn a_certificate_of_slh_dsa_is_read_and_not_trusted() {
    let Some(folder) = published::folder("pq-certs/cert/slhdsa") else { return };
    let certificate = certificate(&folder.join("SLH-DSA-SHA2-128S.pem"));
    assert_eq!(certificate.public_key().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(certificate.signature_algorithm().unwrap_err().kind(), ErrorKind::Unsupported);
}
