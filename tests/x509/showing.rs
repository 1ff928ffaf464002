//! What `Display` shows: all that is there, as openssl has it, and no line that somebody else forged.
use std::process::Command;

use bulla::x509::{Certificate, Extension, GeneralName, Issue, Name, NameAttribute, Request, Spkac, Subtree};
use bulla::{KeyKind, PrivateKey};

use crate::{key, name, peers, root};

/// Lines, without what stands before them.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

/// Asserts that these lines are there, one after the other.
#[track_caller]
fn has(text: &str, block: &[&str]) {
    let lines = lines(text);
    assert!(lines.windows(block.len()).any(|window| window == block), "{block:?} is not in\n{text}");
}

#[test]
fn a_certificate_shows_all_that_it_says() {
    let key = key();
    let issued = Issue::root(&name("CN=Root"), &key)
        .path_length(2)
        .permit(Subtree::Dns("example.org".into()))
        .exclude(Subtree::Ip("192.0.2.0".parse().unwrap(), "255.255.255.0".parse().unwrap()))
        .extension(Extension::new("2.5.29.36".parse().unwrap(), true, vec![0x30, 6, 0x80, 1, 0, 0x81, 1, 3]))
        .sign()
        .unwrap();
    let text = issued.to_string();
    has(&text, &["X509v3 Basic Constraints: critical", "CA:TRUE, pathlen:2"]);
    has(&text, &["X509v3 Key Usage: critical", "Certificate Sign, CRL Sign"]);
    has(&text, &["X509v3 Name Constraints: critical", "Permitted:", "DNS:example.org", "Excluded:"]);
    has(&text, &["IP:192.0.2.0/255.255.255.0"]);
    has(
        &text,
        &["X509v3 Policy Constraints: critical", "Require Explicit Policy:0", "Inhibit Policy Mapping:3"],
    );
    has(&text, &[&format!("Not After : {}", issued.not_after().unwrap())]);
    has(&text, &[&format!("Key Fingerprint (SHA-256): {}", key.public().fingerprint())]);
    has(&text, &[&format!("Fingerprint (SHA-256): {}", issued.fingerprint())]);

    let rsa = PrivateKey::generate(KeyKind::rsa(2048)).unwrap();
    let root = root();
    let leaf = root
        .tls_server(rsa.public(), &["www.example.org", "192.0.2.1"])
        .unwrap()
        .crl_at("http://ca.example.org/1.crl")
        .ocsp_at("http://ocsp.example.org")
        .policy("2.23.140.1.2.1".parse().unwrap())
        .extension(Extension::new(
            "1.3.6.1.5.5.7.1.24".parse().unwrap(),
            false,
            vec![0x30, 6, 2, 1, 5, 2, 1, 9],
        ))
        .extension(Extension::new("1.2.3.4".parse().unwrap(), false, vec![0xab; 2000]))
        .extension(Extension::new(
            "2.16.840.1.113730.1.13".parse().unwrap(),
            false,
            b"\x16\x05hello".to_vec(),
        ))
        .sign()
        .unwrap()
        .to_string();
    has(&leaf, &["Public Key: RSA 2048", "Modulus:"]);
    has(&leaf, &["Exponent: 65537 (0x10001)"]);
    has(&leaf, &["X509v3 Extended Key Usage:", "TLS Web Server Authentication"]);
    has(&leaf, &["X509v3 Subject Alternative Name:", "DNS:www.example.org, IP Address:192.0.2.1"]);
    has(&leaf, &["X509v3 CRL Distribution Points:", "Full Name:", "URI:http://ca.example.org/1.crl"]);
    has(&leaf, &["Authority Information Access:", "OCSP - URI:http://ocsp.example.org"]);
    has(&leaf, &["X509v3 Certificate Policies:", "Policy: 2.23.140.1.2.1"]);
    has(&leaf, &["TLS Feature:", "status_request, 9"]);
    has(&leaf, &["Netscape Comment:", "hello"]);
    has(&leaf, &["1.2.3.4:", &["AB"; 18].join(":")]);
    has(&leaf, &["… and 976 bytes more"]);
    assert!(!leaf.ends_with('\n'));
}

#[test]
fn a_hostile_name_forges_no_line_and_draws_nothing() {
    let evil = "x\nSubject: CN=Bank\r\u{1b}[2J\u{202e}\u{0}\u{2028}";
    let subject =
        Name::new(&[(NameAttribute::CommonName, evil), (NameAttribute::Organization, evil)]).unwrap();
    let comment = [&[0x0c, evil.len() as u8], evil.as_bytes()].concat();
    let raw = GeneralName::Uri(evil.into());
    let certificate = Issue::self_signed_for(bulla::x509::Profile::tls_client(&subject).unwrap(), &key())
        .unwrap()
        .extension(Extension::new("2.16.840.1.113730.1.13".parse().unwrap(), false, comment))
        .sign()
        .unwrap();
    let key = key();
    let request = Request::builder(&key).subject(&subject).sign().unwrap();
    let spkac = Spkac::sign(&key, "x\nSubject: CN=Bank").unwrap();
    for text in [certificate.to_string(), request.to_string(), spkac.to_string()] {
        assert_eq!(
            lines(&text).iter().filter(|line| line.starts_with("Subject: ")).count(),
            usize::from(!text.starts_with("Netscape"))
        );
        assert!(
            !text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{2028}'),
            "{text:?}"
        );
    }
    assert!(!raw.to_string().contains('\n'));
}

#[test]
fn what_is_not_sound_is_shown_as_such() {
    let odd = |id: &str, value: &[u8]| Extension::new(id.parse().unwrap(), false, value.to_vec()).to_string();
    assert_eq!(
        odd("2.5.29.19", &[0x30]),
        "X509v3 Basic Constraints:\n    (not what its type allows)\n    30"
    );
    assert_eq!(odd("1.2.3", &[]), "1.2.3:\n    (empty)");
    // A certificate whose validity is no time: the text is found, not the place, so that nothing else is hit.
    let certificate = Issue::self_signed(&name("CN=Bob"), &key()).unwrap();
    let mut der = certificate.as_der().to_vec();
    let at = der.windows(2).position(|window| window == [0x17, 13]).unwrap();
    der[at + 2] = b'x';
    let at = der.windows(5).position(|window| window == [6, 3, 0x55, 0x1d, 0x0f]).unwrap();
    der[at + 12] = 0x77;
    let text = Certificate::from_der(&der).unwrap().to_string();
    has(&text, &["Not Before: (not sound)"]);
    has(&text, &["X509v3 Key Usage: critical", "(not what its type allows)"]);
}

#[test]
fn a_request_shows_all_but_its_password() {
    let key = key();
    let request =
        Request::builder(&key).host("www.example.org").challenge_password("hunter2").sign().unwrap();
    let text = request.to_string();
    has(&text, &["Certificate Request:", "Version: 1", "Subject: CN=www.example.org"]);
    has(&text, &["Challenge Password: (not shown)"]);
    has(&text, &["Requested Extensions:", "X509v3 Subject Alternative Name:", "DNS:www.example.org"]);
    has(&text, &["Signature Algorithm: ecdsa-with-SHA256", "Signature Value:"]);
    assert!(!text.contains("hunter2"));
    let text = Spkac::sign(&key, "4711").unwrap().to_string();
    has(&text, &["Challenge String: 4711", "Signature Algorithm: ecdsa-with-SHA256"]);
}

#[test]
fn every_certificate_that_the_system_trusts_is_shown_as_openssl_shows_it() {
    let Some(openssl) = peers::find("openssl") else { return };
    let Ok(bundle) = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt") else { return };
    let all = Certificate::all_from_pem(&bundle).unwrap();
    assert!(all.len() > 50);
    for certificate in all {
        let text = certificate.to_string();
        let words = "x509 -noout -serial -subject -issuer -nameopt RFC2253,utf8,-esc_msb -ext subjectAltName,keyUsage,basicConstraints,subjectKeyIdentifier";
        let mut command = Command::new(&openssl);
        let said = peers::run(command.args(words.split(' ')), certificate.to_pem().as_bytes()).unwrap();
        let said = String::from_utf8(said).unwrap();
        let ours = lines(&text);
        for line in said.lines() {
            let expected = match line.split_once('=') {
                Some(("serial", digits)) => {
                    let serial = certificate.serial().to_string();
                    assert_eq!(serial.replace(':', ""), digits);
                    format!("Serial Number: {serial}")
                }
                Some(("subject", shown)) => format!("Subject: {}", shown.replace("street=", "STREET=")),
                Some(("issuer", shown)) => format!("Issuer: {}", shown.replace("street=", "STREET=")),
                _ => line.trim().to_owned(),
            };
            // A name within a name is openssl's old form of it there, whatever it is told.
            let found = match expected.split_once("DirName:") {
                _ if line.starts_with("No extensions") => true,
                Some((before, _)) => ours.iter().any(|line| line.starts_with(&format!("{before}DirName:"))),
                None => ours.contains(&expected.as_str()),
            };
            assert!(found, "`{expected}` is not in\n{text}");
        }
        assert!(!text.contains("not sound") && !text.contains("not what its type allows"), "{text}");
    }
}
