//! What can be issued, what follows from the profile, and what cannot be issued.
use std::time::Duration;

use bulla::x509::{
    Authority, Credential, EmailAddress, Extension, GeneralName, Issue, KeyUsage, Name, Profile, Subtree,
};
use bulla::{KeyKind, PrivateKey, Time};

use crate::{below, key, name, refused, root};

fn bob() -> EmailAddress {
    "bob@example.org".parse().unwrap()
}

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_leaf_says_what_its_profile_says_and_signs_no_certificates() {
    let root = root();
    let key = key();
    let web = ["www.Example.org", "*.example.net", "192.0.2.1", "2001:db8::1", "www.example.org"];
    let leaves = [
        (
            root.email(key.public(), &[bob()]).unwrap(),
            "E-mail Protection",
            "Digital Signature, Key Agreement",
        ),
        (root.tls_server(key.public(), &web).unwrap(), "TLS Web Server Authentication", "Digital Signature"),
        (
            root.tls_client(key.public(), &name("CN=Bob")).unwrap(),
            "TLS Web Client Authentication",
            "Digital Signature",
        ),
        (root.ocsp_responder(key.public(), &name("CN=OCSP")).unwrap(), "OCSP Signing", "Digital Signature"),
    ];
    for (issue, purpose, usage) in leaves {
        let leaf = issue.sign().unwrap();
        let constraints = leaf.basic_constraints().unwrap().unwrap();
        assert!(!constraints.is_ca && constraints.path_length.is_none());
        assert_eq!(leaf.key_usage().unwrap().unwrap().to_string(), usage);
        assert_eq!(leaf.extended_key_usage().unwrap().unwrap().to_string(), purpose);
        assert_eq!(leaf.issuer(), root.certificate().subject());
        assert_eq!(leaf.public_key().unwrap(), *key.public());
        assert_eq!(leaf.version(), 3);
        assert!(leaf.serial().as_bytes().len() >= 8 && !leaf.serial().is_negative());
        let critical: Vec<String> = leaf
            .extensions()
            .filter(Extension::is_critical)
            .map(|extension| extension.id().to_string())
            .collect();
        assert_eq!(critical, ["2.5.29.19", "2.5.29.15"]);
        refused(
            Authority::new(
                Credential::new(
                    PrivateKey::from_pem(&key.expose_pem().unwrap(), || panic!("it is not encrypted"))
                        .unwrap(),
                    [leaf],
                )
                .unwrap(),
            ),
            "is no CA's",
        );
    }
    let server = root.tls_server(key.public(), &web).unwrap().sign().unwrap();
    let shown: Vec<String> = server.alternative_names().unwrap().iter().map(GeneralName::to_string).collect();
    let expected =
        ["DNS:www.example.org", "DNS:*.example.net", "IP Address:192.0.2.1", "IP Address:2001:db8::1"];
    assert_eq!(shown, expected);
}

#[test]
fn the_usage_of_a_mail_key_is_what_its_kind_can_do() {
    let root = root();
    for (kind, usage) in [
        (KeyKind::rsa(2048), KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT),
        (KeyKind::P521, KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_AGREEMENT),
        (KeyKind::Ed25519, KeyUsage::DIGITAL_SIGNATURE),
        (KeyKind::MlDsa65, KeyUsage::DIGITAL_SIGNATURE),
    ] {
        let key = PrivateKey::generate(kind).unwrap();
        let leaf = root.email(key.public(), &[bob()]).unwrap().sign().unwrap();
        assert_eq!(leaf.key_usage().unwrap(), Some(usage), "{kind}");
        // NSS takes no other RSA servers; all others sign only.
        let server = root.tls_server(key.public(), &["www.example.org"]).unwrap().sign().unwrap();
        let enciphers = server.key_usage().unwrap().unwrap().allows(KeyUsage::KEY_ENCIPHERMENT);
        assert_eq!(enciphers, kind == KeyKind::rsa(2048));
    }
}

#[test]
fn mail_addresses_with_other_letters_are_smtp_utf8_mailboxes() {
    let root = root();
    let addresses = ["Zoë@example.org".parse().unwrap(), bob()];
    let leaf = root.email(key().public(), &addresses).unwrap().sign().unwrap();
    let names = leaf.alternative_names().unwrap();
    let expected =
        [GeneralName::SmtpUtf8("Zoë@example.org".into()), GeneralName::Email("bob@example.org".into())];
    assert_eq!(names, expected);
}

#[test]
fn what_has_no_subject_says_critically_who_it_is() {
    let long = format!("{}.example.org", "x".repeat(60));
    let leaf = root().tls_server(key().public(), &[long]).unwrap().sign().unwrap();
    assert!(leaf.subject().is_empty());
    let critical = leaf.extensions().find(|extension| extension.id().to_string() == "2.5.29.17").unwrap();
    assert!(critical.is_critical());
}

#[test]
fn an_authority_certifies_and_its_key_identifiers_lead_up() {
    let root = root();
    let middle = below(&root, "CN=Middle", key(), 0);
    let certificate = middle.certificate();
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert_eq!((constraints.is_ca, constraints.path_length), (true, Some(0)));
    let usage = certificate.key_usage().unwrap().unwrap();
    assert_eq!(usage.to_string(), "Certificate Sign, CRL Sign");
    assert!(certificate.extended_key_usage().unwrap().is_none());

    let leaf = middle.email(key().public(), &[bob()]).unwrap().sign().unwrap();
    let chain = [&leaf, certificate, root.certificate()];
    for pair in chain.windows(2) {
        let upper = pair[1].subject_key_identifier().unwrap().unwrap();
        assert_eq!(pair[0].authority_key_identifier().unwrap().unwrap().key_id.as_ref(), Some(&upper));
        assert_eq!(upper.len(), 20);
    }
}

#[test]
fn a_certificate_lasts_as_long_as_was_said_and_never_longer_than_its_issuer() {
    let start = Time::now();
    let key = key();
    let issued = Issue::root(&name("CN=Root"), &key).days(10).sign().unwrap();
    let root = Authority::new(Credential::new(key, [issued]).unwrap()).unwrap();
    let issue = |profile| root.issue(profile, crate::key().public()).unwrap();
    let profile = || Profile::email(&[bob()]).unwrap();
    let until = root.certificate().not_after().unwrap();

    let usual = issue(profile()).sign().unwrap();
    assert_eq!(usual.not_after().unwrap(), until);
    assert!(usual.not_before().unwrap() < start);

    let week = issue(profile()).days(7).sign().unwrap();
    let from = week.not_before().unwrap();
    assert_eq!(week.not_after().unwrap(), from + 7 * DAY - Duration::from_secs(1));

    let exact = issue(profile()).validity(start, start + DAY).sign().unwrap();
    assert_eq!((exact.not_before().unwrap(), exact.not_after().unwrap()), (start, start + DAY));

    refused(issue(profile()).days(11).sign(), "when its issuer is not");
    refused(issue(profile()).validity(start - DAY, start).sign(), "when its issuer is not");
    refused(
        issue(profile()).validity(start, until + Duration::from_secs(1)).sign(),
        "when its issuer is not",
    );
    refused(issue(profile()).validity(start, start - DAY).sign(), "at no time");
    refused(issue(profile()).days(0).sign(), "at no time");

    let old = crate::key();
    let past = Issue::root(&name("CN=Old"), &old).validity(start - 9 * DAY, start - 2 * DAY).sign().unwrap();
    let old = Authority::new(Credential::new(old, [past]).unwrap()).unwrap();
    refused(old.issue(profile(), crate::key().public()).unwrap().sign(), "its issuer is expired");
    // What was valid then can be made for then: for tests, and for lost certificates.
    let then =
        old.issue(profile(), crate::key().public()).unwrap().validity(start - 5 * DAY, start - 3 * DAY);
    assert!(then.sign().is_ok());
    let key = crate::key();
    refused(Issue::self_signed_for(profile(), &key).unwrap().days(u32::MAX).sign(), "beyond 9999");
}

#[test]
fn where_things_are_and_by_which_policy_is_said_in_extensions() {
    let leaf = root()
        .tls_server(key().public(), &["www.example.org"])
        .unwrap()
        .crl_at("http://ca.example.org/1.crl")
        .crl_at("ldap://ca.example.org/cn=1")
        .ocsp_at("http://ocsp.example.org")
        .issuer_at("http://ca.example.org/1.cer")
        .policy("2.23.140.1.2.1".parse().unwrap())
        .sign()
        .unwrap();
    let points = leaf.crl_distribution_points().unwrap();
    assert_eq!((points.len(), points[0].names.len()), (1, 2));
    let accesses = leaf.authority_info_access().unwrap();
    assert!(accesses[0].is_ocsp() && accesses[1].is_issuers());
    assert_eq!(accesses[1].location, GeneralName::Uri("http://ca.example.org/1.cer".into()));
    for bad in ["", "ca.example.org/1.crl", "://x", "http://", "http://ca.example.org/ü", "http://a b/"] {
        let root = root();
        let issue = root.tls_server(key().public(), &["www.example.org"]).unwrap();
        refused(issue.crl_at(bad).sign(), "a URI in it is none");
    }
}

#[test]
fn no_extension_makes_a_leaf_more_than_its_profile() {
    let root = root();
    let issue = || root.tls_client(key().public(), &name("CN=Bob")).unwrap();
    let der = |id: &str, value: &[u8]| Extension::new(id.parse().unwrap(), false, value.to_vec());
    for (id, value, words) in [
        ("2.5.29.19", &[0x30, 3, 1, 1, 0xff][..], "how it is issued"),
        ("2.5.29.15", &[3, 2, 2, 4], "key usage"),
        ("2.5.29.37", &[0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0], "extended key usage"),
        ("2.5.29.17", &[0x30, 3, 0x82, 1, b'x'], "alternative names"),
        ("2.5.29.14", &[4, 1, 1], "key identifiers"),
        ("2.5.29.35", &[0x30, 0], "key identifiers"),
        ("2.5.29.30", &[0x30, 0], "name constraints"),
        ("2.16.840.1.113730.1.1", &[3, 2, 0, 7], "Netscape"),
        ("2.5.29.4", &[0x30, 0], "key usage"),
        ("2.5.29.7", &[0x30, 0], "alternative names"),
        ("2.5.29.8", &[0x30, 0], "alternative names"),
        ("2.5.29.10", &[0x30, 0], "how it is issued"),
        ("1.3.6.1.4.1.311.21.10", &[0x30, 0], "extended key usage"),
        ("1.3.6.1.5.5.7.1.14", &[0x30, 0], "no proxies"),
        ("2.5.29.36", &[0x30, 3, 0x80, 1, 0], "for authorities only"),
        ("2.5.29.54", &[2, 1, 0], "for authorities only"),
        ("2.5.29.32", &[0x30, 0], "not what its type allows"),
    ] {
        refused(issue().extension(der(id, value)).sign(), words);
    }
    let one = || der("1.2.3.4", b"anything");
    refused(issue().extension(one()).extension(one()).sign(), "there already");
    let leaf = issue().extension(one()).sign().unwrap();
    assert_eq!(leaf.extensions().last(), Some(one()));
}

#[test]
fn a_subject_claims_no_names_beyond_the_profiles() {
    let root = root();
    let mail = |subject: &str| root.email(key().public(), &[bob()]).unwrap().subject(&name(subject)).sign();
    for good in ["CN=Bob", "CN=bob@example.org", "emailAddress=bob@example.org,CN=Bob", ""] {
        assert_eq!(mail(good).unwrap().subject(), name(good));
    }
    for bad in ["emailAddress=eve@example.org,CN=Bob", "CN=eve@example.org", "CN=bob@example.org+CN=a@b"] {
        refused(mail(bad), "claims a name");
    }
    let web = |subject: &str| {
        root.tls_server(key().public(), &["www.example.org"]).unwrap().subject(&name(subject)).sign()
    };
    assert!(web("CN=www.example.org,O=Example").is_ok() && web("O=Example").is_ok());
    refused(web("CN=www.example.com"), "claims a name");
    refused(root.tls_client(key().public(), &name("emailAddress=bob@example.org")), "claims a name");
    refused(root.tls_client(key().public(), &name("")), "has no name");
    refused(mail("CN=root,o=example"), "its subject is the issuer");
    refused(
        root.email(root.credential().key().public(), &[bob()]).unwrap().sign(),
        "its key is the issuer's",
    );
    refused(Authority::root(&name(""), key()), "no name");
    refused(Issue::self_signed(&name(""), &key()), "no name");
}

#[test]
fn names_that_are_none_are_refused() {
    for bad in [
        "",
        "www example.org",
        "*.org",
        "*",
        "*.*.example.org",
        "w*.example.org",
        "1.2.3",
        "*.1.2.3.4",
        "zoë.org",
        "http://a.org",
    ] {
        assert!(Profile::tls_server(&[bad]).is_err(), "{bad}");
    }
    refused(Profile::tls_server(&[""; 0]), "no name");
    refused(Profile::email(&[]), "no name");
}

#[test]
fn an_authority_stays_within_its_own_bounds() {
    let root = root();
    let top = below(&root, "CN=Top", key(), 1);
    refused(top.intermediate(&name("CN=x"), key().public(), 1), "path length is 1");
    let low = below(&top, "CN=Low", key(), 0);
    refused(low.intermediate(&name("CN=x"), key().public(), 0), "path length is 0");
    assert!(low.email(key().public(), &[bob()]).unwrap().sign().is_ok());
    refused(
        root.intermediate(&name("cn=ROOT, o=Example"), key().public(), 0).unwrap().sign(),
        "is the issuer",
    );
}

#[test]
fn an_authority_for_one_purpose_issues_for_no_other() {
    let root = root();
    let key = key();
    let issued =
        root.intermediate(&name("CN=Mail"), key.public(), 0).unwrap().only_for_mail().sign().unwrap();
    assert_eq!(issued.extended_key_usage().unwrap().unwrap().to_string(), "E-mail Protection");
    let mail = Authority::new(Credential::new(key, [issued]).unwrap()).unwrap();
    assert!(mail.email(crate::key().public(), &[bob()]).unwrap().sign().is_ok());
    assert!(mail.ocsp_responder(crate::key().public(), &name("CN=OCSP")).unwrap().sign().is_ok());
    refused(mail.tls_client(crate::key().public(), &name("CN=Bob")), "only for: E-mail Protection");
    refused(mail.tls_server(crate::key().public(), &["www.example.org"]), "only for: E-mail Protection");

    let key = crate::key();
    let issued = root.intermediate(&name("CN=TLS"), key.public(), 0).unwrap().only_for_tls().sign().unwrap();
    let web = Authority::new(Credential::new(key, [issued]).unwrap()).unwrap();
    assert!(web.tls_client(crate::key().public(), &name("CN=Bob")).unwrap().sign().is_ok());
    refused(web.email(crate::key().public(), &[bob()]), "only for: TLS Web Server Authentication");
}

#[test]
fn an_authority_never_gets_more_than_its_issuer_has() {
    let root = root();
    let top = below(&root, "CN=Top", key(), 1);
    let below_top = || top.intermediate(&name("CN=x"), key().public(), 0).unwrap();
    refused(below_top().path_length(99).sign(), "path length is 1");
    refused(below_top().path_length(1).sign(), "path length is 1");
    assert!(below_top().path_length(0).sign().is_ok());

    let own = key();
    let mail = root.intermediate(&name("CN=Mail"), own.public(), 3).unwrap().only_for_mail().sign().unwrap();
    let mail = Authority::new(Credential::new(own, [mail]).unwrap()).unwrap();
    let below_mail = || mail.intermediate(&name("CN=x"), key().public(), 0).unwrap();
    refused(below_mail().only_for_tls().sign(), "only for: E-mail Protection");
    refused(below_mail().only_for_mail().only_for_tls().sign(), "only for: E-mail Protection");
    assert!(below_mail().only_for_mail().sign().is_ok());
    // Whoever is for all is for mail only, below one that is.
    assert!(below_mail().sign().is_ok());
}

#[test]
fn name_constraints_are_critical_and_sound() {
    let key = key();
    let root = |tree| {
        Issue::root(&name("CN=Root"), &key).permit(tree).exclude(Subtree::Dns("a.example".into())).sign()
    };
    let permitted = [
        Subtree::Dns("example.org".into()),
        Subtree::Dns(String::new()),
        Subtree::Email(".example.org".into()),
        Subtree::Email("bob@example.org".into()),
        Subtree::Uri("example.org".into()),
        Subtree::Ip("192.0.2.0".parse().unwrap(), "255.255.255.0".parse().unwrap()),
        Subtree::Directory(name("O=Example")),
    ];
    for tree in permitted {
        let certificate = root(tree.clone()).unwrap();
        let found =
            certificate.extensions().find(|extension| extension.id().to_string() == "2.5.29.30").unwrap();
        assert!(found.is_critical());
        let bulla::x509::ExtensionValue::NameConstraints(constraints) = found.decode().unwrap() else {
            panic!()
        };
        assert_eq!((constraints.permitted, constraints.excluded.len()), (vec![tree], 1));
    }
    for bad in [
        Subtree::Dns(".example.org".into()),
        Subtree::Dns("exämple.org".into()),
        Subtree::Email("@example.org".into()),
        Subtree::Uri("http://example.org/".into()),
        Subtree::Ip("192.0.2.0".parse().unwrap(), "::".parse().unwrap()),
        Subtree::Directory(Name::new(&[]).unwrap()),
        Subtree::Other(vec![0x88, 1, 1]),
    ] {
        refused(root(bad), "a name constraint is none");
    }
    let holes = Subtree::Ip("192.0.2.0".parse().unwrap(), "255.0.255.0".parse().unwrap());
    refused(root(holes), "not what its type allows");
}
