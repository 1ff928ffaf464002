//! Old mail: read by calls that say so, and typed as what it is worth.
use bulla::smime::{
    Entity, Examination, Expect, Opened, Opening, Outcome, Protection, Signing, Verification,
};
use bulla::x509::Credential;
use bulla::{ErrorKind, KeyKind};
use cbc::cipher::InnerIvInit;

use crate::cms::{self, Enveloped, Key, Signed, SignerInfo, for_rsa};
use crate::mail::{CONTENT, Lab, letter, malleable, refused};
use crate::make::{octets, oid, sequence};

const RC2: &str = "1.2.840.113549.3.2";

/// Effective bits of RC2, and what its parameters call them (RFC 2268 section 6).
const SIZES: [(usize, &[u8]); 3] = [(40, &[2, 2, 0, 160]), (64, &[2, 1, 120]), (128, &[2, 1, 58])];

/// What is encrypted with RC2 to an RSA key, as programs did in 1998.
fn rc2(whom: &Credential, bits: usize, version: &[u8], content: &[u8]) -> Enveloped {
    let (key, iv) = (vec![0x44; bits / 8], [6; 8]);
    let cipher = rc2::Rc2::new_with_eff_key_len(&key, bits);
    Enveloped {
        version: 0,
        recipients: vec![for_rsa(whom, &key)],
        algorithm: sequence(&[&oid(RC2), &sequence(&[version, &octets(&iv)])]),
        ciphertext: cms::padded(cbc::Encryptor::inner_iv_init(cipher, &iv.into()), content),
        ..Enveloped::cbc(&Key::generate(), content)
    }
}

#[test]
fn rc2_opens_only_where_old_mail_is_read_and_as_malleable() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    for (bits, version) in SIZES {
        let mail = rc2(&bob, bits, version, CONTENT).mail();
        let mut out = Vec::new();
        let (today, old) = (Opening::with(&bob), Opening::with(&bob).legacy());
        let error = refused(today.bytes(&mail), ErrorKind::Unsupported);
        assert!(error.to_string().contains("its cipher is broken today"), "{error}");
        refused(today.stream(mail.as_slice(), &mut out), ErrorKind::Unsupported);
        refused(today.dangerous_malleable_stream(mail.as_slice(), &mut out), ErrorKind::Unsupported);
        refused(old.stream(mail.as_slice(), &mut out), ErrorKind::Unauthentic);
        assert!(out.is_empty());
        assert_eq!(malleable(old.bytes(&mail)), CONTENT, "{bits}");
        let unsealed = old.dangerous_malleable_stream(mail.as_slice(), &mut out).unwrap();
        assert_eq!((unsealed.protection(), out.as_slice()), (Protection::None, CONTENT), "{bits}");
    }
}

#[test]
fn what_is_signed_in_rc2_comes_out_as_signed() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let signed = Signing::by(&bob).entity(&letter()).unwrap();
    let mail = rc2(&bob, 128, SIZES[2].1, signed.as_bytes()).mail();
    let Opened::Signed(signed) = Opening::with(&bob).legacy().bytes(&mail).unwrap() else { panic!("signed") };
    let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert_eq!(verified.get().as_bytes(), CONTENT);
    refused(Opening::with(&bob).bytes(&mail), ErrorKind::Unsupported);
}

#[test]
fn rc2_of_sizes_that_nobody_writes_and_with_parameters_of_another_form_is_refused() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let opening = Opening::with(&bob).legacy();
    for version in [&[2, 1, 52][..], &[2, 2, 1, 0], &[2, 1, 128], &[2, 1, 0xba], &[], &[5, 0]] {
        let mail = rc2(&bob, 128, version, CONTENT).mail();
        refused(opening.bytes(&mail), ErrorKind::Malformed);
    }
    let short = sequence(&[&oid(RC2), &sequence(&[&[2, 1, 58], &octets(&[6; 7])])]);
    for algorithm in [short, sequence(&[&oid(RC2), &octets(&[6; 8])]), sequence(&[&oid(RC2)])] {
        let mail = Enveloped { algorithm, ..rc2(&bob, 128, SIZES[2].1, CONTENT) }.mail();
        refused(opening.bytes(&mail), ErrorKind::Malformed);
    }
    // A key of other than its own size is no key: which is not told from any other wrong one.
    let mail =
        Enveloped { recipients: vec![for_rsa(&bob, &[0x44; 5])], ..rc2(&bob, 128, SIZES[2].1, CONTENT) };
    match opening.bytes(&mail.mail()) {
        Ok(opened) => assert_ne!(malleable(Ok(opened)), CONTENT),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unauthentic),
    }
}

#[test]
fn a_signature_without_signed_attributes_is_an_old_one_and_comes_as_that() {
    let lab = Lab::new();
    let (bob, trust) = (lab.bob(), lab.trust());
    let bare = SignerInfo { attributes: None, ..SignerInfo::new(&bob, CONTENT) };
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let (opaque, beside) = (Signed::opaque(CONTENT, &bare), Signed::detached(CONTENT, &bare));
    for mail in [opaque.mail(), cms::in_two_parts(CONTENT, &beside.der())] {
        refused(verification.bytes(&mail), ErrorKind::Unsupported);
        let old = verification.legacy_bytes(&mail).unwrap();
        assert_eq!(old.get(), &Entity::parse(CONTENT).unwrap());
        assert_eq!(old.by().dangerous_signer().certificate(), bob.certificate());
        let mut out = Vec::new();
        refused(verification.stream(mail.as_slice(), &mut out), ErrorKind::Unsupported);
        assert!(out.is_empty());
        let old = verification.legacy_stream(mail.as_slice(), &mut out).unwrap();
        assert_eq!((*old.get(), out.as_slice()), (CONTENT.len() as u64, CONTENT));
        assert_eq!(old.by().dangerous_signer().signing_time(), None);
        // A report says so, too, of the same mail.
        let examination = Examination::new().trust(&trust, Expect::AnyTrustedSigner);
        assert_eq!(examination.bytes(&mail).unwrap().worst(), Outcome::Fails);
        let report = examination.legacy().stream(mail.as_slice()).unwrap();
        assert_ne!(report.worst(), Outcome::Fails, "{report}");
    }
    let (der, mut out) = (beside.der(), Vec::new());
    refused(verification.detached_stream(der.as_slice(), CONTENT, &mut out), ErrorKind::Unsupported);
    assert!(out.is_empty());
    let old = verification.legacy_detached_stream(der.as_slice(), CONTENT, &mut out).unwrap();
    assert_eq!((*old.get(), out.as_slice()), (CONTENT.len() as u64, CONTENT));
    assert!(verification.legacy_detached_stream(der.as_slice(), &CONTENT[1..], &mut out).is_err());
    assert_eq!(out, CONTENT);
}
