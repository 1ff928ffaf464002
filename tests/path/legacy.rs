//! What old certificates were made of: refused, unless the caller says that it may be so.
use bulla::ErrorKind;
use bulla::x509::{Certificate, EmailAddress, Mailbox, Name, Purpose, Revocation, TrustAnchors, Validation};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{DerSignature, SigningKey};
use sha1::Digest;

use super::make::{self, Draft, NOW, extension, generalized, now, oid, sequence, tlv};
use super::trusting;
use crate::pyca;

/// Judged today's way, and the old.
fn judged(
    certificate: &Certificate,
    between: &[Certificate],
    anchors: &TrustAnchors,
    whom: Purpose<'_>,
) -> [Result<(), String>; 2] {
    let validation = || Validation::new(whom, Revocation::Off).at(now()).intermediates(between.to_vec());
    [validation(), validation().legacy()].map(|validation| match validation.validate(certificate, anchors) {
        Ok(_) => Ok(()),
        Err(error) => {
            assert!([ErrorKind::Untrusted, ErrorKind::WrongName].contains(&error.kind()), "{error}");
            Err(error.to_string())
        }
    })
}

/// A certificate of any key, signed in any way; a CA's, if its name is not Bob's.
fn by_hand(
    [subject, issuer]: [&str; 2],
    public_key: &[u8],
    algorithm: &[u8],
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Certificate {
    let ca = extension("2.5.29.19", true, &sequence(&[&[1, 1, 0xff]]));
    let extensions = if subject == "CN=Bob" { Vec::new() } else { tlv(0xa3, &[&sequence(&[&ca])]) };
    let name = |text: &str| text.parse::<Name>().unwrap();
    let to_be_signed = sequence(&[
        &[0xa0, 3, 2, 1, 2],
        &[2, 1, 7],
        algorithm,
        name(issuer).as_der(),
        &sequence(&[&generalized(NOW - 9), &generalized(NOW + 9)]),
        name(subject).as_der(),
        public_key,
        &extensions,
    ]);
    let signature = sign(&to_be_signed);
    Certificate::from_der(&sequence(&[&to_be_signed, algorithm, &tlv(3, &[&[0], &signature])])).unwrap()
}

#[track_caller]
fn is_weak(judged: [Result<(), String>; 2], why: &str) {
    let [today, old] = judged;
    let refusal = today.unwrap_err();
    assert!(refusal.contains("CN=Bob") && refusal.contains(why), "{refusal}");
    assert_eq!(old, Ok(()));
}

#[test]
fn a_signature_by_sha_1_is_refused_unless_old_things_are_read() {
    let bob = make::p256();
    let root = make::ca("CN=Root");
    // The key outside of bulla, which signs nothing so.
    let pem = root.key.expose_pem().unwrap();
    let der = pem_rfc7468::decode_vec(pem.as_bytes()).unwrap().1;
    let at = der.windows(4).position(|part| part == [2, 1, 1, 4]).unwrap() + 5;
    let signer = SigningKey::from_slice(&der[at..at + 32]).unwrap();
    let signed = |algorithm: &str, changed: bool| {
        by_hand(["CN=Bob", "CN=Root"], bob.public().as_der(), &sequence(&[&oid(algorithm)]), |message| {
            let mut hash = sha1::Sha1::digest(message).to_vec();
            hash[0] ^= u8::from(changed);
            let signature: DerSignature = signer.sign_prehash(&hash).unwrap();
            signature.as_bytes().to_vec()
        })
    };
    let anchors = trusting(&root.certificate);
    is_weak(judged(&signed("1.2.840.10045.4.1", false), &[], &anchors, Purpose::Any), "ecdsa-with-SHA1");
    // Old does not mean unchecked.
    let [today, old] = judged(&signed("1.2.840.10045.4.1", true), &[], &anchors, Purpose::Any);
    assert!(today.is_err() && old.is_err());
}

#[test]
fn rsa_of_1024_bits_is_refused_unless_old_things_are_read() {
    let mut random = rand_core::UnwrapErr(getrandom::SysRng);
    let weak = rsa::RsaPrivateKey::new(&mut random, 1024).unwrap();
    let unsigned = |number: &[u8]| tlv(2, &[&[0], number]);
    let public = |key: &rsa::RsaPrivateKey| {
        use rsa::traits::PublicKeyParts;
        let numbers = sequence(&[&unsigned(&key.n_bytes()), &tlv(2, &[&key.e_bytes()])]);
        let algorithm = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
        sequence(&[&algorithm, &tlv(3, &[&[0], &numbers])])
    };
    let root = make::ca("CN=Root");
    let low = by_hand(["CN=Low", "CN=Root"], &public(&weak), &make::algorithm(), |message| {
        root.key.sign_plain(message).unwrap()
    });
    let with_rsa = sequence(&[&oid("1.2.840.113549.1.1.11"), &[5, 0]]);
    let bob = by_hand(["CN=Bob", "CN=Low"], make::p256().public().as_der(), &with_rsa, |message| {
        weak.sign(rsa::Pkcs1v15Sign::new::<sha2::Sha256>(), &sha2::Sha256::digest(message)).unwrap()
    });
    is_weak(judged(&bob, &[low], &trusting(&root.certificate), Purpose::Any), "its issuer's key");
}

#[test]
fn dsa_is_refused_unless_old_things_are_read() {
    let Some(folder) = pyca::vectors("x509/PKITS_data/certs") else { return };
    let read = |name: &str| Certificate::from_der(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let anchors = TrustAnchors::new([read("TrustAnchorRootCertificate.crt")]).unwrap();
    let judge = |name: &str, legacy: bool| {
        let validation = Validation::new(Purpose::Any, Revocation::Off).at(now());
        let validation = validation.intermediates([read("DSACACert.crt")]);
        let validation = if legacy { validation.legacy() } else { validation };
        validation.validate(&read(name), &anchors).map(|_| ()).map_err(|error| error.kind())
    };
    assert_eq!(judge("ValidDSASignaturesTest4EE.crt", false), Err(ErrorKind::Untrusted));
    assert_eq!(judge("ValidDSASignaturesTest4EE.crt", true), Ok(()));
    assert_eq!(judge("InvalidDSASignatureTest6EE.crt", true), Err(ErrorKind::Untrusted));
}

#[test]
fn an_address_in_the_subjects_name_counts_only_where_old_things_are_read() {
    let root = make::ca("CN=Root");
    let bob = root.issue(&Draft::new("CN=Bob,E=bob@example.org", "CN=Root")).certificate;
    let anchors = trusting(&root.certificate);
    let judge = |address: &str| {
        let address: EmailAddress = address.parse().unwrap();
        judged(&bob, &[], &anchors, Purpose::EmailSigner(Mailbox::Of(&address))).map(|result| result.is_ok())
    };
    assert_eq!(judge("bob@example.org"), [false, true]);
    assert_eq!(judge("eve@example.org"), [false, false]);
    // That he is somebody is not in question.
    let anyone = judged(&bob, &[], &anchors, Purpose::EmailSigner(Mailbox::Anyone));
    assert_eq!(anyone, [Ok(()), Ok(())]);
}
