//! What a certificate is good for: mail that is encrypted, other letters, issuing; and names that cannot be compared.
use bulla::x509::{
    Authority, Certificate, EmailAddress, Mailbox, Profile, Purpose, Revocation, Subtree, Validation,
};
use bulla::{ErrorKind, KeyKind, PrivateKey};

use super::make::{self, Draft, KEY_USAGE, UNKNOWN, now, oid, sequence, tlv};
use super::{below, key, root, trusting};

/// What is said of a certificate, by an anchor and those between.
fn judge(
    whom: Purpose<'_>,
    certificate: &Certificate,
    between: &[&Certificate],
    anchor: &Certificate,
) -> Result<(), (ErrorKind, String)> {
    let between = between.iter().map(|certificate| (*certificate).clone());
    let validation = Validation::new(whom, Revocation::Off).intermediates(between);
    // What is made by hand is good round a fixed day.
    let by_hand = certificate.serial().as_bytes() == [7];
    let validation = if by_hand { validation.at(now()) } else { validation };
    let judged = validation.validate(certificate, &trusting(anchor));
    judged.map(|_| ()).map_err(|error| (error.kind(), error.to_string()))
}

#[track_caller]
fn refused(judged: Result<(), (ErrorKind, String)>, words: &str) {
    let (kind, said) = judged.unwrap_err();
    assert_eq!(kind, ErrorKind::Untrusted, "{said}");
    assert!(said.contains(words), "{said}");
}

#[test]
fn mail_is_encrypted_only_to_keys_that_may_and_can() {
    let root = root("CN=Root");
    let bob: EmailAddress = "bob@example.org".parse().unwrap();
    let to = |address| Purpose::EmailRecipient(Mailbox::Of(address));
    let from = Purpose::EmailSigner(Mailbox::Of(&bob));
    for (kind, receives, signs) in [
        (KeyKind::P256, true, true),
        (KeyKind::rsa(2048), true, true),
        (KeyKind::MlKem768, true, false),
        (KeyKind::X25519, true, false),
        (KeyKind::Ed25519, false, true),
        (KeyKind::MlDsa44, false, true),
    ] {
        let key = PrivateKey::generate(kind).unwrap();
        let certificate = root.email(key.public(), std::slice::from_ref(&bob)).unwrap().sign().unwrap();
        let can = |whom| judge(whom, &certificate, &[], root.certificate()).is_ok();
        assert_eq!((can(to(&bob)), can(from)), (receives, signs), "{kind}");
        let (kind, _) = judge(
            Purpose::EmailRecipient(Mailbox::Of(&"eve@example.org".parse().unwrap())),
            &certificate,
            &[],
            root.certificate(),
        )
        .unwrap_err();
        assert!(!receives || kind == ErrorKind::WrongName);
    }
    // A key of a curve that could, and may not.
    let ca = make::ca("CN=CA");
    let address = sequence(&[&tlv(0x81, &[b"bob@example.org"])]);
    let signs_only =
        Draft::new("CN=Bob", "CN=CA").with("2.5.29.17", &address).critical(KEY_USAGE, &[3, 2, 7, 0x80]);
    let bobs = ca.issue(&signs_only).certificate;
    assert_eq!(judge(from, &bobs, &[], &ca.certificate), Ok(()));
    refused(judge(to(&bob), &bobs, &[], &ca.certificate), "its key is for: Digital Signature");
}

#[test]
fn an_address_with_other_letters_is_matched_as_an_smtp_utf8_mailbox() {
    let root = root("CN=Root");
    let address = |text: &str| text.parse::<EmailAddress>().unwrap();
    let certificate = root.email(key().public(), &[address("böb@example.org")]).unwrap().sign().unwrap();
    let kind = |text: &str| {
        let address = address(text);
        judge(Purpose::EmailSigner(Mailbox::Of(&address)), &certificate, &[], root.certificate())
            .map_err(|(kind, _)| kind)
    };
    assert_eq!(kind("böb@example.org"), Ok(()));
    assert_eq!(kind("böb@EXAMPLE.org"), Ok(()));
    for other in ["bob@example.org", "BÖB@example.org", "böb@example.com"] {
        assert_eq!(kind(other), Err(ErrorKind::WrongName), "{other}");
    }
}

#[test]
fn an_authority_may_issue_and_nobody_else() {
    let root = root("CN=Root");
    let (low, certificate) = below(&root, "CN=Low");
    assert_eq!(judge(Purpose::Issuer, &certificate, &[], root.certificate()), Ok(()));
    assert_eq!(judge(Purpose::Issuer, root.certificate(), &[], root.certificate()), Ok(()));
    let leaf = low.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    refused(judge(Purpose::Issuer, &leaf, &[&certificate], root.certificate()), "no CA's");
}

#[test]
fn an_authority_for_another_purpose_is_no_way_to_a_leaf() {
    let root = root("CN=Root");
    let own = key();
    let name = "CN=Low".parse().unwrap();
    let for_tls = root.intermediate(&name, own.public(), 0).unwrap().only_for_tls().sign().unwrap();
    // Its certificate would not let it: so one of the same name and key without a purpose signs.
    let low = Authority::root(&name, own).unwrap();
    let mail = low.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let client = low.issue(Profile::tls_client(&"CN=Bob".parse().unwrap()).unwrap(), key().public());
    let client = client.unwrap().sign().unwrap();
    let anyone = Purpose::EmailSigner(Mailbox::Anyone);
    refused(judge(anyone, &mail, &[&for_tls], root.certificate()), "it is for: TLS Web Server");
    assert_eq!(judge(Purpose::Client, &client, &[&for_tls], root.certificate()), Ok(()));
}

#[test]
fn an_extension_that_is_there_twice_is_refused_wherever_in_the_path() {
    let ca = make::ca("CN=CA");
    let twice = |draft: Draft| draft.with(UNKNOWN, &[5, 0]).with(UNKNOWN, &[5, 0]);
    let between = Draft::ca("CN=Low");
    let between = Draft { issuer: "CN=CA".to_owned(), ..between };
    let leaf = Draft::new("CN=Bob", "CN=Low");
    for (between, leaf, sound) in [
        (between.clone(), leaf.clone(), true),
        (between.clone(), twice(leaf.clone()), false),
        (twice(between), leaf, false),
    ] {
        let low = ca.issue(&between);
        let bob = low.issue(&leaf).certificate;
        let judged = judge(Purpose::Any, &bob, &[&low.certificate], &ca.certificate);
        if sound { assert_eq!(judged, Ok(())) } else { refused(judged, "twice") }
    }
}

/// What a CA that may certify these names, or may not, has said of somebody with this alternative name.
fn within(permit: bool, tree: &Subtree, name: &[u8]) -> Result<(), (ErrorKind, String)> {
    let root = make::ca("CN=Root");
    let inside = match tree {
        Subtree::Other(der) => der.clone(),
        Subtree::Uri(text) => tlv(0x86, &[text.as_bytes()]),
        Subtree::Email(text) => tlv(0x81, &[text.as_bytes()]),
        Subtree::Directory(name) => tlv(0xa4, &[name.as_der()]),
        other => panic!("{other}"),
    };
    let constraints = sequence(&[&tlv(if permit { 0xa0 } else { 0xa1 }, &[&sequence(&[&inside])])]);
    let low =
        Draft { issuer: "CN=Root".to_owned(), ..Draft::ca("CN=Low") }.critical("2.5.29.30", &constraints);
    let low = root.issue(&low);
    // Named by nothing else, and critically so.
    let bob = Draft { subject: String::new(), ..Draft::new("CN=Bob", "CN=Low") };
    let bob = low.issue(&bob.critical("2.5.29.17", &sequence(&[name]))).certificate;
    judge(Purpose::Any, &bob, &[&low.certificate], &root.certificate)
}

fn other_name(kind: &str, value: &[u8]) -> Vec<u8> {
    tlv(0xa0, &[&oid(kind), &tlv(0xa0, &[value])])
}

#[test]
fn uris_directory_names_and_addresses_with_other_letters_are_held_to_their_constraints() {
    let uri = |text: &str| tlv(0x86, &[text.as_bytes()]);
    let directory = |text: &str| tlv(0xa4, &[text.parse::<bulla::x509::Name>().unwrap().as_der()]);
    let smtp = |text: &str| other_name("1.3.6.1.5.5.7.8.9", &tlv(12, &[text.as_bytes()]));
    let hosts = Subtree::Uri("example.org".into());
    let below = Subtree::Uri(".example.org".into());
    let organisation = Subtree::Directory("O=Example,C=CH".parse().unwrap());
    let mailboxes = Subtree::Email("example.org".into());
    for (tree, name, inside) in [
        (&hosts, uri("https://example.org/a"), true),
        (&hosts, uri("https://u@EXAMPLE.org:443?q"), true),
        (&hosts, uri("https://www.example.org/"), false),
        (&hosts, uri("https://evil.test/example.org"), false),
        (&below, uri("ldap://www.example.org/"), true),
        (&below, uri("ldap://example.org/"), false),
        (&organisation, directory("CN=Bob,O=Example,C=CH"), true),
        (&organisation, directory("CN=Bob,O=Example,C=DE"), false),
        (&mailboxes, smtp("böb@example.org"), true),
        (&mailboxes, smtp("böb@evil.test"), false),
    ] {
        for permit in [true, false] {
            let judged = within(permit, tree, &name);
            match inside == permit {
                true => assert_eq!(judged, Ok(()), "{tree} {name:02x?}"),
                false => refused(judged, "outside of the names"),
            }
        }
    }
    // Of another kind than is spoken of: no constraint.
    assert_eq!(within(true, &hosts, &directory("CN=Bob")), Ok(()));
}

#[test]
fn what_cannot_be_compared_with_a_constraint_is_refused_and_said_to_be_so() {
    let upn = other_name("1.3.6.1.4.1.311.20.2.3", &tlv(12, &[b"bob@example.org"]));
    let trees = [
        (Subtree::Other(upn.clone()), upn),
        // RFC 5280 section 4.2.1.10: no host by name, no way to compare.
        (Subtree::Uri("example.org".into()), tlv(0x86, &[b"https://192.0.2.1/"])),
        (Subtree::Uri("example.org".into()), tlv(0x86, &[b"urn:example:a"])),
        (Subtree::Other(tlv(0x88, &[&[0x2a, 3]])), tlv(0x88, &[&[0x2a, 3, 4]])),
    ];
    for (tree, name) in trees {
        for permit in [true, false] {
            refused(within(permit, &tree, &name), "cannot be compared");
        }
    }
}
