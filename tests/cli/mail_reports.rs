//! Mail of long ago, times that are told, and what `bulla smime` reports to machines of what it wrote.
use serde_json::{Value, json};

use super::cert::openssl;
use super::lab::{Lab, failed};
use super::smime::{ALICE, BOB, TRUST, refuses, text, with_mail};

fn report(lab: &Lab, line: &str) -> Value {
    serde_json::from_slice(&lab.ok(line)).unwrap()
}

#[test]
fn what_is_let_count_by_old_algorithms_is_not_called_genuine() {
    let lab = with_mail();
    let sign =
        "cms -sign -md sha1 -in mail -signer ca/alice.pem -certfile ca/ca.pem -inkey ca/alice.key -out old";
    if openssl(&lab, sign).is_none() {
        return;
    }
    refuses(&lab, 3, &format!("verify {TRUST} --any-signer old"), "SHA-1");
    let line = format!("smime verify --legacy {TRUST} --from alice@example.org");
    let run = lab.run(&format!("{line} old"));
    assert!(run.code == Some(0) && run.text().contains("Dear Bob"), "{}", run.err);
    assert!(run.err.contains("old: not proven; signed, if old algorithms") && !run.err.contains("genuine"));
    let report = report(&lab, &format!("{line} --json old"));
    assert_eq!((&report["genuine"], &report["legacy"]), (&Value::Null, &true.into()));
    assert_eq!((&report["digest"], &report["addresses"]), (&"SHA-1".into(), &json!(["alice@example.org"])));
    let run = lab.run(&format!("smime verify --legacy --json {TRUST} --from bob@example.org old"));
    let refused: Value = serde_json::from_slice(&run.out).unwrap();
    assert_eq!((run.code, &refused["genuine"]), (Some(1), &false.into()));
}

#[test]
fn old_mail_opens_with_the_old_file_of_its_key() {
    let lab = with_mail();
    let export = "pkcs12 -export -legacy -inkey ca/bob.key -in ca/bob.pem -passout file:pass -out old.p12";
    if openssl(&lab, export).is_none() {
        return;
    }
    openssl(&lab, "cms -encrypt -des3 -in signed -out old ca/bob.pem");
    let with = "--with old.p12 --passphrase-file pass";
    refuses(&lab, 3, &format!("decrypt {with} old"), "old.p12");
    refuses(&lab, 3, &format!("sign {with} mail"), "old.p12");
    assert!(text(lab.ok(&format!("smime decrypt --legacy {with} old"))).contains("Dear Bob"));
    let shown = text(lab.ok(&format!("smime show --legacy {with} old")));
    assert!(shown.contains("a signature inside shows that it was not changed"), "{shown}");
}

/// When Alice's certificate ends.
fn last_moment(lab: &Lab) -> String {
    let shown = report(lab, "cert show --json ca/alice.pem");
    shown["objects"][0]["not_after"].as_str().unwrap().to_owned()
}

#[test]
fn a_mail_is_signed_at_the_time_that_is_told_if_the_certificate_is_good_then() {
    let lab = with_mail();
    let last = last_moment(&lab);
    lab.ok(&format!("smime sign {ALICE} --at {last} -o dated mail"));
    let dated = report(&lab, &format!("smime verify --json {TRUST} --any-signer dated"));
    assert_eq!(dated["signing_time"], last);
    refuses(&lab, 1, &format!("sign {ALICE} --at 2001-01-31T12:00:00Z mail"), "clock");
}

#[test]
fn who_signed_and_who_can_read_it_is_reported_to_machines() {
    let lab = with_mail();
    let last = last_moment(&lab);
    let signed = report(&lab, &format!("smime sign {ALICE} --json --opaque --at {last} -o made mail"));
    assert_eq!((&signed["signed"], &signed["opaque"]), (&true.into(), &true.into()));
    assert_eq!(signed["at"], last);
    let signer = &signed["signers"][0];
    assert_eq!((&signer["addresses"], &signer["key"]), (&json!(["alice@example.org"]), &"P-256".into()));
    assert_eq!(signer["certificate"]["subject"], "CN=alice@example.org");
    lab.ok(&format!("smime verify {TRUST} --any-signer made"));

    let line = format!("smime encrypt --json --to ca/bob.pem {TRUST} --shared-key key");
    let sealed = report(&lab, &format!("{line} -o tagged mail"));
    assert_eq!((&sealed["encrypted"], &sealed["authenticated"]), (&true.into(), &true.into()));
    assert_eq!((&sealed["shared_keys"], &sealed["passphrase"]), (&1.into(), &false.into()));
    let recipients = sealed["recipients"].as_array().unwrap();
    assert_eq!((recipients.len(), &recipients[0]["address"]), (1, &"bob@example.org".into()));
    assert_eq!(recipients[0]["certificate"]["subject"], "CN=bob@example.org");
    assert_eq!(report(&lab, &format!("{line} --compat -o compat made"))["authenticated"], false);
    lab.ok(&format!("smime decrypt {BOB} compat"));
    for line in [format!("smime sign {ALICE} --json mail"), format!("{line} mail")] {
        let run = failed(2, &line, lab.run(&line));
        assert!(run.err.contains("-o") && run.out.is_empty(), "{}", run.err);
    }
}

/// docs/command.md has this table.
#[test]
fn each_reason_why_mail_was_not_verified_or_opened_comes_with_its_exit_code() {
    let lab = with_mail();
    let signed = text(lab.read("signed"));
    lab.write("changed", signed.replace("Dear Bob", "Dear Eve"));
    lab.write(
        "damaged",
        signed.replace(
            "smime.p7s\"\r\nContent-Transfer",
            "smime.p7s\"\r\nContent-Transfer-Encoding: x\r\nContent-Transfer",
        ),
    );
    lab.ok("cert test-ca other");
    let verify = format!("verify {TRUST}");
    let decrypt = |with: &str, mail: &str| format!("decrypt {with} {mail}");
    for (code, reason, line) in [
        (1, "unauthentic", format!("{verify} --any-signer changed")),
        (1, "untrusted", "verify --trust other/root.pem --any-signer signed".to_owned()),
        (1, "expired", format!("{verify} --any-signer --at 2001-01-31T12:00:00Z signed")),
        (1, "wrong-name", format!("{verify} --from bob@example.org signed")),
        (5, "undetermined", format!("{verify} --any-signer --revocation require signed")),
        (3, "not-signed", format!("{verify} --any-signer mail")),
        (3, "malformed", format!("{verify} --any-signer damaged")),
        (1, "no-key-fits", decrypt(ALICE, "sealed")),
        (3, "not-encrypted", decrypt(BOB, "signed")),
    ] {
        let (verb, rest) = line.split_once(' ').unwrap();
        let run = failed(code, &line, lab.run(&format!("smime {verb} --json {rest}")));
        let report: Value = serde_json::from_slice(&run.out).unwrap_or_else(|_| panic!("{line}: no report"));
        assert_eq!(report["reason"], reason, "{line}");
        assert_eq!(run.err, format!("bulla: {}\n", report["message"].as_str().unwrap()));
    }
    // Nothing was judged.
    lab.write("nameless", signed.replace("From: ", "X-From: "));
    for (code, line) in [
        (3, format!("{verify} --from-header nameless")),
        (3, "verify --trust mail --any-signer signed".to_owned()),
        (4, format!("{verify} --any-signer missing")),
        (1, "decrypt --with ca/bob.p12 --passphrase-file pass sealed".to_owned()),
    ] {
        let (verb, rest) = line.split_once(' ').unwrap();
        assert_eq!(failed(code, &line, lab.run(&format!("smime {verb} --json {rest}"))).out, b"", "{line}");
    }
}

#[test]
fn a_certificate_that_lists_aes_cbc_alone_gets_that_and_only_what_is_signed() {
    let lab = with_mail();
    // SMIMECapabilities (RFC 4262) with AES-256-CBC.
    let capabilities = "1.2.840.113549.1.9.15=DER:30:0d:30:0b:06:09:60:86:48:01:65:03:04:01:2a";
    let line = format!(
        "req -x509 -newkey rsa:2048 -nodes -keyout old.key -out old.pem -subj /CN=Carol -days 30 \
         -addext subjectAltName=email:carol@example.org -addext keyUsage=critical,keyEncipherment \
         -addext basicConstraints=critical,CA:FALSE -addext {capabilities}"
    );
    if openssl(&lab, &line).is_none() {
        return;
    }
    let line = "smime encrypt --json --to old.pem --trust-given";
    assert_eq!(report(&lab, &format!("{line} -o sealed.old signed"))["authenticated"], false);
    assert!(text(lab.ok("smime show sealed.old")).contains("encrypted, not authenticated"));
    assert!(lab.fails(2, &format!("{line} -o plain mail")).contains("sign it first"));
    // Of several, the one that reads the least counts.
    let both = "smime encrypt --json --to old.pem ca/bob.pem --trust-given -o both signed";
    assert_eq!(report(&lab, both)["authenticated"], false);
}
