//! Thunderbird's mails, made by NSS: opaque in BER, in two parts, encrypted to Bob, and changed on the way (`.bad`).
use bulla::Passphrase;
use bulla::smime::{Opening, Trust};
use bulla::x509::{Certificate, Credential, Pkcs12, Revocation, TrustAnchors};

use super::outcome;
use crate::published;

/// The certificates run from 2026-01-26 to 2031-01-26.
const MOMENT: &str = "2028-01-01T00:00:00Z";

const TABLE: &[(&str, &str)] = &[
    (
        "Alice-ec.p12",
        "the key of CN=Alice,emailAddress=Alice-ec@example.com,O=BOGUS NSS,L=Mountain View,ST=California,C=US",
    ),
    (
        "Alice.p12",
        "the key of CN=Alice,emailAddress=Alice@example.com,O=BOGUS NSS,L=Mountain View,ST=California,C=US",
    ),
    (
        "Bob.p12",
        "the key of CN=Bob,emailAddress=Bob@example.com,O=BOGUS NSS,L=Mountain View,ST=California,C=US",
    ),
    (
        "Dave.p12",
        "the key of CN=Dave,emailAddress=Dave@example.com,O=BOGUS NSS,L=Mountain View,ST=California,C=US",
    ),
    (
        "Eve.p12",
        "the key of CN=Eve,emailAddress=Eve@example.com,O=BOGUS NSS,L=Mountain View,ST=California,C=US",
    ),
    (
        "Fran-ec.p12",
        "the key of CN=Fran,emailAddress=Fran-ec@example.com,O=BOGUS NSS,L=Mountain View,ST=California,C=US",
    ),
    (
        "Fran.p12",
        "the key of CN=Fran,emailAddress=Fran@example.com,O=BOGUS NSS,L=Mountain View,ST=California,C=US",
    ),
    ("README.md", "no mail"),
    ("TestCA.pem", "the anchor"),
    (
        "alice.dsig.SHA1.multipart.bad.eml",
        "not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), refused: signature: it is not over this content, or not by this certificate's key",
    ),
    (
        "alice.dsig.SHA1.multipart.env.eml",
        "malleable, not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Alice, plain",
    ),
    (
        "alice.dsig.SHA256.multipart.bad.eml",
        "not signed (signature: it is not over this content, or not by this certificate's key), refused: signature: it is not over this content, or not by this certificate's key",
    ),
    ("alice.dsig.SHA256.multipart.env.eml", "encrypted, signed by Alice, plain"),
    (
        "alice.dsig.SHA384.multipart.bad.eml",
        "not signed (signature: it is not over this content, or not by this certificate's key), refused: signature: it is not over this content, or not by this certificate's key",
    ),
    ("alice.dsig.SHA384.multipart.env.eml", "encrypted, signed by Alice, plain"),
    (
        "alice.dsig.SHA512.multipart.bad.eml",
        "not signed (signature: it is not over this content, or not by this certificate's key), refused: signature: it is not over this content, or not by this certificate's key",
    ),
    ("alice.dsig.SHA512.multipart.env.eml", "encrypted, signed by Alice, plain"),
    (
        "alice.env.dsig.SHA1.multipart.dave.sig.SHA1.opaque.eml",
        "not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Dave, not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Alice, malleable, plain",
    ),
    (
        "alice.env.dsig.SHA256.multipart.dave.sig.SHA256.opaque.eml",
        "signed by Dave, signed by Alice, malleable, plain",
    ),
    (
        "alice.env.dsig.SHA384.multipart.dave.sig.SHA384.opaque.eml",
        "signed by Dave, signed by Alice, malleable, plain",
    ),
    (
        "alice.env.dsig.SHA512.multipart.dave.sig.SHA512.opaque.eml",
        "signed by Dave, signed by Alice, malleable, plain",
    ),
    ("alice.env.eml", "malleable, plain"),
    (
        "alice.env.sig.SHA1.opaque.eml",
        "not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Alice, malleable, plain",
    ),
    ("alice.env.sig.SHA256.opaque.eml", "signed by Alice, malleable, plain"),
    ("alice.env.sig.SHA384.opaque.eml", "signed by Alice, malleable, plain"),
    ("alice.env.sig.SHA512.opaque.eml", "signed by Alice, malleable, plain"),
    (
        "alice.html.sig.SHA1.opaque.eml",
        "not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Alice, plain",
    ),
    ("alice.html.sig.SHA256.opaque.eml", "signed by Alice, plain"),
    ("alice.html.sig.SHA384.opaque.eml", "signed by Alice, plain"),
    ("alice.html.sig.SHA512.opaque.eml", "signed by Alice, plain"),
    ("alice.mime", "no mail"),
    (
        "alice.plain.dsig.SHA1.multipart.dave.dsig.SHA1.multipart.eml",
        "not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Dave, not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Alice, plain",
    ),
    (
        "alice.plain.dsig.SHA256.multipart.dave.dsig.SHA256.multipart.eml",
        "signed by Dave, signed by Alice, plain",
    ),
    (
        "alice.plain.dsig.SHA384.multipart.dave.dsig.SHA384.multipart.eml",
        "signed by Dave, signed by Alice, plain",
    ),
    (
        "alice.plain.dsig.SHA512.multipart.dave.dsig.SHA512.multipart.eml",
        "signed by Dave, signed by Alice, plain",
    ),
    (
        "alice.plain.sig.SHA1.opaque.dave.dsig.SHA1.multipart.eml",
        "not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Dave, not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Alice, plain",
    ),
    (
        "alice.plain.sig.SHA256.opaque.dave.dsig.SHA256.multipart.eml",
        "signed by Dave, signed by Alice, plain",
    ),
    (
        "alice.plain.sig.SHA384.opaque.dave.dsig.SHA384.multipart.eml",
        "signed by Dave, signed by Alice, plain",
    ),
    (
        "alice.plain.sig.SHA512.opaque.dave.dsig.SHA512.multipart.eml",
        "signed by Dave, signed by Alice, plain",
    ),
    (
        "alice.sig.SHA1.opaque.eml",
        "not signed (signature: it is made with sha1WithRSAEncryption and SHA-1, which can be forged today), of old by Alice, plain",
    ),
    ("alice.sig.SHA256.opaque.eml", "signed by Alice, plain"),
    ("alice.sig.SHA384.opaque.eml", "signed by Alice, plain"),
    ("alice.sig.SHA512.opaque.eml", "signed by Alice, plain"),
    ("alice.textplain", "no mail"),
    ("expiration.txt", "no mail"),
];

#[test]
fn every_file_is_accounted_for() {
    let Some(folder) = published::folder("thunderbird") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let anchor = Certificate::from_pem(&String::from_utf8(read("TestCA.pem")).unwrap()).unwrap();
    let anchors = TrustAnchors::new([anchor]).unwrap();
    let trust = Trust::new(&anchors, Revocation::IfGiven).at(MOMENT.parse().unwrap());
    let bob = credential(&read("Bob.p12")).unwrap();
    let opening = Opening::with(&bob).legacy();
    outcome::check(&folder, TABLE, |name, bytes| match name.rsplit('.').next() {
        Some("eml") => outcome::of(bytes, &trust, &opening),
        Some("p12") => match credential(bytes) {
            Ok(credential) => format!("the key of {}", credential.certificate().subject()),
            Err(error) => format!("refused: {}", outcome::why(&error)),
        },
        Some("pem") => "the anchor".to_owned(),
        _ => "no mail".to_owned(),
    });
}

fn credential(p12: &[u8]) -> bulla::Result<Credential> {
    let passphrase = Passphrase::new("nss")?;
    Pkcs12::read(p12, Some(&passphrase))
        .or_else(|_| Pkcs12::read_legacy(p12, Some(&passphrase)))?
        .credential()
}
