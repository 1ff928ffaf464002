//! `bulla psk`, and connections by shared keys, as docs/command.md promises them.
use super::lab::{Lab, failed};
use super::tls::{SERVER, Serving, lab};

const DB: &str = "--db meters --seal-key db.key";

fn furnished() -> Lab {
    let lab = lab();
    lab.ok("keygen --key -o db.key");
    lab
}

fn names(lab: &Lab) -> String {
    String::from_utf8(lab.ok(&format!("psk list {DB}"))).unwrap()
}

#[test]
fn keys_are_made_shown_once_listed_and_removed() {
    let lab = furnished();
    let shown = lab.ok(&format!("psk add {DB} meter-7"));
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.starts_with("BULLA-SHARED-KEY-1") && shown.lines().count() == 1, "{shown}");
    lab.ok(&format!("psk add {DB} -o meter-8.key meter-8"));
    let line = lab.read("meter-8.key");
    lab.ok(&format!("psk add {DB} --key-file meter-8.key twin"));
    assert_eq!(names(&lab), "meter-7\nmeter-8\ntwin\n");
    let report = lab.ok(&format!("psk list --json {DB}"));
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["names"], serde_json::json!(["meter-7", "meter-8", "twin"]));

    // What is there stays, unless it is said otherwise; and a key that nobody can get is not put there.
    lab.fails(4, &format!("psk add {DB} meter-7"));
    lab.ok(&format!("psk add {DB} --force -o new.key meter-7"));
    lab.fails(4, &format!("psk add {DB} -o meter-8.key meter-9"));
    assert_eq!(lab.read("meter-8.key"), line);
    lab.ok(&format!("psk remove {DB} twin"));
    lab.fails(2, &format!("psk remove {DB} twin"));
    assert_eq!(names(&lab), "meter-7\nmeter-8\n");

    lab.write("short.key", "hunter2\n");
    lab.fails(3, &format!("psk add {DB} --key-file short.key meter-9"));
    lab.fails(3, &format!("psk add {DB} --key-file db.key meter-9"));
    lab.fails(4, "psk list --db none --seal-key db.key");
    lab.ok("keygen --key -o other.key");
    lab.fails(1, "psk list --db meters --seal-key other.key");
    lab.fails(2, "psk list --db meters");
    let secret = String::from_utf8(line).unwrap();
    let error = failed(2, "psk add", lab.run_words(&["psk", "add", "--db", "meters", secret.trim()])).err;
    assert!(!error.contains(secret.get(20..40).unwrap()), "{error}");
}

#[test]
fn a_passphrase_seals_them_as_well() {
    let lab = furnished();
    lab.write("pass", "correct horse\n");
    let with = "--db meters --passphrase-file pass";
    lab.ok(&format!("psk add {with} -o meter.key meter"));
    assert_eq!(lab.ok(&format!("psk list {with}")), b"meter\n");
    lab.write("wrong", "incorrect horse\n");
    lab.fails(1, "psk list --db meters --passphrase-file wrong");
}

#[test]
fn who_has_the_key_is_let_in_and_nobody_else_without_a_restart_either() {
    let lab = furnished();
    for name in ["meter-7", "meter-8"] {
        lab.ok(&format!("psk add {DB} -o {name}.key {name}"));
    }
    let serving = Serving::new(&lab, &format!("{SERVER} --echo --psk-db meters --psk-seal-key db.key"));
    let at = &serving.address;
    let line = |name: &str, key: &str| format!("tls connect --psk-id {name} --psk-file {key}.key {at}");
    let run = lab.feed(&line("meter-7", "meter-7"), b"21 degrees");
    assert_eq!((run.code, run.text()), (Some(0), "21 degrees"), "{}", run.err);
    assert!(run.err.contains("has the shared key of meter-7"), "{}", run.err);
    let json = lab.ok(&format!("tls connect --json --psk-id meter-8 --psk-file meter-8.key {at}"));
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["peer"]["shared_key"], "meter-8");
    lab.fails(1, &line("meter-7", "meter-8"));
    lab.fails(1, &line("meter-9", "meter-8"));
    // Nobody else, whatever is shown.
    lab.fails(2, &format!("{} --trust ca/root.pem", line("meter-7", "meter-7")));
    lab.fails(2, &format!("{} --tls12", line("meter-7", "meter-7")));
    lab.fails(2, &format!("tls connect --psk-id meter-7 {at}"));
    // One more, and one less.
    lab.ok(&format!("psk add {DB} -o meter-9.key meter-9"));
    super::process::wait_for("meter-9", || {
        lab.feed(&line("meter-9", "meter-9"), b"").code.filter(|code| *code == 0)
    });
    lab.ok(&format!("psk remove {DB} meter-7"));
    super::process::wait_for("no meter-7", || {
        lab.feed(&line("meter-7", "meter-7"), b"").code.filter(|code| *code == 1)
    });
    lab.ok("keygen --key -o other.key");
    lab.fails(1, &format!("tls serve {SERVER} --echo --psk-db meters --psk-seal-key other.key"));
    lab.fails(2, &format!("tls serve {SERVER} --echo --psk-db meters --psk-seal-key db.key --tls12"));
}
