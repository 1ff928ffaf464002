//! What signing gives, whoever signs and whatever the content.
use bulla::smime::{Entity, Expect, Opened, Signing, Verification};
use bulla::{Digest, ErrorKind, KeyKind, SignatureAlgorithm};

use crate::mail::{CONTENT, LETTER, Lab, address, has, letter, refused, with_lf};

const KINDS: [(KeyKind, SignatureAlgorithm, Digest); 5] = [
    (KeyKind::P256, SignatureAlgorithm::Ecdsa(Digest::Sha256), Digest::Sha256),
    (KeyKind::P384, SignatureAlgorithm::Ecdsa(Digest::Sha384), Digest::Sha384),
    (KeyKind::P521, SignatureAlgorithm::Ecdsa(Digest::Sha512), Digest::Sha512),
    (KeyKind::Ed25519, SignatureAlgorithm::Ed25519, Digest::Sha512),
    (KeyKind::MlDsa65, SignatureAlgorithm::MlDsa65, Digest::Sha512),
];

#[test]
fn what_any_kind_of_key_signs_in_two_parts_or_opaque_verifies() {
    let lab = Lab::new();
    let bob = address("bob@example.org");
    for (kind, algorithm, digest) in KINDS {
        let credential = lab.person(kind, "bob@example.org");
        for signing in [Signing::by(&credential), Signing::by(&credential).opaque()] {
            let signed = signing.entity(&letter()).unwrap();
            let verified = signed.verify(&lab.trust(), Expect::Address(&bob)).unwrap();
            assert_eq!(verified.get().as_bytes(), CONTENT, "{kind}");
            let by = verified.by();
            assert_eq!((by.algorithm(), by.digest()), (algorithm, digest), "{kind}");
            assert_eq!(by.certificate(), credential.certificate(), "{kind}");
        }
    }
}

#[test]
fn an_rsa_key_signs_as_every_reader_knows_and_by_pss_where_all_are_modern() {
    let lab = Lab::new();
    let credential = lab.person(KeyKind::rsa(2048), "bob@example.org");
    let by = |signing: Signing<'_>| {
        let signed = signing.entity(&letter()).unwrap();
        let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
        verified.by().algorithm()
    };
    for (plain, modern) in [
        (Signing::by(&credential), Signing::by(&credential).modern()),
        (Signing::by(&credential).opaque(), Signing::by(&credential).opaque().modern()),
    ] {
        assert_eq!(by(plain), SignatureAlgorithm::RsaPkcs1(Digest::Sha256));
        assert!(matches!(by(modern), SignatureAlgorithm::RsaPss { digest: Digest::Sha256, salt: 32, .. }));
    }
}

#[test]
fn a_mail_of_several_signers_verifies_for_each_of_them_and_for_nobody_else() {
    let lab = Lab::new();
    let bob = lab.bob();
    let carol = lab.person(KeyKind::Ed25519, "carol@example.org");
    for signing in [Signing::by(&bob).and(&carol), Signing::by(&carol).and(&bob).opaque()] {
        let signed = signing.entity(&letter()).unwrap();
        for who in [&bob, &carol] {
            let address = who.certificate().alternative_names().unwrap()[0].to_string();
            let address = address.rsplit(':').next().unwrap().parse().unwrap();
            let verified = signed.clone().verify(&lab.trust(), Expect::Address(&address)).unwrap();
            assert_eq!(verified.by().certificate(), who.certificate());
        }
        let eve = address("eve@example.org");
        refused(signed.verify(&lab.trust(), Expect::Address(&eve)), ErrorKind::WrongName);
    }
}

#[test]
fn the_fields_of_the_message_stay_outside_and_are_not_among_what_was_signed() {
    let lab = Lab::new();
    let bob = lab.bob();
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let signed = signing.entity(&letter()).unwrap();
        let outside = Entity::parse(signed.as_bytes()).unwrap();
        assert_eq!(outside.header("Subject").unwrap().as_deref(), Some("Greetings"));
        assert_eq!(outside.sender().unwrap(), Some(address("bob@example.org")));
        let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        assert_eq!(verified.get().header("Subject").unwrap(), None);
        assert_eq!(verified.get().header("From").unwrap(), None);
        assert_eq!(verified.get().as_bytes(), CONTENT);
    }
}

#[test]
fn everybody_can_read_a_mail_that_is_signed_in_two_parts_and_nobody_one_that_is_opaque() {
    let bob = Lab::new().bob();
    let of = |signing: Signing<'_>| signing.entity(&letter()).unwrap().into_bytes();
    assert!(has(&of(Signing::by(&bob)), CONTENT));
    assert!(!has(&of(Signing::by(&bob).opaque()), b"how are you"));
}

#[test]
fn what_is_signed_in_two_parts_is_ascii_in_short_lines_whatever_came_in() {
    let lab = Lab::new();
    let bob = lab.bob();
    let long = format!("{}\r\n{}\r\n", "x".repeat(5000), "Grüße an Żółw ".repeat(200));
    let text = [b"Content-Type: text/plain; charset=utf-8\r\n\r\n", long.as_bytes()].concat();
    let parts = format!(
        "Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{long}\
         \r\n--in\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\u{1}\0\u{ff}\n\r\
         \r\n--in--\r\n"
    );
    for content in [text, parts.into_bytes()] {
        let signed = Signing::by(&bob).entity(&Entity::parse(content).unwrap()).unwrap();
        assert!(signed.as_bytes().is_ascii());
        let longest = signed.as_bytes().split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap();
        assert!(longest <= 999, "{longest}");
        let _ = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    }
    let text = [b"Content-Type: text/plain; charset=utf-8\r\n\r\n", long.as_bytes()].concat();
    let signed = Signing::by(&bob).entity(&Entity::parse(text).unwrap()).unwrap();
    let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert_eq!(verified.get().content().unwrap(), long.as_bytes());
}

#[test]
fn what_is_opaque_keeps_its_eight_bits() {
    let lab = Lab::new();
    let bob = lab.bob();
    let text = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n";
    let entity = Entity::parse(text).unwrap();
    let signed = Signing::by(&bob).opaque().entity(&entity).unwrap();
    let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert_eq!(verified.get().as_bytes(), text.as_bytes());
}

#[test]
fn a_letter_with_lf_is_signed_as_with_crlf() {
    let lab = Lab::new();
    let bob = lab.bob();
    let entity = Entity::parse(with_lf(LETTER)).unwrap();
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let signed = signing.entity(&entity).unwrap();
        assert_eq!(with_lf(signed.as_bytes()).len() + lines(signed.as_bytes()), signed.as_bytes().len());
        let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
    }
}

fn lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn who_signs_says_when_with_which_certificate_and_what_he_reads() {
    let lab = Lab::new();
    let bob = lab.bob();
    let at = bulla::Time::now();
    let signed = Signing::by(&bob).at(at).entity(&letter()).unwrap();
    let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert_eq!(verified.by().signing_time(), Some(bulla::Time::from_unix(at.unix())));
    assert_eq!(verified.by().addresses(), [address("bob@example.org")]);
    let told = verified.by().capabilities().unwrap().to_string();
    assert!(told.starts_with("AES-256-GCM, ") && told.contains("CEK-HKDF-SHA256"), "{told}");
}

#[test]
fn a_credential_that_is_not_for_signing_mail_signs_none() {
    let lab = Lab::new();
    for kind in [KeyKind::X25519, KeyKind::MlKem768] {
        let key = lab.person(kind, "bob@example.org");
        refused(Signing::by(&key).entity(&letter()), ErrorKind::Untrusted);
    }
    let key = bulla::PrivateKey::generate(KeyKind::P256).unwrap();
    let server = lab.root.tls_server(key.public(), &["www.example.org"]).unwrap().sign().unwrap();
    let server = bulla::x509::Credential::new(key, [server]).unwrap();
    refused(Signing::by(&server).entity(&letter()), ErrorKind::Untrusted);
}

#[test]
fn a_credential_signs_nothing_before_or_after_its_time() {
    let lab = Lab::new();
    let bob = lab.bob();
    for at in ["2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"] {
        let signing = Signing::by(&bob).at(at.parse().unwrap());
        refused(signing.entity(&letter()), ErrorKind::Expired);
    }
}

#[test]
fn the_chain_goes_with_the_mail() {
    let lab = Lab::new();
    let middle = bulla::PrivateKey::generate(KeyKind::P256).unwrap();
    let issued = lab.root.intermediate(&"CN=Between".parse().unwrap(), middle.public(), 0).unwrap();
    let issued = issued.sign().unwrap();
    let middle = bulla::x509::Credential::new(middle, [issued.clone()]).unwrap();
    let middle = bulla::x509::Authority::new(middle).unwrap();
    let key = bulla::PrivateKey::generate(KeyKind::P256).unwrap();
    let own = middle.email(key.public(), &[address("bob@example.org")]).unwrap().sign().unwrap();
    let bob = bulla::x509::Credential::new(key, [own, issued]).unwrap();
    let mail = Signing::by(&bob).entity(&letter()).unwrap().into_bytes();
    let trust = lab.trust();
    let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&mail).unwrap();
    assert_eq!(verified.by().path().certificates().len(), 2);
}

#[test]
fn text_that_says_no_charset_is_said_to_be_utf_8_if_it_is() {
    let lab = Lab::new();
    let bob = lab.bob();
    for (text, says) in [
        (&b"Subject: x\n\nDear Bob\n"[..], "Content-Type: text/plain; charset=utf-8"),
        ("Subject: x\n\nGr\u{fc}\u{df}e\n".as_bytes(), "Content-Type: text/plain; charset=utf-8"),
        // In which letters this is nobody knows.
        (b"Subject: x\n\nGr\xfc\xdfe\n", "Content-Type: text/plain"),
    ] {
        let mail = Entity::parse(text).unwrap();
        let signed = mail.sign(&bob).unwrap().verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        let sealed = mail.encrypt(&lab.to(&bob).modern()).unwrap().open(&bob).unwrap();
        let Opened::Plain(opened) = sealed else { panic!("nobody signed it") };
        for entity in [signed.get(), &opened] {
            let first = String::from_utf8_lossy(entity.as_bytes()).lines().next().unwrap().to_owned();
            assert_eq!(first, says);
        }
    }
}
