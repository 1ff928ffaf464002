//! A CA that never changes, for the targets of certificates and revocation: what they wrap is signed, so that all that follows is reached.
use std::sync::LazyLock;

use bulla::x509::{Certificate, Issue, Name};
use bulla::{PrivateKey, Time};

use crate::der::wrap;

/// 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600;
const ED25519: &[u8] = &[0x30, 5, 6, 3, 43, 101, 112];

pub static KEY: LazyLock<PrivateKey> = LazyLock::new(|| key(7));
/// Of a responder that the CA certifies.
static RESPONDER: LazyLock<PrivateKey> = LazyLock::new(|| key(8));
pub static CA: LazyLock<Certificate> =
    LazyLock::new(|| Issue::root(&name("CN=CA"), &KEY).validity(at(-1000), at(1000)).sign().unwrap());
/// Number 42 of the CA.
pub static LEAF: LazyLock<Certificate> = LazyLock::new(|| certificate(42, &[]));

/// PKCS #8 (RFC 8410 section 7).
fn key(of: u8) -> PrivateKey {
    let inside = [&[2, 1, 0], ED25519, &wrap(4, &[&wrap(4, &[&[of; 32]])])];
    PrivateKey::from_der(&wrap(0x30, &inside), || unreachable!("it is not encrypted")).unwrap()
}

fn at(days: i64) -> Time {
    Time::from_unix(NOW + days * 86_400)
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A certificate of the responder's key by the CA, with whatever extensions.
pub fn certificate(serial: u8, extensions: &[u8]) -> Certificate {
    // What a fuzzer writes as extensions need not be any.
    issued("CN=CA", &KEY, serial, "CN=Responder", extensions).unwrap_or_else(|| LEAF.clone())
}

/// An authority below the CA, of the responder's key, with one more extension.
pub fn below(extension: &[u8]) -> Certificate {
    let is_ca: &[u8] = &[0x30, 15, 6, 3, 0x55, 0x1d, 19, 1, 1, 0xff, 4, 5, 0x30, 3, 1, 1, 0xff];
    let issued = |extensions: &[u8]| issued("CN=CA", &KEY, 43, "CN=Below", extensions);
    issued(&[is_ca, extension].concat()).unwrap_or_else(|| issued(is_ca).unwrap())
}

/// A certificate by that authority, with one extension.
pub fn certificate_below(extension: &[u8]) -> Certificate {
    let issued = |extensions: &[u8]| issued("CN=Below", &RESPONDER, 44, "CN=Leaf", extensions);
    issued(extension).unwrap_or_else(|| issued(&[]).unwrap())
}

/// A certificate of the responder's key, if the extensions are sound.
fn issued(
    issuer: &str,
    key: &PrivateKey,
    serial: u8,
    subject: &str,
    extensions: &[u8],
) -> Option<Certificate> {
    let validity = wrap(0x30, &[&wrap(0x17, &[b"251201000000Z"]), &wrap(0x17, &[b"260131000000Z"])]);
    let extensions = match extensions {
        [] => Vec::new(),
        some => wrap(0xa3, &[&wrap(0x30, &[some])]),
    };
    let (issuer, subject) = (name(issuer), name(subject));
    let parts: [&[u8]; 8] = [
        &[0xa0, 3, 2, 1, 2],
        &[2, 1, serial],
        ED25519,
        issuer.as_der(),
        &validity,
        subject.as_der(),
        RESPONDER.public().as_der(),
        &extensions,
    ];
    Certificate::from_der(&wrap(0x30, &[&sign(key, &wrap(0x30, &parts))])).ok()
}

/// What is to be signed, the algorithm, and the signature.
fn sign(key: &PrivateKey, to_be_signed: &[u8]) -> Vec<u8> {
    // What looks like bulla's own contexts is not signed so.
    let signature = key.sign_plain(to_be_signed).unwrap_or_default();
    [to_be_signed, ED25519, &wrap(3, &[&[0], &signature])].concat()
}

/// TBSCertList, signed by the CA.
pub fn signed(to_be_signed: &[u8]) -> Vec<u8> {
    wrap(0x30, &[&sign(&KEY, to_be_signed)])
}

pub fn time(text: &str) -> Vec<u8> {
    wrap(0x18, &[text.as_bytes()])
}

/// A CRL with these entries and extensions, signed.
pub fn crl(entries: &[u8], extensions: &[u8]) -> Vec<u8> {
    let optional = |tag, value: &[u8]| match value {
        [] => Vec::new(),
        some => wrap(tag, &[some]),
    };
    let extensions = optional(0x30, extensions);
    let name = name("CN=CA");
    let parts: [&[u8]; 7] = [
        &[2, 1, 1],
        ED25519,
        name.as_der(),
        &time("20260101000000Z"),
        &time("20260108000000Z"),
        &optional(0x30, entries),
        &optional(0xa0, &extensions),
    ];
    signed(&wrap(0x30, &parts))
}

/// A successful OCSP response round what is signed and the certificates: by the CA, or, if there are some, the responder.
pub fn response(data: &[u8], certificates: &[&[u8]]) -> Vec<u8> {
    let key = if certificates.is_empty() { &KEY } else { &RESPONDER };
    const BASIC: &[u8] = &[6, 9, 43, 6, 1, 5, 5, 7, 48, 1, 1];
    let basic = wrap(0x30, &[&sign(key, data), &wrap(0xa0, &[&wrap(0x30, certificates)])]);
    let bytes = wrap(0x30, &[BASIC, &wrap(4, &[&basic])]);
    wrap(0x30, &[&[10, 1, 0], &wrap(0xa0, &[&bytes])])
}

/// ResponseData by whoever has this name, with these answers and extensions.
pub fn response_data(responder: &str, answers: &[u8], extensions: &[u8]) -> Vec<u8> {
    let extensions = match extensions {
        [] => Vec::new(),
        some => wrap(0xa1, &[&wrap(0x30, &[some])]),
    };
    let responder = wrap(0xa1, &[name(responder).as_der()]);
    wrap(0x30, &[&responder, &time("20260101000000Z"), &wrap(0x30, &[answers]), &extensions])
}
