//! The examples of RFC 4134: DSA, SHA-1, RC2 and triple DES, to be read as the old mail that they are.
use bulla::PrivateKey;
use bulla::smime::{Expect, Opening, Trust, Verification};
use bulla::x509::{Certificate, Credential, Revocation, TrustAnchors};

use super::outcome;
use crate::cms;
use crate::mail::{Lab, malleable, refused};
use crate::make::{oid, sequence, tlv};
use crate::published;

const TABLE: &[(&str, &str)] = &[
    ("3.1.bin", "refused: mail: its object is none of mail"),
    ("3.2.bin", "refused: mail: its object is none of mail"),
    (
        "4.1.bin",
        "not signed (signature: it has no signed attributes), of old by AliceDSS, refused: mail: it begins with a line that is no field: it is no mail",
    ),
    (
        "4.10.bin",
        "not signed (signature: it is made with dsaWithSHA1 and SHA-1, which can be forged today), of old by AliceDSS, refused: mail: it begins with a line that is no field: it is no mail",
    ),
    ("4.11.bin", "2 certificates"),
    (
        "4.2.bin",
        "not signed (signature: it has no signed attributes), of old by AliceRSA, refused: mail: it begins with a line that is no field: it is no mail",
    ),
    (
        "4.3.bin",
        "not signed (signature: what it signs is not in it), refused: signature: what it signs is not in it",
    ),
    (
        "4.4.bin",
        "not signed (signature: it is made with dsaWithSHA1 and SHA-1, which can be forged today), refused: the certificate of CN=AliceDSS: its CRL: it does not say when the next is due",
    ),
    (
        "4.5.bin",
        "not signed (signature: it has no signed attributes), of old by AliceRSA, refused: mail: it begins with a line that is no field: it is no mail",
    ),
    (
        "4.6.bin",
        "not signed (signature: it has no signed attributes), of old by AliceDSS, refused: mail: it begins with a line that is no field: it is no mail",
    ),
    (
        "4.7.bin",
        "not signed (signature: it has no signed attributes), of old by AliceDSS, refused: mail: it begins with a line that is no field: it is no mail",
    ),
    ("4.8.eml", "not signed (signature: it has no signed attributes), of old by AliceDSS, plain"),
    ("4.9.eml", "not signed (signature: it has no signed attributes), of old by AliceDSS, plain"),
    (
        "5.1.bin",
        "refused: encrypted message: it is not encrypted for any of the keys given, or the passphrase is not the right one",
    ),
    (
        "5.2.bin",
        "refused: encrypted message: it is not encrypted for any of the keys given, or the passphrase is not the right one",
    ),
    (
        "5.3.eml",
        "refused: encrypted message: it is not encrypted for any of the keys given, or the passphrase is not the right one",
    ),
    ("6.0.bin", "refused: mail: its object is none of mail"),
    ("7.1.bin", "refused: mail: its object is none of mail"),
    ("7.2.bin", "refused: mail: its object is none of mail"),
    ("AliceDSSSignByCarlNoInherit.cer", "a certificate of CN=AliceDSS"),
    ("AlicePrivDSSSign.pri", "refused: key: it is of a kind or size that bulla does not use"),
    ("AlicePrivRSASign.pri", "refused: key: it is of a kind or size that bulla does not use"),
    ("AliceRSASignByCarl.cer", "a certificate of CN=AliceRSA"),
    ("BobPrivRSAEncrypt.pri", "refused: key: it is of a kind or size that bulla does not use"),
    ("BobRSASignByCarl.cer", "a certificate of CN=BobRSA"),
    ("CarlDSSCRLEmpty.crl", "a CRL of CN=CarlDSS"),
    ("CarlDSSCRLForAll.crl", "a CRL of CN=CarlDSS"),
    ("CarlDSSCRLForCarl.crl", "a CRL of CN=CarlDSS"),
    ("CarlDSSSelf.cer", "a certificate of CN=CarlDSS"),
    ("CarlPrivDSSSign.pri", "refused: key: it is of a kind or size that bulla does not use"),
    ("CarlPrivRSASign.pri", "refused: key: it is of a kind or size that bulla does not use"),
    ("CarlRSACRLEmpty.crl", "a CRL of CN=CarlRSA"),
    ("CarlRSACRLForAll.crl", "a CRL of CN=CarlRSA"),
    ("CarlRSACRLForCarl.crl", "a CRL of CN=CarlRSA"),
    ("CarlRSASelf.cer", "a certificate of CN=CarlRSA"),
    ("DianeDSSSignByCarlInherit.cer", "a certificate of CN=DianeDSS"),
    ("DianePrivDSSSign.pri", "refused: key: it is of a kind or size that bulla does not use"),
    ("DianePrivRSASignEncrypt.pri", "refused: key: it is of a kind or size that bulla does not use"),
    ("DianeRSASignByCarl.cer", "a certificate of CN=DianeRSA"),
    ("ExContent.bin", "refused: mail: it begins with a line that is no field: it is no mail"),
];

#[test]
fn every_file_is_accounted_for() {
    let Some(folder) = published::folder("rfc4134") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let anchors =
        ["CarlDSSSelf.cer", "CarlRSASelf.cer"].map(|name| Certificate::from_der(&read(name)).unwrap());
    let anchors = TrustAnchors::new(anchors).unwrap();
    let known = ["AliceDSSSignByCarlNoInherit.cer", "AliceRSASignByCarl.cer", "DianeRSASignByCarl.cer"];
    let known = known.map(|name| Certificate::from_der(&read(name)).unwrap());
    let trust = Trust::new(&anchors, Revocation::IfGiven)
        .at("2002-01-01T00:00:00Z".parse().unwrap())
        .intermediates(known);
    let bob = Certificate::from_der(&read("BobRSASignByCarl.cer")).unwrap();
    let bob = key(&read("BobPrivRSAEncrypt.pri")).and_then(|key| Credential::new(key, [bob]));
    let shared = bulla::smime::SharedKey::of(&bulla::Key::generate());
    let opening = Opening::with_key(&shared).legacy();
    let opening = match &bob {
        Ok(bob) => opening.or(Opening::with(bob)),
        Err(_) => opening,
    };
    outcome::check(&folder, TABLE, |name, bytes| match name.rsplit('.').next() {
        Some("bin" | "eml") => outcome::of(bytes, &trust, &opening),
        Some("cer") => match Certificate::from_der(bytes) {
            Ok(certificate) => format!("a certificate of {}", certificate.subject()),
            Err(error) => format!("refused: {}", outcome::why(&error)),
        },
        Some("crl") => match bulla::x509::Crl::from_der(bytes) {
            Ok(crl) => format!("a CRL of {}", crl.issuer()),
            Err(error) => format!("refused: {}", outcome::why(&error)),
        },
        Some("pri") => match key(bytes) {
            Ok(key) => format!("a key of {}", key.kind()),
            Err(error) => format!("refused: {}", outcome::why(&error)),
        },
        _ => "no mail".to_owned(),
    });
}

fn key(der: &[u8]) -> bulla::Result<PrivateKey> {
    PrivateKey::from_der(der, || bulla::Passphrase::new("none"))
}

#[test]
fn a_signature_beside_its_content_verifies_as_an_old_one() {
    let Some(folder) = published::folder("rfc4134") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let anchors = TrustAnchors::new([Certificate::from_der(&read("CarlDSSSelf.cer")).unwrap()]).unwrap();
    let trust = Trust::new(&anchors, Revocation::IfGiven).at("2002-01-01T00:00:00Z".parse().unwrap());
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let (signature, content) = (read("4.3.bin"), read("ExContent.bin"));
    let mut out = Vec::new();
    assert!(verification.detached_stream(signature.as_slice(), content.as_slice(), &mut out).is_err());
    assert!(out.is_empty());
    let old =
        verification.legacy_detached_stream(signature.as_slice(), content.as_slice(), &mut out).unwrap();
    assert_eq!(old.by().dangerous_signer().certificate().subject().to_string(), "CN=AliceDSS");
    assert_eq!(out, content);
    let other = b"Pay at once.";
    assert!(verification.legacy_detached_stream(signature.as_slice(), &other[..], &mut out).is_err());
}

/// The key that a content is encrypted with: sealed for Bob, whose key of 1024 bits bulla does not use, by PKCS #1 v1.5.
fn content_key(bob: &[u8], object: &[u8]) -> Vec<u8> {
    use pkcs8::der::Decode;
    let bob = pkcs8::PrivateKeyInfoRef::from_der(bob).unwrap();
    let bob = pkcs1::RsaPrivateKey::from_der(bob.private_key.as_bytes()).unwrap();
    let number = |uint: pkcs1::UintRef<'_>| rsa::BoxedUint::from_be_slice_vartime(uint.as_bytes());
    let [n, e, d] = [bob.modulus, bob.public_exponent, bob.private_exponent].map(number);
    let bob =
        rsa::RsaPrivateKey::from_components(n, e, d, [bob.prime1, bob.prime2].map(number).to_vec()).unwrap();
    // The only OCTET STRING of 128 bytes.
    let at = object.windows(3).position(|window| window == [4, 0x81, 128]).unwrap() + 3;
    bob.decrypt(rsa::Pkcs1v15Encrypt, &object[at..at + 128]).unwrap()
}

#[test]
fn the_examples_in_old_ciphers_open_as_malleable_once_their_keys_are_sealed_for_a_key_of_today() {
    let Some(folder) = published::folder("rfc4134") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let (lab, sample) = (Lab::new(), read("ExContent.bin"));
    let bob = lab.person(bulla::KeyKind::rsa(2048), "bob@example.org");
    let mail = |name: &str| bulla::smime::Entity::parse(read(name)).unwrap().content().unwrap();
    for (name, object, bytes) in [
        // Triple DES; RC2 with 40 bits, and attributes after the content; triple DES in a mail.
        ("5.1.bin", read("5.1.bin"), 24),
        ("5.2.bin", read("5.2.bin"), 5),
        ("5.3.eml", mail("5.3.eml"), 24),
    ] {
        let key = content_key(&read("BobPrivRSAEncrypt.pri"), &object);
        assert_eq!(key.len(), bytes, "{name}");
        // From EncryptedContentInfo on it is as it was published.
        let info = oid(cms::DATA);
        let at = object.windows(info.len()).position(|window| window == info).unwrap() - 2;
        let recipients = tlv(cms::SET, &[&cms::for_rsa(&bob, &key)]);
        let version = &object[object.windows(3).position(|window| window[..2] == [2, 1]).unwrap()..][..3];
        let anew = cms::content_info(cms::ENVELOPED_DATA, &sequence(&[version, &recipients, &object[at..]]));
        let mail = cms::mail(&anew);
        refused(Opening::with(&bob).bytes(&mail), bulla::ErrorKind::Unsupported);
        assert_eq!(malleable(Opening::with(&bob).legacy().bytes(&mail)), sample, "{name}");
    }
}
