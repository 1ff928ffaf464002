//! What comes out of encrypted mail, and as what.
use bulla::smime::{Expect, Message, Opened, Opening, Protection, Signing, Verification};
use bulla::x509::{Bundle, Crl, CrlIssue, RevocationReason};
use bulla::{ErrorKind, KeyKind, Time};

use crate::cms::{self, Enveloped, Key, Signed, SignerInfo, number, object_of};
use crate::mail::{CONTENT, Lab, has, letter, malleable, plain, refused};
use crate::make::{oid, sequence, tlv};

#[test]
fn a_mail_in_cbc_without_a_signature_comes_out_as_malleable_and_no_stream_writes_it() {
    let key = Key::generate();
    let mail = Enveloped::cbc(&key, CONTENT).mail();
    let opening = Opening::with_key(&key);
    assert_eq!(malleable(opening.bytes(&mail)), CONTENT);
    let mut out = Vec::new();
    refused(opening.stream(mail.as_slice(), &mut out), ErrorKind::Unauthentic);
    assert!(out.is_empty());
    let unsealed = opening.dangerous_malleable_stream(mail.as_slice(), &mut out).unwrap();
    assert_eq!(unsealed.protection(), Protection::None);
    assert_eq!(out, CONTENT);
}

#[test]
fn a_mail_in_cbc_with_a_signature_that_holds_comes_out_as_signed_and_can_be_streamed() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let signed = signing.entity(&letter()).unwrap().into_bytes();
        let mail = Enveloped::cbc(&key, &signed).mail();
        let Opened::Signed(opened) = Opening::with_key(&key).bytes(&mail).unwrap() else { panic!("signed") };
        let verified = opened.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
        let mut out = Vec::new();
        let unsealed = Opening::with_key(&key).stream(mail.as_slice(), &mut out).unwrap();
        assert_eq!((unsealed.protection(), unsealed.length()), (Protection::Signature, out.len() as u64));
        let trust = lab.trust();
        let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&out).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
    }
}

#[test]
fn a_mail_in_cbc_with_a_signature_that_does_not_hold_comes_out_as_malleable() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let signed = Signing::by(&bob).entity(&letter()).unwrap().into_bytes();
    let changed = String::from_utf8(signed).unwrap().replace("how are you", "who are you");
    let mail = Enveloped::cbc(&key, changed.as_bytes()).mail();
    assert_eq!(malleable(Opening::with_key(&key).bytes(&mail)), changed.as_bytes());
    let mut out = Vec::new();
    refused(Opening::with_key(&key).stream(mail.as_slice(), &mut out), ErrorKind::Unauthentic);
    assert!(out.is_empty());
}

#[test]
fn what_is_signed_and_authenticated_comes_out_as_signed() {
    let lab = Lab::new();
    let bob = lab.bob();
    let sealed = letter().sign(&bob).unwrap().encrypt(&lab.to(&bob).modern()).unwrap();
    let Opened::Signed(signed) = sealed.open(&bob).unwrap() else { panic!("it is signed") };
    let _ = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
}

#[test]
fn with_several_keys_the_one_that_the_mail_is_for_opens_it() {
    let lab = Lab::new();
    let (bob, carol) = (lab.bob(), lab.person(KeyKind::X25519, "carol@example.org"));
    let key = Key::generate();
    let sealed = letter().encrypt(&lab.to(&carol)).unwrap();
    let opening = Opening::with(&bob).or(Opening::with_key(&key)).or(Opening::with(&carol));
    assert_eq!(plain(opening.bytes(sealed.as_bytes())), CONTENT);
    refused(Opening::with(&bob).bytes(sealed.as_bytes()), ErrorKind::NoKeyFits);
}

#[test]
fn attributes_that_are_authenticated_are_honoured() {
    // RFC 5083 section 2.2: what is authenticated beside the content is the SET OF them.
    use aes_gcm::aead::{Aead, Payload};
    use aes_gcm::{Aes256Gcm, KeyInit};
    let key = Key::generate();
    let attributes = cms::attribute("1.2.840.113549.1.9.5", &[b"\x17\x0d260101000000Z"]);
    let aad = tlv(cms::SET, &[&attributes]);
    let cipher = Aes256Gcm::new(&cms::CONTENT_KEY.into());
    let mut sealed = cipher.encrypt(&cms::NONCE.into(), Payload { msg: CONTENT, aad: &aad }).unwrap();
    let tag = sealed.split_off(CONTENT.len());
    let with = |attributes: &[u8]| {
        let after = [tlv(0xa1, &[attributes]), crate::make::octets(&tag)].concat();
        Enveloped { ciphertext: sealed.clone(), after, ..Enveloped::gcm(&key, CONTENT) }.mail()
    };
    assert_eq!(plain(Opening::with_key(&key).bytes(&with(&attributes))), CONTENT);
    let other = cms::attribute("1.2.840.113549.1.9.5", &[b"\x17\x0d260101000001Z"]);
    refused(Opening::with_key(&key).bytes(&with(&other)), ErrorKind::Unauthentic);
}

#[test]
fn a_plain_or_signed_mail_is_not_encrypted() {
    let lab = Lab::new();
    let bob = lab.bob();
    refused(Opening::with(&bob).bytes(letter().as_bytes()), ErrorKind::Unrecognised);
    let signed = letter().sign(&bob).unwrap();
    refused(Opening::with(&bob).bytes(signed.as_bytes()), ErrorKind::Unrecognised);
}

#[test]
fn an_old_cipher_opens_only_where_old_mail_is_read_and_as_malleable() {
    use cbc::cipher::KeyIvInit;
    // des-ede3-cbc, with a content key of 24 bytes that is wrapped by AES.
    let key = Key::generate();
    let content_key = [0x43; 24];
    let mut wrapped = vec![0; 32];
    let kek: [u8; 32] = *key.expose_bytes();
    {
        use aes_gcm::KeyInit;
        aes_kw::KwAes256::new(&kek.into()).wrap_key(&content_key, &mut wrapped).unwrap();
    }
    let cipher = cbc::Encryptor::<des::TdesEde3>::new(&content_key.into(), &[7; 8].into());
    let ciphertext = cms::padded(cipher, CONTENT);
    use crate::make::{octets, oid, sequence, tlv};
    let id = sequence(&[&octets(&cms::id_of(&key))]);
    let info = [number(4), id, cms::algorithm(cms::AES_256_WRAP), octets(&wrapped)].concat();
    let mail = Enveloped {
        recipients: vec![tlv(0xa2, &[&info])],
        algorithm: sequence(&[&oid("1.2.840.113549.3.7"), &octets(&[7; 8])]),
        ciphertext,
        ..Enveloped::cbc(&key, CONTENT)
    };
    refused(Opening::with_key(&key).bytes(&mail.mail()), ErrorKind::Unsupported);
    assert_eq!(malleable(Opening::with_key(&key).legacy().bytes(&mail.mail())), CONTENT);
}

/// What a mail in CBC with this signed mail in it opens as.
fn signed_within_cbc(signed: &[u8]) -> bulla::smime::Signed {
    let key = Key::generate();
    match Opening::with_key(&key).bytes(&Enveloped::cbc(&key, signed).mail()).unwrap() {
        Opened::Signed(signed) => signed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_anew_out_of_cbc_says_the_version_that_its_signers_make_it() {
    // RFC 5652 section 5.1: 3 if a signer is named by a key identifier.
    let lab = Lab::new();
    let bob = lab.bob();
    let id = bob.certificate().subject_key_identifier().unwrap().unwrap();
    let by_issuer = SignerInfo::new(&bob, CONTENT);
    let by_key = SignerInfo { version: 3, id: tlv(0x80, &[&id]), ..by_issuer.clone() };
    for (signers, version) in [(vec![&by_issuer], 1), (vec![&by_key], 3), (vec![&by_issuer, &by_key], 3)] {
        let signers = signers.iter().map(|signer| signer.der(CONTENT)).collect();
        let signed = Signed { signers, ..Signed::opaque(CONTENT, &by_issuer) };
        let opened = signed_within_cbc(&signed.mail());
        let object = object_of(opened.as_bytes());
        let start = [&[2, 1, version][..], &tlv(cms::SET, &[&cms::algorithm(cms::SHA256)])].concat();
        assert!(has(&object, &start), "{version}: {object:02x?}");
        let _ = opened.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    }
}

/// SignedData with CRLs in it.
fn with_crls(signer: &SignerInfo<'_>, crls: &[&[u8]]) -> Vec<u8> {
    let signed = Signed::opaque(CONTENT, signer);
    let inside = sequence(&[
        &number(1),
        &tlv(cms::SET, &[&cms::algorithm(cms::SHA256)]),
        &sequence(&[&oid(cms::DATA), &signed.content]),
        &tlv(0xa0, &[&signed.certificates.concat(), &sequence(&[b"\x0c\x07no such"])]),
        &tlv(0xa1, &[&crls.concat()]),
        &tlv(cms::SET, &[&signed.signers.concat()]),
    ]);
    cms::mail(&cms::content_info(cms::SIGNED_DATA, &inside))
}

#[test]
fn a_revocation_that_a_mail_in_cbc_brings_itself_is_kept() {
    let lab = Lab::new();
    let (bob, carol) = (lab.bob(), lab.bob());
    let list = |whom: &bulla::x509::Certificate| -> Crl {
        let issue = CrlIssue::by(lab.root.certificate(), lab.root.credential().key()).unwrap();
        issue.revoke(&whom.serial(), Time::now(), RevocationReason::KeyCompromise).sign().unwrap()
    };
    let junk = sequence(&[b"\x0c\x07no list"]);
    let signer = SignerInfo::new(&bob, CONTENT);
    for (whom, revoked) in [(bob.certificate(), true), (carol.certificate(), false)] {
        let crl = list(whom);
        let opened = signed_within_cbc(&with_crls(&signer, &[&junk, crl.as_der()]));
        let object = object_of(opened.as_bytes());
        assert!(has(&object, crl.as_der()) && has(&object, bob.certificate().as_der()));
        assert!(!has(&object, b"no list") && !has(&object, b"no such"), "what is none of X.509 goes");
        let verified = opened.verify(&lab.trust(), Expect::AnyTrustedSigner);
        match verified {
            Err(error) => assert_eq!((error.kind(), revoked), (ErrorKind::Revoked, true)),
            Ok(_) => assert!(!revoked),
        }
    }
}

#[test]
fn what_is_authentic_and_cannot_be_told_comes_out_as_plain() {
    let key = Key::generate();
    let opening = Opening::with_key(&key);
    for inner in [
        &b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nno object\r\n"[..],
        b"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"\r\n\r\nno boundary\r\n",
        b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nhello\r\n",
    ] {
        assert_eq!(plain(opening.bytes(&Enveloped::gcm(&key, inner).mail())), inner);
    }
    // What is no entity comes out of a stream alone.
    let inner = b"no header: \xff\r\nat all";
    let mail = Enveloped::gcm(&key, inner).mail();
    refused(opening.bytes(&mail), ErrorKind::Malformed);
    let mut out = Vec::new();
    let unsealed = opening.stream(mail.as_slice(), &mut out).unwrap();
    assert_eq!((out.as_slice(), unsealed.protection()), (&inner[..], Protection::Tag));
}

#[test]
fn certificates_alone_that_were_encrypted_do_not_come_out_as_signed() {
    let lab = Lab::new();
    let key = Key::generate();
    let inner = cms::mail(&Bundle::new().with(lab.bob().certificate()).to_der());
    let Opened::Plain(entity) = Opening::with_key(&key).bytes(&Enveloped::gcm(&key, &inner).mail()).unwrap()
    else {
        panic!("nobody signed them")
    };
    assert!(matches!(Message::of(entity).unwrap(), Message::Certificates(_)));
}
