//! What would take for ever: circles, a thousand cross-signed authorities, constraints and policies beyond number.
use bulla::ErrorKind;
use bulla::x509::{Authority, Certificate, Extension, Mailbox, Purpose, Revocation, Subtree, Validation};

use super::{below, key, root, trusting};

fn judge(certificate: &Certificate, others: Vec<Certificate>, anchor: &Authority) -> ErrorKind {
    let validation = Validation::new(Purpose::Any, Revocation::Off).intermediates(others);
    validation.validate(certificate, &trusting(anchor.certificate())).unwrap_err().kind()
}

/// Every authority of one name certifies every one of the other: ways without end, and none to the anchor.
fn cross_signed(each: usize) -> (Authority, Vec<Certificate>) {
    let sides = ["CN=Left", "CN=Right"].map(|name| (0..each).map(|_| root(name)).collect::<Vec<_>>());
    let [left, right] = &sides;
    let mut certificates = Vec::new();
    for (above, below) in [(left, right), (right, left)] {
        for issuer in above {
            for subject in below {
                let (name, key) = (subject.certificate().subject(), subject.credential().key().public());
                certificates.push(issuer.intermediate(&name, key, 90).unwrap().sign().unwrap());
            }
        }
    }
    let [left, _] = sides;
    (left.into_iter().next().unwrap(), certificates)
}

#[test]
fn a_circle_of_authorities_ends() {
    let (authority, certificates) = cross_signed(1);
    let leaf = authority.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    assert_eq!(judge(&leaf, certificates, &root("CN=Another")), ErrorKind::Untrusted);
}

#[test]
fn a_thousand_cross_signed_authorities_are_over_the_budget() {
    let (authority, certificates) = cross_signed(23);
    assert!(certificates.len() > 1000);
    let leaf = authority.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    assert_eq!(judge(&leaf, certificates, &root("CN=Another")), ErrorKind::OverLimit);
}

#[test]
fn a_way_that_is_there_is_found_among_a_few_cross_signed_authorities() {
    let (authority, mut certificates) = cross_signed(6);
    let anchor = root("CN=Anchor");
    let name = authority.certificate().subject();
    let own = anchor.intermediate(&name, authority.credential().key().public(), 0).unwrap().sign().unwrap();
    certificates.push(own);
    let leaf = authority.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let validation = Validation::new(Purpose::EmailSigner(Mailbox::Anyone), Revocation::Off)
        .intermediates(certificates)
        .validate(&leaf, &trusting(anchor.certificate()));
    assert_eq!(validation.unwrap().by().certificates().len(), 2);
}

#[test]
fn the_same_certificate_a_thousand_times_is_looked_at_once() {
    let anchor = root("CN=Anchor");
    let (authority, intermediate) = below(&anchor, "CN=Below");
    let leaf = authority.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    // Read anew each time: equal bytes in other places.
    let again = |_| Certificate::from_der(intermediate.as_der()).unwrap();
    assert_eq!(judge(&leaf, (0..1000).map(again).collect(), &root("CN=Another")), ErrorKind::Untrusted);
}

/// A certificate below so many authorities, each below the one before, and the last an anchor.
fn judge_chain(length: usize) -> Result<usize, ErrorKind> {
    let mut issuer = root("CN=Anchor");
    let anchors = trusting(issuer.certificate());
    let mut certificates = Vec::new();
    for depth in 0..length {
        let next = root(&format!("CN=Depth {depth}"));
        let (name, public) = (next.certificate().subject(), next.credential().key().public());
        certificates.push(issuer.intermediate(&name, public, 90).unwrap().sign().unwrap());
        issuer = next;
    }
    let leaf = issuer.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let validation = Validation::new(Purpose::Any, Revocation::Off).intermediates(certificates);
    let judged = validation.validate(&leaf, &anchors);
    judged.map(|trusted| trusted.by().certificates().len()).map_err(|error| error.kind())
}

#[test]
fn a_path_of_sixteen_certificates_is_judged_and_a_longer_one_refused() {
    assert_eq!(judge_chain(15), Ok(16));
    assert_eq!(judge_chain(16), Err(ErrorKind::Untrusted));
}

#[test]
fn constraints_and_names_beyond_number_are_over_the_budget() {
    let anchor = root("CN=Anchor");
    let own = key();
    let name: bulla::x509::Name = "CN=Constrained".parse().unwrap();
    let mut issue = anchor.intermediate(&name, own.public(), 0).unwrap();
    for host in 0..1000 {
        issue = issue.permit(Subtree::Dns(format!("h{host}.example.org")));
    }
    let certificate = issue.sign().unwrap();
    // bulla would not issue what takes so much work to judge: one of the same name and key without constraints signs.
    let authority = Authority::root(&name, own).unwrap();
    let hosts: Vec<String> = (0..1000).map(|host| format!("h{host}.example.org")).collect();
    let leaf = authority.tls_server(key().public(), &hosts).unwrap().sign().unwrap();
    assert_eq!(judge(&leaf, vec![certificate], &anchor), ErrorKind::OverLimit);
}

#[test]
fn policies_that_multiply_are_judged_all_the_same() {
    let anchor = root("CN=Anchor");
    let mut certificates = Vec::new();
    let mut at = anchor;
    let first = trusting(at.certificate());
    // Each authority maps each of 200 policies to all of 200: RFC 9618 section 1.2.
    let policy = |number: usize| format!("1.3.6.1.4.1.99999.{number}").parse::<bulla::x509::Oid>().unwrap();
    let id = |number: usize| {
        let text = policy(number).to_string();
        let last: usize = text.rsplit('.').next().unwrap().parse().unwrap();
        let mut der = vec![6, 0, 0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f];
        if last > 127 {
            der.push(0x80 | u8::try_from(last >> 7).unwrap());
        }
        der.push(u8::try_from(last & 0x7f).unwrap());
        der[1] = u8::try_from(der.len() - 2).unwrap();
        der
    };
    let sequence = |inside: Vec<u8>| {
        let length = u32::try_from(inside.len()).unwrap().to_be_bytes();
        let digits: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
        if inside.len() < 128 {
            [vec![0x30, u8::try_from(inside.len()).unwrap()], inside].concat()
        } else {
            [vec![0x30, 0x80 | u8::try_from(digits.len()).unwrap()], digits, inside].concat()
        }
    };
    let pairs: Vec<u8> =
        (0..1000).flat_map(|pair| sequence([id(pair % 32), id(pair / 32)].concat())).collect();
    let mappings = Extension::new("2.5.29.33".parse().unwrap(), false, sequence(pairs));
    for depth in 0..12 {
        let next = root(&format!("CN=Depth {depth}"));
        let mut issue = at
            .intermediate(&next.certificate().subject(), next.credential().key().public(), 90)
            .unwrap()
            .extension(mappings.clone());
        for number in 0..200 {
            issue = issue.policy(policy(number));
        }
        certificates.push(issue.sign().unwrap());
        at = next;
    }
    let leaf = at.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let judged =
        Validation::new(Purpose::Any, Revocation::Off).intermediates(certificates).validate(&leaf, &first);
    assert_eq!(judged.unwrap().by().certificates().len(), 13);
}
