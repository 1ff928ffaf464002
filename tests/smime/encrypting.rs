//! For whom mail can be encrypted, and how that is chosen.
use bulla::smime::{
    Addressees, Encryption, Entity, Expect, Opened, Opening, SharedKey, Signing, Verification,
};
use bulla::x509::Credential;
use bulla::{ErrorKind, KeyKind, Passphrase};

use crate::cms::{
    AES_256_CBC, AES_256_GCM, AUTH_ENVELOPED_DATA, ENVELOPED_DATA, Key, Signed, SignerInfo, algorithm,
    attribute, object_of,
};
use crate::mail::{CONTENT, LETTER, Lab, address, has, letter, plain, refused, with_lf};
use crate::make::{oid, sequence};

const NEW: [KeyKind; 4] = [KeyKind::X25519, KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024];

fn old() -> [KeyKind; 4] {
    [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::rsa(2048)]
}

/// id-alg-cek-hkdf-sha256 (RFC 9709).
const CEK_HKDF: &str = "1.2.840.113549.1.9.16.3.31";
const RSA_PKCS1: &str = "1.2.840.113549.1.1.1";
const RSA_OAEP: &str = "1.2.840.113549.1.1.7";

fn is(mail: &[u8], id: &str) -> bool {
    has(&object_of(mail), &oid(id))
}

#[test]
fn what_is_encrypted_to_any_kind_of_key_opens_as_it_was_and_cannot_have_been_changed() {
    let lab = Lab::new();
    for kind in NEW.into_iter().chain(old()) {
        let bob = lab.person(kind, "bob@example.org");
        let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
        assert!(is(sealed.as_bytes(), AUTH_ENVELOPED_DATA), "{kind}");
        assert!(!has(&object_of(sealed.as_bytes()), b"how are you"), "{kind}");
        assert_eq!(plain(sealed.open(&bob)), CONTENT, "{kind}");
    }
}

#[test]
fn kinds_of_keys_that_old_programs_do_not_know_are_modern_of_themselves() {
    let lab = Lab::new();
    for kind in NEW {
        let bob = lab.person(kind, "bob@example.org");
        assert_eq!(plain(letter().encrypt(&lab.to(&bob)).unwrap().open(&bob)), CONTENT, "{kind}");
    }
}

#[test]
fn keys_and_passphrases_open_what_is_encrypted_to_them() {
    let (key, passphrase) = (Key::generate(), Passphrase::new("correct horse").unwrap());
    let sealed = letter().encrypt(&Addressees::key(&key)).unwrap();
    assert_eq!(plain(Opening::with_key(&key).bytes(sealed.as_bytes())), CONTENT);
    refused(Opening::with_key(&Key::generate()).bytes(sealed.as_bytes()), ErrorKind::NoKeyFits);
    let sealed = letter().encrypt(&Addressees::passphrase(&passphrase)).unwrap();
    assert_eq!(plain(Opening::with_passphrase(&passphrase).bytes(sealed.as_bytes())), CONTENT);
    let wrong = Passphrase::new("wrong horse").unwrap();
    refused(Opening::with_passphrase(&wrong).bytes(sealed.as_bytes()), ErrorKind::NoKeyFits);
}

#[test]
fn each_of_many_addressees_opens_the_same_mail_and_others_do_not() {
    let lab = Lab::new();
    let kinds = NEW.into_iter().chain(old());
    let all: Vec<Credential> = kinds.map(|kind| lab.person(kind, "bob@example.org")).collect();
    let (key, passphrase) = (Key::generate(), Passphrase::new("correct horse").unwrap());
    let mut to = Addressees::key(&key).and(Addressees::passphrase(&passphrase)).unwrap();
    for one in &all {
        to = to.and(lab.to(one)).unwrap();
    }
    let sealed = letter().encrypt(&to.modern()).unwrap();
    for one in &all {
        assert_eq!(plain(sealed.clone().open(one)), CONTENT, "{}", one.key().kind());
    }
    assert_eq!(plain(Opening::with_key(&key).bytes(sealed.as_bytes())), CONTENT);
    assert_eq!(plain(Opening::with_passphrase(&passphrase).bytes(sealed.as_bytes())), CONTENT);
    refused(sealed.open(&lab.bob()), ErrorKind::NoKeyFits);
}

#[test]
fn who_is_no_owner_of_the_address_gets_no_mail() {
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    let to = |whom| Addressees::one(bob.certificate(), &address(whom), &trust);
    let _ = to("bob@example.org").unwrap();
    refused(to("alice@example.org"), ErrorKind::WrongName);
    refused(Addressees::as_given(bob.certificate(), &address("alice@example.org")), ErrorKind::WrongName);
    let stranger = Lab::new().bob();
    let anybody = Addressees::one(stranger.certificate(), &address("bob@example.org"), &trust);
    refused(anybody, ErrorKind::Untrusted);
    let _ = Addressees::as_given(stranger.certificate(), &address("bob@example.org")).unwrap();
}

#[test]
fn a_certificate_given_by_hand_must_be_good_at_the_time_that_the_caller_says() {
    let bob = Lab::new().bob();
    let whom = address("bob@example.org");
    let at = |time: &str| Addressees::as_given_at(bob.certificate(), &whom, time.parse().unwrap());
    for time in ["2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"] {
        refused(at(time), ErrorKind::Expired);
    }
    let to = Addressees::as_given_at(bob.certificate(), &whom, bulla::Time::now()).unwrap();
    assert_eq!(plain(letter().encrypt(&to.modern()).unwrap().open(&bob)), CONTENT);
    let now = bulla::Time::now();
    let eve = Addressees::as_given_at(bob.certificate(), &address("eve@example.org"), now);
    refused(eve, ErrorKind::WrongName);
    let server = Lab::new();
    let key = bulla::PrivateKey::generate(KeyKind::P256).unwrap();
    let server = server.root.tls_server(key.public(), &["www.example.org"]).unwrap().sign().unwrap();
    assert!(Addressees::as_given_at(&server, &whom, now).is_err());
}

#[test]
fn a_shared_key_has_a_length_of_aes_and_a_name_that_is_short() {
    for length in [16, 24, 32] {
        for name in [&b"n"[..], &[7; 64]] {
            let (key, other) = (vec![1; length], vec![2; length]);
            let key = SharedKey::new(name, &key).unwrap();
            assert_eq!(key.name(), name);
            let sealed = letter().encrypt(&Addressees::key(&key)).unwrap();
            assert_eq!(plain(Opening::with_key(&key).bytes(sealed.as_bytes())), CONTENT);
            let other = SharedKey::new(name, &other).unwrap();
            refused(Opening::with_key(&other).bytes(sealed.as_bytes()), ErrorKind::Unauthentic);
        }
    }
    for length in [0, 15, 17, 31, 33, 64] {
        refused(SharedKey::new(b"n", &vec![1; length]), ErrorKind::Usage);
    }
    for name in [&b""[..], &[7; 65]] {
        refused(SharedKey::new(name, &[1; 32]), ErrorKind::Usage);
    }
}

#[test]
fn a_key_that_only_signs_is_no_addressee() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::Ed25519, "bob@example.org");
    let trust = lab.trust();
    let to = Addressees::one(bob.certificate(), &address("bob@example.org"), &trust);
    assert!(to.is_err());
}

#[test]
fn an_unsigned_mail_to_whom_nobody_knows_to_be_modern_is_refused() {
    let lab = Lab::new();
    for kind in old() {
        let bob = lab.person(kind, "bob@example.org");
        let error = refused(letter().encrypt(&lab.to(&bob)), ErrorKind::Usage);
        assert!(error.to_string().contains("no signature in it holds"), "{error}");
    }
}

#[test]
fn one_old_addressee_makes_a_mail_one_for_old_programs() {
    let lab = Lab::new();
    let (old, new) = (lab.bob(), lab.person(KeyKind::X25519, "carol@example.org"));
    let to = lab.to(&new).modern().and(lab.to(&old)).unwrap();
    refused(letter().encrypt(&to), ErrorKind::Usage);
    let sealed = letter().sign(&lab.bob()).unwrap().encrypt(&to).unwrap();
    assert!(is(sealed.as_bytes(), ENVELOPED_DATA));
    for one in [&old, &new] {
        assert!(matches!(sealed.clone().open(one).unwrap(), Opened::Signed(_)));
    }
}

#[test]
fn for_old_programs_only_what_is_signed_is_encrypted_and_it_opens_as_signed() {
    let lab = Lab::new();
    let bob = lab.bob();
    for kind in old() {
        let alice = lab.person(kind, "alice@example.org");
        let to = lab.to(&alice).modern();
        let compat = Encryption::to(&to).compat();
        refused(compat.entity(&letter()), ErrorKind::Usage);
        for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
            let signed = signing.entity(&letter()).unwrap();
            let sealed = compat.entity(&Entity::parse(signed.as_bytes()).unwrap()).unwrap();
            assert!(is(sealed.as_bytes(), ENVELOPED_DATA));
            let Opened::Signed(signed) = sealed.open(&alice).unwrap() else { panic!("it is signed") };
            let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
            assert_eq!(verified.get().as_bytes(), CONTENT);
        }
    }
}

#[test]
fn a_mail_that_is_only_called_signed_is_not_encrypted_for_old_programs() {
    let lab = Lab::new();
    let bob = lab.bob();
    let to = lab.to(&bob);
    for head in [
        "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nhello\r\n",
        "Content-Type: multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"\r\n\r\nhello\r\n",
    ] {
        let entity = Entity::parse(head).unwrap();
        assert!(Encryption::to(&to).compat().entity(&entity).is_err(), "{head}");
    }
}

#[test]
fn rsa_is_used_with_oaep_for_modern_programs_and_with_pkcs1_for_old_ones() {
    let lab = Lab::new();
    let bob = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let signed = letter().sign(&bob).unwrap();
    let sealed = signed.encrypt(&lab.to(&bob).modern()).unwrap();
    assert!(is(sealed.as_bytes(), RSA_OAEP) && !is(sealed.as_bytes(), RSA_PKCS1));
    let sealed = signed.encrypt(&lab.to(&bob)).unwrap();
    assert!(is(sealed.as_bytes(), RSA_PKCS1) && !is(sealed.as_bytes(), RSA_OAEP));
}

#[test]
fn what_a_verified_mail_says_of_its_program_makes_the_answer_modern() {
    let lab = Lab::new();
    for kind in old() {
        let bob = lab.person(kind, "bob@example.org");
        let verified = letter().sign(&bob).unwrap().verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        let to = lab.to(&bob).reading(verified.by().capabilities().unwrap());
        let sealed = letter().encrypt(&to).unwrap();
        assert!(is(sealed.as_bytes(), AUTH_ENVELOPED_DATA), "{kind}");
        assert!(is(sealed.as_bytes(), CEK_HKDF), "{kind}: RFC 9709 section 4 asks for it where it is told");
        assert_eq!(plain(sealed.open(&bob)), CONTENT, "{kind}");
    }
}

#[test]
fn a_key_is_bound_to_its_cipher_only_where_all_addressees_say_they_read_that() {
    let lab = Lab::new();
    let (bob, carol) = (lab.bob(), lab.person(KeyKind::P256, "carol@example.org"));
    let verified = letter().sign(&bob).unwrap().verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    let told = lab.to(&bob).reading(verified.by().capabilities().unwrap());
    let both = told.and(lab.to(&carol)).unwrap().modern();
    let sealed = letter().encrypt(&both).unwrap();
    assert!(!is(sealed.as_bytes(), CEK_HKDF));
    for one in [&bob, &carol] {
        assert_eq!(plain(sealed.clone().open(one)), CONTENT);
    }
}

#[test]
fn the_fields_of_the_message_stay_outside_for_everybody_to_read() {
    let lab = Lab::new();
    let bob = lab.bob();
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
    let outside = Entity::parse(sealed.as_bytes()).unwrap();
    assert_eq!(outside.header("Subject").unwrap().as_deref(), Some("Greetings"));
    let opened = Entity::parse(plain(sealed.open(&bob))).unwrap();
    assert_eq!(opened.header("Subject").unwrap(), None);
}

#[test]
fn a_letter_with_lf_opens_with_crlf() {
    let lab = Lab::new();
    let bob = lab.bob();
    let entity = Entity::parse(with_lf(LETTER)).unwrap();
    let sealed = entity.encrypt(&lab.to(&bob).modern()).unwrap();
    assert_eq!(plain(sealed.open(&bob)), CONTENT);
}

#[test]
fn no_two_encryptions_of_a_mail_are_alike() {
    let key = Key::generate();
    let one = || object_of(letter().encrypt(&Addressees::key(&key)).unwrap().as_bytes());
    assert_ne!(one(), one());
}

#[test]
fn more_addressees_than_anybody_has_are_refused() {
    let key = Key::generate();
    let one = Addressees::key(&key);
    let mut many = one.clone();
    for _ in 0..12 {
        many = many.clone().and(many).unwrap();
    }
    refused(many.and(one), ErrorKind::OverLimit);
}

#[test]
fn what_a_program_says_that_it_reads_counts_before_what_the_caller_says_of_all() {
    let lab = Lab::new();
    let bob = lab.bob();
    let told = |id: &str| {
        let capabilities = attribute("1.2.840.113549.1.9.15", &[&sequence(&[&algorithm(id)])]);
        let mail = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT).with(capabilities)).mail();
        let trust = lab.trust();
        let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&mail).unwrap();
        verified.by().capabilities().unwrap().clone()
    };
    let (cbc, gcm) = (told(AES_256_CBC), told(AES_256_GCM));
    let old = lab.to(&bob).reading(&cbc).modern();
    refused(letter().encrypt(&old), ErrorKind::Usage);
    let sealed = letter().sign(&bob).unwrap().encrypt(&old).unwrap();
    assert!(is(sealed.as_bytes(), ENVELOPED_DATA) && is(sealed.as_bytes(), AES_256_CBC));
    let carol = lab.person(KeyKind::P256, "carol@example.org");
    let both = |first| lab.to(&bob).reading(first).and(lab.to(&carol)).unwrap().modern();
    assert!(is(letter().encrypt(&both(&gcm)).unwrap().as_bytes(), AUTH_ENVELOPED_DATA));
    refused(letter().encrypt(&both(&cbc)), ErrorKind::Usage);
}

#[test]
fn a_mail_whose_signature_does_not_show_changes_is_refused_for_old_programs_with_the_reason() {
    let lab = Lab::new();
    let bob = lab.bob();
    let to = lab.to(&bob);
    let mut alone = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT));
    alone.certificates.clear();
    let changed = letter().sign(&bob).unwrap().into_bytes();
    let changed = String::from_utf8(changed).unwrap().replace("how are you", "who are you");
    for mail in [alone.mail(), changed.into_bytes(), LETTER.to_vec()] {
        let error = refused(Entity::parse(mail).unwrap().encrypt(&to), ErrorKind::Usage);
        assert!(error.to_string().contains("no signature in it holds"), "{error}");
    }
}
