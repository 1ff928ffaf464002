//! `bulla smime`: mail signed, verified, encrypted, decrypted and shown, as docs/command.md promises it; and openssl reads it.
use serde_json::Value;

use super::cert::{openssl, with_authority};
use super::lab::{Lab, failed, outcome};

const MAIL: &str = "From: Alice <alice@example.org>\nTo: bob@example.org\nSubject: Greetings\nReceived: by a;\n 2026\n\
    MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nDear Bob,\nGr\u{fc}\u{df}e\n";
pub(super) const ALICE: &str = "--with ca/alice.pem --key ca/alice.key";
pub(super) const BOB: &str = "--with ca/bob.pem --key ca/bob.key";
pub(super) const TRUST: &str = "--trust ca/root.pem";

/// A lab with an authority, and with `mail`: as it is, signed by Alice, and that encrypted to Bob.
pub(super) fn with_mail() -> Lab {
    let lab = with_authority();
    lab.write("mail", MAIL);
    lab.ok(&format!("smime sign {ALICE} -o signed mail"));
    lab.ok(&format!("smime encrypt --to ca/bob.pem {TRUST} -o sealed signed"));
    lab
}

pub(super) fn json(lab: &Lab, line: &str) -> Value {
    serde_json::from_slice(&lab.ok(line)).unwrap()
}

/// A line that fails with a code and says something, and writes neither to standard output nor a file.
#[track_caller]
pub(super) fn refuses(lab: &Lab, code: i32, line: &str, said: &str) {
    let before = lab.listing();
    for out in ["", "-o made "] {
        let (verb, rest) = line.split_once(' ').unwrap();
        let run = failed(code, line, lab.run(&format!("smime {verb} {out}{rest}")));
        assert!(run.err.contains(said), "{line}: {}", run.err);
        assert_eq!((run.out.len(), lab.listing()), (0, before.clone()), "{line}");
    }
}

pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[cfg(unix)]
#[test]
fn a_mail_goes_through_pipes_signed_encrypted_decrypted_and_verified() {
    let lab = with_mail();
    for (mail, how) in [(MAIL.to_owned(), ""), (MAIL.replace('\n', "\r\n"), "--opaque")] {
        lab.write("mail", mail);
        let line = format!(
            "bulla smime sign {ALICE} {how} < mail | bulla smime encrypt --to ca/bob.pem {TRUST} \
             --address bob@example.org | bulla smime decrypt {BOB} - | bulla smime verify {TRUST} --from-header"
        );
        let run = outcome(lab.program("sh").args(["-euc", &line]));
        assert_eq!(run.code, Some(0), "{}", run.err);
        let verified = text(run.out);
        assert!(verified.starts_with("Content-Type: text/plain; charset=utf-8\r\n"), "{verified}");
        assert!(verified.contains("\r\nDear Bob,\r\nGr"), "{verified}");
        assert!(run.err.contains("genuine, signed by alice@example.org, at "), "{}", run.err);
    }
}

#[test]
fn what_is_not_genuine_is_not_written_out_and_the_exit_code_says_why() {
    let lab = with_mail();
    let signed = text(lab.read("signed"));
    lab.write("changed", signed.replace("Dear Bob", "Dear Eve"));
    lab.write("renamed", signed.replace("Alice <alice@", "Bob <bob@"));
    lab.write("nameless", signed.replace("From: ", "X-From: "));
    lab.write("doubled", signed.replace("To: bob", "From: bob"));
    lab.ok("cert test-ca other");
    for (code, line, said) in [
        (1, format!("verify {TRUST} --any-signer changed"), "not over this content"),
        (1, format!("verify {TRUST} --from-header renamed"), "it is not for bob@example.org"),
        (1, format!("verify {TRUST} --from bob@example.org signed"), "it is not for bob@example.org"),
        (1, "verify --trust other/root.pem --any-signer signed".to_owned(), "the key of whom"),
        (1, format!("verify {TRUST} --any-signer --at 2001-01-31T12:00:00Z signed"), "clock"),
        (3, format!("verify {TRUST} --from-header nameless"), "no field From"),
        (3, format!("verify {TRUST} --from-header doubled"), "twice"),
        (5, format!("verify {TRUST} --any-signer --revocation require signed"), "revoked"),
        (2, format!("verify {TRUST} signed"), "--from-header"),
        (2, format!("verify {TRUST} --from alice@example.org --any-signer signed"), "--any-signer"),
        (2, format!("verify {TRUST} --from alice signed"), "alice"),
        (2, "verify --any-signer signed".to_owned(), "--trust"),
        (2, format!("verify {TRUST} ca/ca.pem --any-signer"), "put MAIL at the end"),
        (4, format!("verify {TRUST} --any-signer missing"), "missing"),
    ] {
        refuses(&lab, code, &line, said);
    }
    let unsigned = lab.run(&format!("smime verify {TRUST} --any-signer mail"));
    assert!(unsigned.out.is_empty() && unsigned.err.contains("it is not signed"), "{}", unsigned.err);
    assert_ne!(unsigned.code, Some(0));
    lab.ok(&format!(
        "smime verify {TRUST} --crl ca/root.crl ca/ca.crl --revocation require --from-header signed"
    ));
    lab.ok("smime sign --with ca/revoked-mail.pem --key ca/revoked-mail.key -o revoked mail");
    let line = format!("verify {TRUST} --crl ca/root.crl ca/ca.crl --any-signer revoked");
    refuses(&lab, 1, &line, "it was revoked at");
}

#[test]
fn a_report_on_a_signature_is_for_machines_and_the_content_goes_to_a_file() {
    let lab = with_mail();
    let report = json(&lab, &format!("smime verify {TRUST} --json --from-header -o content signed"));
    assert_eq!(report["genuine"], true);
    assert_eq!((&report["expected"], &report["legacy"]), (&"alice@example.org".into(), &false.into()));
    assert_eq!(report["addresses"], serde_json::json!(["alice@example.org"]));
    assert_eq!(report["length"], lab.read("content").len());
    assert_eq!((report["chain"].as_array().unwrap().len(), &report["digest"]), (2, &"SHA-256".into()));
    assert!(report["signing_time"].is_string() && report["algorithm"].is_string(), "{report}");
    assert_eq!(report["revocation"], "unknown");
    let line = format!("smime verify {TRUST} --json --from bob@example.org signed");
    let run = lab.run(&line);
    let report: Value = serde_json::from_slice(&run.out).unwrap();
    assert_eq!(
        (run.code, &report["genuine"], &report["reason"]),
        (Some(1), &false.into(), &"wrong-name".into())
    );
    assert_eq!(run.err, format!("bulla: {}\n", report["message"].as_str().unwrap()));
    let quiet = lab.run(&format!("smime verify -q {TRUST} --any-signer signed"));
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""));
}

#[test]
fn a_signature_beside_its_content_is_verified_with_it_and_with_no_other() {
    let lab = with_mail();
    let signed = text(lab.read("signed"));
    let parts: Vec<&str> = signed.split("--=_bulla-").collect();
    let content = parts[1].split_once("\r\n").unwrap().1;
    lab.write("content", content.strip_suffix("\r\n").unwrap());
    let object = parts[2].split_once("\r\n\r\n").unwrap().1;
    lab.write("object", object);
    lab.write("object.pem", format!("-----BEGIN CMS-----\n{}\n-----END CMS-----\n", object.trim()));
    for object in ["object", "object.pem"] {
        let made = lab.ok(&format!("smime verify {TRUST} --any-signer --content content {object}"));
        assert_eq!(made, lab.read("content"));
    }
    refuses(&lab, 1, &format!("verify {TRUST} --any-signer --content mail object"), "not over this content");
    refuses(&lab, 2, &format!("verify {TRUST} --any-signer object"), "--content");
    refuses(&lab, 2, &format!("verify {TRUST} --any-signer --content mail signed"), "a content of its own");
    refuses(&lab, 2, &format!("verify {TRUST} --any-signer --content - object"), "--content");
    refuses(&lab, 3, &format!("verify {TRUST} --from-header --content content object"), "no field From");
    let shown = text(lab.ok(&format!("smime show {TRUST} --any-signer --content content object")));
    assert!(shown.contains("holds:   the signature of CN=alice@example.org"), "{shown}");
}

#[test]
fn a_mail_stays_a_mail_when_it_is_decrypted() {
    let lab = with_mail();
    let mail = text(lab.ok(&format!("smime decrypt {BOB} sealed")));
    let header = mail.split_once("\r\n\r\n").unwrap().0;
    let count = |line: &str| header.split("\r\n").filter(|field| *field == line).count();
    for field in ["From: Alice <alice@example.org>", "Subject: Greetings", " 2026", "MIME-Version: 1.0"] {
        assert_eq!(count(field), 1, "{header}");
    }
    assert!(header.contains("Content-Type: multipart/signed") && !header.contains("pkcs7-mime"), "{header}");
    let content = text(lab.ok(&format!("smime decrypt --content-only {BOB} sealed")));
    assert!(content.starts_with("Content-Type: multipart/signed"), "{content}");
    // As it came with an mbox, and with other fields outside than inside.
    let sealed = text(lab.read("sealed")).replace("Subject: Greetings", "Subject: Other");
    lab.write("sealed", format!("From alice@example.org Mon Nov 23 12:00:00 2026\n{sealed}"));
    let again = text(lab.ok(&format!("smime decrypt {BOB} sealed")));
    assert_eq!(again, mail.replace("Subject: Greetings", "Subject: Other"));
}

#[test]
fn a_mail_is_encrypted_only_to_certificates_that_are_for_their_addresses() {
    let lab = with_mail();
    for (code, line, said) in [
        (1, format!("encrypt --to ca/bob.pem --address carol@example.org {TRUST} mail"), "bob@example.org"),
        (
            1,
            format!("encrypt --to ca/bob.pem --address bob@example.org carol@example.org {TRUST} mail"),
            "--address carol@example.org: none of the certificates is for it",
        ),
        (1, format!("encrypt --to ca/bob.pem ca/alice.pem --address bob@example.org {TRUST} mail"), "alice"),
        (1, format!("encrypt --to ca/server.pem {TRUST} mail"), "names no address"),
        (1, format!("encrypt --to ca/expired-mail.pem {TRUST} mail"), "clock"),
        (1, "encrypt --to ca/expired-mail.pem --trust-given mail".to_owned(), "clock"),
        (1, format!("encrypt --to ca/revoked-mail.pem --crl ca/root.crl ca/ca.crl {TRUST} mail"), "revoked"),
        (1, "encrypt --to ca/bob.pem --address eve@example.org --trust-given mail".to_owned(), "bob@"),
        (5, format!("encrypt --to ca/bob.pem --revocation require {TRUST} mail"), "revoked"),
        (2, "encrypt --to ca/bob.pem -- mail".to_owned(), "--trust-given"),
        (2, format!("encrypt --to ca/bob.pem --trust-given {TRUST} mail"), "which of them counts"),
        (2, "encrypt --to ca/bob.pem --trust-given --crl ca/ca.crl -- mail".to_owned(), "--crl"),
        (2, "encrypt --trust-given mail".to_owned(), "--to"),
        (2, format!("encrypt --shared-key key {TRUST} mail"), "--trust"),
        (2, format!("encrypt --to ca/bob.pem --address bob {TRUST} mail"), "--address bob"),
        (3, format!("encrypt --to mail {TRUST} signed"), "PEM or DER"),
    ] {
        refuses(&lab, code, &line, said);
    }
    let run = lab.run(&format!("smime encrypt --to ca/bob.pem ca/alice.pem {TRUST} -o both mail"));
    assert_eq!(run.err, "bulla: encrypted for bob@example.org, alice@example.org\n");
    for who in [ALICE, BOB] {
        assert!(text(lab.ok(&format!("smime decrypt {who} both"))).contains("Dear Bob"));
    }
    lab.ok("smime encrypt --to ca/bob.pem --trust-given -o given mail");
    lab.ok(&format!("smime decrypt {BOB} given"));
}

#[test]
fn what_does_not_open_is_not_written_out() {
    let lab = with_mail();
    let mut changed = lab.read("sealed");
    lab.write("short", &changed[..changed.len() - 40]);
    // A letter in the middle of the content.
    let at = changed.len() / 2;
    let at = at + changed[at..].iter().position(u8::is_ascii_alphabetic).unwrap();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    lab.write("changed", changed);
    for (code, line, said) in [
        (1, format!("decrypt {ALICE} sealed"), "not encrypted for any of the keys"),
        (1, "decrypt --shared-key key sealed".to_owned(), "not encrypted for any of the keys"),
        (1, format!("decrypt {BOB} changed"), ""),
        (1, format!("decrypt --accept-unauthenticated {BOB} changed"), ""),
        (3, format!("decrypt {BOB} short"), ""),
        (3, format!("decrypt {BOB} signed"), "not encrypted"),
        (2, "decrypt sealed".to_owned(), "--with"),
        (2, "decrypt --key ca/bob.key sealed".to_owned(), "--with"),
    ] {
        refuses(&lab, code, &line, said);
    }
    let run = lab.run(&format!("smime decrypt --json {ALICE} sealed"));
    let report: Value = serde_json::from_slice(&run.out).unwrap();
    assert_eq!((&report["decrypted"], &report["reason"]), (&false.into(), &"no-key-fits".into()));
    let report = json(&lab, &format!("smime decrypt --json --content-only {BOB} -o opened sealed"));
    assert_eq!((&report["decrypted"], &report["protection"]), (&true.into(), &"tag".into()));
    assert_eq!(report["length"], lab.read("opened").len());
    assert!(report["content_type"].as_str().unwrap().starts_with("multipart/signed"));
}

#[test]
fn old_programs_get_what_is_signed_and_nothing_else() {
    let lab = with_mail();
    refuses(&lab, 2, &format!("encrypt --compat --to ca/bob.pem {TRUST} mail"), "bulla smime sign");
    lab.ok(&format!("smime encrypt --compat --to ca/bob.pem {TRUST} -o compat signed"));
    let report = json(&lab, &format!("smime decrypt --json {BOB} compat"));
    assert_eq!((&report["authenticated"], &report["protection"]), (&true.into(), &"signature".into()));
    if openssl(&lab, "version").is_none() {
        return;
    }
    openssl(&lab, "cms -decrypt -in compat -recip ca/bob.pem -inkey ca/bob.key -out theirs");
    openssl(&lab, "cms -verify -in theirs -CAfile ca/root.pem -out verified");
    assert!(text(lab.read("verified")).contains("Dear Bob"));
    openssl(&lab, "cms -encrypt -aes256 -in mail -out unsigned ca/bob.pem");
    refuses(&lab, 1, &format!("decrypt {BOB} unsigned"), "nothing shows whether it was changed");
    let run = lab.run(&format!("smime decrypt --accept-unauthenticated {BOB} unsigned"));
    assert!(run.code == Some(0) && run.text().contains("Dear Bob"), "{}", run.err);
    assert!(run.err.contains("nothing shows whether it was changed"), "{}", run.err);
    let report = json(&lab, &format!("smime decrypt --json --accept-unauthenticated {BOB} unsigned"));
    assert_eq!((&report["authenticated"], &report["protection"]), (&false.into(), &Value::Null));
}

#[test]
fn a_shared_key_a_passphrase_and_a_sealed_credential_open() {
    let lab = with_mail();
    lab.write("test", "test\n");
    lab.ok("smime encrypt --shared-key key -o keyed mail");
    lab.ok("smime encrypt --passphrase-file pass -o locked mail");
    for line in ["--shared-key key keyed", "--passphrase-file pass locked"] {
        assert!(text(lab.ok(&format!("smime decrypt {line}"))).contains("Dear Bob"), "{line}");
    }
    lab.ok("smime decrypt --with ca/bob.p12 --passphrase-file test -o opened sealed");
    lab.ok("smime sign --with ca/alice.p12 --with ca/bob.p12 --passphrase-file test -o two mail");
    for who in ["alice", "bob"] {
        lab.ok(&format!("smime verify {TRUST} --from {who}@example.org two"));
    }
    refuses(&lab, 1, "decrypt --passphrase-file test locked", "");
    refuses(&lab, 1, "decrypt --with ca/bob.p12 --passphrase-file pass sealed", "ca/bob.p12");
    refuses(&lab, 2, "sign --with ca/alice.pem --with ca/bob.pem --key ca/bob.key mail", "whose it is");
    refuses(&lab, 2, "sign --with ca/bob.p12 --passphrase-fd 0 -- -", "name a FILE");
}

#[test]
fn a_credential_that_is_not_for_mail_signs_nothing() {
    let lab = with_mail();
    refuses(
        &lab,
        1,
        "sign --with ca/server.pem --key ca/server.key mail",
        "--with: the certificate of CN=localhost",
    );
    refuses(&lab, 1, "sign --with ca/expired-mail.pem --key ca/expired-mail.key mail", "clock");
    refuses(&lab, 2, "sign mail --modern", "name a credential");
    refuses(&lab, 3, "sign --with ca/alice.pem mail", "--key");
    let run = lab.run(&format!("smime sign {BOB} -o signed-by-bob mail"));
    assert!(
        run.err.contains("is from alice@example.org, and the certificate for bob@example.org"),
        "{}",
        run.err
    );
}

#[test]
fn a_mail_that_is_there_is_replaced_only_by_force_and_never_by_itself() {
    let lab = with_mail();
    for line in [
        format!("sign {ALICE} -o mail signed"),
        format!("verify {TRUST} --any-signer -o mail signed"),
        format!("encrypt --to ca/bob.pem {TRUST} -o mail signed"),
        format!("decrypt {BOB} -o mail sealed"),
    ] {
        lab.write("mail", MAIL);
        let error = lab.fails(4, &format!("smime {line}"));
        assert!(error.contains("--force"), "{error}");
        assert_eq!(lab.read("mail"), MAIL.as_bytes());
        lab.ok(&format!("smime {line} --force"));
        assert_ne!(lab.read("mail"), MAIL.as_bytes());
    }
    let error = lab.fails(2, &format!("smime decrypt {BOB} --force -o ./sealed sealed"));
    assert!(error.contains("name another target"), "{error}");
    lab.write("old", "mine");
    lab.fails(1, &format!("smime decrypt {ALICE} --force -o old sealed"));
    assert_eq!(lab.read("old"), b"mine");
}

#[test]
fn show_draws_the_layers_and_does_not_fail_for_what_is_not_proven() {
    let lab = with_mail();
    let outside = text(lab.ok("smime show sealed"));
    assert!(outside.starts_with("sealed\nencrypted, authenticated\n"), "{outside}");
    assert!(outside.contains("unknown: what is in it"), "{outside}");
    let inside = text(lab.ok(&format!("smime show {BOB} {TRUST} --from-header sealed")));
    for said in [
        "└─ signed, in two parts",
        "holds:   the certificate is alice@example.org's, and trusted",
        "└─ content",
    ] {
        assert!(inside.contains(said), "{inside}");
    }
    let wrong = text(lab.ok(&format!("smime show {BOB} {TRUST} --from bob@example.org sealed")));
    assert!(wrong.contains("FAILS:   ") && wrong.contains("it is not for bob@example.org"), "{wrong}");
    let report = json(&lab, &format!("smime show --json {BOB} {TRUST} --from-header sealed"));
    let kinds: Vec<_> = report["layers"].as_array().unwrap().iter().map(|layer| &layer["kind"]).collect();
    assert_eq!(kinds, ["encrypted-authenticated", "signed", "content"]);
    assert_eq!(
        (&report["worst"], &report["layers"][0]["findings"][1]["outcome"]),
        (&"holds".into(), &"holds".into())
    );
    assert_eq!(report["layers"][0]["findings"][0]["outcome"], "said");
    assert_eq!(json(&lab, "smime show --json signed")["worst"], "unknown");
    assert_eq!(json(&lab, &format!("smime show --json {ALICE} sealed"))["worst"], "unknown");
    for (code, line, said) in [
        (3, "letter", "no field"),
        (2, "--from-header signed", "--trust"),
        (2, "--crl ca/ca.crl -- signed", "--crl"),
        (4, "missing", "missing"),
    ] {
        let error = lab.fails(code, &format!("smime show {line}"));
        assert!(error.contains(said), "{error}");
    }
}
