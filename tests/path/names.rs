//! Whom a certificate is for: addresses and hosts compared as their RFCs say, constraints kept.
use bulla::ErrorKind;
use bulla::x509::{
    Authority, Certificate, EmailAddress, Mailbox, Name, Purpose, Revocation, ServerName, Subtree,
    TrustAnchors, Validation,
};

use super::{key, root, trusting};

fn server(authority: &Authority, hosts: &[&str]) -> Certificate {
    authority.tls_server(key().public(), hosts).unwrap().sign().unwrap()
}

fn mail(authority: &Authority, address: &str) -> Certificate {
    authority.email(key().public(), &[address.parse().unwrap()]).unwrap().sign().unwrap()
}

fn is_host(certificate: &Certificate, anchors: &TrustAnchors, host: &str) -> bool {
    let host: ServerName = host.parse().unwrap();
    match Validation::new(Purpose::Server(&host), Revocation::Off).validate(certificate, anchors) {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::WrongName => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_host_is_matched_by_its_whole_name_or_one_label_of_a_wildcard() {
    let root = root("CN=Root");
    let anchors = trusting(root.certificate());
    let certificate = server(&root, &["www.example.org", "*.mail.example.org", "192.0.2.7", "2001:db8::7"]);
    for host in ["www.example.org", "WWW.Example.ORG.", "a.mail.example.org", "192.0.2.7", "2001:db8:0::7"] {
        assert!(is_host(&certificate, &anchors, host), "{host}");
    }
    for host in [
        "example.org",
        "a.www.example.org",
        "mail.example.org",
        "a.b.mail.example.org",
        "192.0.2.8",
        "7.2.0.192.example.org",
    ] {
        assert!(!is_host(&certificate, &anchors, host), "{host}");
    }
}

#[test]
fn an_address_is_matched_with_its_local_part_exact_and_its_domain_in_any_case() {
    let root = root("CN=Root");
    let anchors = trusting(root.certificate());
    let certificate = mail(&root, "Bob@example.org");
    let judged = |address: &str| {
        let address: EmailAddress = address.parse().unwrap();
        let validation = Validation::new(Purpose::EmailSigner(Mailbox::Of(&address)), Revocation::Off);
        validation.validate(&certificate, &anchors).map(|_| ()).map_err(|error| error.kind())
    };
    assert_eq!(judged("Bob@EXAMPLE.org"), Ok(()));
    for other in ["bob@example.org", "Bob@example.org.evil.test", "Bob@sub.example.org", "x@example.org"] {
        assert_eq!(judged(other), Err(ErrorKind::WrongName), "{other}");
    }
}

#[test]
fn a_certificate_for_one_purpose_is_not_good_for_another() {
    let root = root("CN=Root");
    let anchors = trusting(root.certificate());
    let (server, mail) = (server(&root, &["example.org"]), mail(&root, "a@example.org"));
    let host: ServerName = "example.org".parse().unwrap();
    for (certificate, purpose) in [
        (&mail, Purpose::Server(&host)),
        (&server, Purpose::EmailSigner(Mailbox::Anyone)),
        (&server, Purpose::Client),
        (&server, Purpose::Issuer),
        (root.certificate(), Purpose::Client),
    ] {
        let judged = Validation::new(purpose, Revocation::Off).validate(certificate, &anchors);
        // The root is an anchor: it vouches for itself, but its key is for certificates only.
        assert_eq!(judged.unwrap_err().kind(), ErrorKind::Untrusted, "{purpose:?}");
    }
}

/// An authority that may certify only some names, and its certificate.
fn constrained(root: &Authority, permit: &[Subtree], exclude: &[Subtree]) -> (Authority, Certificate) {
    let own = key();
    let name: Name = "CN=Constrained".parse().unwrap();
    let mut issue = root.intermediate(&name, own.public(), 0).unwrap();
    for subtree in permit {
        issue = issue.permit(subtree.clone());
    }
    for subtree in exclude {
        issue = issue.exclude(subtree.clone());
    }
    let certificate = issue.sign().unwrap();
    // Its certificate would not let it: so one of the same name and key without constraints signs.
    (Authority::root(&name, own).unwrap(), certificate)
}

#[track_caller]
fn within(
    permit: &[Subtree],
    exclude: &[Subtree],
    leaf: impl FnOnce(&Authority) -> Certificate,
    expected: bool,
) {
    let root = root("CN=Root");
    let (authority, certificate) = constrained(&root, permit, exclude);
    let judged = Validation::new(Purpose::Any, Revocation::Off)
        .intermediates([certificate])
        .validate(&leaf(&authority), &trusting(root.certificate()));
    match judged {
        Ok(_) => assert!(expected),
        Err(error) => {
            assert!(!expected, "{error}");
            assert_eq!(error.kind(), ErrorKind::Untrusted);
        }
    }
}

#[test]
fn hosts_are_held_to_the_domains_of_their_issuer() {
    let dns = |text: &str| [Subtree::Dns(text.into())];
    for (host, expected) in [
        ("example.org", true),
        ("a.b.example.org", true),
        ("EXAMPLE.org", true),
        ("badexample.org", false),
        ("example.com", false),
        ("*.example.org", true),
    ] {
        within(&dns("example.org"), &[], |authority| server(authority, &[host]), expected);
        within(&[], &dns("example.org"), |authority| server(authority, &[host]), !expected);
    }
    within(&dns("a.example.org"), &[], |authority| server(authority, &["*.example.org"]), false);
}

#[test]
fn a_wildcard_that_covers_an_excluded_host_is_refused() {
    let dns = |text: &str| [Subtree::Dns(text.into())];
    within(&[], &dns("secret.example.org"), |authority| server(authority, &["*.example.org"]), false);
    within(&[], &dns("a.secret.example.org"), |authority| server(authority, &["*.example.org"]), true);
}

#[test]
fn addresses_are_held_to_the_mailboxes_and_hosts_of_their_issuer() {
    let email = |text: &str| [Subtree::Email(text.into())];
    for (base, address, expected) in [
        ("example.org", "a@example.org", true),
        ("example.org", "a@sub.example.org", false),
        (".example.org", "a@sub.example.org", true),
        (".example.org", "a@example.org", false),
        ("a@example.org", "a@EXAMPLE.org", true),
        ("a@example.org", "A@example.org", false),
        ("example.org", "zoë@example.org", true),
        ("example.org", "zoë@example.com", false),
    ] {
        within(&email(base), &[], |authority| mail(authority, address), expected);
        within(&[], &email(base), |authority| mail(authority, address), !expected);
    }
}

#[test]
fn addresses_of_hosts_are_held_to_networks_and_kinds_do_not_mix() {
    let four = [Subtree::Ip("192.0.2.0".parse().unwrap(), "255.255.255.0".parse().unwrap())];
    within(&four, &[], |authority| server(authority, &["192.0.2.200"]), true);
    within(&four, &[], |authority| server(authority, &["192.0.3.1"]), false);
    // What is permitted of one kind of address says that no other is.
    within(&four, &[], |authority| server(authority, &["2001:db8::1"]), false);
    within(&[], &four, |authority| server(authority, &["2001:db8::1"]), true);
    // Constraints on addresses say nothing about names.
    within(&four, &[], |authority| server(authority, &["example.org"]), true);
}
