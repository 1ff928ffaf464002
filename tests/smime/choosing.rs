//! Which cipher a mail gets: the best that all addressees say they read, in their certificates (RFC 4262) or under a signature.
use bulla::smime::{Addressees, Encryption, Expect, Opened, Opening, Signing, Verification};
use bulla::x509::{Credential, Extension};
use bulla::{Digest, ErrorKind, KeyKind, PrivateKey, SignatureAlgorithm};

use crate::cms::{self, AUTH_ENVELOPED_DATA, ENVELOPED_DATA, Key, Signed, SignerInfo, object_of};
use crate::mail::{CONTENT, Lab, address, has, letter, plain, refused};
use crate::make::{oid, sequence};

/// smimeCapabilities, of a signature as of a certificate (RFC 4262 section 2).
const CAPABILITIES: &str = "1.2.840.113549.1.9.15";
const GCM_256: &str = cms::AES_256_GCM;
const GCM_128: &str = "2.16.840.1.101.3.4.1.6";
const CHACHA20: &str = "1.2.840.113549.1.9.16.3.18";
const CBC_256: &str = cms::AES_256_CBC;
const CBC_128: &str = "2.16.840.1.101.3.4.1.2";
const OAEP: &str = "1.2.840.113549.1.1.7";
const PKCS1: &str = "1.2.840.113549.1.1.1";
const PSS: &str = "1.2.840.113549.1.1.10";

fn capabilities(all: &[&str]) -> Vec<u8> {
    sequence(&[&all.iter().flat_map(|id| cms::algorithm(id)).collect::<Vec<_>>()])
}

/// Somebody whose certificate has this for an extension of capabilities.
fn with_extension(lab: &Lab, kind: KeyKind, whom: &str, value: Vec<u8>) -> Credential {
    let key = PrivateKey::generate(kind).unwrap();
    let issue = lab.root.email(key.public(), &[address(whom)]).unwrap();
    let told = Extension::new(CAPABILITIES.parse().unwrap(), false, value);
    Credential::new(key, [issue.extension(told).sign().unwrap()]).unwrap()
}

/// Somebody whose certificate says that he reads these.
fn reader(lab: &Lab, kind: KeyKind, whom: &str, all: &[&str]) -> Credential {
    with_extension(lab, kind, whom, capabilities(all))
}

/// The cipher that a mail is encrypted with. Only one of them may be in it.
fn cipher(mail: &[u8]) -> &'static str {
    let object = object_of(mail);
    let known = [GCM_256, GCM_128, CHACHA20, CBC_256, CBC_128];
    let found: Vec<_> = known.into_iter().filter(|id| has(&object, &oid(id))).collect();
    let [one] = found[..] else { panic!("{found:?}") };
    let is_authenticated = has(&object, &oid(AUTH_ENVELOPED_DATA));
    assert_eq!(is_authenticated, ![CBC_256, CBC_128].contains(&one));
    assert_ne!(is_authenticated, has(&object, &oid(ENVELOPED_DATA)));
    one
}

/// Encrypts a letter to two who say what they read, sees that both open it, and tells the cipher.
fn chosen(bob: &[&str], carol: &[&str]) -> &'static str {
    let lab = Lab::new();
    let bob = reader(&lab, KeyKind::P256, "bob@example.org", bob);
    let carol = reader(&lab, KeyKind::rsa(2048), "carol@example.org", carol);
    let sealed = letter().encrypt(&lab.to(&bob).and(lab.to(&carol)).unwrap()).unwrap();
    for one in [&bob, &carol] {
        assert_eq!(plain(sealed.clone().open(one)), CONTENT);
        let mut out = Vec::new();
        let unsealed = Opening::with(one).stream(sealed.as_bytes(), &mut out).unwrap();
        assert_eq!(unsealed.protection(), bulla::smime::Protection::Tag);
    }
    refused(sealed.clone().open(&lab.bob()), ErrorKind::NoKeyFits);
    cipher(sealed.as_bytes())
}

#[test]
fn of_the_ciphers_that_all_say_they_read_the_best_is_taken() {
    for (bob, carol, want) in [
        (&[CHACHA20][..], &[CHACHA20][..], CHACHA20),
        (&[GCM_128], &[GCM_128], GCM_128),
        // What is best is bulla's word, and not that of who lists it first.
        (&[GCM_128, CHACHA20, GCM_256], &[CBC_256, GCM_256, CHACHA20, GCM_128], GCM_256),
        (&[GCM_128, CHACHA20], &[CHACHA20, GCM_128], CHACHA20),
        // What they have in common is all that counts.
        (&[GCM_256, GCM_128], &[GCM_128], GCM_128),
        (&[GCM_256, GCM_128], &[CHACHA20, GCM_128], GCM_128),
        (&[GCM_256, CHACHA20], &[CHACHA20, GCM_128, CBC_128], CHACHA20),
    ] {
        assert_eq!(chosen(bob, carol), want, "{bob:?} {carol:?}");
    }
}

#[test]
fn one_addressee_who_reads_cbc_alone_makes_it_cbc_with_a_signature_inside() {
    let lab = Lab::new();
    let sender = lab.bob();
    for (bob, carol) in [
        (&[GCM_256, CHACHA20, GCM_128][..], &[CBC_256, CBC_128][..]),
        (&[CBC_256], &[CHACHA20]),
        // Each reads something that is authenticated, and none what the other does.
        (&[GCM_256], &[GCM_128]),
        (&[CHACHA20], &[GCM_128, GCM_256]),
        (&[GCM_256], &[]),
    ] {
        let bob = reader(&lab, KeyKind::P384, "bob@example.org", bob);
        let carol = reader(&lab, KeyKind::rsa(2048), "carol@example.org", carol);
        let to = lab.to(&bob).and(lab.to(&carol)).unwrap();
        let error = refused(letter().encrypt(&to), ErrorKind::Usage);
        assert!(error.to_string().contains("no signature in it holds"), "{error}");
        let sealed = letter().sign(&sender).unwrap().encrypt(&to).unwrap();
        assert_eq!(cipher(sealed.as_bytes()), CBC_256);
        for one in [&bob, &carol] {
            let Opened::Signed(signed) = sealed.clone().open(one).unwrap() else { panic!("it is signed") };
            let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
            assert_eq!(verified.get().as_bytes(), CONTENT);
        }
    }
}

#[test]
fn what_is_signed_and_goes_to_who_reads_chacha20_is_authenticated_and_signed() {
    let lab = Lab::new();
    let bob = reader(&lab, KeyKind::P256, "bob@example.org", &[CHACHA20]);
    let sealed = letter().sign(&bob).unwrap().encrypt(&lab.to(&bob)).unwrap();
    assert_eq!(cipher(sealed.as_bytes()), CHACHA20);
    assert!(matches!(sealed.open(&bob).unwrap(), Opened::Signed(_)));
}

#[test]
fn what_was_changed_in_any_of_these_ciphers_does_not_open() {
    let lab = Lab::new();
    for id in [GCM_256, GCM_128, CHACHA20] {
        let bob = reader(&lab, KeyKind::P256, "bob@example.org", &[id]);
        let sealed = letter().encrypt(&lab.to(&bob)).unwrap();
        assert_eq!(cipher(sealed.as_bytes()), id);
        let object = object_of(sealed.as_bytes());
        // The tag, the last of the content before it, and the nonce: the first OCTET STRING of twelve bytes after the cipher.
        let id = oid(id);
        let nonce = object.windows(id.len()).position(|window| window == id).unwrap();
        let nonce = nonce + object[nonce..].windows(2).position(|window| window == [4, 12]).unwrap() + 2;
        for at in [object.len() - 1, object.len() - 16, object.len() - 19, nonce] {
            let mut changed = object.clone();
            changed[at] ^= 1;
            refused(Opening::with(&bob).bytes(&cms::mail(&changed)), ErrorKind::Unauthentic);
        }
    }
}

#[test]
fn a_certificates_word_counts_before_its_kind_of_key_and_before_what_a_mail_says() {
    let lab = Lab::new();
    // X25519 is a key of programs of today; this one's says that it is none.
    let old = reader(&lab, KeyKind::X25519, "bob@example.org", &[CBC_256]);
    refused(letter().encrypt(&lab.to(&old)), ErrorKind::Usage);
    let all = letter().sign(&lab.bob()).unwrap().verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    let all = all.by().capabilities().unwrap();
    refused(letter().encrypt(&lab.to(&old).reading(all)), ErrorKind::Usage);
    let one = reader(&lab, KeyKind::P256, "bob@example.org", &[CHACHA20]);
    assert_eq!(cipher(letter().encrypt(&lab.to(&one).reading(all)).unwrap().as_bytes()), CHACHA20);
    // The caller's own word is for those who say nothing.
    refused(letter().encrypt(&lab.to(&old).modern()), ErrorKind::Usage);
}

#[test]
fn capabilities_that_cannot_be_read_say_nothing() {
    let lab = Lab::new();
    for bad in [vec![5, 0], vec![0x30, 2, 5, 0], vec![0x30, 3, 6, 1, 42], vec![]] {
        let old = with_extension(&lab, KeyKind::P256, "bob@example.org", bad.clone());
        refused(letter().encrypt(&lab.to(&old)), ErrorKind::Usage);
        let new = with_extension(&lab, KeyKind::X25519, "bob@example.org", bad);
        assert_eq!(cipher(letter().encrypt(&lab.to(&new)).unwrap().as_bytes()), GCM_256);
    }
}

#[test]
fn beside_who_says_what_he_reads_who_says_nothing_counts_by_his_key() {
    let lab = Lab::new();
    let bob = reader(&lab, KeyKind::P256, "bob@example.org", &[GCM_256, CHACHA20, GCM_128]);
    let new = lab.person(KeyKind::X25519, "carol@example.org");
    let both = lab.to(&bob).and(lab.to(&new)).unwrap();
    assert_eq!(cipher(letter().encrypt(&both).unwrap().as_bytes()), GCM_256);
    let old = lab.person(KeyKind::P256, "carol@example.org");
    refused(letter().encrypt(&lab.to(&bob).and(lab.to(&old)).unwrap()), ErrorKind::Usage);
    // Of who has a shared key it is known that AES-256-GCM is read, and no other cipher.
    let key = Key::generate();
    let both = lab.to(&bob).and(Addressees::key(&key)).unwrap();
    let sealed = letter().encrypt(&both).unwrap();
    assert_eq!(cipher(sealed.as_bytes()), GCM_256);
    assert_eq!(plain(Opening::with_key(&key).bytes(sealed.as_bytes())), CONTENT);
    let chacha20 = reader(&lab, KeyKind::P256, "bob@example.org", &[CHACHA20]);
    refused(letter().encrypt(&lab.to(&chacha20).and(Addressees::key(&key)).unwrap()), ErrorKind::Usage);
}

#[test]
fn what_a_signature_says_of_its_signers_program_is_gone_by() {
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    for (told, want) in [(CHACHA20, CHACHA20), (GCM_128, GCM_128), (GCM_256, GCM_256)] {
        let said = cms::attribute(CAPABILITIES, &[&capabilities(&[CBC_128, told])]);
        let mail = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT).with(said)).mail();
        let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&mail).unwrap();
        let to = lab.to(&bob).reading(verified.by().capabilities().unwrap());
        let sealed = letter().encrypt(&to).unwrap();
        assert_eq!(cipher(sealed.as_bytes()), want);
        assert_eq!(plain(sealed.open(&bob)), CONTENT);
    }
}

#[test]
fn rsa_keys_get_oaep_in_cbc_where_their_owners_say_so_and_never_where_all_is_for_old_programs() {
    let lab = Lab::new();
    for (told, padding) in [(&[CBC_256, OAEP][..], OAEP), (&[CBC_256], PKCS1)] {
        let bob = reader(&lab, KeyKind::rsa(2048), "bob@example.org", told);
        let (to, signed) = (lab.to(&bob), letter().sign(&bob).unwrap());
        let sealed = signed.encrypt(&to).unwrap();
        assert_eq!(cipher(sealed.as_bytes()), CBC_256);
        let object = object_of(sealed.as_bytes());
        assert_eq!([OAEP, PKCS1].map(|id| has(&object, &oid(id))), [padding == OAEP, padding == PKCS1]);
        assert!(matches!(sealed.open(&bob).unwrap(), Opened::Signed(_)));
        let entity = bulla::smime::Entity::parse(signed.as_bytes()).unwrap();
        let sealed = Encryption::to(&to).compat().entity(&entity).unwrap();
        let object = object_of(sealed.as_bytes());
        assert_eq!([OAEP, PKCS1].map(|id| has(&object, &oid(id))), [false, true]);
        assert!(matches!(sealed.open(&bob).unwrap(), Opened::Signed(_)));
    }
}

/// By PSS, and not by PKCS #1 v1.5: an RSA key signs in no third way.
fn is_pss(algorithm: SignatureAlgorithm) -> bool {
    let is_pss = matches!(algorithm, SignatureAlgorithm::RsaPss { digest: Digest::Sha256, salt: 32, .. });
    assert!(is_pss || algorithm == SignatureAlgorithm::RsaPkcs1(Digest::Sha256), "{algorithm}");
    is_pss
}

#[test]
fn who_signs_for_readers_signs_by_pss_where_all_of_them_read_it() {
    let lab = Lab::new();
    let sender = lab.person(KeyKind::rsa(2048), "alice@example.org");
    let signed_for = |to: &Addressees<'_>| {
        let signed = Signing::by(&sender).readable_by(to).entity(&letter()).unwrap();
        let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        is_pss(verified.by().algorithm())
    };
    let of = |kind, told: &[&str]| lab.to(&reader(&lab, kind, "bob@example.org", told));
    let (new, old) = (KeyKind::X25519, KeyKind::P256);
    let unknown = |kind| lab.to(&lab.person(kind, "carol@example.org"));
    let key = Key::generate();
    for (to, want) in [
        (unknown(old), false),
        (unknown(old).modern(), true),
        (unknown(new), true),
        (of(old, &[GCM_256, PSS]), true),
        (of(new, &[GCM_256]), false),
        (Addressees::key(&key), true),
        (of(old, &[PSS]).and(unknown(new)).unwrap(), true),
        (of(old, &[PSS]).and(unknown(old)).unwrap(), false),
    ] {
        assert_eq!(signed_for(&to), want);
    }
    // It says whether, and not only that: what was said before does not count.
    let signing = Signing::by(&sender).modern().readable_by(&unknown(old)).opaque();
    let verified = signing.entity(&letter()).unwrap().verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert!(!is_pss(verified.by().algorithm()));
}
