//! `bulla rewrap`: who may open a file changes, and not a byte of its content.
use serde_json::Value;

use super::lab::{LETTER, Lab};

fn payload(lab: &Lab, name: &str) -> Vec<u8> {
    let report: Value = serde_json::from_slice(&lab.ok(&format!("inspect --json {name}"))).unwrap();
    let length = usize::try_from(report["payload_length"].as_u64().unwrap()).unwrap();
    let bytes = lab.read(name);
    bytes[bytes.len() - length..].to_vec()
}

/// A lab with three identities.
fn with_people() -> Lab {
    let lab = Lab::furnished();
    for name in ["ann", "bob", "eve"] {
        lab.ok(&format!("keygen -q -o {name}.key"));
    }
    lab
}

#[test]
fn people_are_added_removed_and_replaced_and_the_payload_stays() {
    for format in ["bulla", "age"] {
        let lab = with_people();
        lab.ok(&format!("encrypt -i ann.key --format {format} -o sealed letter"));
        let before = payload(&lab, "sealed");
        let opens = |name: &str| lab.run(&format!("verify -i {name}.key sealed")).code == Some(0);

        lab.ok("rewrap --add -i bob.key with -i ann.key sealed");
        assert_eq!(["ann", "bob", "eve"].map(opens), [true, true, false], "{format}");
        lab.ok("rewrap --remove 1 with -i bob.key sealed");
        assert_eq!(["ann", "bob", "eve"].map(opens), [false, true, false], "{format}");
        lab.ok("rewrap -i eve.key -i ann.key with -i bob.key sealed");
        assert_eq!(["ann", "bob", "eve"].map(opens), [true, false, true], "{format}");
        lab.ok("rewrap --remove 1 -i bob.key with -i eve.key sealed");
        assert_eq!(["ann", "bob", "eve"].map(opens), [true, true, false], "{format}");
        lab.ok("rewrap --remove 1,2 -i eve.key with -i ann.key sealed");
        assert_eq!(["ann", "bob", "eve"].map(opens), [false, false, true], "{format}");

        assert_eq!(payload(&lab, "sealed"), before, "{format}");
        assert_eq!(lab.ok("decrypt -i eve.key sealed"), LETTER.as_bytes());
    }
}

#[test]
fn a_passphrase_changes_and_the_payload_stays() {
    let lab = Lab::furnished();
    lab.write("new", "battery staple\n");
    lab.ok("encrypt --passphrase-file pass --kdf-cost low --armor -o armored letter");
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o sealed letter");
    let before = payload(&lab, "sealed");
    for name in ["sealed", "armored"] {
        lab.ok(&format!("rewrap --passphrase-file new --kdf-cost low with --passphrase-file pass {name}"));
        lab.fails(1, &format!("decrypt --passphrase-file pass {name}"));
        assert_eq!(lab.ok(&format!("decrypt --passphrase-file new {name}")), LETTER.as_bytes(), "{name}");
    }
    assert_eq!(payload(&lab, "sealed"), before);
    assert!(lab.read("armored").starts_with(b"-----BEGIN BULLA"));
}

#[test]
fn a_generated_passphrase_is_shown_and_opens() {
    let lab = Lab::furnished();
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o sealed letter");
    let run =
        lab.run("rewrap --quiet --generate-passphrase --kdf-cost low with --passphrase-file pass sealed");
    assert_eq!(run.code, Some(0), "{}", run.err);
    lab.write("shown", run.err);
    assert_eq!(lab.ok("decrypt --passphrase-file shown sealed"), LETTER.as_bytes());
}

#[test]
fn what_cannot_be_rewrapped_stays_as_it_was() {
    let lab = with_people();
    lab.ok("encrypt -i ann.key -o sealed letter");
    lab.ok("encrypt --key key -o raw letter");
    let before = (lab.read("sealed"), lab.read("raw"), lab.listing());
    lab.fails(1, "rewrap -i eve.key with -i eve.key sealed");
    lab.fails(2, "rewrap with -i ann.key sealed");
    lab.fails(2, "rewrap --remove 1 with -i ann.key sealed");
    lab.fails(2, "rewrap --remove 2 with -i ann.key sealed");
    lab.fails(2, "rewrap --remove 0 -i bob.key with -i ann.key sealed");
    lab.fails(2, "rewrap --add --key key with -i ann.key sealed");
    lab.fails(2, "rewrap -i bob.key with --key key raw");
    lab.fails(2, "rewrap -i bob.key with -i ann.key -");
    lab.fails(4, "rewrap -i bob.key with -i ann.key missing");
    lab.fails(2, "rewrap -i bob.key");
    assert_eq!((lab.read("sealed"), lab.read("raw"), lab.listing()), before);
    // And with leave, it can.
    lab.ok("rewrap --add --allow-shared --key key with -i ann.key sealed");
    assert_eq!(lab.ok("decrypt --key key sealed"), LETTER.as_bytes());
}
