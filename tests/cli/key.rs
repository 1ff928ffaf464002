//! `bulla key`: key pairs made, shown, converted and checked; openssl reads them, and they read openssl's.
use serde_json::Value;

use super::lab::{Lab, failed, outcome, words};
use crate::peers;

/// What openssl writes out; `None` where there is none.
fn openssl(lab: &Lab, line: &str) -> Option<Vec<u8>> {
    let run = outcome(lab.program(peers::find("openssl")?).args(words(line)));
    assert_eq!(run.code, Some(0), "openssl {line}: {}", run.err);
    Some(run.out)
}

fn shown(lab: &Lab, line: &str) -> Value {
    serde_json::from_slice(&lab.ok(&format!("key show --json {line}"))).unwrap()
}

#[test]
fn every_kind_is_made_shown_and_holds() {
    let lab = Lab::furnished();
    let kinds = [
        ("rsa2048", "RSA 2048"),
        ("p256", "P-256"),
        ("p384", "P-384"),
        ("p521", "P-521"),
        ("ed25519", "Ed25519"),
        ("x25519", "X25519"),
        ("ml-kem-512", "ML-KEM-512"),
        ("ml-kem-768", "ML-KEM-768"),
        ("ml-kem-1024", "ML-KEM-1024"),
        ("ml-dsa-44", "ML-DSA-44"),
        ("ml-dsa-65", "ML-DSA-65"),
        ("ml-dsa-87", "ML-DSA-87"),
    ];
    for (kind, name) in kinds {
        let run = lab.run(&format!("key generate --kind {kind} --plain -o {kind}"));
        assert_eq!((run.code, run.out.len()), (Some(0), 0), "{}", run.err);
        assert!(
            run.err.contains(&format!("{name}, fingerprint ")) && run.err.contains("in plain"),
            "{}",
            run.err
        );
        let report = shown(&lab, kind);
        assert_eq!(
            (&report["kind"], &report["type"], &report["sealed"]),
            (&name.into(), &"private".into(), &false.into())
        );
        assert!(run.err.contains(report["fingerprint"].as_str().unwrap()));
        lab.ok(&format!("key check {kind}"));
        lab.ok(&format!("key convert --public -o {kind}.pub {kind}"));
        let public = shown(&lab, &format!("{kind}.pub"));
        assert_eq!((&public["type"], &public["fingerprint"]), (&"public".into(), &report["fingerprint"]));
        lab.ok(&format!("key check {kind}.pub"));
        if !kind.starts_with("ml") {
            let Some(peers) = openssl(&lab, &format!("pkey -in {kind} -pubout")) else { continue };
            assert_eq!(peers, lab.read(&format!("{kind}.pub")), "{kind}");
        }
    }
    for larger in ["rsa3072", "rsa4096"] {
        let help = String::from_utf8(lab.ok("key generate --help")).unwrap();
        assert!(help.contains(larger));
    }
}

#[cfg(unix)]
#[test]
fn a_private_key_is_sealed_unless_somebody_says_plain_and_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::furnished();
    let error = lab.fails(2, "key generate --kind p256 -o me.key");
    assert!(error.contains("--passphrase-file") && error.contains("--plain"), "{error}");
    assert!(!lab.has("me.key"));
    lab.ok("key generate --kind p256 --passphrase-file pass -o me.key");
    assert!(lab.read("me.key").starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let mode = std::fs::metadata(lab.path("me.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let report = shown(&lab, "--passphrase-file pass me.key");
    assert_eq!(report["sealed"], true);
    lab.write("wrong", "incorrect horse\n");
    lab.fails(1, "key show --passphrase-file wrong me.key");
    lab.fails(2, "key show me.key");
    if let Some(public) = openssl(&lab, "pkey -in me.key -passin file:pass -pubout") {
        assert_eq!(lab.ok("key convert --public --passphrase-file pass me.key"), public);
    }
}

#[test]
fn what_is_shown_of_a_private_key_is_not_secret() {
    let lab = Lab::furnished();
    lab.ok("key generate --kind ed25519 --plain -o me.key");
    let secret = lab.ok("key convert --plain --der me.key");
    // CurvePrivateKey is at the end (RFC 8410 section 7).
    let secret: String = secret[16..].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(secret.len(), 64);
    for line in ["key show me.key", "key show --json me.key", "key check --json me.key"] {
        let out = String::from_utf8(lab.ok(line)).unwrap();
        assert!(out.contains("Ed25519") && !out.contains(&secret), "{out}");
        assert!(!out.contains("PRIVATE KEY"), "{out}");
    }
}

#[test]
fn old_forms_go_in_and_pkcs_8_comes_out() {
    let lab = Lab::furnished();
    if openssl(&lab, "genrsa -traditional -out pkcs1.pem 2048").is_none() {
        return;
    }
    openssl(&lab, "ecparam -name secp384r1 -genkey -noout -out sec1.pem");
    openssl(&lab, "genpkey -algorithm ed25519 -out pkcs8.pem");
    openssl(&lab, "rsa -in pkcs1.pem -traditional -outform DER -out pkcs1.der");
    openssl(&lab, "ec -in sec1.pem -outform DER -out sec1.der");
    openssl(&lab, "pkcs8 -topk8 -in pkcs8.pem -v2 aes-256-cbc -scrypt -passout file:pass -out scrypt.pem");
    openssl(
        &lab,
        "pkcs8 -topk8 -in sec1.pem -v2 aes-128-cbc -passout file:pass -outform DER -out sealed.der",
    );
    for (old, kin) in [
        ("pkcs1.pem", "pkcs1.pem"),
        ("pkcs1.der", "pkcs1.pem"),
        ("sec1.pem", "sec1.pem"),
        ("sec1.der", "sec1.pem"),
        ("pkcs8.pem", "pkcs8.pem"),
        ("scrypt.pem", "pkcs8.pem"),
        ("sealed.der", "sec1.pem"),
    ] {
        lab.ok(&format!("key convert --force --passphrase-file pass -o new {old}"));
        assert!(lab.read("new").starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{old}");
        let public = openssl(&lab, "pkey -in new -passin file:pass -pubout").unwrap();
        assert_eq!(public, openssl(&lab, &format!("pkey -in {kin} -pubout")).unwrap(), "{old}");
        lab.ok(&format!("key convert --force --passphrase-file pass --plain --der -o new.der {old}"));
        assert_eq!(public, openssl(&lab, "pkey -inform DER -in new.der -pubout").unwrap(), "{old}");
    }
}

#[test]
fn converting_keeps_the_passphrase_changes_it_or_takes_it_off() {
    let lab = Lab::furnished();
    lab.write("new", "another horse\n");
    lab.ok("key generate --kind x25519 --passphrase-file pass -o one");
    lab.ok("key convert --passphrase-file pass -o two one");
    lab.ok("key check --passphrase-file pass two");
    lab.ok("key convert --passphrase-file pass --new-passphrase-file new -o three one");
    lab.ok("key check --passphrase-file new three");
    lab.fails(1, "key check --passphrase-file pass three");
    let sealed_der = lab.ok("key convert --passphrase-file pass --der one");
    lab.ok_fed("key check --passphrase-file pass", &sealed_der);
    lab.ok("key convert --passphrase-file pass --plain -o four one");
    lab.ok("key check four");
    // In its place, and under a passphrase for the first time.
    lab.ok("key convert --passphrase-file new --force -o four four");
    lab.ok("key check --passphrase-file new four");
    lab.fails(4, "key convert --passphrase-file new -o four four");
    lab.fails(2, "key convert four");
    lab.fails(2, "key convert --plain --new-passphrase-file new four");
    lab.fails(2, "key convert --plain --public four");
}

#[test]
fn a_key_whose_parts_do_not_agree_does_not_hold() {
    let lab = Lab::furnished();
    for (kind, from_the_end) in [("p256", 5), ("rsa2048", 5)] {
        lab.ok(&format!("key generate --kind {kind} --plain -o good.{kind}"));
        let mut der = lab.ok(&format!("key convert --plain --der good.{kind}"));
        let length = der.len();
        // Of P-256 the public point stands last, of RSA the coefficient; of the point, 5 bytes before the end is within.
        der[length - from_the_end] ^= 1;
        lab.write("bad.der", &der);
        let code = lab.run("key check bad.der").code;
        if kind == "p256" {
            let error = lab.fails(1, "key check bad.der");
            assert!(error.starts_with("bulla: bad.der: "), "{error}");
        } else {
            assert_ne!(code, Some(3));
        }
        lab.ok(&format!("key check good.{kind}"));
    }
    lab.ok("key convert --public --der -o pub.der good.p256");
    let mut public = lab.read("pub.der");
    *public.last_mut().unwrap() ^= 1;
    lab.write("pub.der", &public);
    lab.fails(1, "key check pub.der");
    lab.fails(3, "key show pub.der");
}

#[test]
fn keys_that_are_there_are_not_replaced_unless_somebody_forces_it() {
    let lab = Lab::furnished();
    lab.write("mine", "mine");
    lab.fails(4, "key generate --kind p256 --plain -o mine");
    assert_eq!(lab.read("mine"), b"mine");
    lab.ok("key generate --kind p256 --plain --force -o mine");
    lab.ok("key check mine");
    assert_eq!(lab.listing(), ["key", "letter", "mine", "pass"]);
}

#[test]
fn a_misuse_of_key_gets_a_line_that_helps() {
    let lab = Lab::furnished();
    for (code, line, help) in [
        (2, "key", "see bulla"),
        (2, "key generate --plain", "--kind"),
        (2, "key generate --kind rsa1024 --plain", "rsa3072"),
        (2, "key generate --kind p256 --plain -p", "cannot be used with"),
        (2, "key show .", "name a file"),
        (2, "key show --passphrase-fd 0", "name a FILE"),
        (3, "key show letter", "in PEM or DER"),
        (3, "key check letter", "in PEM or DER"),
        (3, "key show key", "in PEM or DER"),
        (4, "key show missing", "check the name"),
    ] {
        let error = lab.fails(code, line);
        assert!(error.contains(help), "{line}: {error}");
    }
    lab.ok("key generate --kind p256 --plain -o me.key");
    let pem = String::from_utf8(lab.read("me.key")).unwrap();
    let error = failed(2, "key show PEM", lab.run_words(&["key", "show", &pem])).err;
    assert!(!error.contains(pem.lines().nth(1).unwrap()), "{error}");
    lab.write("two", pem.repeat(2));
    assert!(lab.fails(2, "key show two").contains("there are 2 of the kind private key"));
    lab.write("cut", pem.replace("-----END", ""));
    lab.fails(3, "key show cut");
}
