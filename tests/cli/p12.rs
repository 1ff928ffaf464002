//! `bulla p12`: files of keys and certificates that openssl reads, and those that it writes.
use super::cert::{openssl, with_authority};
use super::lab::Lab;

fn has(lab: &Lab, name: &str, part: &str) -> usize {
    String::from_utf8(lab.read(name)).unwrap().matches(part).count()
}

#[test]
fn a_key_and_its_chain_go_into_a_file_and_come_out() {
    let lab = with_authority();
    lab.ok(
        "p12 export --passphrase-file pass --name Alice -o alice.p12 ca/alice.key ca/alice.pem ca/root.pem",
    );
    lab.ok("p12 import --passphrase-file pass -o sealed.pem alice.p12");
    assert_eq!(
        [has(&lab, "sealed.pem", "BEGIN ENCRYPTED PRIVATE KEY"), has(&lab, "sealed.pem", "BEGIN CERT")],
        [1, 3]
    );
    lab.ok("key check --passphrase-file pass sealed.pem");
    lab.ok("p12 import --passphrase-file pass --plain -o plain.pem alice.p12");
    assert_eq!(has(&lab, "plain.pem", "BEGIN PRIVATE KEY"), 1);
    lab.write("new", "another horse\n");
    lab.ok("p12 import --passphrase-file pass --new-passphrase-file new -o new.pem alice.p12");
    lab.ok("key check --passphrase-file new new.pem");
    lab.fails(1, "key check --passphrase-file pass new.pem");
    lab.ok("p12 import --passphrase-file pass --certificates -o chain.pem alice.p12");
    assert_eq!([has(&lab, "chain.pem", "PRIVATE"), has(&lab, "chain.pem", "BEGIN CERT")], [0, 3]);
    // What came out goes in again; a sealed key hands its passphrase on.
    lab.ok("p12 export --passphrase-file new -o again.p12 new.pem");
    lab.ok("p12 import --passphrase-file new --certificates again.p12");
    lab.ok("p12 export --passphrase-file pass --new-passphrase-file new -o third.p12 sealed.pem");
    lab.fails(1, "p12 import --passphrase-file pass third.p12");
    lab.ok_fed("p12 import --passphrase-file new -", &lab.read("third.p12"));
    // The certificates alone, as a store of those who are trusted.
    lab.ok("p12 export --passphrase-file pass -o store.p12 ca/root.pem");
    lab.ok("p12 import --passphrase-file pass -o root.pem store.p12");
    assert_eq!(lab.read("root.pem"), lab.read("ca/root.pem"));
}

#[test]
fn openssl_reads_our_files_and_we_read_its_own() {
    let lab = with_authority();
    lab.ok("p12 export --passphrase-file pass --name Alice -o ours.p12 ca/alice.key ca/alice.pem");
    let Some(listed) = openssl(&lab, "pkcs12 -in ours.p12 -passin file:pass -nodes") else { return };
    assert!(listed.contains("friendlyName: Alice") && listed.contains("BEGIN PRIVATE KEY"), "{listed}");
    let export = "pkcs12 -export -inkey ca/alice.key -in ca/alice.pem -passout file:pass";
    openssl(&lab, &format!("{export} -out theirs.p12"));
    lab.ok("p12 import --passphrase-file pass -o theirs.pem theirs.p12");
    let fingerprint = |line: &str| {
        let report: serde_json::Value = serde_json::from_slice(&lab.ok(line)).unwrap();
        report["fingerprint"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        fingerprint("key show --json --passphrase-file pass theirs.pem"),
        fingerprint("key show --json ca/alice.key")
    );
    openssl(&lab, &format!("{export} -legacy -out old.p12"));
    let error = lab.fails(3, "p12 import --passphrase-file pass old.p12");
    assert!(error.contains("old.p12"), "{error}");
    lab.ok("p12 import --legacy --passphrase-file pass -o old.pem old.p12");
    lab.ok("key check --passphrase-file pass old.pem");
}

/// Java's stores of those who are trusted are often under no passphrase.
#[test]
fn a_file_under_an_empty_passphrase_is_opened_by_a_flag_of_its_own() {
    let lab = with_authority();
    if openssl(&lab, "pkcs12 -export -nokeys -in ca/root.pem -passout pass: -out store.p12").is_none() {
        return;
    }
    lab.ok("p12 import --no-passphrase --certificates -o root.pem store.p12");
    assert_eq!(lab.read("root.pem"), lab.read("ca/root.pem"));
    lab.fails(1, "p12 import --passphrase-file pass store.p12");
}

#[test]
fn a_misuse_of_p12_gets_a_line_that_helps() {
    let lab = with_authority();
    lab.write("wrong", "incorrect horse\n");
    for (code, line, said) in [
        (1, "p12 import --passphrase-file wrong ca/alice.p12", "ca/alice.p12"),
        (2, "p12 import ca/alice.p12", "--passphrase-file"),
        (2, "p12 export -o new.p12 ca/alice.key ca/alice.pem", "--passphrase-file"),
        (2, "p12 export --passphrase-file pass", "FILE"),
        (
            2,
            "p12 export --passphrase-file pass ca/alice.key ca/bob.pem",
            "no certificate is for the private key",
        ),
        (2, "p12 export --passphrase-file pass ca/alice.key ca/bob.key ca/alice.pem", "make a file for each"),
        (
            2,
            "p12 export --passphrase-file pass ca/alice.key ca/alice.pem ca/bob.pem",
            "does not belong to its chain",
        ),
        (
            2,
            "p12 export --passphrase-file pass --trusted-by-java ca/alice.key ca/alice.pem",
            "certificates alone",
        ),
        (2, "p12 import --no-passphrase --passphrase-file pass ca/alice.p12", "cannot be used with"),
        (1, "p12 import --no-passphrase ca/alice.p12", "ca/alice.p12"),
        (3, "p12 export --passphrase-file pass letter", "letter"),
        (3, "p12 export --passphrase-file pass ca/ca.crl", "leave it out"),
        (3, "p12 import --passphrase-file pass ca/alice.pem", "no PKCS #12 file"),
        (4, "p12 export --passphrase-file pass -o ca/alice.p12 ca/alice.key ca/alice.pem", "it exists"),
    ] {
        let error = lab.fails(code, line);
        assert!(error.contains(said), "{line}: {error}");
    }
    assert!(!lab.has("new.p12"));
}
