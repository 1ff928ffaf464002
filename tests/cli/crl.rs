//! `bulla crl`: lists of revoked certificates made, shown and checked; openssl reads them, and its own are read.
use serde_json::Value;

use super::cert::{openssl, with_authority};
use super::lab::Lab;

const ISSUER: &str = "--with ca/ca.pem --key ca/ca.key";

fn show(lab: &Lab, name: &str) -> Value {
    let report: Value = serde_json::from_slice(&lab.ok(&format!("crl show --json {name}"))).unwrap();
    report["objects"][0].clone()
}

#[test]
fn a_crl_is_made_goes_on_and_is_checked() {
    let lab = with_authority();
    lab.ok(&format!("crl make {ISSUER} -o empty.crl"));
    lab.ok("crl check --issuer ca/ca.pem --certificate ca/alice.pem --certificate ca/bob.pem empty.crl");
    let made = format!("crl make {ISSUER} --update empty.crl --revoke ca/bob.pem --reason superseded");
    lab.ok(&format!("{made} --revoked-at 2026-01-31T12:00:00Z -o bob.crl"));
    lab.ok("crl check --issuer ca/ca.pem --certificate ca/alice.pem bob.crl");
    let error = lab
        .fails(1, "crl check --issuer ca/ca.pem --certificate ca/alice.pem --certificate ca/bob.pem bob.crl");
    for said in ["CN=bob@example.org", "2026-01-31T12:00:00Z, Superseded", "do not trust it"] {
        assert!(error.contains(said), "{error}");
    }
    lab.ok(&format!("crl make {ISSUER} --update bob.crl --revoke ca/alice.pem --der -o both.crl"));
    let [empty, bob, both] = ["empty.crl", "bob.crl", "both.crl"].map(|name| show(&lab, name));
    let listed = |report: &Value| report["revoked"].as_array().unwrap().len();
    assert_eq!([listed(&empty), listed(&bob), listed(&both)], [0, 1, 2]);
    assert_eq!(bob["revoked"][0]["reason"], "superseded");
    let number = |report: &Value| report["number"].as_str().unwrap().to_owned();
    assert!(number(&empty) < number(&bob) && number(&bob) < number(&both));
    let text = String::from_utf8(lab.ok("crl show bob.crl")).unwrap();
    assert!(
        text.contains("Issuer: CN=Test CA")
            && text.contains("Revocation Date: 2026-01-31T12:00:00Z")
            && text.contains("Reason Code: Superseded"),
        "{text}"
    );
    if openssl(&lab, "version").is_some() {
        let shown = openssl(&lab, "crl -in bob.crl -noout -text -CAfile ca/ca.pem").unwrap();
        assert!(shown.contains("Superseded"), "{shown}");
        openssl(&lab, "crl -inform DER -in both.crl -noout");
    }
}

#[test]
fn who_is_listed_stays_listed() {
    let lab = with_authority();
    lab.ok(&format!("crl make {ISSUER} --revoke ca/bob.pem --reason keyCompromise -o ca.crl"));
    // Begun anew over the old one, nobody would be revoked.
    let error = lab.fails(2, &format!("crl make {ISSUER} --revoke ca/alice.pem --force -o ca.crl"));
    assert!(error.contains("--update"), "{error}");
    let error =
        lab.fails(2, &format!("crl make {ISSUER} --update ca.crl --revoke ca/bob.pem --force -o ca.crl"));
    assert!(error.contains("listed already"), "{error}");
    let error = lab.fails(2, "crl make --with ca/root.pem --key ca/root.key --update ca.crl -o other.crl");
    assert!(error.contains("give the last CRL of CN=Test root"), "{error}");
    assert_eq!(show(&lab, "ca.crl")["revoked"][0]["reason"], "keyCompromise");
    lab.ok(&format!("crl make {ISSUER} --update ca.crl --revoke ca/alice.pem --force -o ca.crl"));
    assert_eq!(show(&lab, "ca.crl")["revoked"].as_array().unwrap().len(), 2);
}

#[test]
fn a_crl_of_another_or_out_of_date_is_not_gone_by() {
    let lab = with_authority();
    lab.ok(&format!("crl make {ISSUER} --days 3 -o short.crl"));
    assert!(lab.fails(1, "crl check --issuer ca/root.pem short.crl").contains("another issuer"));
    lab.ok("cert test-ca other");
    lab.fails(1, "crl check --issuer other/ca.pem short.crl");
    lab.fails(5, "crl check --issuer ca/ca.pem --at 2099-01-01T00:00:00Z short.crl");
    lab.fails(5, "crl check --issuer ca/ca.pem --at 2001-01-01T00:00:00Z short.crl");
    // It is about certificates of its issuer.
    lab.fails(5, "crl check --issuer ca/ca.pem --certificate ca/ca.pem short.crl");
    let pem = String::from_utf8(lab.read("short.crl")).unwrap();
    let body = pem.lines().nth(3).unwrap();
    let changed: String = body.chars().rev().collect();
    lab.write("changed.crl", pem.replace(body, &changed));
    assert!([Some(1), Some(3)].contains(&lab.run("crl check --issuer ca/ca.pem changed.crl").code));
}

#[test]
fn openssls_crl_is_read_and_goes_on() {
    let lab = with_authority();
    lab.write("index", "");
    lab.write("number", "0A\n");
    lab.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ncertificate=ca/ca.pem\nprivate_key=ca/ca.key\n\
         default_md=sha256\ndefault_crl_days=7\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n",
    );
    if openssl(&lab, "ca -config ca.cnf -revoke ca/alice.pem -crl_reason keyCompromise").is_none() {
        return;
    }
    openssl(&lab, "ca -config ca.cnf -gencrl -out theirs.crl");
    lab.fails(1, "crl check --issuer ca/ca.pem --certificate ca/alice.pem theirs.crl");
    lab.ok("crl check --issuer ca/ca.pem --certificate ca/bob.pem theirs.crl");
    lab.ok(&format!("crl make {ISSUER} --update theirs.crl --revoke ca/bob.pem -o ours.crl"));
    lab.fails(1, "crl check --issuer ca/ca.pem --certificate ca/alice.pem ours.crl");
    assert_eq!(
        (&show(&lab, "theirs.crl")["number"], &show(&lab, "ours.crl")["number"]),
        (&"10".into(), &"11".into())
    );
}

#[test]
fn a_misuse_of_crl_gets_a_line_that_helps() {
    let lab = with_authority();
    for (code, line, said) in [
        (2, "crl make --with ca/alice.pem --key ca/alice.key".to_owned(), "CA"),
        (2, format!("crl make {ISSUER} --revoke ca/ca.pem"), "it was issued by"),
        (2, format!("crl make {ISSUER} --revoke ca/bob.pem --reason tired"), "keyCompromise"),
        (2, format!("crl make {ISSUER} --revoke ca/bob.pem --reason removeFromCRL"), "delta"),
        (2, format!("crl make {ISSUER} --next-update 2001-01-01T00:00:00Z"), "later"),
        (2, format!("crl make {ISSUER} --update ca/ca.crl --number 1"), "higher"),
        (2, format!("crl make {ISSUER} --update ca/root.crl"), "give the last CRL of CN=Test CA"),
        (2, "crl check ca/ca.crl".to_owned(), "--issuer"),
        (3, "crl show ca/ca.pem".to_owned(), "no CRL"),
        (3, "crl check --issuer ca/ca.crl ca/ca.crl".to_owned(), "no certificate"),
    ] {
        let error = lab.fails(code, &line);
        assert!(error.contains(said), "{line}: {error}");
    }
}
