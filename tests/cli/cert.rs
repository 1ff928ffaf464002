//! `bulla cert show`, `verify` and `bundle`: each exit code of the contract, every way to give files, and openssl's data.
use serde_json::Value;

use super::lab::{Lab, failed, outcome, words};
use crate::peers;

/// A lab with the authority of `bulla cert test-ca` in the directory `ca`.
pub(crate) fn with_authority() -> Lab {
    let lab = Lab::furnished();
    let run = lab.run("cert test-ca ca");
    assert_eq!((run.code, run.out.len()), (Some(0), 0), "{}", run.err);
    lab
}

/// What openssl writes out; `None` where there is none.
pub(crate) fn openssl(lab: &Lab, line: &str) -> Option<String> {
    let run = outcome(lab.program(peers::find("openssl")?).args(words(line)));
    assert_eq!(run.code, Some(0), "openssl {line}: {}", run.err);
    Some(String::from_utf8_lossy(&run.out).into_owned())
}

fn text(lab: &Lab, line: &str) -> String {
    String::from_utf8(lab.ok(line)).unwrap()
}

fn json(lab: &Lab, line: &str) -> Value {
    serde_json::from_slice(&lab.ok(line)).unwrap()
}

const TRUST: &str = "cert verify --trust ca/root.pem";
const CRLS: &str = "--crl ca/root.crl ca/ca.crl";

#[track_caller]
fn refuses(lab: &Lab, code: i32, line: &str, said: &str) {
    let error = failed(code, line, lab.run(&format!("{TRUST} {line}"))).err;
    assert!(error.contains(said), "{line}: {error}");
}

#[test]
fn a_certificate_that_is_trusted_is_shown_with_its_chain() {
    let lab = with_authority();
    let run = lab.run(&format!("{TRUST} --purpose email --name alice@example.org ca/alice.pem"));
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    for said in [
        "ca/alice.pem: trusted for mail of alice@example.org; good for signatures and encryption",
        "  CN=alice@example.org\n",
        "  CN=Test CA NOT SECRET,O=bulla test-ca\n",
        "  trusted: CN=Test root NOT SECRET,O=bulla test-ca\n",
        "revocation: not known of every certificate",
    ] {
        assert!(run.text().contains(said), "{}", run.text());
    }
    assert_eq!(lab.run(&format!("{TRUST} -q --purpose email ca/alice.pem")).text(), "");
    let report = json(&lab, &format!("{TRUST} --json --purpose tls-server --name LOCALHOST ca/server.pem"));
    assert_eq!((&report["trusted"], &report["purpose"]), (&true.into(), &"tls-server".into()));
    assert_eq!(
        (&report["name"], &report["chain"][0]["subject"]),
        (&"localhost".into(), &"CN=localhost".into())
    );
    assert_eq!(report["chain"].as_array().unwrap().len(), 2);
    assert_eq!(report["anchor"]["subject"], "CN=Test root NOT SECRET,O=bulla test-ca");
}

#[test]
fn what_is_wrong_with_a_certificate_is_exit_code_1_and_names_it() {
    let lab = with_authority();
    lab.ok("cert test-ca other");
    for (line, said) in [
        (
            "--purpose any other/alice.pem",
            "the certificate of CN=Test CA NOT SECRET,O=bulla test-ca: the key of whom",
        ),
        ("--purpose email --name bob@example.org ca/alice.pem", "it is not for bob@example.org"),
        ("--purpose tls-server --name example.net ca/server.pem", "it is not for example.net"),
        ("--purpose tls-server --name localhost ca/alice.pem", "CN=alice@example.org"),
        ("--purpose tls-client ca/server.pem", "CN=localhost"),
        ("--purpose issuer ca/server.pem", "CN=localhost"),
        ("--purpose email ca/expired-mail.pem", "look whether the clock is right"),
        ("--purpose any --at 2001-01-31T12:00:00Z ca/alice.pem", "look whether the clock is right"),
        ("--purpose any --crl ca/root.crl ca/ca.crl ca/revoked-server.pem", "it was revoked at"),
        (
            "--purpose email --revocation require --crl ca/root.crl ca/ca.crl ca/revoked-mail.pem",
            "Key Compromise",
        ),
        ("--purpose any --require-policy ca/alice.pem", "polic"),
    ] {
        refuses(&lab, 1, line, said);
    }
    for (line, reason) in [
        ("--purpose any other/alice.pem", "untrusted"),
        ("--purpose email ca/expired-mail.pem", "expired"),
        ("--purpose email --name bob@example.org ca/alice.pem", "wrong-name"),
        ("--purpose any --crl ca/root.crl ca/ca.crl ca/revoked-server.pem", "revoked"),
        ("--purpose any --revocation require ca/alice.pem", "undetermined"),
    ] {
        let run = lab.run(&format!("{TRUST} --json {line}"));
        let report: Value = serde_json::from_slice(&run.out).unwrap();
        assert_eq!((&report["trusted"], &report["reason"]), (&false.into(), &reason.into()), "{line}");
        assert_eq!(run.err, format!("bulla: {}\n", report["message"].as_str().unwrap()));
    }
}

#[test]
fn revocation_that_cannot_be_told_is_exit_code_5_only_if_it_is_asked_for() {
    let lab = with_authority();
    refuses(&lab, 5, "--purpose any --revocation require ca/alice.pem", "CRL or OCSP response");
    refuses(
        &lab,
        5,
        "--purpose any --revocation require --crl ca/root.crl -- ca/alice.pem",
        "CN=alice@example.org",
    );
    for whether in ["if-given", "off"] {
        lab.ok(&format!("{TRUST} --purpose any --revocation {whether} ca/alice.pem"));
    }
    lab.ok(&format!("{TRUST} --purpose any --revocation require {CRLS} ca/alice.pem"));
    // Nobody looks.
    let known = |more: &str| {
        json(&lab, &format!("{TRUST} --json --purpose any {more} ca/alice.pem"))["revocation"].clone()
    };
    assert_eq!(known(CRLS), "known");
    assert_eq!(known("--crl ca/root.crl --revocation if-given"), "unknown");
    assert_eq!(known("--revocation off"), "off");
    let off = text(&lab, &format!("{TRUST} --purpose any {CRLS} --revocation off ca/revoked-mail.pem"));
    assert!(off.contains("revocation: not looked at"), "{off}");
}

#[test]
fn a_misuse_of_cert_verify_gets_a_line_that_helps() {
    let lab = with_authority();
    for (code, line, said) in [
        (2, "--purpose tls-server ca/server.pem", "--name www.example.org"),
        (2, "--purpose tls-client --name localhost ca/client.pem", "nobody would look at it"),
        (2, "--purpose any --name localhost ca/server.pem", "nobody would look at it"),
        (2, "--purpose email --name localhost ca/alice.pem", "bob@example.org"),
        (2, "--purpose any --at yesterday ca/alice.pem", "2026-01-31T12:00:00Z"),
        (2, "--purpose any --policy x.y ca/alice.pem", "--policy x.y"),
        (2, "--purpose other ca/alice.pem", "tls-server"),
        (2, "ca/alice.pem", "--purpose"),
        (2, "--purpose any ca", "name a file"),
        (3, "--purpose any letter", "PEM or DER"),
        (3, "--purpose any ca/alice.key", "no certificate"),
        (3, "--purpose any --crl letter ca/alice.pem", "letter"),
        (3, "--purpose any --crl ca/alice.pem ca/alice.pem", "no CRL"),
        (3, "--purpose any --ocsp ca/alice.pem ca/alice.pem", "PEM"),
        (4, "--purpose any missing.pem", "missing.pem"),
        (4, "--purpose any --ocsp missing.ocsp ca/alice.pem", "missing.ocsp"),
    ] {
        refuses(&lab, code, line, said);
    }
    let error = lab.fails(2, "cert verify --purpose any ca/alice.pem");
    assert!(error.contains("--trust"), "{error}");
    assert!(lab.fails(3, "cert verify --purpose any --trust letter ca/alice.pem").contains("letter"));
}

#[test]
fn a_list_of_files_may_stand_after_one_flag_or_several_and_file_is_last() {
    let lab = with_authority();
    lab.ok("cert bundle -o alone.pem ca/alice.pem");
    let pem = String::from_utf8(lab.read("alone.pem")).unwrap();
    let alone = pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap();
    lab.write("alone.pem", alone);
    for line in [
        "--trust ca/root.pem --untrusted ca/ca.pem --purpose any alone.pem",
        "--purpose any --trust ca/root.pem --untrusted ca/ca.pem alone.pem",
        "--purpose any --untrusted ca/server.pem ca/ca.pem --trust ca/root.pem alone.pem",
        "--trust ca/server.pem --trust ca/root.pem --untrusted ca/server.pem ca/ca.pem --purpose any alone.pem",
        "--purpose any --crl ca/root.crl --crl ca/ca.crl --untrusted ca/ca.pem --trust ca/root.pem -- alone.pem",
        "alone.pem --purpose any --trust ca/root.pem --untrusted ca/server.pem ca/ca.pem",
    ] {
        let said = text(&lab, &format!("cert verify {line}"));
        assert!(said.starts_with("alone.pem: trusted"), "{line}: {said}");
    }
    for line in [
        "--trust ca/root.pem --purpose any --untrusted ca/ca.pem",
        "--purpose any --trust ca/root.pem - --untrusted ca/ca.pem",
    ] {
        if line.contains(" - ") {
            // Two words after a flag in the middle: is the second FILE?
            refuses_plain(&lab, line);
            continue;
        }
        let said = String::from_utf8(lab.ok_fed(&format!("cert verify {line}"), alone.as_bytes())).unwrap();
        assert!(said.starts_with("standard input: trusted"), "{said}");
    }
    refuses_plain(&lab, "--trust ca/root.pem alone.pem --purpose any");
}

#[track_caller]
fn refuses_plain(lab: &Lab, line: &str) {
    let error = lab.fails(2, &format!("cert verify {line}"));
    assert!(error.contains("put FILE at the end of the line"), "{error}");
}

#[test]
fn certificates_come_in_pem_der_and_pkcs_7_one_or_many() {
    let lab = with_authority();
    lab.ok("cert bundle --p7b -o chain.p7b ca/ca.pem ca/alice.pem");
    lab.ok("cert bundle --p7b --der -o chain.p7b.der ca/ca.pem ca/alice.pem");
    lab.ok("cert bundle -o chain.pem ca/alice.pem ca/ca.pem");
    assert_eq!(lab.read("chain.pem"), lab.read("ca/alice.pem"), "the same certificate once");
    let der: Vec<u8> = {
        let report = json(&lab, "cert show --json chain.pem");
        assert_eq!(report["objects"].as_array().unwrap().len(), 2);
        let Some(_) = openssl(&lab, "x509 -in ca/alice.pem -outform DER -out alice.der") else { return };
        openssl(&lab, "x509 -in ca/ca.pem -outform DER -out ca.der");
        openssl(&lab, "x509 -in ca/root.pem -outform DER -out root.der");
        [lab.read("alice.der"), lab.read("ca.der")].concat()
    };
    lab.write("both.der", der);
    for (untrusted, file) in [
        ("ca.der", "alice.der"),
        ("chain.p7b", "alice.der"),
        ("chain.p7b.der", "alice.der"),
        ("ca.der", "chain.pem"),
        ("ca.der", "both.der"),
        ("chain.pem", "both.der"),
    ] {
        lab.ok(&format!("cert verify --trust root.der --untrusted {untrusted} --purpose any {file}"));
    }
    lab.ok("cert verify --trust root.der --purpose email --name alice@example.org both.der");
    lab.ok("cert verify --trust ca --purpose email --name alice@example.org both.der");
    let listed = openssl(&lab, "pkcs7 -in chain.p7b -print_certs -noout").unwrap();
    assert!(listed.contains("alice@example.org") && listed.contains("Test CA"), "{listed}");
    openssl(&lab, "crl2pkcs7 -nocrl -certfile chain.pem -out theirs.p7b");
    assert_eq!(lab.ok("cert bundle theirs.p7b").len(), lab.read("chain.pem").len());
}

/// An index of openssl's own CA, with one certificate that is good and one that is revoked.
fn index(lab: &Lab, name: &str, state: &str) -> String {
    let serial = json(lab, &format!("cert show --json ca/{name}.pem"))["objects"][0]["serial"].clone();
    let serial = serial.as_str().unwrap().replace(':', "");
    let revoked = if state == "R" { "260101000000Z" } else { "" };
    format!("{state}\t490101000000Z\t{revoked}\t{serial}\tunknown\t/CN={name}\n")
}

#[test]
fn openssls_ocsp_responses_are_gone_by() {
    let lab = with_authority();
    lab.write("index", index(&lab, "alice", "V") + &index(&lab, "bob", "R"));
    for name in ["alice", "bob"] {
        let line = format!(
            "ocsp -index index -CA ca/ca.pem -rsigner ca/ca.pem -rkey ca/ca.key -issuer ca/ca.pem -cert ca/{name}.pem \
             -ndays 7 -respout {name}.ocsp"
        );
        if openssl(&lab, &line).is_none() {
            return;
        }
    }
    let judge = "--revocation require --purpose any --crl ca/root.crl --ocsp";
    lab.ok(&format!("{TRUST} {judge} alice.ocsp bob.ocsp ca/alice.pem"));
    refuses(
        &lab,
        1,
        &format!("{judge} alice.ocsp bob.ocsp ca/bob.pem"),
        "it was revoked at 2026-01-01T00:00:00Z",
    );
    refuses(&lab, 5, &format!("{judge} alice.ocsp ca/server.pem"), "CN=localhost");
}

#[test]
fn what_openssl_shows_of_a_certificate_is_shown() {
    let lab = with_authority();
    let said = text(&lab, "cert show ca/server.pem");
    assert_eq!(said.matches("Certificate:\n").count(), 2);
    if let Some(peers) = openssl(&lab, "x509 -in ca/server.pem -noout -text") {
        for line in
            ["X509v3 Basic Constraints: critical", "X509v3 Subject Alternative Name:", "Digital Signature"]
        {
            assert!(peers.contains(line) && said.contains(line), "{line}\n{said}");
        }
        let serial = peers.lines().skip_while(|line| !line.contains("Serial Number")).nth(1).unwrap().trim();
        assert!(said.contains(&serial.to_uppercase()), "{serial}\n{said}");
    }
    let report = json(&lab, "cert show --json ca/server.pem");
    let leaf = &report["objects"][0];
    assert_eq!((&leaf["type"], &leaf["subject"]), (&"certificate".into(), &"CN=localhost".into()));
    assert_eq!((&leaf["is_ca"], &report["objects"][1]["is_ca"]), (&false.into(), &true.into()));
    let names = leaf["alternative_names"].as_array().unwrap();
    assert!(names.contains(&"DNS:www.example.org".into()) && names.contains(&"IP Address:127.0.0.1".into()));
    assert_eq!(leaf["extended_key_usage"], serde_json::json!(["serverAuth"]));
    assert_eq!(leaf["key_usage"], serde_json::json!(["digitalSignature"]));
    assert_eq!(report["objects"][1]["key_usage"], serde_json::json!(["keyCertSign", "cRLSign"]));
}

#[test]
fn what_cannot_be_read_does_not_hide_what_can() {
    let lab = with_authority();
    lab.ok("cert bundle --p7b --der -o chain.p7b ca/ca.pem ca/alice.pem");
    // A certificate with something else in the place of its version, among others that are sound.
    let mut der = lab.read("chain.p7b");
    let version = [0xa0, 3, 2, 1, 2];
    let at = der.windows(version.len()).position(|part| part == version).unwrap();
    der[at] = 5;
    lab.write("odd.p7b", &der);
    let pem = String::from_utf8([lab.read("ca/ca.pem"), lab.read("ca/alice.pem")].concat()).unwrap();
    let body = pem.lines().nth(1).unwrap();
    lab.write("odd.pem", pem.replacen(body, &"A".repeat(body.len()), 1));
    for name in ["odd.p7b", "odd.pem"] {
        let said = text(&lab, &format!("cert show {name}"));
        assert!(said.contains("Not readable: certificate: ") && said.contains("Certificate:\n"), "{said}");
        let report = json(&lab, &format!("cert show --json {name}"));
        let all = report["objects"].as_array().unwrap();
        let odd: Vec<_> = all.iter().filter(|object| object["type"] == "unreadable").collect();
        assert!(odd.len() == 1 && all.len() > 1 && odd[0]["error"].is_string(), "{report}");
        // Whoever works with them is not given some of them.
        lab.fails(3, &format!("cert bundle -o out.pem {name}"));
    }
}

#[test]
fn everything_of_a_file_is_shown_but_no_private_key() {
    let lab = with_authority();
    lab.ok("cert request --key ca/alice.key --email alice@example.org -o alice.csr");
    let mut all = Vec::new();
    for name in ["ca/alice.pem", "alice.csr", "ca/ca.crl", "ca/alice.key"] {
        all.extend(lab.read(name));
    }
    lab.write("all.pem", &all);
    let said = text(&lab, "cert show all.pem");
    for head in [
        "Certificate:",
        "Certificate Request:",
        "Signed with its own key: yes",
        "Certificate Revocation List (CRL):",
    ] {
        assert!(said.contains(head), "{said}");
    }
    let secret = String::from_utf8(lab.read("ca/alice.key")).unwrap();
    let secret = secret.lines().rev().nth(1).unwrap();
    assert!(said.contains("Private key: not shown") && !said.contains(secret), "{said}");
    let report = json(&lab, "cert show --json all.pem");
    let types: Vec<&str> =
        report["objects"].as_array().unwrap().iter().map(|object| object["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["certificate", "certificate", "request", "crl", "private key"]);
    assert_eq!(report["objects"][2]["possession"], true);
    assert!(lab.fails(2, "cert show ca/alice.p12").contains("bulla p12 import"));
    lab.fails(3, "cert show letter");
    lab.fails(4, "cert show missing");
}
