//! Certificates made by hand to be taken for more than they are: pinned leaves, odd names, weak keys, work without end.
use bulla::x509::{
    Authority, Certificate, EmailAddress, Mailbox, Name, Purpose, Revocation, ServerName, TrustAnchors,
    Validation,
};
use bulla::{ErrorKind, KeyKind, PrivateKey};

use crate::make::*;

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const ALTERNATIVE_NAME: &str = "2.5.29.17";
const NAME_CONSTRAINTS: &str = "2.5.29.30";
const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
const SMTP_UTF8: &str = "1.3.6.1.5.5.7.8.9";
const PERMITTED: u8 = 0xa0;
const EXCLUDED: u8 = 0xa1;

fn is_ca() -> Vec<u8> {
    sequence(&[&[1, 1, 0xff]])
}

fn dns(text: &str) -> Vec<u8> {
    tlv(0x82, &[text.as_bytes()])
}

fn email(text: &str) -> Vec<u8> {
    tlv(0x81, &[text.as_bytes()])
}

fn other(kind: &str, text: &str) -> Vec<u8> {
    tlv(0xa0, &[&oid(kind), &tlv(0xa0, &[&tlv(12, &[text.as_bytes()])])])
}

fn judge(
    certificate: &Certificate,
    anchor: &Certificate,
    purpose: Purpose<'_>,
    between: &[Certificate],
) -> Result<(), ErrorKind> {
    let anchors = TrustAnchors::new([anchor.clone()]).unwrap();
    let validation = Validation::new(purpose, Revocation::Off).at(now()).intermediates(between.to_vec());
    validation.validate(certificate, &anchors).map(drop).map_err(|error| error.kind())
}

/// A CA that is permitted, or excluded from, one name, below a root.
fn constrained(side: u8, name: &[u8]) -> (Party, Party) {
    let root = ca("CN=Root");
    let constraints = sequence(&[&tlv(side, &[&sequence(&[name])])]);
    let draft = Draft::new("CN=Sub", "CN=Root").critical(BASIC_CONSTRAINTS, &is_ca());
    let sub = root.issue(&draft.critical(NAME_CONSTRAINTS, &constraints));
    (root, sub)
}

/// Whether a name of a leaf passes the constraint above it.
fn passes(side: u8, constraint: &[u8], name: &[u8]) -> Result<(), ErrorKind> {
    let (root, sub) = constrained(side, constraint);
    let leaf = sub.issue(&Draft::new("CN=leaf", "CN=Sub").with(ALTERNATIVE_NAME, &sequence(&[name])));
    judge(&leaf.certificate, &root.certificate, Purpose::Any, &[sub.certificate])
}

#[test]
fn a_leaf_that_is_pinned_vouches_for_itself_and_nobody_else() {
    let root = ca("CN=Root");
    let alice: EmailAddress = "alice@example.org".parse().unwrap();
    let as_alice = Purpose::EmailSigner(Mailbox::Of(&alice));
    let below = |issuer: &Party, name: &str| {
        let draft =
            Draft::new("CN=Alice", name).with(ALTERNATIVE_NAME, &sequence(&[&email("alice@example.org")]));
        issuer.issue(&draft).certificate
    };
    // As CAs issue them: without basicConstraints, because it is no CA's.
    let plain = || Draft::new("CN=Bob", "CN=Root");
    for draft in
        [plain(), plain().purpose(EMAIL_PROTECTION), plain().critical(KEY_USAGE, &[BIT_STRING, 2, 2, 4])]
    {
        let bob = root.issue(&draft);
        assert_eq!(judge(&bob.certificate, &bob.certificate, Purpose::Any, &[]), Ok(()));
        let forged = below(&bob, "CN=Bob");
        assert_eq!(judge(&forged, &bob.certificate, as_alice, &[]), Err(ErrorKind::Untrusted));
    }
    // Signed by itself, too; but a root of old that says it by its key usage is one.
    let of_itself = |draft: Draft| {
        let key = p256();
        Party { certificate: draft.sign(&key, &key), key }
    };
    let bob = of_itself(Draft::new("CN=Bob", "CN=Bob"));
    assert_eq!(judge(&below(&bob, "CN=Bob"), &bob.certificate, as_alice, &[]), Err(ErrorKind::Untrusted));
    let old = of_itself(Draft::new("CN=Old", "CN=Old").critical(KEY_USAGE, &[BIT_STRING, 2, 2, 4]));
    assert_eq!(judge(&below(&old, "CN=Old"), &old.certificate, as_alice, &[]), Ok(()));
}

#[test]
fn a_dot_at_the_end_of_a_host_is_no_way_out_of_a_constraint() {
    for host in ["www.bank.example", "www.bank.example.", "*.bank.example.", "bank.example."] {
        let said = passes(EXCLUDED, &dns("bank.example"), &dns(host));
        assert_eq!(said, Err(ErrorKind::Untrusted), "{host}");
    }
    assert_eq!(passes(EXCLUDED, &dns("bank.example"), &dns("www.bank.example.org.")), Ok(()));
    assert_eq!(passes(PERMITTED, &dns("bank.example"), &dns("www.bank.example.")), Ok(()));
}

#[test]
fn an_ipv4_address_written_as_ipv6_is_no_way_out_of_a_constraint() {
    let ten = tlv(0x87, &[&[10, 0, 0, 0, 255, 0, 0, 0]]);
    let mapped = |last: [u8; 4]| {
        let bytes = [&[0; 10][..], &[0xff, 0xff], &last].concat();
        tlv(0x87, &[&bytes])
    };
    assert_eq!(passes(EXCLUDED, &ten, &mapped([10, 0, 0, 1])), Err(ErrorKind::Untrusted));
    assert_eq!(passes(EXCLUDED, &ten, &mapped([11, 0, 0, 1])), Ok(()));
    // And it is nobody's whom one connects to by the one name or the other.
    let root = ca("CN=Root");
    let names = sequence(&[&mapped([10, 0, 0, 1])]);
    let leaf = root.issue(&Draft::new("CN=leaf", "CN=Root").with(ALTERNATIVE_NAME, &names)).certificate;
    for host in ["10.0.0.1", "::ffff:10.0.0.1"] {
        let host: ServerName = host.parse().unwrap();
        assert_eq!(judge(&leaf, &root.certificate, Purpose::Server(&host), &[]), Err(ErrorKind::WrongName));
    }
}

#[test]
fn letters_that_nobody_sees_are_no_way_out_of_a_constraint() {
    let directory = tlv(0xa4, &["O=Bank".parse::<Name>().unwrap().as_der()]);
    for subject in ["CN=leaf,O=BANK", "CN=leaf,O=B\u{ad}ank", "CN=leaf,O=Ba\u{200b}nk", "CN=leaf,O= bank "] {
        let (root, sub) = constrained(EXCLUDED, &directory);
        let leaf = sub.issue(&Draft::new(subject, "CN=Sub")).certificate;
        let said = judge(&leaf, &root.certificate, Purpose::Any, &[sub.certificate]);
        assert_eq!(said, Err(ErrorKind::Untrusted), "{subject:?}");
    }
}

#[test]
fn a_constraint_of_a_kind_that_cannot_be_compared_lets_no_name_of_that_kind_through() {
    // A constraint on SmtpUTF8Mailbox is written as one on rfc822Name (RFC 9598 section 6), never as this.
    let base = other(SMTP_UTF8, "zoë@example.org");
    for side in [PERMITTED, EXCLUDED] {
        for name in [&base, &other(SMTP_UTF8, "åsa@bank.example"), &other("1.3.6.1.4.1.99999.1", "x")] {
            assert_eq!(passes(side, &base, name), Err(ErrorKind::Untrusted));
        }
        assert_eq!(passes(side, &base, &email("bob@example.org")), Ok(()));
    }
}

/// A certificate for mail and for a host with any SubjectPublicKeyInfo, good or not.
fn with_key(public_key_info: &[u8], root: &Party) -> Certificate {
    let names = sequence(&[&dns("www.example.org"), &email("bob@example.org")]);
    let name = |text: &str| text.parse::<Name>().unwrap();
    let times = sequence(&[&generalized(NOW - 86_400), &generalized(NOW + 86_400)]);
    let (subject, issuer) = (name("CN=leaf"), name("CN=Root"));
    let extensions = tlv(0xa3, &[&sequence(&[&extension(ALTERNATIVE_NAME, false, &names)])]);
    let version = tlv(0xa0, &[&[INTEGER, 1, 2]]);
    let number = tlv(INTEGER, &[&[5]]);
    let parts = [
        &version[..],
        &number,
        &algorithm(),
        issuer.as_der(),
        &times,
        subject.as_der(),
        public_key_info,
        &extensions,
    ];
    Certificate::from_der(&sequence(&[&sign(&sequence(&parts), &root.key)])).unwrap()
}

#[test]
fn a_certificate_whose_own_key_protects_nothing_is_good_for_no_purpose() {
    let root = ca("CN=Root");
    let host: ServerName = "www.example.org".parse().unwrap();
    let bob: EmailAddress = "bob@example.org".parse().unwrap();
    let rsa = |bytes: usize, exponent: &[u8]| {
        let modulus = tlv(INTEGER, &[&[0], &vec![0xc1; bytes]]);
        let key = sequence(&[&modulus, &tlv(INTEGER, &[exponent])]);
        sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]), &tlv(BIT_STRING, &[&[0], &key])])
    };
    let point = [&[0, 4][..], &[1; 64]].concat();
    let curve = sequence(&[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]);
    let off_curve = sequence(&[&curve, &tlv(BIT_STRING, &[&point])]);
    let three = &[1, 0, 1][..];
    for (what, key) in [
        ("RSA 512", rsa(64, three)),
        ("RSA 1024", rsa(128, three)),
        ("RSA with e = 1", rsa(256, &[1])),
        ("a point off its curve", off_curve),
    ] {
        let leaf = with_key(&key, &root);
        let mailbox = Mailbox::Of(&bob);
        for purpose in
            [Purpose::Server(&host), Purpose::EmailRecipient(mailbox), Purpose::EmailSigner(mailbox)]
        {
            let said = judge(&leaf, &root.certificate, purpose, &[]);
            assert_eq!(said, Err(ErrorKind::Untrusted), "{what} {purpose:?}");
        }
    }
    let good = with_key(p256().public().as_der(), &root);
    assert_eq!(judge(&good, &root.certificate, Purpose::Server(&host), &[]), Ok(()));
}

#[test]
fn mail_is_encrypted_to_keys_that_receive_and_signed_with_keys_that_sign() {
    let bob: EmailAddress = "bob@example.org".parse().unwrap();
    let mailbox = Mailbox::Of(&bob);
    let (recipient, signer) = (Purpose::EmailRecipient(mailbox), Purpose::EmailSigner(mailbox));
    let authority =
        Authority::root(&"CN=Root".parse().unwrap(), PrivateKey::generate(KeyKind::P256).unwrap()).unwrap();
    for (kind, receives, signs) in [
        (KeyKind::P256, true, true),
        (KeyKind::X25519, true, false),
        (KeyKind::MlKem768, true, false),
        (KeyKind::Ed25519, false, true),
        (KeyKind::MlDsa44, false, true),
    ] {
        let key = PrivateKey::generate(kind).unwrap();
        // As bulla issues it, and as somebody might who says nothing of what the key may do.
        let own = authority.email(key.public(), std::slice::from_ref(&bob)).unwrap().sign().unwrap();
        let root = ca("CN=Root");
        let bare = with_key(key.public().as_der(), &root);
        let at_own = |purpose| {
            let anchors = TrustAnchors::new([authority.certificate().clone()]).unwrap();
            Validation::new(purpose, Revocation::Off).validate(&own, &anchors).is_ok()
        };
        let at_bare = |purpose| judge(&bare, &root.certificate, purpose, &[]).is_ok();
        assert_eq!([at_own(recipient), at_bare(recipient)], [receives; 2], "{kind}");
        assert_eq!([at_own(signer), at_bare(signer)], [signs; 2], "{kind}");
    }
}

#[test]
fn certificates_that_lead_nowhere_are_work_too() {
    let anchor = ca("CN=Anchor");
    let keys: Vec<PrivateKey> = (0..5).map(|_| p256()).collect();
    let mut between = Vec::new();
    // Two certificates of each key, both signed by the next: sixteen ways, and none of them out.
    for (at, pair) in keys.windows(2).enumerate() {
        for twin in 0..2 {
            let serial = [u8::try_from(at).unwrap() + 1, twin];
            let draft = Draft::new("CN=X", "CN=X").serial(&serial).critical(BASIC_CONSTRAINTS, &is_ca());
            between.push(draft.sign(&pair[0], &pair[1]));
        }
    }
    let leaf = Draft::new("CN=leaf", "CN=X").sign(&p256(), &keys[0]);
    assert_eq!(judge(&leaf, &anchor.certificate, Purpose::Any, &between), Err(ErrorKind::Untrusted));
    // And two thousand of the first key, which every way has met already.
    let draft = |n: u16| {
        let [high, low] = n.to_be_bytes();
        Draft::new("CN=X", "CN=X").serial(&[1, high, low]).critical(BASIC_CONSTRAINTS, &is_ca())
    };
    let by = p256();
    between.extend((0..2000).map(|n| draft(n).sign(&keys[0], &by)));
    assert_eq!(judge(&leaf, &anchor.certificate, Purpose::Any, &between), Err(ErrorKind::OverLimit));
}
