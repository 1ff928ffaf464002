//! What is too long, too many or cut off is refused, at the bound and not before; what is read is shown, whatever it is.
use bulla::x509::{Certificate, Credential, Extension, Issue, Request, RequestAttribute, Spkac};
use bulla::{ErrorKind, KeyKind, PrivateKey, Result};

use crate::requests::{request_with, wrap};
use crate::{key, name, root};

#[test]
fn a_request_has_at_most_256_attributes_and_values() {
    // Each has its type, and one value: two of 256.
    let attribute = wrap(0x30, &[&wrap(6, &[0x2a, 3])[..], &wrap(0x31, &[5, 0])].concat());
    let most = request_with(&key(), &attribute.repeat(128)).unwrap();
    assert_eq!(most.attributes().count(), 128);
    let error = request_with(&key(), &attribute.repeat(129)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn requests_and_spkacs_have_at_most_256_kib() {
    const MOST: usize = 1 << 18;
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let of = |size: usize| {
        let attribute =
            wrap(0x30, &[&wrap(6, &[0x2a, 3])[..], &wrap(0x31, &wrap(4, &vec![0; size]))].concat());
        request_with(&key, &attribute)
    };
    let around = of(MOST - 1000).unwrap().as_der().len() - (MOST - 1000);
    let most = of(MOST - around).unwrap();
    assert_eq!(most.as_der().len(), MOST);
    assert!(matches!(most.attributes().next(), Some(RequestAttribute::Other(..))));
    assert_eq!(Request::from_pem(&most.to_pem()).unwrap(), most);
    assert_eq!(of(MOST - around + 1).unwrap_err().kind(), ErrorKind::OverLimit);
    assert_eq!(Spkac::from_der(&vec![0x30; MOST]).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(Spkac::from_der(&vec![0x30; MOST + 1]).unwrap_err().kind(), ErrorKind::OverLimit);
    assert_eq!(Spkac::from_base64(&"A".repeat(2 * MOST + 1)).unwrap_err().kind(), ErrorKind::OverLimit);
    // A certificate that bulla would not read is not issued.
    let huge = Extension::new("1.2.3".parse().unwrap(), false, vec![0; MOST]);
    let profile = bulla::x509::Profile::tls_client(&name("CN=Bob")).unwrap();
    let error = Issue::self_signed_for(profile, &key).unwrap().extension(huge).sign().unwrap_err();
    assert!(error.to_string().contains("would not read it"), "{error}");
}

#[test]
fn a_credential_has_at_most_64_certificates() {
    let own = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let others: Vec<Certificate> =
        (0..65).map(|_| Issue::self_signed(&name("CN=Bob"), &own).unwrap()).collect();
    let of = |count: usize| {
        let again =
            PrivateKey::from_pem(&own.expose_pem().unwrap(), || panic!("it is not encrypted")).unwrap();
        Credential::new(again, others[..count].to_vec())
    };
    assert_eq!(of(1).unwrap().chain(), &others[..1]);
    // Too many to be a chain, but not too many to look.
    assert_eq!(of(64).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(of(65).unwrap_err().kind(), ErrorKind::OverLimit);
}

/// Asserts that no part of the bytes can be read, and that what can be read when a byte is another is shown in lines.
fn hurt<T: std::fmt::Display>(der: &[u8], read: impl Fn(&[u8]) -> Result<T>) {
    for length in 0..der.len() {
        assert!(read(&der[..length]).is_err(), "{length} of {}", der.len());
    }
    let mut read_anyway = 0;
    for at in 0..der.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bad = der.to_vec();
            bad[at] ^= change;
            if let Ok(odd) = read(&bad) {
                let shown = odd.to_string();
                assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "byte {at}: {shown:?}");
                read_anyway += 1;
            }
        }
    }
    // Most of the bytes are of a key, a signature or a name, where nothing is unsound.
    assert!(read_anyway > der.len());
}

#[test]
fn what_is_cut_short_is_refused_and_what_is_odd_is_shown() {
    let (root, key) = (root(), key());
    let leaf = root.tls_server(key.public(), &["www.example.org", "192.0.2.1"]).unwrap();
    let leaf = leaf.crl_at("http://a.example/").ocsp_at("http://b.example/").policy("1.2.3".parse().unwrap());
    hurt(leaf.sign().unwrap().as_der(), Certificate::from_der);
    let asked = Request::builder(&key).host("www.example.org").challenge_password("password").sign().unwrap();
    hurt(asked.as_der(), Request::from_der);
    hurt(Spkac::sign(&key, "4711").unwrap().as_der(), Spkac::from_der);
}
