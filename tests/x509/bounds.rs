//! What is too long, too many or cut off is refused, at the bound and not before; what is read is shown, whatever it is.
use bulla::x509::{
    Certificate, Credential, Crl, Extension, Issue, OcspResponse, Request, RequestAttribute, Spkac,
};
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

#[test]
fn what_has_something_behind_it_is_refused() {
    fn behind<T>(der: &[u8], read: impl Fn(&[u8]) -> Result<T>) {
        assert!(read(der).is_ok());
        for more in [&[0][..], &[5, 0], der] {
            let kind = read(&[der, more].concat()).err().map(|error| error.kind());
            assert_eq!(kind, Some(ErrorKind::Malformed), "{more:02x?}");
        }
    }
    let key = key();
    behind(root().certificate().as_der(), Certificate::from_der);
    behind(Request::builder(&key).host("www.example.org").sign().unwrap().as_der(), Request::from_der);
    behind(Spkac::sign(&key, "4711").unwrap().as_der(), Spkac::from_der);
}

/// Values within values, so many times: only the tag of the outermost is another.
fn nested(outermost: u8, depth: usize) -> Vec<u8> {
    let mut headers = Vec::new();
    let mut length = 0;
    for level in 1..=depth {
        let tag = if level == depth { outermost } else { 0x30 };
        let digits = u32::try_from(length).unwrap().to_be_bytes();
        let header =
            if length < 0x80 { vec![tag, digits[3]] } else { [&[tag, 0x83][..], &digits[1..]].concat() };
        length += header.len();
        headers.push(header);
    }
    headers.reverse();
    headers.concat()
}

/// Much deeper than any stack of calls: whoever called itself for each would end the program.
const DEEP: usize = 45_000;

#[test]
fn values_within_values_without_end_are_an_error() {
    let whole = nested(0x30, DEEP);
    assert!(whole.len() < 1 << 18);
    let refused = |error: Option<bulla::Error>| assert_eq!(error.unwrap().kind(), ErrorKind::Malformed);
    refused(Certificate::from_der(&whole).err());
    refused(Request::from_der(&whole).err());
    refused(Spkac::from_der(&whole).err());
    refused(Crl::from_der(&whole).err());
    refused(OcspResponse::from_der(&whole).err());
    // Where something is expected that has parts of its own: in the place of what is to be signed, and in a name.
    let algorithm = wrap(0x30, &wrap(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
    let signed = |inside: &[u8]| wrap(0x30, &[inside, &algorithm, &wrap(3, &[0, 1])].concat());
    let versioned = [&[0xa0, 3, 2, 1, 2, 2, 1, 7][..], &algorithm, &nested(0x30, DEEP)].concat();
    for inside in [nested(0x30, DEEP), wrap(0x30, &versioned), wrap(0x30, &[&[2, 1, 0], &whole[..]].concat())]
    {
        refused(Certificate::from_der(&signed(&inside)).err());
        refused(Request::from_der(&signed(&inside)).err());
        refused(Spkac::from_der(&signed(&inside)).err());
        refused(Crl::from_der(&signed(&inside)).err());
    }
    // OCSPResponse, ResponseBytes, BasicOCSPResponse: the last is in an OCTET STRING.
    let basic = wrap(0x30, &[wrap(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]), wrap(4, &signed(&whole))].concat());
    refused(OcspResponse::from_der(&wrap(0x30, &[&[10, 1, 0], &wrap(0xa0, &basic)[..]].concat())).err());
}

#[test]
fn an_extension_of_values_within_values_is_shown_and_read_as_nothing() {
    for id in ["2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.32", "1.3.6.1.5.5.7.1.1"] {
        for outermost in [0x30, 0x31] {
            let extension = Extension::new(id.parse().unwrap(), false, nested(outermost, DEEP));
            assert_eq!(extension.decode().unwrap_err().kind(), ErrorKind::Malformed, "{id}");
            assert!(!extension.to_string().is_empty());
        }
    }
}
